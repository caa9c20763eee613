"""What is done to the service while it is asked. Each returns what else was looked at, in words."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from benchmarks.reliability.large import publish_large
from benchmarks.reliability.load import PROFILES, Load
from benchmarks.reliability.outcome import Outcome
from benchmarks.reliability.served import Served, run_in
from benchmarks.reliability.truth import Truth
from clv.ops.runs import Run
from tests.services import PostgreSQL, Redis

#: A job that takes long enough to be killed in the middle, and not much longer.
JOB = "/api/train/mbgnbd?n_samples=2000"


@dataclass
class Site:
    """A service at work, and the servers below it.

    Attributes
    ----------
    place : SQLite, or PostgreSQL and Redis
    """

    place: str
    served: Served
    truth: Truth
    postgresql: PostgreSQL | None = None
    redis: Redis | None = None

    @property
    def runs(self) -> list[Run]:
        return [run_in(self.served.home, run) for run in self.truth.runs.values()]

    def learn(self) -> None:
        """Ask what each run forecasts of the profiles, while nobody else asks."""
        for run in [*self.runs[1:], self.runs[0]]:
            self.served.promote(run)
            self.ask_profiles()
            # The first order after a start takes longer than those after it.
            Load(self.served, self.truth).write_once()

    def ask_profiles(self) -> None:
        """Ask what the run now served forecasts of the profiles."""
        told = [self.served.got("POST", "/api/predict", profile) for profile in PROFILES]
        (run_id,) = {each["model_version"] for each in told}
        self.truth.profiles[run_id] = [each["predicted_clv"] for each in told]

    @property
    def champion(self) -> str:
        return str(self.served.got("GET", "/api/status")["champion"]["run_id"])

    def put_under(self, fault: Fault, before: float = 1.0, after: float = 1.5) -> Outcome:
        """Run a load, do something to the service, count what came of it."""
        load = Load(self.served, self.truth)
        with load.running(before, after):
            more = fault(self, load)
        return Outcome.of((fault.__doc__ or "").partition(".")[0], self.place, load, more)


class Fault(Protocol):
    def __call__(self, site: Site, load: Load, /) -> str: ...


def nothing(_site: Site, _load: Load) -> str:
    """Nothing: the load alone."""
    time.sleep(3)
    return ""


def publish(site: Site, load: Load) -> str:
    """Four publishes, one after the other, of two runs in turn."""
    moves = 0
    for run in site.runs[::-1] * 2:
        load.fault()
        site.served.publish(run)
        moves += 1
        if site.champion != run.manifest["run_id"]:
            raise AssertionError(f"{site.champion} is served after {run.manifest['run_id']}")
    return f"{moves} times the run published last was the one served"


def publish_by_job(site: Site, load: Load) -> str:
    """A publish asked of the service, done by its worker."""
    run_id = site.runs[1].manifest["run_id"]
    load.fault()
    asked = site.served.got("POST", f"/api/runs/{run_id}/publish")
    job = site.served.wait_for_job(asked["job_id"], "done", "failed")
    if job["status"] != "done" or site.champion != run_id:
        raise AssertionError(f"{job}, and {site.champion} is served")
    return "the job is done, the run is served"


def publish_at_once(site: Site, load: Load) -> str:
    """Two publishes at once of two runs, twice."""
    for _ in range(2):
        load.fault()
        both = [site.served.publishing(run) for run in site.runs]
        codes = [one.wait(120) for one in both]
        if codes != [0, 0] or site.champion not in site.truth.runs:
            raise AssertionError(f"publishes ended with {codes}, {site.champion} is served")
    return "all four publishes ended well, one of the two runs is served"


def rollback(site: Site, load: Load) -> str:
    """Six rollbacks, each to the run before."""
    # So many runs to go back to; the load begins with the last of them.
    order = [site.runs[number % 2] for number in range(7)]
    for run in order:
        site.served.promote(run)
    for expected in order[-2::-1]:
        load.fault()
        told = site.served.got("POST", "/api/runs/rollback")
        if told["run_id"] != expected.manifest["run_id"]:
            raise AssertionError(f"rolled back to {told}, not to {expected.manifest['run_id']}")
    return "each time the run before was served again"


def kill_worker(site: Site, load: Load) -> str:
    """SIGKILL of the worker in the middle of a job."""
    job_id = site.served.got("POST", JOB)["job_id"]
    site.served.wait_for_job(job_id, "running")
    time.sleep(1)
    load.fault()
    site.served.kill_worker()
    job = site.served.wait_for_job(job_id, "done", "failed")
    if job["status"] != "done" or job["attempts"] != 2:
        raise AssertionError(f"{job}")
    return "the job was begun again by the next worker, and finished once"


def restart_postgresql(site: Site, load: Load) -> str:
    """PostgreSQL stopped as by a fault and started again, three times."""
    assert site.postgresql is not None
    for _ in range(3):
        load.fault()
        site.postgresql.restart()
        time.sleep(2)
    if (told := _health(site)) != "ok":
        raise AssertionError(f"health says {told}")
    return "health says ok again"


def postgresql_away(site: Site, load: Load) -> str:
    """PostgreSQL gone for three seconds."""
    assert site.postgresql is not None
    load.fault()
    site.postgresql.stop()
    time.sleep(1.5)
    down, told = site.served.ask("GET", "/api/health/ready")
    time.sleep(1.5)
    site.postgresql.start()
    _wait(lambda: _health(site) == "ok", 15)
    if (down, told["status"]) != (503, "down"):
        raise AssertionError(f"health said {down} {told}")
    return "health said down by 503, then ok"


def redis_away(site: Site, load: Load) -> str:
    """Redis killed, and started empty three seconds later."""
    assert site.redis is not None
    load.fault()
    site.redis.stop()
    _wait(lambda: _health(site) == "degraded", 15)
    time.sleep(2)
    site.redis.start()
    _wait(lambda: _health(site) == "ok", 15)
    return "health said degraded, then ok"


def stop_server(site: Site, load: Load) -> str:
    """SIGTERM to the service, in the middle of requests and of a job, and a new start."""
    job_id = site.served.got("POST", JOB)["job_id"]
    site.served.wait_for_job(job_id, "running")
    time.sleep(1)
    load.fault()
    began = time.monotonic()
    code = site.served.stop()
    ended = time.monotonic() - began
    seconds = site.served.start()
    job = site.served.wait_for_job(job_id, "done", "failed")
    if code != 0 or job["status"] != "done" or job["attempts"] != 1:
        raise AssertionError(f"exit code {code}, {job}")
    return (
        f"it ended by itself within {ended:.1f} s and answered {seconds:.1f} s after its new start;"
        " the job was put back, and then done"
    )


def kill_server(site: Site, load: Load) -> str:
    """SIGKILL of the service, and a new start, twice."""
    seconds = []
    for _ in range(2):
        load.fault()
        site.served.kill()
        seconds.append(site.served.start())
        time.sleep(1)
    return f"it answered {max(seconds):.1f} s after its new start at the latest"


#: On both kinds of store, and where there is a PostgreSQL and a Redis.
EVERYWHERE: tuple[Fault, ...] = (
    nothing,
    publish,
    publish_by_job,
    publish_at_once,
    publish_large,
    rollback,
    kill_worker,
    stop_server,
    kill_server,
)
PRODUCTION: tuple[Fault, ...] = (restart_postgresql, postgresql_away, redis_away)


def _health(site: Site) -> str:
    _, told = site.served.ask("GET", "/api/health")
    return str(told["status"])


def _wait(until: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            raise AssertionError(f"not so after {seconds:g} s")
        time.sleep(0.1)
