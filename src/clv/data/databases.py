"""A log in PostgreSQL or SQLite: `postgresql://...?table=orders` or `?query=select ...`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from clv.core.errors import DependencyError, SourceError
from clv.data.engine import storage_errors
from clv.data.records import Record
from clv.data.staging import (
    Part,
    Staged,
    doubled,
    stage_parts,
    stage_text,
    staging_folder,
    unique,
)
from clv.data.textfile import file_digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clv.data.engine import Engine
    from clv.data.settings import IngestSettings


#: Signs of a query that are shown as they are.
_PLAIN = " ,*()'<>=/."


def stage_database(address: str, settings: IngestSettings, engine: Engine) -> Staged:
    """Stage a table or query of a database.

    Parameters
    ----------
    address : `postgresql://user@host/db?table=schema.orders`, or `?query=select ...`;
        `sqlite:///relative.db?table=orders`, `sqlite:////absolute.db?...`

    Raises
    ------
    SourceError : no connection, no such table, or a query that fails
    DependencyError : psycopg is not installed
    """
    parts = urlsplit(address)
    given = dict(parse_qsl(parts.query))
    table, query = given.pop("table", None), given.pop("query", None)
    if (table is None) == (query is None):
        raise SourceError(
            "source: a database needs either ?table=NAME or ?query=SELECT ... at the end of its"
            f" address; {_without_password(address)} has {'both' if table else 'neither'}."
        )
    if query is not None:
        query = query.strip().rstrip(";")
    if parts.scheme == "sqlite":
        return _sqlite(Path(parts.path.removeprefix("/")), table, query, engine)
    server = urlunsplit(parts._replace(query=urlencode(given)))
    return _postgres(server, _without_password(address), table, query, settings, engine)


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    place = parts.netloc
    if "@" in place:
        user, _, host = place.rpartition("@")
        place = f"{user.split(':')[0]}@{host}"
    # Put together by hand: urlunsplit leaves out the slashes before an empty host.
    start = f"{parts.scheme}://{place}{parts.path}"
    kept = [(key, value) for key, value in parse_qsl(parts.query) if key != "password"]
    return f"{start}?{urlencode(kept, safe=_PLAIN)}" if kept else start


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _postgres(
    server: str,
    shown: str,
    table: str | None,
    query: str | None,
    settings: IngestSettings,
    engine: Engine,
) -> Staged:
    try:
        import psycopg
    except ImportError:
        raise DependencyError(
            "psycopg is not installed, and PostgreSQL needs it: pip install 'clv[postgres]'"
        ) from None
    if query is None:
        query = "SELECT * FROM " + ".".join(map(_quoted, str(table).split(".")))
    target = staging_folder(engine) / "postgresql.csv"
    try:
        with (
            psycopg.connect(server, connect_timeout=15) as connection,
            connection.cursor() as cursor,
            storage_errors(engine.folder),
            target.open("wb") as out,
        ):
            connection.read_only = True
            cursor.execute("SET datestyle TO ISO")
            statement = f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER, ENCODING 'UTF8')"
            with cursor.copy(statement.encode()) as stream:
                for block in stream:
                    out.write(block)
    except psycopg.OperationalError as error:
        raise SourceError(
            f"source: PostgreSQL at {shown} does not answer ({_first(error)}). Check host, port,"
            " database, user and password."
        ) from error
    except psycopg.Error as error:
        raise SourceError(
            f"source: PostgreSQL refused to read {shown} ({_first(error)}). Check the table or"
            " query, and that the user may select from it."
        ) from error
    plain = replace(settings, delimiter=",", header=None)
    return replace(stage_text([target], plain, engine, [shown]), native=True)


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _sqlite(path: Path, table: str | None, query: str | None, engine: Engine) -> Staged:
    if not path.is_file():
        raise SourceError(
            f"source: there is no SQLite file {path}. Write sqlite:///orders.db for a file in this"
            " folder, sqlite:////data/orders.db for /data/orders.db."
        )
    shown = f"sqlite:///{path}"
    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)
        ) as connection:
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            statement = query or f"SELECT * FROM {_quoted(str(table))}"
            cursor = connection.execute(statement)
            if cursor.description is None:
                raise SourceError(f"source: the query of {shown} gives no rows: {query}.")
            written = [column[0] for column in cursor.description]
            size, digest = path.stat().st_size, file_digest(path)
            part = Part(shown, size, digest, unique(written), _rows(cursor), doubled(written))
            return stage_parts([part], engine)
    except sqlite3.Error as error:
        raise SourceError(f"source: {shown} cannot be read ({error}). {_tables(path)}") from error


def _rows(cursor: sqlite3.Cursor) -> Iterator[Record]:
    for line, row in enumerate(cursor, start=1):
        yield Record(line, [as_text(value) for value in row], "")


def _tables(path: Path) -> str:
    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)
        ) as connection:
            found = connection.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table','view')"
            )
            return "It has the tables: " + (", ".join(name for (name,) in found) or "none") + "."
    except sqlite3.Error:
        return "Is it a SQLite file?"


def as_text(value: object) -> str | None:
    """A typed value as the text a CSV would have: whole numbers without a decimal point."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
