"""Workers as processes: killed, stopped, cut off from their queue; no job lost, none done twice."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from clv.ops.machine import Machine
from clv.ops.store import publishing
from clv.ops.store.tables import move
from clv.ops.work import jobs
from clv.ops.work.liveness import anybody
from clv.ops.work.workplace import Workplace

WORK = "from clv.apps.commands.working import worker; worker()"
#: Done within seconds, most of which go into starting up.
SMALL = {"settings": {"customers": 60, "transactions": 200}}
#: Takes far longer than any test waits.
LARGE = {"settings": {"customers": 150_000, "transactions": 3_000_000}}


@dataclass
class Shop:
    """A place of work, its store and queue as whoever submits has them, and its workers."""

    place: Workplace
    workers: list[subprocess.Popen] = field(default_factory=list)

    def __post_init__(self):
        self.place.home.mkdir()
        self.store, self.queue = self.place.store(), self.place.queue()

    def start(self, *arguments):
        variables = {
            "CLV_HOME": str(self.place.home),
            "CLV_DATABASE_URL": self.place.database_url or "",
            "CLV_REDIS_URL": self.place.redis_url or "",
        }
        command = [sys.executable, "-c", WORK.replace("()", f"({','.join(arguments)})")]
        with (self.place.home / "log").open("a") as log:
            process = subprocess.Popen(
                command, env={**os.environ, **variables}, stderr=log, start_new_session=True
            )
        self.workers.append(process)
        return process

    def submit(self, kind="generate", params=SMALL):
        return jobs.submit(self, kind, params, "tester", local=True).job_id

    def find(self, job_id):
        with self.store.reading() as conn:
            return jobs.find(conn, job_id)

    def wait(self, job_id, *states, seconds=60, until=lambda _: True):
        """The job, once it is in one of the states."""
        end = time.monotonic() + seconds
        while True:
            job = self.find(job_id)
            if job.status in states and until(job):
                return job
            assert not (job.over and job.status not in states), job
            assert time.monotonic() < end, f"{job}\n{self.log()}"
            time.sleep(0.05)

    def log(self):
        return (self.place.home / "log").read_text()

    def close(self):
        for worker in self.workers:
            if worker.poll() is None:
                worker.terminate()
        for worker in self.workers:
            worker.wait(20)
        self.queue.close()
        self.store.close()


@contextmanager
def open_shop(place):
    shop = Shop(place)
    try:
        yield shop
    finally:
        shop.close()


@pytest.fixture
def shop(tmp_path):
    with open_shop(Workplace(Machine(tmp_path / "home"))) as opened:
        yield opened


@pytest.fixture
def production(tmp_path, postgresql_server, redis_server):
    place = Workplace(Machine(tmp_path / "home"), postgresql_server.fresh(), redis_server.url)
    with open_shop(place) as opened:
        yield opened


@pytest.fixture(params=["shop", "production"])
def any_shop(request):
    return request.getfixturevalue(request.param)


def kill(worker):
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)


def children_of(worker):
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(worker.pid)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in listed.stdout.split()]


def gone(pid, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_jobs_are_done_in_the_order_they_came(any_shop):
    first, second = any_shop.submit(), any_shop.submit()
    any_shop.start()
    done = any_shop.wait(second, jobs.DONE)
    before = any_shop.find(first)
    assert before.status == jobs.DONE
    assert before.finished_at <= done.finished_at
    assert done.result["customers"] == 60
    assert (done.attempts, done.progress) == (1, 1)
    folder = any_shop.place.home / "samples" / done.result["sample"]
    assert (folder / "transactions.parquet").is_file()
    # Nothing is left of what a job only needs while it runs.
    assert list((any_shop.place.home / "jobs").glob("*")) == []


def test_progress_only_rises(shop):
    job_id = shop.submit(params={"settings": {"customers": 20_000, "transactions": 200_000}})
    shop.start()
    shop.wait(job_id, jobs.RUNNING, jobs.DONE)
    seen = []
    while not (job := shop.find(job_id)).over:
        seen.append(job.progress)
        time.sleep(0.02)
    seen.append(job.progress)
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert job.stage in ("draw the shop", "write the files")


def test_the_job_of_a_killed_worker_is_done_again_and_finished_once(any_shop):
    job_id = any_shop.submit()
    worker = any_shop.start()
    any_shop.wait(job_id, jobs.RUNNING)
    [child] = children_of(worker)
    kill(worker)
    assert gone(child)
    assert any_shop.find(job_id).status == jobs.RUNNING
    any_shop.start()
    done = any_shop.wait(job_id, jobs.DONE)
    assert done.attempts == 2
    assert "lost its worker and is queued" in any_shop.log()
    assert len(list((any_shop.place.home / "samples").iterdir())) == 1


def test_a_job_whose_worker_is_killed_twice_fails_and_says_so(shop):
    job_id = shop.submit(params=LARGE)
    for attempt in (1, 2):
        worker = shop.start()
        shop.wait(job_id, jobs.RUNNING, until=lambda job, n=attempt: job.attempts == n)
        kill(worker)
    shop.start()
    failed = shop.wait(job_id, jobs.FAILED)
    assert failed.problem["code"] == "worker-killed"
    assert "its worker was killed twice" in failed.problem["message"]
    # The worker that found it so goes on with others.
    shop.wait(shop.submit(), jobs.DONE)


def test_a_job_whose_own_process_dies_is_begun_again(shop):
    job_id = shop.submit()
    worker = shop.start()
    shop.wait(job_id, jobs.RUNNING)
    [child] = children_of(worker)
    os.kill(child, signal.SIGKILL)
    assert shop.wait(job_id, jobs.DONE).attempts == 2


def test_a_worker_told_to_stop_puts_its_job_back_within_seconds(production):
    job_id = production.submit()
    worker = production.start()
    production.wait(job_id, jobs.RUNNING)
    [child] = children_of(worker)
    started = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert time.monotonic() - started < 6
    assert gone(child, 0.1)
    back = production.find(job_id)
    assert (back.status, back.attempts) == (jobs.QUEUED, 0)
    # So does Ctrl-C, wherever the next worker is just then.
    next_ = production.start()
    production.wait(job_id, jobs.RUNNING)
    next_.send_signal(signal.SIGINT)
    assert next_.wait(10) == 0
    production.start()
    assert production.wait(job_id, jobs.DONE).attempts == 1


@pytest.mark.slow
def test_a_worker_that_cannot_put_its_job_back_ends_all_the_same(shop):
    job_id = shop.submit()
    worker = shop.start()
    shop.wait(job_id, jobs.RUNNING)
    with shop.store.writing():
        # Somebody publishes: on SQLite nobody else can write for as long.
        worker.terminate()
        assert worker.wait(12) == 0
    assert shop.find(job_id).status == jobs.RUNNING
    shop.start()
    assert shop.wait(job_id, jobs.DONE).attempts == 2


def test_a_running_job_is_cancelled_within_two_seconds(shop):
    job_id = shop.submit(params=LARGE)
    worker = shop.start()
    shop.wait(job_id, jobs.RUNNING, until=lambda job: job.stage == "draw the shop")
    [child] = children_of(worker)
    started = time.monotonic()
    jobs.ask_to_cancel(shop.store, job_id)
    assert gone(child, 4)
    took = time.monotonic() - started
    cancelled = shop.wait(job_id, jobs.CANCELLED)
    # Asked within half a second; a process that is slow to leave gets two more.
    assert took < 3.5
    assert (cancelled.result, cancelled.problem) == (None, None)
    assert list((shop.place.home / "samples").glob("[!.]*")) == []
    shop.wait(shop.submit(), jobs.DONE)


def test_each_job_ends_as_it_must_and_hinders_no_other(shop):
    none = str(shop.place.home / "none.csv")
    unreadable = shop.submit("backtest", {"source": {"path": none}})
    cancelled = shop.submit()
    lost = shop.submit("train", {"source": {"upload": "0" * 32}})
    last = shop.submit()
    assert jobs.ask_to_cancel(shop.store, cancelled).status == jobs.CANCELLED
    shop.start()
    shop.wait(last, jobs.DONE)
    problem = shop.find(unreadable).problem
    assert problem["code"] == "source"
    assert "no file, folder or glob none.csv" in problem["message"]
    problem = shop.find(lost).problem
    assert problem["code"] == "upload-unknown"
    assert "send the file again" in problem["message"]
    never = shop.find(cancelled)
    assert (never.status, never.attempts, never.started_at) == (jobs.CANCELLED, 0, None)


def test_jobs_submitted_while_redis_is_gone_are_done(production, redis_server):
    redis_server.stop()
    without = production.submit()
    assert not production.queue.reachable()
    # The worker does not wait for Redis: it finds the job in the store.
    production.start()
    production.wait(without, jobs.DONE)
    queued = production.submit()
    redis_server.start()
    after = production.submit()
    assert production.queue.reachable()
    production.wait(queued, jobs.DONE)
    production.wait(after, jobs.DONE)


def test_a_job_goes_on_while_postgresql_restarts(production, postgresql_server):
    job_id = production.submit()
    worker = production.start()
    production.wait(job_id, jobs.RUNNING)
    postgresql_server.restart()
    done = production.wait(job_id, jobs.DONE)
    assert done.attempts == 1
    assert worker.poll() is None
    production.wait(production.submit(), jobs.DONE)


@pytest.mark.slow
def test_a_run_whose_worker_was_killed_is_made_again_and_published_once(shop):
    asked = {"source": {"sample": 200}, "settings": {"models": ["mbgnbd"], "horizon": 90}}
    job_id, runs = shop.submit("train", asked), shop.place.home / "runs"
    worker = shop.start()
    shop.wait(job_id, jobs.RUNNING, until=lambda _: any(runs.glob(".*.lock")))
    [child] = children_of(worker)
    kill(worker)
    assert gone(child)
    assert [path.name[0] for path in runs.iterdir() if path.is_dir()] == ["."]
    shop.start()
    done = shop.wait(job_id, jobs.DONE, seconds=100)
    assert done.attempts == 2
    # Of the run that was never finished nothing is left.
    assert [path.name for path in runs.iterdir()] == [done.result["run_id"]]
    with shop.store.reading() as conn:
        assert publishing.current(conn).run_id == done.result["run_id"]
        assert len(conn.execute(select(move)).all()) == 1


@pytest.mark.slow
def test_workers_never_do_the_same_job(production):
    submitted = [production.submit() for _ in range(4)]
    # Delivered more often than once, as when a queue comes back.
    for job_id in submitted:
        production.queue.offer(job_id)
    workers = [production.start("2"), production.start()]
    done = [production.wait(job_id, jobs.DONE, seconds=100) for job_id in submitted]
    assert [job.attempts for job in done] == [1] * len(done)
    assert all(worker.poll() is None for worker in workers)
    begun = [line for line in production.log().splitlines() if " begins" in line]
    assert len(begun) == len(submitted)


def test_a_worker_shows_that_it_is_there_until_it_is_gone(shop):
    home = shop.place.home
    assert not anybody(home)
    worker = shop.start()
    shop.wait(shop.submit(), jobs.DONE)
    assert anybody(home)
    [lock] = (home / "workers").iterdir()
    os.utime(lock, (0, 0))
    end = time.monotonic() + 20
    while lock.stat().st_mtime == 0:
        assert time.monotonic() < end
        time.sleep(0.05)
    kill(worker)
    assert not anybody(home)


def test_a_worker_ends_with_the_process_that_spawned_it(shop):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        text=True,
        cwd=shop.place.home.parent,
    )
    pid = int(parent.stdout.readline())
    job_id = shop.submit(params=LARGE)
    shop.wait(job_id, jobs.RUNNING)
    parent.kill()
    parent.wait(10)
    parent.stdout.close()
    assert gone(pid)
    back = shop.find(job_id)
    assert (back.status, back.attempts) == (jobs.QUEUED, 0)


#: Its settings come neither from the environment nor from defaults, and reach the worker.
PARENT = """
import time
from clv.apps.commands.working import spawn_worker
from clv.apps.settings import checked
spawned = spawn_worker(checked({"home": "home"}))
print(spawned.pid, flush=True)
time.sleep(100)
"""
