"""Jobs on every store and queue: SQLite with its file, PostgreSQL with Redis."""

import os
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from clv.core.errors import JobError, SettingError, StoppedError
from clv.ops import audit
from clv.ops.store.tables import job as table
from clv.ops.work import jobs
from tests.jobs import SHOP, found


def queued(services, kind="generate", params=SHOP):
    with services.store.writing() as conn:
        return jobs.create(conn, kind, params, "tester")


def brought_to(services, status):
    """A job in that state, as whoever has it sees it."""
    made = queued(services)
    if status == jobs.QUEUED:
        return made
    if status == jobs.CANCELLED:
        return jobs.ask_to_cancel(services.store, made.job_id)
    running = jobs.claim(services.store, made.job_id, "first")
    if status == jobs.DONE:
        with services.store.writing() as conn:
            jobs.finished(conn, running, {"n": 1})
    elif status == jobs.FAILED:
        jobs.failed(services.store, running, {"code": "log", "message": "log: empty."})
    return found(services, made.job_id)


def test_a_job_goes_from_queued_to_done(services):
    made = jobs.submit(services, "generate", SHOP, "key-1")
    assert (made.status, made.progress, made.attempts) == (jobs.QUEUED, 0, 0)
    assert services.queue.take() == made.job_id
    running = jobs.claim(services.store, made.job_id, "w")
    assert (running.status, running.worker, running.attempts) == (jobs.RUNNING, "w", 1)
    told = jobs.progressed(services.store, running, "draw the shop", 0.5)
    assert (told.stage, told.progress) == ("draw the shop", 0.5)
    with services.store.writing() as conn:
        jobs.finished(conn, running, {"customers": 100})
    done = found(services, made.job_id)
    assert (done.status, done.progress, done.result) == (jobs.DONE, 1, {"customers": 100})
    assert done.over
    assert done.created_at <= done.started_at <= done.finished_at <= datetime.now(UTC)
    assert done.to_json()["created_at"].endswith("+00:00")
    assert done.actor == "key-1"


@pytest.mark.parametrize("status", jobs.STATES)
def test_every_move_is_one_that_the_table_of_moves_has(services, status):
    def finish(job):
        with services.store.writing() as conn:
            jobs.finished(conn, job, {})

    moves = {
        jobs.CANCELLED: lambda job: jobs.ask_to_cancel(services.store, job.job_id),
        jobs.DONE: finish,
        jobs.FAILED: lambda job: jobs.failed(services.store, job, {"code": "x", "message": "x"}),
        jobs.RUNNING: lambda job: jobs.claim(services.store, job.job_id, "second"),
        jobs.QUEUED: lambda job: jobs.put_back(services.store, job),
    }
    for to, move in moves.items():
        job = brought_to(services, status)
        try:
            move(job)
        except StoppedError:
            assert to == jobs.DONE
        after = found(services, job.job_id).status
        # A running job is asked to stop, and its worker ends it.
        allowed = to in jobs.MOVES[status] and (status, to) != (jobs.RUNNING, jobs.CANCELLED)
        assert after == (to if allowed else status), f"{status} to {to}"


