"""One suite for both databases: opened, published to, read, taken back, killed in the middle."""

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from clv.core.errors import (
    RunError,
    SettingError,
    StaleCursorError,
    StorageError,
    StoreError,
)
from clv.ops import audit, forecasts
from clv.ops.forecasts import CustomerQuery
from clv.ops.store import loading, publishing, runfiles, schema
from clv.ops.store.database import Store
from clv.ops.store.publishing import current, listed, publish, rollback
from clv.ops.store.tables import forecasts_of, metadata, move, run, tally
from tests.published import IDS, make_run, make_table_run, some_ids, tables

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "one", "one", seed=1)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "two", "two", some_ids(150), seed=2)


def everybody(store, **asked):
    """All customers of the champion, over all pages."""
    found, cursor = [], None
    while True:
        with store.reading() as conn:
            query = CustomerQuery(cursor=cursor, **{"limit": 40, **asked})
            page = forecasts.page(conn, current(conn).run_no, query)
        found += page.customers
        cursor = page.next_cursor
        if cursor is None:
            return found


def told(run):
    """Customers as the files of a run tell them."""
    rows = run.forecasts().to_pylist()
    path = run.folder / "customers.parquet"
    known = pa.parquet.read_table(path).to_pylist() if path.exists() else [{}] * len(rows)
    days = [name for name in run.forecasts().column_names if name.startswith("next_")]
    for row, more in zip(rows, known, strict=True):
        row.update(more)
        for name in (*days, "as_of", "first_purchase", "last_purchase"):
            row[name] = row[name].isoformat() if row.get(name) else None
        row["rescored_at"] = None
    return rows


def in_step(conn, run_no):
    """Whether the cells are what a walk over the forecasts adds up to."""
    f, t = forecasts_of(run_no), tally
    rows = conn.execute(select(f)).all()
    for cell in conn.execute(select(t).where(t.c.run_no == run_no)):
        here = [row for row in rows if row.cell == cell.cell]
        assert len(here) == cell.customers
        for name in ("clv", "historic_value", "p_alive", "p_purchase", "expected_purchases"):
            values = [v for row in here if (v := getattr(row, name)) is not None]
            assert (getattr(cell, name) or 0) == pytest.approx(sum(values), abs=1e-9)
    counted = conn.execute(select(run.c.customers).where(run.c.run_no == run_no)).scalar_one()
    assert counted == len(rows)
    return True


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


def test_nothing_published_says_what_to_do(store):
    with store.reading() as conn:
        with pytest.raises(RunError, match="clv publish RUN"):
            current(conn)
        with pytest.raises(RunError, match="--name model:xgboost"):
            current(conn, "model:xgboost")
        assert listed(conn) == []


def test_every_customer_is_told_as_the_run_tells_them(store, one):
    done = publish(store, one)
    assert (done.run_id, done.customers, done.before) == ("one", 200, None)
    found = everybody(store, sort="customer_id")
    assert [row["customer_id"] for row in found] == sorted(some_ids(200))
    for got, wanted in zip(found, told(one), strict=True):
        assert got == {name: wanted[name] for name in got}
        assert set(got) == set(wanted)


def test_customers_are_found_by_any_id(store, one):
    publish(store, one)
    wanted = {row["customer_id"]: row for row in told(one)}
    with store.reading() as conn:
        number = current(conn).run_no
        for customer_id in IDS:
            assert forecasts.customer(conn, number, customer_id) == wanted[customer_id]
        for absent in ("", "nobody", "%", "0001 ", "a\0b", "\ud800", "'", "x" * 10_000):
            found = forecasts.customer(conn, number, absent)
            assert found is None or absent in IDS


def test_a_run_without_facts_is_published_too(store, tmp_path):
    publish(store, make_run(tmp_path / "old", "old", some_ids(40), with_facts=False))
    found = everybody(store)
    assert {row["channel"] for row in found} == {None}
    assert {row["last_purchase"] for row in found} == {None}
    with store.reading() as conn:
        (row,) = forecasts.segments(conn, current(conn).run_no, "channel")
        assert (row["name"], row["customers"]) == ("Unknown", 40)
        assert (
            forecasts.counted(conn, current(conn).run_no, CustomerQuery(channel=["Unknown"])) == 40
        )


