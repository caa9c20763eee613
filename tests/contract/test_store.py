"""One suite for both databases: opened, restarted, refused, and what they say."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from clv.core.errors import (
    SettingError,
    StorageError,
    StoreError,
)
from clv.ops import audit
from clv.ops.store import schema
from clv.ops.store.database import Store
from clv.ops.store.publishing import current, publish
from clv.ops.store.tables import metadata
from tests.published import everybody, make_run, some_ids

ROOT = Path(__file__).resolve().parents[2]
ONE = text("SELECT 1")


def test_migrations_make_exactly_the_tables(store):
    with store.reading() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert schema.version(conn) == schema.HEAD


def test_the_newest_migration_is_the_one_that_is_asked_for(sqlite_store):
    from alembic.script import ScriptDirectory

    with sqlite_store.reading() as conn:
        assert ScriptDirectory.from_config(schema.configured(conn)).get_current_head() == (
            schema.HEAD
        )


def test_a_store_opened_again_is_as_it_was(store, database_url, tmp_path, one):
    publish(store, one)
    again = Store.open(database_url, tmp_path / "home")
    with again.reading() as conn:
        assert current(conn).run_id == "one"
    again.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_processes_that_open_a_new_store_at_once_all_get_it(kind, request, tmp_path):
    url = ""
    if kind == "postgresql":
        url = request.getfixturevalue("postgresql_server").empty()
    program = (
        "import sys; from pathlib import Path; from clv.ops.store.database import Store;"
        "sys.stdin.readline(); store = Store.open(sys.argv[1] or None, Path(sys.argv[2]));"
        "store.ping(); print('open')"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, url, str(tmp_path / "home")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    ended = [process.communicate("go\n", timeout=60) for process in processes]
    assert [out.strip() for out, _ in ended] == ["open"] * 3, ended


def test_a_store_of_a_newer_version_is_refused(store, database_url, tmp_path):
    with store.writing() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9000'"))
    with pytest.raises(StoreError, match=r"version 9000; this version .* Upgrade clv"):
        Store.open(database_url, tmp_path / "home")


def test_writes_in_a_reading_block_are_refused(store):
    with pytest.raises(StoreError), store.reading() as conn:
        conn.execute(text("DELETE FROM audit"))


def test_a_block_that_fails_writes_nothing(store):
    def fail():
        with store.writing() as conn:
            audit.write(conn, actor="cli", action="try")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.reading() as conn:
        assert audit.entries(conn) == []


def test_errors_tell_no_values(store):
    words = text("INSERT INTO reply VALUES (:key, 'me', 'x', 200, '{}', '2025-01-01')")
    with store.writing() as conn:
        conn.execute(words, {"key": "customer 4711"})
    with pytest.raises(StoreError) as told_so, store.writing() as conn:
        conn.execute(words, {"key": "customer 4711"})
    assert "4711" not in str(told_so.value)
    assert told_so.value.status == 503


def _restart_amid(conn, server):
    conn.execute(ONE)
    server.restart()
    conn.execute(ONE)


def test_a_restarted_server_is_connected_to_again(postgresql_server, tmp_path, one):
    store = Store.open(postgresql_server.fresh(), tmp_path / "home")
    publish(store, one)
    with pytest.raises(StoreError), store.reading() as conn:
        _restart_amid(conn, postgresql_server)
    store.ping()
    assert len(everybody(store)) == 200
    postgresql_server.stop()
    try:
        for asking in (store.ping, lambda: store.ask(ONE, {})):
            with pytest.raises(StoreError):
                asking()
    finally:
        postgresql_server.start()
    assert store.ask(ONE, {}) == [(1,)]
    assert len(everybody(store)) == 200
    # Between two requests, too, when nobody asked meanwhile.
    postgresql_server.restart()
    assert store.ask(ONE, {}) == [(1,)]
    assert len(everybody(store)) == 200
    store.close()


def test_who_reads_cannot_write(store):
    words = text("INSERT INTO reply VALUES ('k', 'me', 'x', 200, '{}', '2025-01-01') RETURNING key")
    with pytest.raises(StoreError):
        store.ask(words, {})
    with pytest.raises(StoreError), store.reading() as conn:
        conn.execute(words)
    assert store.ask(text("SELECT count(*) FROM reply"), {}) == [(0,)]


def test_a_full_disk_is_said_to_be_one(tmp_path, one):
    store = Store.open(None, tmp_path / "home")
    publish(store, one)
    with store.engine.connect() as conn:
        pages = conn.execute(text("PRAGMA page_count")).scalar_one()
    from sqlalchemy import event

    @event.listens_for(store.engine, "checkout")
    def _limited(raw, *_):
        raw.execute(f"PRAGMA max_page_count = {pages + 5}")

    big = make_run(tmp_path / "big", "big", some_ids(2000))
    with pytest.raises(StorageError, match="no space left"):
        publish(store, big)
    assert len(everybody(store)) == 200
    store.close()


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("postgresql://me:sekret@127.0.0.1:1/shop", StoreError),
        ("postgresql://me:sekret@no-such-host.invalid/shop", StoreError),
        ("postgresql://me:sekret@[bad/shop", StoreError),
        ("mysql://me:sekret@host/shop", SettingError),
        ("sqlite://", SettingError),
        ("sekret", SettingError),
    ],
)
def test_addresses_that_lead_nowhere_are_told_without_the_password(url, error, tmp_path):
    with pytest.raises(error) as refused:
        Store.open(url, tmp_path)
    seen: BaseException | None = refused.value
    while seen is not None:
        assert "sekret" not in str(seen)
        seen = seen.__cause__


def test_an_address_of_a_file_is_taken(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path}/deep/shop.db", tmp_path / "home")
    store.ping()
    store.close()
    assert (tmp_path / "deep" / "shop.db").exists()
    assert not (tmp_path / "home").exists()


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "clv.db").write_text("not a database, whatever it is called" * 100)
    with pytest.raises(StoreError, match="not a database"):
        Store.open(None, tmp_path)


def test_all_errors_are_of_the_tree(sqlite_store):
    """Those of the driver, too, where it is used without SQLAlchemy."""
    with pytest.raises(StoreError, match="nowhere"), sqlite_store.reading() as conn:
        conn.connection.dbapi_connection.execute("SELECT * FROM nowhere")


def test_a_forked_process_makes_connections_of_its_own(store, database_url, tmp_path, one):
    publish(store, one)
    # A process with one thread, as servers fork before they begin: this one has many.
    words = (str(tmp_path / "home"), database_url or "")
    command = [sys.executable, "-m", "tests.contract.forking", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "child one\nparent one\n", "")


def test_sqlite_keeps_what_it_acknowledged_and_lets_readers_in(sqlite_store):
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 60_000}
    for block in (sqlite_store.reading, sqlite_store.writing):
        with block() as conn:
            found = {name: conn.execute(text(f"PRAGMA {name}")).scalar_one() for name in wanted}
        assert found == wanted
