"""Tables of the store, for SQLite and PostgreSQL alike. Migrations bring a database here.

A published run's forecasts have a table of their own, `forecasts_of`, which publishing makes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
)

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=_NAMES)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python, whatever the database makes of time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(
        self,
        value: Any,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        if value is None or value.tzinfo is not None:
            return value  # type: ignore[no-any-return]
        return value.replace(tzinfo=UTC)  # type: ignore[no-any-return]


#: SQLite counts its own row numbers only in a column it calls INTEGER.
_Number = BigInteger().with_variant(Integer, "sqlite")
#: Ids in the order of their characters' numbers, whatever language PostgreSQL was set up for.
_Id = Text().with_variant(Text(collation="C"), "postgresql")

#: A published run: everything about it but the forecasts, and where its folder is.
run = Table(
    "run",
    metadata,
    Column("run_no", _Number, primary_key=True, autoincrement=True),
    Column("run_id", String(64), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),  # log | table
    Column("folder", Text, nullable=False),
    Column("as_of", Date),  # none of a table of customers
    Column("horizon_days", Integer),
    Column("level", Double, nullable=False),
    Column("currency", Text),
    Column("model", String(64), nullable=False),
    Column("customers", Integer, nullable=False),
    # Whether its forecasts are in the store; they are dropped as newer runs come.
    Column("loaded", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("published_at", Moment, nullable=False),  # or, published again, then
    # Mean and quantiles of its forecasts, as they were published.
    Column("spread", JSON(none_as_null=True)),
    Column("manifest", JSON, nullable=False),
    Column("leaderboard", JSON, nullable=False),
    Column("readiness", JSON(none_as_null=True)),
)

#: Customers and sums of each combination of names that occurs in a run, so that totals need no
#: walk over customers: its cells. What a run says nothing of is null. Kept in step with the
#: forecasts, in the same transaction.
tally = Table(
    "tally",
    metadata,
    Column("run_no", _Number, ForeignKey("run.run_no"), primary_key=True, autoincrement=False),
    Column("cell", Integer, primary_key=True, autoincrement=False),
    Column("segment", Text),
    Column("value_tier", Text, nullable=False),
    Column("clv_level", Text, nullable=False),
    Column("mismatch", Text),
    Column("group", Text),  # onetimer | repeater
    Column("channel", Text),
    Column("customers", Integer, nullable=False),
    Column("clv", Double, nullable=False),
    Column("historic_value", Double),
    Column("p_alive", Double),
    Column("p_purchase", Double),
    Column("expected_purchases", Double),
    Column("recommended_cac", Double),
    # Customers of whom there is such a chance: the mean is over them.
    Column("with_p_alive", Integer, nullable=False),
    Column("with_p_purchase", Integer, nullable=False),
)

#: What customers can be sorted by, besides their id.
SORTS = (
    *("clv", "p_alive", "p_purchase", "historic_value", "expected_purchases"),
    *("next_purchase_date", "last_purchase"),
)
#: Figures that customers can be chosen by.
RANGES = ("clv", "p_alive", "p_purchase", "historic_value")


@lru_cache(maxsize=1024)
def forecasts_of(run_no: int) -> Table:
    """What each customer of a published run will bring.

    Money in the run's currency, chances in [0, 1]. The names of a customer's segment, tier,
    level, mismatch, group and channel are those of its cell in `tally`. Of a run on a table of
    customers, `clv` is the target's forecast and what needs orders is null.

    A migration that changes these columns changes the table of every run that is loaded.
    """
    name = f"forecast_{run_no}"
    return Table(
        name,
        MetaData(naming_convention=_NAMES),
        Column("customer_id", _Id, primary_key=True),
        Column("cell", Integer, nullable=False),
        Column("clv", Double, nullable=False),
        Column("clv_lower", Double, nullable=False),
        Column("clv_upper", Double, nullable=False),
        Column("level", Double, nullable=False),
        Column("p_alive", Double),
        Column("p_purchase", Double),
        Column("expected_purchases", Double),
        Column("expected_order_value", Double),
        Column("next_purchase_date", Date),
        Column("next_purchase_earliest", Date),
        Column("next_purchase_latest", Date),
        Column("expected_gap_days", Double),
        Column("historic_value", Double),
        Column("rfm_r", SmallInteger),
        Column("rfm_f", SmallInteger),
        Column("rfm_m", SmallInteger),
        Column("rfm_score", SmallInteger),
        Column("recommended_cac", Double),
        Column("as_of", Date),
        Column("horizon_days", Integer),
        # What is known of the customer besides: `clv.core.schema.FACTS`.
        Column("purchases", Integer),
        Column("first_purchase", Date),
        Column("last_purchase", Date),
        # Set where orders came in after the run and the row was made anew.
        Column("rescored_at", Moment),
        Column("model", Text, nullable=False),
        Column("reasons", Text, nullable=False),
        # Conditions are met or not in the index itself, without a look at the row.
        *(Index(f"ix_{name}_{sort}", *_sorted_by(sort, "customer_id", "cell")) for sort in SORTS),
        Index(f"ix_{name}_cell", *_sorted_by("cell", "clv", "customer_id")),
    )


def _sorted_by(*columns: str) -> tuple[str, ...]:
    return *columns, *(column for column in RANGES if column not in columns)


#: Which run is meant by a name: "champion", or "model:xgboost" for a model asked for by name.
pointer = Table(
    "pointer",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("run_no", _Number, ForeignKey("run.run_no")),
    # Rises with every change of what readers see: of the pointer, and of forecasts behind it.
    Column("revision", BigInteger, nullable=False),
    Column("moved_at", Moment, nullable=False),
)

#: Every move of a pointer, so that it can be taken back.
move = Table(
    "move",
    metadata,
    Column("move_no", _Number, primary_key=True, autoincrement=True),
    Column("name", String(64), nullable=False),
    Column("run_no", _Number, ForeignKey("run.run_no"), nullable=False),
    Column("action", String(16), nullable=False),  # publish | rollback
    Column("at", Moment, nullable=False),
    Column("actor", String(64), nullable=False),
    Index(None, "name", "move_no"),
)

#: Orders that came in by the API, one row each; the log's optional columns beside.
purchase = Table(
    "purchase",
    metadata,
    Column("purchase_no", _Number, primary_key=True, autoincrement=True),
    Column("customer_id", Text, nullable=False),
    Column("date", Date, nullable=False),
    Column("amount", String(32), nullable=False),  # exact decimal
    Column("order_id", Text),
    Column("more", JSON, nullable=False),  # channel, category, product, ... where given
    Column("received_at", Moment, nullable=False),
    Column("request_id", String(64), nullable=False),
    Index(None, "customer_id", "purchase_no"),
    Index(None, "date"),
)

#: Answers to writes that a client may send again under the same key.
reply = Table(
    "reply",
    metadata,
    Column("key", String(128), primary_key=True),
    Column("actor", String(64), primary_key=True),
    Column("fingerprint", String(64), nullable=False),  # SHA-256 of what was asked
    Column("status", SmallInteger, nullable=False),
    Column("body", JSON, nullable=False),
    Column("at", Moment, nullable=False),
)

#: Long work off the request.
job = Table(
    "job",
    metadata,
    Column("job_id", String(32), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("params", JSON, nullable=False),
    Column("status", String(16), nullable=False),
    Column("stage", Text),
    Column("progress", Double, nullable=False),
    Column("result", JSON),
    Column("problem", JSON),  # code, message
    Column("attempts", SmallInteger, nullable=False),
    Column("cancel_asked", SmallInteger, nullable=False),
    Column("worker", String(64)),
    Column("actor", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("heartbeat_at", Moment),
    Column("finished_at", Moment),
    CheckConstraint(
        "status IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="status"
    ),
    Index(None, "status", "created_at"),
)

#: Who may ask. The secret itself is nowhere: only its hash.
api_key = Table(
    "api_key",
    metadata,
    Column("key_id", String(16), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    Column("used_on", Date),
)

#: Every write, whoever asked for it, allowed or not.
audit = Table(
    "audit",
    metadata,
    Column("entry_no", _Number, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("actor", String(64), nullable=False),  # a key's id, "loopback" or "cli"
    Column("action", String(64), nullable=False),
    Column("target", Text),
    Column("outcome", String(16), nullable=False),
    Column("request_id", String(64)),
    Column("detail", JSON, nullable=False),
    Index(None, "at"),
)