def test_a_run_on_a_table_is_published_too(store, tmp_path):
    ids = [*IDS, "twice", "other", "twice"]
    publish(store, make_table_run(tmp_path / "of-table", ids=ids))
    found = {row["customer_id"]: row for row in everybody(store)}
    assert found.keys() == set(ids)
    # Who is named in two rows counts as told last.
    assert found["twice"]["clv"] == len(ids) - 1
    assert found["other"]["clv_upper"] == (len(ids) - 2) * 2
    assert found["a"]["segment"] is None
    assert found["a"]["as_of"] is None
    with store.reading() as conn:
        now = current(conn)
        assert (now.kind, now.as_of, now.horizon_days) == ("table", None, None)
        summary = forecasts.summary(conn, now.run_no)
        assert summary["totals"]["onetimers"] is None
        assert summary["totals"]["mean_p_alive"] is None
        assert sum(row["customers"] for row in summary["value_tiers"]) == len(set(ids))


def test_publishing_again_only_points_to_it(store, one, two):
    first, second = publish(store, one), publish(store, two)
    third = publish(store, one)
    assert third.run_no == first.run_no
    assert (first.revision, second.revision, third.revision) == (1, 2, 3)
    assert third.before == "two"
    with store.reading() as conn:
        assert len(listed(conn)) == 2
        assert listed(conn)[0]["served_as"] == ["champion"]
    # Pointed to already: nothing to go back over.
    publish(store, one)
    assert rollback(store).run_id == "two"


def test_rollback_goes_one_back_each_time(store, tmp_path):
    runs = [make_run(tmp_path / name, name, some_ids(10)) for name in "abcd"]
    for each in runs[:3]:
        publish(store, each)
    assert rollback(store).run_id == "b"
    assert rollback(store).run_id == "a"
    with pytest.raises(RunError, match="a is the first published as champion"):
        rollback(store)
    publish(store, runs[3])
    assert rollback(store).run_id == "a"
    with store.reading() as conn:
        actions = conn.execute(select(move.c.action).order_by(move.c.move_no)).scalars().all()
        written = [entry.action for entry in audit.entries(conn)]
    assert actions == ["publish"] * 3 + ["rollback"] * 2 + ["publish", "rollback"]
    assert written[::-1] == [f"run.{action}" for action in actions]


def test_forecasts_of_old_runs_are_dropped_but_not_of_those_pointed_to(store, tmp_path):
    runs = [make_run(tmp_path / name, name, some_ids(10)) for name in "abcde"]
    publish(store, runs[0], name="model:xgboost")
    for each in runs[1:]:
        publish(store, each, keep=2)
    with store.reading() as conn:
        loaded = {row["run_id"]: row["loaded"] for row in listed(conn)}
        there = {name for name in inspect(conn).get_table_names() if name.startswith("forecast_")}
        numbers = set(conn.execute(select(run.c.run_no).where(run.c.loaded)).scalars())
        assert set(conn.execute(select(tally.c.run_no)).scalars()) == numbers
    assert loaded == {"a": True, "b": False, "c": False, "d": True, "e": True}
    assert there == {f"forecast_{number}" for number in numbers}
    rollback(store)
    with pytest.raises(RunError, match=rf"no longer in the store.*clv publish {tmp_path}/c"):
        rollback(store)
    assert publish(store, runs[2], keep=2).customers == 10
    assert len(everybody(store)) == 10


def test_a_model_asked_for_by_name_needs_no_forecasts(store, one, two):
    publish(store, one)
    done = publish(store, two, name="model:xgboost", loaded=False)
    assert not done.loaded
    with store.reading() as conn:
        assert current(conn).run_id == "one"
        other = current(conn, "model:xgboost")
        assert (other.run_id, other.loaded) == ("two", False)
        with pytest.raises(RunError, match="not in the store"):
            forecasts.page(conn, other.run_no, CustomerQuery())
    # The same run for all to read: now with its forecasts.
    assert publish(store, two).loaded
    assert len(everybody(store)) == 150


