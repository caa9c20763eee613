"""The store's database: opened, brought to this version, read as snapshots, written in turns."""

from __future__ import annotations

import fcntl
import os
import select
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self
from weakref import WeakSet

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from clv.core.errors import DependencyError, SettingError, StorageError, StoreError
from clv.data.engine import storage_errors
from clv.ops.store import schema

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, TextClause

    from clv.core.types import Json

Kind = Literal["sqlite", "postgresql"]
#: The file in CLV_HOME where no address is given.
FILE = "clv.db"
#: Longest wait of a writer for the one before it.
WAIT_SECONDS = 60
#: Longest that one statement may take on PostgreSQL; publishing sets its own.
STATEMENT_SECONDS = 60
CONNECT_SECONDS = 5
#: Connections older than that are made anew.
RECYCLE_SECONDS = 1800
#: Connections that are kept, how many more there may be, and how long to wait for one.
POOL, OVERFLOW, POOL_SECONDS = 10, 20, 30
#: PostgreSQL's advisory locks are numbers; these are ours, by what they guard.
LOCKS = {"schema": 0x636C7601, "publish": 0x636C7602, "forecasts": 0x636C7603}

#: Of SQLite's file: rows and index entries of forecasts fill such pages well.
_PAGE_BYTES = 8192

_opened: WeakSet[Store] = WeakSet()
#: Connections of the parent process, never to be closed here.
_inherited: list[list[Connection]] = []


class Store:
    """A database with the tables of `clv.ops.store.tables`.

    Safe to share among threads. Every error of the database leaves its blocks as a StoreError.

    Attributes
    ----------
    kind : sqlite or postgresql
    engine : SQLAlchemy's, of connections that may write; `reading` has its own
    """

    def __init__(self, engine: Engine, reader: Engine) -> None:
        self.kind: Kind = "sqlite" if engine.dialect.name == "sqlite" else "postgresql"
        self.engine = engine
        self._reader = reader
        #: Readers of SQLite that nobody uses: to take one from the pool, and to bring it back,
        #: would take longer than most of what is read.
        self._spare: list[Connection] = []
        _opened.add(self)

    @classmethod
    def open(cls, url: str | None, home: Path) -> Self:
        """Connect, and bring the tables to this version.

        Parameters
        ----------
        url : postgresql://user:password@host/name, or sqlite:///file; None is a file in `home`

        Raises
        ------
        SettingError : an address of neither kind
        StoreError : it cannot be reached, or its tables are of a newer version
        StorageError : the folder of the file takes none
        DependencyError : a package it needs is not installed
        """
        address = _address(url, home)
        engine = _sqlite if address.drivername == "sqlite" else _postgresql
        store = cls(engine(address, reads=False), engine(address, reads=True))
        try:
            store._bring_up()
        except BaseException:
            store.close()
            raise
        return store

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection whose reads all see the store as it was at the first of them.

        Raises
        ------
        StoreError : the database cannot be reached, or refused
        """
        if self.kind == "postgresql":
            with self._errors(), self._reader.connect() as conn:
                yield conn
            return
        with self._errors(), self._kept() as conn:
            raw: Any = conn.connection.dbapi_connection
            # The driver would begin at the first write.
            raw.execute("BEGIN")
            try:
                yield conn
            finally:
                conn.rollback()
                raw.rollback()

    def ask(self, statement: TextClause, values: Json) -> Sequence[tuple[Any, ...]]:
        """What one statement finds, as `rows` has it.

        For what is asked with every request and needs nothing else of the same snapshot: a
        statement alone takes a fifth of what it takes with a transaction around it on SQLite, and
        on PostgreSQL one way to the server and back instead of three.

        Raises
        ------
        StoreError : the database cannot be reached, or refused
        """
        if self.kind == "postgresql":
            with self._errors(), self._reader.connect() as conn:
                conn.execution_options(isolation_level="AUTOCOMMIT")
                return rows(conn, statement, values)
        with self._errors(), self._kept() as conn:
            return rows(conn, statement, values)

    @contextmanager
    def _kept(self) -> Iterator[Connection]:
        """A reader that is kept afterwards, unless something went wrong."""
        try:
            conn = self._spare.pop()
        except IndexError:
            conn = self._reader.connect()
        try:
            yield conn
        except (SQLAlchemyError, sqlite3.Error):
            conn.close()
            raise
        except BaseException:
            self._spare.append(conn)
            raise
        self._spare.append(conn)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: committed at the end of the block, taken back on any error in it.

        On SQLite it waits for the writer before it and holds the write lock from its start. On
        PostgreSQL rows are locked as they are written; `lock` takes more.

        Raises
        ------
        StoreError : the database cannot be reached, or refused
        StorageError : the disk is full
        """
        with self._errors(), self.engine.begin() as conn:
            if self.kind == "sqlite":
                raw: Any = conn.connection.dbapi_connection
                raw.execute("BEGIN IMMEDIATE")
            yield conn

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Let one process after the other into long work, however long each takes.

        Writers of SQLite do not wait for longer than a minute. On PostgreSQL `lock` does this.
        """
        if self.kind == "postgresql":
            yield
            return
        with _alone(Path(str(self.engine.url.database)), name):
            yield

    def ping(self) -> None:
        """
        Raises
        ------
        StoreError : the database does not answer
        """
        with self.reading() as conn:
            conn.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close the connections; the store can be used again, with new ones."""
        while self._spare:
            self._spare.pop().close()
        self.engine.dispose()
        self._reader.dispose()

    def _bring_up(self) -> None:
        if self.kind == "sqlite":
            file = Path(str(self.engine.url.database))
            with _alone(file, "open"), self._errors(), self.engine.connect() as conn:
                # Kept in the file. Neither can be set inside a transaction.
                raw: Any = conn.connection.dbapi_connection
                raw.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
                raw.execute("PRAGMA journal_mode = WAL")
        with self.reading() as conn:
            current = schema.version(conn) == schema.HEAD
        if current:
            return
        with self.writing() as conn:
            lock(conn, "schema")
            # Another process may have been first.
            if schema.version(conn) != schema.HEAD:
                schema.upgrade(conn)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        raw: Any = self.engine.dialect.loaded_dbapi
        try:
            yield
        except (SQLAlchemyError, raw.Error) as error:
            raise _told(error, self.engine.url) from error


