"""Orders that come in after a run: kept, and their customers scored anew at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import insert, select, update

from clv.core.errors import ConflictError, LogError, UnsuitedError
from clv.ops import audit
from clv.ops.forecasts import remove_forecasts, replace_forecasts
from clv.ops.orderrows import (
    NEEDED,
    as_log,
    currency_of,
    customers_of,
    dispensable,
    fingerprint,
    gathered_to,
    in_currency,
    last_day,
    newest_order,
    not_known,
    numbered,
    orders_of,
    plain,
    refusals,
    texts,
    tidied,
    unknown,
)
from clv.ops.store import tables
from clv.ops.store.database import lock
from clv.ops.store.publishing import CHAMPION, current

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from clv.core.types import AsOf, Json
    from clv.ops.champion import Champion
    from clv.ops.champions import Champions, Serving
    from clv.ops.rescoring import Scored
    from clv.ops.store.database import Store

#: How often what was read may have changed before it is written, until nobody else may write while
#: customers are scored.
ATTEMPTS = 2


@dataclass(frozen=True)
class Appended:
    """What became of orders that came in.

    Attributes
    ----------
    accepted, duplicates : rows kept, and rows of orders that were known before
    problems : one a refused row: index, rule, detail
    forecasts : of the customers concerned, as they are now; a row each
    without_purchase : customers of whom no purchase is left, and so no forecast
    as_of : last day known of these customers
    run_id, currency : of the run that scored them
    """

    accepted: int
    duplicates: int
    problems: list[Json]
    forecasts: list[Json]
    without_purchase: list[str]
    as_of: str | None
    run_id: str
    currency: str | None

    def to_json(self) -> Json:
        return asdict(self)

    @classmethod
    def from_json(cls, content: Json) -> Self:
        return cls(**content)


@dataclass(frozen=True)
class _Scoring:
    """Customers scored with orders that are not yet kept."""

    serving: Serving
    newest: int
    fresh: pa.Table
    duplicates: int
    problems: list[Json]
    scored: Scored | None


@dataclass(frozen=True)
class _Reply:
    """What is answered to a request under a key of the client's."""

    actor: str
    key: str
    fingerprint: str

    def given(self, conn: Connection) -> Appended | None:
        """The answer, where the same was asked before.

        Raises
        ------
        ConflictError : something else was asked under the key
        """
        reply = tables.reply.c
        found = conn.execute(
            select(reply.fingerprint, reply.body).where(
                reply.key == self.key, reply.actor == self.actor
            )
        ).one_or_none()
        if found is None:
            return None
        if found.fingerprint != self.fingerprint:
            raise ConflictError(
                f"Idempotency-Key: {self.key!r} was used before, for other orders. Send these under"
                " a key of their own."
            )
        return Appended.from_json(found.body)

    def keep(self, conn: Connection, done: Appended) -> None:
        answer = {"status": 200, "body": done.to_json(), "at": datetime.now(UTC)}
        conn.execute(insert(tables.reply), {**asdict(self), **answer})


def append(
    store: Store,
    champions: Champions,
    rows: pa.Table,
    *,
    actor: str,
    request_id: str,
    key: str | None = None,
) -> Appended:
    """Keep orders, and score their customers anew by the run in charge.

    Rows are held to the rules of a log; those that break one are told and not kept, the others
    are. All of it becomes visible at once, or nothing does.

    Parameters
    ----------
    rows : texts customer_id, date (YYYY-MM-DD), amount, and any of
        `clv.core.schema.OPTIONAL_COLUMNS`; one an order or a line of one
    actor : who asks, for the audit
    key : of the client's: the same rows sent again under it are answered as before

    Raises
    ------
    RunError : nothing is published
    UnsuitedError : the run in charge learned from a table of customers
    ConflictError : the key was used for other rows
    """
    rows = tidied(rows)
    asked = None if key is None else _Reply(actor, key, fingerprint(rows))
    if before := _given(store, asked):
        return before
    with champions.appending():
        for _ in range(ATTEMPTS):
            if before := _given(store, asked):
                return before
            scoring = _score(store, champions, rows)
            with store.writing() as conn:
                lock(conn, "forecasts")
                if _stands(conn, scoring, rows):
                    return _answered(conn, scoring, actor, request_id, asked)
        # Other processes were quicker each time: nobody is while the lock is held. Whoever is
        # scored now has been waited for before it.
        while True:
            serving = champions.current()
            with serving.champion.at_desk(), store.writing() as conn:
                lock(conn, "forecasts")
                if current(conn).run_no == serving.run_no:
                    scoring = _score(store, champions, rows)
                    return _answered(conn, scoring, actor, request_id, asked)


def history(store: Store, champions: Champions, customer_id: str) -> tuple[Serving, list[Json]]:
    """All orders known of a customer, the newest last: those of the run's log, and later ones.

    Returns
    -------
    the run in charge, whose log it is, and the orders

    Raises
    ------
    UnsuitedError : the run learned from a table of customers
    """
    with store.reading() as conn:
        serving = _of_log(champions.seen(conn), "history")
        came = orders_of(conn, [customer_id])
        gathered = gathered_to(conn, serving.champion.run)
    log = serving.champion.accepted([customer_id])
    later = as_log(unknown(came, log, serving.champion.run, gathered))
    told = pa.concat_tables([texts(log), later], promote_options="default")
    told = told.drop_columns([name for name in ("line",) if name in told.column_names])
    rows = told.sort_by([("date", "ascending")]).to_pylist()
    return serving, [
        {name: value for name, value in row.items() if value is not None} for row in rows
    ]