@pytest.mark.parametrize("name", ["", "Champion", "model:", "model:a b", "x" * 80, "model:'; --"])
def test_other_names_are_refused(sqlite_store, one, name):
    with pytest.raises(SettingError, match="neither champion nor model:NAME"):
        publish(sqlite_store, one, name=name)


def test_what_else_has_to_be_done_is_done_with_it_or_nothing_is(store, one, two):
    publish(store, one)
    seen = []

    def besides(conn, now):
        seen.append((now.run_id, now.revision))
        forecasts.remove_forecasts(conn, now.run_no, ["a"])

    assert publish(store, two, besides=besides).customers == 149
    assert seen == [("two", 2)]
    assert rollback(store).run_id == "one"

    def failing(conn, now):
        forecasts.remove_forecasts(conn, now.run_no, ["b'; DROP TABLE run; --"])
        raise RunError("no")

    with pytest.raises(RunError, match="no"):
        publish(store, two, besides=failing)
    with store.reading() as conn:
        now = current(conn)
        assert (now.run_id, now.revision) == ("one", 3)
        assert in_step(conn, 2)


@pytest.mark.parametrize(
    "damage",
    ["no forecasts", "cut", "column", "others", "staging"],
)
def test_a_damaged_run_is_refused_and_nothing_changes(store, one, tmp_path, damage):
    publish(store, one)
    name = ".out.partial-1f2e" if damage == "staging" else "bad"
    bad = make_run(tmp_path / name, "bad", some_ids(60))
    file = bad.folder / "forecasts.parquet"
    if damage == "no forecasts":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:1000])
    elif damage == "column":
        pa.parquet.write_table(bad.forecasts().drop_columns(["segment"]), file)
    elif damage == "others":
        _, known = tables([*some_ids(59), "z"])
        pa.parquet.write_table(known, bad.folder / "customers.parquet")
    with pytest.raises(RunError, match=r"^run: "):
        publish(store, bad)
    with store.reading() as conn:
        assert current(conn).revision == 1
        assert [row["run_id"] for row in listed(conn)] == ["one"]
    assert len(everybody(store)) == 200


def test_a_reader_sees_one_run_wholly_while_another_is_published(store, one, two, monkeypatch):
    publish(store, one)
    before = everybody(store)
    half, go = threading.Event(), threading.Event()
    whole = runfiles.lots

    def halting(run):
        for lot in whole(run):
            yield lot
            half.set()
            assert go.wait(30)

    monkeypatch.setattr(publishing.runfiles, "lots", halting)
    thread = threading.Thread(target=publish, args=(store, two))
    thread.start()
    assert half.wait(30)
    # In the middle of it.
    assert everybody(store) == before
    with store.reading() as conn:
        now = current(conn)
        assert now.run_id == "one"
        go.set()
        thread.join(30)
        # Over by now; this reader began before.
        assert current(conn) == now
        page = forecasts.page(conn, now.run_no, CustomerQuery(limit=200, sort="customer_id"))
        assert len(page.customers) == 200
        assert forecasts.summary(conn, now.run_no)["totals"]["customers"] == 200
    assert len(everybody(store)) == 150