def test_of_many_who_claim_a_job_one_gets_it(services):
    made = [queued(services).job_id for _ in range(5)]
    start, got = threading.Barrier(8), []

    def claims(worker):
        start.wait()
        got.extend(job_id for job_id in made if jobs.claim(services.store, job_id, worker))

    threads = [threading.Thread(target=claims, args=(f"w{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(made)


def test_a_worker_that_lost_its_job_can_change_nothing(services):
    made = queued(services)
    first = jobs.claim(services.store, made.job_id, "first")
    assert jobs.reclaim(services.store, lambda job: job.worker == "first")[0].status == jobs.QUEUED
    second = jobs.claim(services.store, made.job_id, "first")
    assert second.attempts == 2
    assert jobs.progressed(services.store, first, "late", 0.9) is None
    jobs.failed(services.store, first, {"code": "x", "message": "x"})
    jobs.put_back(services.store, first)
    jobs.cancelled(services.store, first)
    with pytest.raises(StoppedError, match="taken over"), services.store.writing() as conn:
        jobs.finished(conn, first, {})
    assert found(services, made.job_id) == second


def test_a_job_whose_worker_is_killed_twice_fails(services):
    made = queued(services)
    for status in (jobs.QUEUED, jobs.FAILED):
        jobs.claim(services.store, made.job_id, "w")
        [after] = jobs.reclaim(services.store, lambda _: True)
        assert after.status == status
    assert after.problem["code"] == "worker-killed"
    assert "killed twice" in after.problem["message"]
    assert after.finished_at is not None
    assert jobs.reclaim(services.store, lambda _: True) == []


def test_a_worker_that_is_stopped_puts_its_job_back_at_no_cost(services):
    made = queued(services)
    for _ in range(5):
        jobs.put_back(services.store, jobs.claim(services.store, made.job_id, "w"))
    again = found(services, made.job_id)
    assert (again.status, again.attempts) == (jobs.QUEUED, 0)


@pytest.mark.parametrize("end", ["put back", "killed"])
def test_a_job_asked_to_stop_is_not_begun_again(services, end):
    made = queued(services)
    running = jobs.claim(services.store, made.job_id, "w")
    assert jobs.ask_to_cancel(services.store, made.job_id).status == jobs.RUNNING
    if end == "killed":
        jobs.reclaim(services.store, lambda _: True)
    else:
        jobs.put_back(services.store, running)
    after = found(services, made.job_id)
    assert (after.status, after.problem) == (jobs.CANCELLED, None)
    assert after.finished_at is not None


def test_what_is_published_with_a_cancelled_job_is_taken_back(services):
    running = brought_to(services, jobs.RUNNING)
    jobs.ask_to_cancel(services.store, running.job_id)
    with pytest.raises(StoppedError, match="Nothing was"):
        publish_and_finish(services, running)
    with services.store.reading() as conn:
        assert [job.job_id for job in jobs.listed(conn)] == [running.job_id]
    assert found(services, running.job_id).cancel_asked


def publish_and_finish(services, running):
    with services.store.writing() as conn:
        jobs.create(conn, "generate", SHOP, "published with it")
        jobs.finished(conn, running, {})


def test_once_published_a_job_cannot_be_cancelled(services):
    done = brought_to(services, jobs.DONE)
    assert jobs.ask_to_cancel(services.store, done.job_id) == done


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_progress_never_falls(services, told):
    running = brought_to(services, jobs.RUNNING)
    seen = [jobs.progressed(services.store, running, None, part).progress for part in told]
    assert seen == [max(told[: n + 1]) for n in range(len(told))]


def test_jobs_are_listed_page_by_page(services):
    made = [queued(services, kind) for kind in ("generate", "publish") * 5]
    with services.store.writing() as conn:
        # Several in the same moment, so that only the id tells them apart.
        conn.execute(update(table).values(created_at=datetime(2026, 1, 1, tzinfo=UTC)))
        newest = jobs.create(conn, "generate", SHOP, "tester")
    seen, before = [], None
    with services.store.reading() as conn:
        while page := jobs.listed(conn, limit=3, before=before):
            seen += page
            before = page[-1].job_id
        kinds = jobs.listed(conn, kind="publish", status=jobs.QUEUED)
        oldest = jobs.listed(conn, oldest_first=True)
        none = jobs.listed(conn, status=jobs.RUNNING)
    assert seen[0] == newest
    assert len(seen) == 11
    assert {job.job_id for job in seen} == {job.job_id for job in (*made, newest)}
    assert seen == oldest[::-1]
    assert len(kinds) == 5
    assert none == []


def test_who_asked_and_who_cancelled_stands_in_the_audit(services):
    made = jobs.submit(services, "generate", SHOP, "key-1")
    entered = jobs.enter(services, "generate", SHOP, "key-2", "request-2")
    jobs.ask_to_cancel(services.store, made.job_id, "key-3", "request-3")
    with pytest.raises(JobError):
        jobs.ask_to_cancel(services.store, "0" * 16, "key-4")
    with services.store.reading() as conn:
        told = [(e.actor, e.action, e.target, e.request_id) for e in audit.entries(conn)]
    assert told == [
        ("key-3", "job.cancel", made.job_id, "request-3"),
        ("key-2", "job.generate", entered.job_id, "request-2"),
        ("key-1", "job.generate", made.job_id, None),
    ]


def test_lists_that_cannot_be_are_refused(services):
    with services.store.reading() as conn:
        with pytest.raises(SettingError, match="none of queued"):
            jobs.listed(conn, status="'; DROP TABLE job; --")
        with pytest.raises(SettingError, match="none of train"):
            jobs.listed(conn, kind="train\0")
        with pytest.raises(SettingError, match="limit"):
            jobs.listed(conn, limit=0)
        with pytest.raises(JobError, match="no-such"):
            jobs.listed(conn, before="no-such")
    for job_id in ("no-such", "", "\0", "\ud800", "0" * 16, "a' OR '1'='1", "x" * 10_000):
        with pytest.raises(JobError, match="there is none"), services.store.reading() as conn:
            jobs.find(conn, job_id)
        with pytest.raises(JobError, match="there is none"):
            jobs.ask_to_cancel(services.store, job_id)


def test_a_result_holds_no_figure_that_json_does_not_know(services):
    running = brought_to(services, jobs.RUNNING)
    with services.store.writing() as conn:
        jobs.finished(conn, running, {"mae": float("nan"), "rows": [{"r2": float("inf")}, 1.5]})
    assert found(services, running.job_id).result == {"mae": None, "rows": [{"r2": None}, 1.5]}


def test_jobs_that_cannot_be_are_not_queued(services):
    for kind, params, told in REFUSED:
        with pytest.raises((SettingError, JobError), match=told):
            jobs.submit(services, kind, params, "tester")
    with services.store.reading() as conn:
        assert jobs.listed(conn) == []
    assert services.queue.waiting() == set()


UPLOAD = "0" * 32


REFUSED = (
    ("dance", {}, "no kind of job"),
    ("train", {}, "source"),
    ("train", {"source": {}}, "Give one of"),
    ("train", {"source": {"upload": UPLOAD, "sample": 100}}, "Give one of"),
    ("train", {"source": {"upload": "../../etc/passwd"}}, "no upload's id"),
    ("train", {"source": {"upload": 7}}, "no upload's id"),
    ("train", {"source": {"sample": 10**9}}, "cannot be made"),
    ("train", {"source": {"sample": True}}, "cannot be made"),
    ("train", {"source": {"log": "latest"}}, "champion"),
    ("train", {"source": {"path": "/etc/passwd"}}, "at the machine itself"),
    ("train", {"source": {"upload": UPLOAD}, "settings": {"horizont": 9}}, "not a setting"),
    ("train", {"source": {"upload": UPLOAD}, "settings": {"horizon": 0}}, "horizon"),
    ("train", {"source": {"upload": UPLOAD}, "settings": {"level": 2}}, "level"),
    ("train", {"source": {"upload": UPLOAD}, "settings": {"customers": "/etc/passwd"}}, "upload:"),
    ("train", {"source": {"upload": UPLOAD}, "settings": {"series": "/etc/passwd"}}, "upload:"),
    ("train", {"source": {"upload": UPLOAD}, "settings": {"table": "/etc/passwd"}}, "as source"),
    ("train", {"source": {"sample": 100}, "settings": {"target": "clv"}}, "as upload"),
    ("train", {"source": {"upload": UPLOAD}, "settings": {"drop": ["a"]}}, "needs a target"),
    ("train", {"source": {"upload": UPLOAD}, "model_type": "gpt"}, "'gpt' is not one"),
    ("train", {"source": {"upload": UPLOAD}, "model_type": "naive_rate"}, "yardstick"),
    ("train", {"source": {"upload": UPLOAD}, "tune": "1h"}, "not a setting"),
    ("backtest", {"source": {"upload": UPLOAD}, "settings": {"origins": 0}}, "origins"),
    ("backtest", {"source": {"upload": UPLOAD}, "settings": {"origins": 51}}, "at most 50"),
    ("backtest", {"source": {"upload": UPLOAD}, "settings": {"origins": "51"}}, "at most 50"),
    ("train", {"source": {"upload": UPLOAD}, "settings": {"tune": "2h"}}, "at most 60m"),
    (
        "train",
        {"source": {"upload": UPLOAD}, "settings": {"target": "v", "folds": 99}},
        "at most 20",
    ),
    ("publish", {"run": "/etc"}, "no run's id"),
    ("publish", {"run": "latest", "name": "other"}, "neither champion"),
    ("publish", {"run": "latest", "name": "x" * 200}, "neither champion"),
    ("generate", {"settings": {"customers": 0}}, "customers"),
    ("generate", {"settings": {"customers": 10**7}}, "at the machine itself"),
    ("generate", {"settings": {"start": "yesterday"}}, "not a day"),
)


def test_a_worker_elsewhere_is_dead_once_it_gives_no_sign(services):
    from clv.ops.work.liveness import STALE, Liveness

    here = Liveness(services.place.home)
    running = jobs.claim(services.store, queued(services).job_id, "elsewhere-1-ab")
    assert not here.dead(running, ())
    with services.store.writing() as conn:
        old = datetime.now(UTC) - STALE - timedelta(seconds=1)
        conn.execute(update(table).values(heartbeat_at=old))
    assert here.dead(found(services, running.job_id), ())


def test_a_worker_here_is_dead_once_its_lock_is_free(services):
    from clv.ops.work.liveness import Liveness

    one, other = Liveness(services.place.home), Liveness(services.place.home)
    running = jobs.claim(services.store, queued(services).job_id, one.name)
    with one.shown():
        assert not other.dead(running, ())
        assert not one.dead(running, {running.job_id})
        assert one.dead(running, ())
        other.forget_dead()
        assert not other.dead(running, ())
    assert other.dead(running, ())
    other.forget_dead()
    assert list((services.place.home / "workers").iterdir()) == []
    # A lock that is gone says nothing; signs in the store do.
    assert not other.dead(running, ())


def test_a_worker_elsewhere_is_there_while_it_touches_its_lock(services):
    from clv.ops.work.liveness import STALE, Liveness, anybody

    home = services.place.home
    assert not anybody(home)
    here = Liveness(home)
    with here.shown():
        assert anybody(home)
    # Nobody holds it: of a worker here that says enough.
    here.beat()
    assert not anybody(home)
    elsewhere = home / "workers" / "elsewhere-1-ab.lock"
    elsewhere.touch()
    assert anybody(home)
    before = (datetime.now(UTC) - STALE - timedelta(seconds=1)).timestamp()
    os.utime(elsewhere, (before, before))
    assert not anybody(home)