def lock(conn: Connection, name: str) -> None:
    """Wait until nobody else holds a lock of LOCKS, and hold it to the end of the transaction.

    SQLite has one writer at a time, and nothing to lock besides.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCKS[name]})


def rows(conn: Connection, statement: TextClause, values: Json) -> Sequence[tuple[Any, ...]]:
    """What a statement finds, as the driver has it: on SQLite days and moments are texts.

    For what is asked with every request: on SQLite SQLAlchemy would take ten times as long as
    the database itself.
    """
    if conn.dialect.name == "sqlite":
        raw: Any = conn.connection.dbapi_connection
        found: list[tuple[Any, ...]] = raw.execute(statement.text, values).fetchall()
        return found
    return [tuple(row) for row in conn.execute(statement, values)]


def _address(url: str | None, home: Path) -> URL:
    if url is None:
        return make_url("sqlite://").set(database=str((home / FILE).resolve()))
    try:
        address = make_url(url)
        scheme = address.drivername.partition("+")[0]
    except (SQLAlchemyError, ValueError):
        scheme = ""
    if scheme in ("postgresql", "postgres"):
        return address.set(drivername="postgresql+psycopg")
    if scheme == "sqlite" and address.database and address.database != ":memory:":
        return make_url("sqlite://").set(database=str(Path(address.database).resolve()))
    # The address may hold a password: it is not repeated.
    raise SettingError(
        "CLV_DATABASE_URL: is not an address of a store. Write it as"
        " postgresql://user:password@host/name or sqlite:///file."
    )


def _sqlite(address: URL, *, reads: bool) -> Engine:
    file = Path(str(address.database))
    with storage_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        address,
        hide_parameters=True,
        poolclass=QueuePool,
        pool_size=POOL,
        max_overflow=OVERFLOW,
        pool_timeout=POOL_SECONDS,
        connect_args={
            "check_same_thread": False,
            "timeout": WAIT_SECONDS,
            "isolation_level": None,
        },
    )

    @event.listens_for(engine, "connect")
    def _connected(raw: Any, _record: Any) -> None:
        # What was acknowledged outlives a loss of power.
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute("PRAGMA foreign_keys = ON")
        raw.execute("PRAGMA cache_size = -16384")
        # After a large publish the log beside the file shrinks again.
        raw.execute("PRAGMA journal_size_limit = 67108864")
        if reads:
            raw.execute("PRAGMA query_only = ON")

    return engine


def _postgresql(address: URL, *, reads: bool) -> Engine:
    # What the address itself sets comes later, and wins.
    query = dict(address.query)
    given = query.pop("options", "")
    options = (
        f"-c statement_timeout={STATEMENT_SECONDS}s"
        # Of statements alone, too, which begin no transaction that could be said to be so.
        f" -c default_transaction_read_only={'on' if reads else 'off'}"
        f" {given if isinstance(given, str) else ''}"
    )
    try:
        engine = create_engine(
            address.set(query=query),
            hide_parameters=True,
            isolation_level="REPEATABLE READ" if reads else "READ COMMITTED",
            pool_size=POOL,
            max_overflow=OVERFLOW,
            pool_timeout=POOL_SECONDS,
            pool_recycle=RECYCLE_SECONDS,
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "options": options.strip(),
                "application_name": "clv",
                **query,
            },
        )
    except ModuleNotFoundError:
        raise DependencyError(
            "store: psycopg is not installed: pip install 'clv[postgres]'"
        ) from None

    @event.listens_for(engine, "connect")
    def _connected(raw: Any, _record: Any) -> None:
        raw.read_only = reads

    @event.listens_for(engine, "checkout")
    def _taken(raw: Any, _record: Any, _proxy: Any) -> None:
        # A server that ended, or ended the connection, has said so already. To ask it whether it
        # is there, as `pool_pre_ping` does, is one more way to it and back for each read.
        if raw.closed or _has_word(raw.fileno()):
            raise DisconnectionError

    return engine


def _has_word(descriptor: int) -> bool:
    """Whether anything came in that nobody asked for."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(0))