def _of_log(serving: Serving, what: str) -> Serving:
    """A run in charge that knows orders.

    Parameters
    ----------
    what : is asked for; the word that the error begins with

    Raises
    ------
    UnsuitedError : it learned from a table of customers
    """
    if serving.champion.scorer is None:
        raise UnsuitedError(
            f"{what}: the run in charge learned from a table of customers, and knows no orders."
            " Publish a run on a log first."
        )
    return serving


def _score(store: Store, champions: Champions, rows: pa.Table) -> _Scoring:
    customers = customers_of(rows)
    with store.reading() as conn:
        serving = _of_log(champions.seen(conn), "orders")
        came = orders_of(conn, customers)
        gathered, reached = gathered_to(conn, serving.champion.run), last_day(conn)
    champion = serving.champion
    log = champion.accepted(customers)
    known, later = texts(log), as_log(unknown(came, log, champion.run, gathered))
    fresh, problems = in_currency(numbered(rows), currency_of(champion.run))
    fresh, duplicates = not_known(fresh, known, as_log(came))
    # New rows come first, so that the line of a refused one is its place among them.
    both = pa.concat_tables(
        [fresh.drop_columns(["index"]), later, known], promote_options="default"
    )
    scored: Scored | None = None
    refused: dict[int, Json] = {}
    if both.num_rows:
        scored, refused = _scored(champion, both, fresh, reached)
    good = [i for i in range(fresh.num_rows) if i not in refused]
    return _Scoring(
        serving=serving,
        newest=max((order.purchase_no for order in came), default=0),
        fresh=fresh.take(pa.array(good, pa.int64())),
        duplicates=duplicates,
        problems=[*problems, *refused.values()],
        scored=scored,
    )


def _scored(
    champion: Champion, both: pa.Table, fresh: pa.Table, reached: AsOf | None
) -> tuple[Scored | None, dict[int, Json]]:
    """Forecasts from all rows, if any can be used, and what is wrong with new ones, by place."""
    try:
        # A day that others ordered on has come for these customers, too.
        scored = champion.of_transactions(both.drop_columns(dispensable(both)), reached=reached)
    except LogError as error:
        detail = {"rule": error.code, "detail": str(error)}
        places = enumerate(fresh["index"].to_pylist())
        wrong: dict[int, Json] = {place: {"index": index, **detail} for place, index in places}
        if error.quarantine is not None:
            wrong |= refusals(error.quarantine, fresh)
        return None, wrong
    assert scored.quarantine is not None
    return scored, refusals(scored.quarantine, fresh)


def _stands(conn: Connection, scoring: _Scoring, rows: pa.Table) -> bool:
    """Whether nobody published or wrote orders of these customers since they were read."""
    same = current(conn).run_no == scoring.serving.run_no
    return same and newest_order(conn, customers_of(rows)) == scoring.newest


def _given(store: Store, asked: _Reply | None) -> Appended | None:
    if asked is None:
        return None
    with store.reading() as conn:
        return asked.given(conn)


def _answered(
    conn: Connection, scoring: _Scoring, actor: str, request_id: str, asked: _Reply | None
) -> Appended:
    """Keep what was scored, unless the same request came twice at once and the other did."""
    if asked is not None and (before := asked.given(conn)):
        return before
    done = _keep(conn, scoring, actor, request_id)
    if asked is not None:
        asked.keep(conn, done)
    return done


def _keep(conn: Connection, scoring: _Scoring, actor: str, request_id: str) -> Appended:
    serving, now = scoring.serving, datetime.now(UTC)
    more = [n for n in scoring.fresh.column_names if n not in (*NEEDED, "index", "order_id")]
    kept = [
        {
            **{name: row[name] for name in NEEDED if name != "date"},
            "date": datetime.fromisoformat(row["date"]).date(),
            "order_id": row.get("order_id"),
            "more": {name: row[name] for name in more if row[name] is not None},
            "received_at": now,
            "request_id": request_id,
        }
        for row in scoring.fresh.to_pylist()
    ]
    forecasts: list[Json] = []
    without: list[str] = []
    if kept and scoring.scored is not None:
        conn.execute(insert(tables.purchase), kept)
        concerned = sorted({row["customer_id"] for row in kept})
        without = put_in_place(conn, serving, scoring.scored, concerned)
        table = scoring.scored.table
        theirs = pc.is_in(table["customer_id"], pa.array(concerned))
        forecasts = plain(table.filter(theirs))
        pointer = tables.pointer.c
        conn.execute(
            update(tables.pointer)
            .where(pointer.name == CHAMPION)
            .values(revision=pointer.revision + 1)
        )
    told = {"rows": len(kept), "customers": len(forecasts), "refused": len(scoring.problems)}
    audit.write(conn, actor=actor, action="orders.append", request_id=request_id, detail=told)
    as_of = scoring.scored.as_of if scoring.scored is not None else None
    return Appended(
        accepted=len(kept),
        duplicates=scoring.duplicates,
        problems=sorted(scoring.problems, key=lambda each: each["index"]),
        forecasts=forecasts,
        without_purchase=without,
        as_of=None if as_of is None else str(as_of),
        run_id=serving.champion.version,
        currency=currency_of(serving.champion.run),
    )


def put_in_place(
    conn: Connection, serving: Serving, scored: Scored, customers: Sequence[str]
) -> list[str]:
    """Put the new forecasts in place of the old; who has no purchase left loses his.

    Returns
    -------
    those customers
    """
    assert scored.facts is not None
    wanted = pa.array(customers, pa.string())
    rows = pc.is_in(scored.table["customer_id"], wanted)
    table, facts = scored.table.filter(rows), scored.facts.filter(rows)
    replace_forecasts(conn, serving.run_no, table, facts, datetime.now(UTC))
    gone = sorted({*customers} - {*table["customer_id"].to_pylist()})
    remove_forecasts(conn, serving.run_no, gone)
    return gone
