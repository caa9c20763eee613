"""The tables as they were first."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.Column("used_on", sa.Date()),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_key")),
    )
    op.create_table(
        "audit",
        sa.Column("entry_no", NUMBER, autoincrement=True, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("target", sa.Text()),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("request_id", sa.String(length=64)),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("entry_no", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"])
    op.create_table(
        "job",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.Text()),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("result", sa.JSON()),
        sa.Column("problem", sa.JSON()),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("cancel_asked", sa.SmallInteger(), nullable=False),
        sa.Column("worker", sa.String(length=64)),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("heartbeat_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'done', 'failed', 'cancelled')",
            name=op.f("ck_job_status"),
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job")),
    )
    op.create_index(op.f("ix_job_status_created_at"), "job", ["status", "created_at"])
    op.create_table(
        "purchase",
        sa.Column("purchase_no", NUMBER, autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("amount", sa.String(length=32), nullable=False),
        sa.Column("order_id", sa.Text()),
        sa.Column("more", sa.JSON(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("purchase_no", name=op.f("pk_purchase")),
    )
    op.create_index(
        op.f("ix_purchase_customer_id_purchase_no"), "purchase", ["customer_id", "purchase_no"]
    )
    op.create_index(op.f("ix_purchase_date"), "purchase", ["date"])
    op.create_table(
        "reply",
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", "actor", name=op.f("pk_reply")),
    )
    op.create_table(
        "run",
        sa.Column("run_no", NUMBER, autoincrement=True, nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date()),
        sa.Column("horizon_days", sa.Integer()),
        sa.Column("level", sa.Double(), nullable=False),
        sa.Column("currency", sa.Text()),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("loaded", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.Column("spread", sa.JSON()),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("leaderboard", sa.JSON(), nullable=False),
        sa.Column("readiness", sa.JSON()),
        sa.PrimaryKeyConstraint("run_no", name=op.f("pk_run")),
        sa.UniqueConstraint("run_id", name=op.f("uq_run_run_id")),
    )
    op.create_table(
        "move",
        sa.Column("move_no", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("run_no", NUMBER, nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["run_no"], ["run.run_no"], name=op.f("fk_move_run_no")),
        sa.PrimaryKeyConstraint("move_no", name=op.f("pk_move")),
    )
    op.create_index(op.f("ix_move_name_move_no"), "move", ["name", "move_no"])
    op.create_table(
        "pointer",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("run_no", NUMBER),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["run_no"], ["run.run_no"], name=op.f("fk_pointer_run_no")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pointer")),
    )
    op.create_table(
        "tally",
        sa.Column("run_no", NUMBER, autoincrement=False, nullable=False),
        sa.Column("cell", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("segment", sa.Text()),
        sa.Column("value_tier", sa.Text(), nullable=False),
        sa.Column("clv_level", sa.Text(), nullable=False),
        sa.Column("mismatch", sa.Text()),
        sa.Column("group", sa.Text()),
        sa.Column("channel", sa.Text()),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("clv", sa.Double(), nullable=False),
        sa.Column("historic_value", sa.Double()),
        sa.Column("p_alive", sa.Double()),
        sa.Column("p_purchase", sa.Double()),
        sa.Column("expected_purchases", sa.Double()),
        sa.Column("recommended_cac", sa.Double()),
        sa.Column("with_p_alive", sa.Integer(), nullable=False),
        sa.Column("with_p_purchase", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_no"], ["run.run_no"], name=op.f("fk_tally_run_no")),
        sa.PrimaryKeyConstraint("run_no", "cell", name=op.f("pk_tally")),
    )