@contextmanager
def _alone(file: Path, name: str) -> Iterator[None]:
    """Hold a file beside the database, which one holds at a time."""
    with storage_errors(file):
        beside = file.with_name(f"{file.name}.{name}.lock").open("w")
    with beside:
        fcntl.flock(beside, fcntl.LOCK_EX)
        yield


def _told(error: BaseException, url: URL) -> StoreError | StorageError:
    """What the database said, in a line, without the values it was given or a password."""
    origin = error.orig if isinstance(error, DBAPIError) and error.orig else error
    lines = [line.strip() for line in str(origin).splitlines() if line.strip()]
    # Further lines of PostgreSQL repeat the values.
    said = lines[0].rstrip(".") if lines else type(origin).__name__
    if url.password:
        said = said.replace(str(url.password), "***")
    place = url.database if url.drivername == "sqlite" else f"{url.host or 'socket'}/{url.database}"
    if "disk is full" in said or getattr(origin, "sqlstate", None) == "53100":
        return StorageError(f"storage: no space left for the store at {place} ({said}).")
    return StoreError(
        f"store: the database at {place} says: {said}. If it cannot be reached, check that it runs"
        " and that CLV_DATABASE_URL names it."
    )


def _forget_connections() -> None:
    for store in list(_opened):
        # They belong to the parent process, which goes on using them.
        store.engine.dispose(close=False)
        store._reader.dispose(close=False)
        _inherited.append(store._spare)
        store._spare = []


os.register_at_fork(after_in_child=_forget_connections)