def test_of_two_publishes_at_once_both_end_whole(store, one, two):
    done, begin = {}, threading.Barrier(2)

    def work(run):
        begin.wait()
        done[run.manifest["run_id"]] = publish(store, run)

    threads = [threading.Thread(target=work, args=(run,)) for run in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {name: each.customers for name, each in done.items()} == {"one": 200, "two": 150}
    assert {each.revision for each in done.values()} == {1, 2}
    last = max(done.values(), key=lambda each: each.revision)
    with store.reading() as conn:
        assert current(conn).run_id == last.run_id
        assert all(in_step(conn, each.run_no) for each in done.values())
    assert rollback(store).run_id == last.before


def test_a_publish_that_is_killed_leaves_the_run_before_it(store, database_url, tmp_path, one, two):
    publish(store, one)
    before = everybody(store)
    words = (str(two.folder), str(tmp_path / "home"), database_url or "")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.contract.dying_publish", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "loading\n"
        assert everybody(store) == before
        process.send_signal(signal.SIGKILL)
    assert everybody(store) == before
    with store.reading() as conn:
        assert [row["run_id"] for row in listed(conn)] == ["one"]
        tables_there = [n for n in inspect(conn).get_table_names() if n.startswith("forecast_")]
        assert len(tables_there) == 1
    assert publish(store, two).customers == 150
    assert len(everybody(store)) == 150


def test_the_cells_stay_in_step_as_forecasts_are_replaced(store, one):
    number = publish(store, one).run_no
    ids = [*IDS[:10], "new 1", "new 2"]
    table, known = tables(ids, seed=9)
    at = datetime(2025, 7, 2, 10, 30, tzinfo=UTC)
    with store.writing() as conn:
        forecasts.replace_forecasts(conn, number, table, known, at)
    with store.reading() as conn:
        assert in_step(conn, number)
        assert current(conn).customers == 202
        for row in table.to_pylist():
            found = forecasts.customer(conn, number, row["customer_id"])
            assert found["clv"] == row["clv"]
            assert found["segment"] == row["segment"]
            assert found["rescored_at"] == "2025-07-02T10:30:00+00:00"
        assert forecasts.customer(conn, number, IDS[11])["rescored_at"] is None
    with store.writing() as conn:
        forecasts.remove_forecasts(conn, number, ["new 1", "0001", "nobody"])
        # Nothing to do is done, too.
        forecasts.remove_forecasts(conn, number, [])
        forecasts.replace_forecasts(conn, number, table.slice(0, 0), known.slice(0, 0), at)
    with store.reading() as conn:
        assert in_step(conn, number)
        assert forecasts.customer(conn, number, "new 1") is None
        assert current(conn).customers == 200
    assert len(everybody(store)) == 200


def test_everybody_can_be_replaced_and_removed(store, one):
    number = publish(store, one).run_no
    table, known = tables(some_ids(200), seed=5)
    with store.writing() as conn:
        forecasts.replace_forecasts(conn, number, table, known, datetime.now(UTC))
    with store.reading() as conn:
        assert in_step(conn, number)
        total = forecasts.summary(conn, number)["totals"]["total_clv"]
    assert total == pytest.approx(sum(table["clv"].to_pylist()))
    with store.writing() as conn:
        forecasts.remove_forecasts(conn, number, some_ids(200))
    assert everybody(store) == []
    with store.reading() as conn:
        assert forecasts.segments(conn, number) == []
        totals = forecasts.summary(conn, number)["totals"]
        assert (totals["customers"], totals["total_clv"], totals["mean_clv"]) == (0, 0, None)


def test_segments_add_up_to_the_whole(store, one):
    number = publish(store, one).run_no
    rows = told(one)
    with store.reading() as conn:
        for by in ("segment", "value_tier", "clv_level", "mismatch", "group", "channel"):
            found = forecasts.segments(conn, number, by)
            assert sum(row["customers"] for row in found) == 200
            assert sum(row["share"] for row in found) == pytest.approx(1)
            assert sum(row["clv_share"] for row in found) == pytest.approx(1)
            values = [row["total_clv"] for row in found]
            assert values == sorted(values, reverse=True)
            for row in found:
                here = [each for each in rows if each[by] == row["name"]]
                alive = [each["p_alive"] for each in here if each["p_alive"] is not None]
                assert row["customers"] == len(here)
                assert row["mean_clv"] == pytest.approx(sum(e["clv"] for e in here) / len(here))
                assert row["mean_p_alive"] == pytest.approx(sum(alive) / len(alive))
                assert row["historic_value"] == pytest.approx(
                    sum(each["historic_value"] for each in here)
                )
        with pytest.raises(SettingError, match=r"^by: 'id'"):
            forecasts.segments(conn, number, "id")
        lost = next(row for row in forecasts.segments(conn, number) if row["name"] == "Lost")
        # The run tells 5 to 40 around 10.
        assert lost["total_clv_lower"] == pytest.approx(lost["total_clv"] / 2)
        assert lost["total_clv_upper"] == pytest.approx(lost["total_clv"] * 4)
        summary = forecasts.summary(conn, number)
    totals = summary["totals"]
    assert totals["total_clv_lower"] == pytest.approx(totals["total_clv"] * 0.8)
    assert totals["onetimers"] + totals["repeaters"] == 200
    spread = summary["spread"]["clv"]
    assert (spread["quantiles"][0], spread["quantiles"][-1]) == (0, 1234.5)
    assert spread["mean"] == pytest.approx(totals["mean_clv"])
    assert 0.1 < spread["top_tenth_share"] <= 1


def test_a_cursor_does_not_go_on_in_another_run(store, one, two):
    publish(store, one)
    with store.reading() as conn:
        page = forecasts.page(conn, current(conn).run_no, CustomerQuery(limit=10))
    publish(store, two)
    query = CustomerQuery(limit=10, cursor=page.next_cursor)
    with store.reading() as conn, pytest.raises(StaleCursorError) as refused:
        forecasts.page(conn, current(conn).run_no, query)
    assert (refused.value.code, refused.value.status) == ("stale-cursor", 409)


def test_numbers_at_the_edge_are_answered(store, one):
    publish(store, one)
    for asked in (
        {"min_clv": 1e308},
        {"max_clv": -1e308},
        {"min_churn_risk": 1.5},
        {"max_churn_risk": -0.5},
        {"search": "\0"},
        {"search": "\ud800"},
        {"search": "x" * 5000},
        {"segment": ["nobody", "'; --", "\0"]},
    ):
        assert everybody(store, **asked) == []
        with store.reading() as conn:
            number = current(conn).run_no
            assert forecasts.counted(conn, number, CustomerQuery(**asked)) == 0


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
    conn.execute(text("SELECT 1"))
    server.restart()
    conn.execute(text("SELECT 1"))


def test_a_restarted_server_is_connected_to_again(postgresql_server, tmp_path, one):
    store = Store.open(postgresql_server.fresh(), tmp_path / "home")
    publish(store, one)
    with pytest.raises(StoreError), store.reading() as conn:
        _restart_amid(conn, postgresql_server)
    store.ping()
    assert len(everybody(store)) == 200
    postgresql_server.stop()
    try:
        with pytest.raises(StoreError):
            store.ping()
    finally:
        postgresql_server.start()
    assert len(everybody(store)) == 200
    store.close()


def test_ids_that_postgresql_cannot_take_are_refused_with_a_sentence(store, tmp_path):
    odd = make_run(tmp_path / "odd", "odd", ["a\0b", "c"])
    if store.kind == "sqlite":
        assert publish(store, odd).customers == 2
        return
    with pytest.raises(StoreError, match=r"^store: "):
        publish(store, odd)


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


def test_loading_needs_little_memory_however_many_there_are(sqlite_store, tmp_path, monkeypatch):
    """Lots are made one after the other, never all at once."""
    monkeypatch.setattr(runfiles, "LOT", 50)
    alive = {"now": 0, "most": 0}
    whole = loading.rows_of

    def watched(lot):
        alive["most"] = max(alive["most"], lot.num_rows)
        return whole(lot)

    monkeypatch.setattr(loading, "rows_of", watched)
    publish(sqlite_store, make_run(tmp_path / "run", "run", some_ids(333)))
    assert alive["most"] == 50
    assert len(everybody(sqlite_store)) == 333


def test_all_errors_are_of_the_tree(sqlite_store):
    """Those of the driver, too, where it is used without SQLAlchemy."""
    with pytest.raises(StoreError, match="nowhere"), sqlite_store.reading() as conn:
        conn.connection.dbapi_connection.execute("SELECT * FROM nowhere")


def test_a_forked_process_makes_connections_of_its_own(store, one):
    publish(store, one)
    child = os.fork()
    if child == 0:
        # Whatever happens, the tests do not go on here.
        try:
            os._exit(0 if len(everybody(store)) == 200 else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert len(everybody(store)) == 200


def test_sqlite_keeps_what_it_acknowledged_and_lets_readers_in(sqlite_store):
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 60_000}
    for block in (sqlite_store.reading, sqlite_store.writing):
        with block() as conn:
            found = {name: conn.execute(text(f"PRAGMA {name}")).scalar_one() for name in wanted}
        assert found == wanted
