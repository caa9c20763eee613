"""Brings a database to the tables of this version, once, whoever opens it first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from clv.core.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

#: The newest version among the migrations.
HEAD = "0001"
_SCRIPTS = "clv.ops.store:migrations"
_VERSIONS = "alembic_version"


def version(conn: Connection) -> str | None:
    """Version of the schema that the database has; None has none yet.

    Raises
    ------
    StoreError : it is of a newer version than this one
    """
    if not inspect(conn).has_table(_VERSIONS):
        return None
    found = conn.execute(text(f"SELECT version_num FROM {_VERSIONS}")).scalar_one_or_none()
    if found is not None and not (re.fullmatch(r"\d{4}", found) and found <= HEAD):
        raise StoreError(
            f"store: its tables are of version {found}; this version of clv knows them up to"
            f" {HEAD}. Upgrade clv, or name another store by CLV_DATABASE_URL."
        )
    return str(found) if found is not None else None


def upgrade(conn: Connection) -> None:
    """Run the migrations that are missing, in the transaction that is open.

    The caller holds the lock that keeps others from doing the same.
    """
    from alembic import command

    command.upgrade(configured(conn), "head")


def configured(conn: Connection) -> Config:
    """Alembic, told where the migrations and the database are."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = conn
    return config
