"""One suite for both databases: runs published, taken back, killed in the middle."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import inspect, select, update

from clv.core.errors import RunError, SettingError, StorageError, StoreError
from clv.ops import audit, forecasts
from clv.ops.forecasts import CustomerQuery
from clv.ops.progress import Silent
from clv.ops.store import keeping, loading, publishing, runfiles
from clv.ops.store.database import lock
from clv.ops.store.publishing import current, listed, publish, rollback
from clv.ops.store.tables import move, run, tally
from tests.published import IDS, everybody, in_step, make_run, make_table_run, some_ids, tables

ROOT = Path(__file__).resolve().parents[2]


def test_nothing_published_says_what_to_do(store):
    with store.reading() as conn:
        with pytest.raises(RunError, match="clv publish RUN"):
            current(conn)
        with pytest.raises(RunError, match="--name model:xgboost"):
            current(conn, "model:xgboost")
        assert listed(conn) == []


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


def test_the_run_that_a_rollback_would_go_to_is_kept(store, tmp_path):
    runs = [make_run(tmp_path / name, name, some_ids(10)) for name in "abc"]
    publish(store, runs[0])
    publish(store, runs[1])
    rollback(store)
    # The newest besides it is the one that was taken back.
    assert publish(store, runs[2], keep=2).before == "a"
    assert rollback(store).run_id == "a"
    assert len(everybody(store)) == 10


def test_a_run_that_is_served_is_not_reported_as_failed(store, one, two, monkeypatch):
    publish(store, one, keep=1)
    rollback_to = publish(store, two, keep=1)
    told = []

    class Teller(Silent):
        def note(self, text):
            told.append(text)

    def full(*_):
        raise StorageError("the disk is full")

    monkeypatch.setattr(keeping, "_old", full)
    assert publish(store, one, keep=1, reporter=Teller()).before == rollback_to.run_id
    assert told == ["forecasts of older runs stay for now (the disk is full)"]


def test_orders_and_a_publish_of_the_run_they_change_do_not_lock_each_other_out(store, one):
    run_no = publish(store, one).run_no
    failed = []

    def again():
        try:
            publish(store, one)
        except Exception as error:  # noqa: BLE001 told below
            failed.append(error)

    with store.writing() as conn:
        lock(conn, "forecasts")
        publishing = threading.Thread(target=again)
        publishing.start()
        # By now it has the row, or waits for the lock.
        publishing.join(1.0)
        assert publishing.is_alive()
        conn.execute(update(run).where(run.c.run_no == run_no).values(customers=9))
    publishing.join(30)
    assert failed == []
    with store.reading() as conn:
        assert current(conn).customers == 9


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


def test_ids_that_postgresql_cannot_take_are_refused_with_a_sentence(store, tmp_path):
    odd = make_run(tmp_path / "odd", "odd", ["a\0b", "c"])
    if store.kind == "sqlite":
        assert publish(store, odd).customers == 2
        return
    with pytest.raises(StoreError, match=r"^store: "):
        publish(store, odd)


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
