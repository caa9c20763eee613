"""What clients get while parts of the service are killed under them: nothing lost, nothing wrong.

The whole list, with longer loads, is `make reliability` and `make slow`.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator

import pytest

from benchmarks.reliability import faults
from benchmarks.reliability.faults import Fault, Site
from benchmarks.reliability.load import Load
from benchmarks.reliability.outcome import Outcome
from benchmarks.reliability.served import serving
from benchmarks.reliability.truth import RUNS, Truth, two_runs
from clv.ops.runs import Run
from tests.services import PostgreSQL, Redis


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> list[Run]:
    """Made once, in however many processes the tests run."""
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "two-runs"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (shared / "done").exists():
            two_runs(shared)
            (shared / "done").touch()
    return [Run(shared / name) for name in RUNS]


@pytest.fixture(scope="module")
def on_sqlite(runs: list[Run], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("sqlite"), runs) as served:
        site = Site("SQLite", served, Truth.of(runs))
        site.learn()
        yield site


@pytest.fixture(scope="module")
def in_production(
    runs: list[Run],
    tmp_path_factory: pytest.TempPathFactory,
    postgresql_server: PostgreSQL,
    _redis_of_session: Redis,
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("production")
    redis = _redis_of_session
    if redis._process is None:
        redis.start()
    with serving(folder, runs, postgresql_server.fresh(), redis.url) as served:
        site = Site("PostgreSQL and Redis", served, Truth.of(runs), postgresql_server, redis)
        site.learn()
        yield site


def survived(site: Site, fault: Fault) -> Outcome:
    """Nothing lost, kept twice, stale, wrong or of two runs; questions were answered."""
    outcome = site.put_under(fault, before=0.5, after=0.5)
    assert outcome.faultless, outcome
    return outcome


def publish_twice(site: Site, load: Load) -> str:
    """Two publishes."""
    for run in site.runs[::-1]:
        load.fault()
        # From this process: the command's own start would take longer than all the rest.
        site.served.promote(run)
        assert site.champion == run.manifest["run_id"]
    return ""


def rather_stop(site: Site, load: Load) -> str:
    """SIGTERM, and a new start."""
    load.fault()
    assert site.served.stop() == 0
    site.served.start()
    return ""


def rather_kill(site: Site, load: Load) -> str:
    """SIGKILL, and a new start."""
    load.fault()
    site.served.kill()
    site.served.start()
    return ""


@pytest.mark.parametrize("place", ["on_sqlite", "in_production"])
def test_readers_see_the_old_run_or_the_new_while_others_publish(request, place):
    outcome = survived(request.getfixturevalue(place), publish_twice)
    # Whoever was in the middle of the pages of the run before is told so, and nobody is cut off.
    assert outcome.refused <= 4, outcome
    assert outcome.cut_off == 0, outcome


def test_with_redis_gone_every_question_is_answered(in_production):
    outcome = survived(in_production, faults.redis_away)
    assert (outcome.refused, outcome.cut_off) == (0, 0), outcome


@pytest.mark.parametrize(
    "stopped", [rather_kill, pytest.param(rather_stop, marks=pytest.mark.slow)]
)
def test_no_order_that_was_acknowledged_is_lost_when_the_service_ends(on_sqlite, stopped):
    outcome = survived(on_sqlite, stopped)
    assert outcome.refused == 0, outcome
