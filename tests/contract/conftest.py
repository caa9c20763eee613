"""Runs to publish; a store and a queue of each kind."""

from dataclasses import dataclass

import pytest

from clv.ops.machine import Machine
from clv.ops.store.database import Store
from clv.ops.work.queue import Queue
from clv.ops.work.workplace import Workplace
from tests.orders import champions, loaded, published, run  # noqa: F401
from tests.published import make_run, some_ids


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "one", "one", seed=1)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "two", "two", some_ids(150), seed=2)


@dataclass
class Services:
    place: Workplace
    store: Store
    queue: Queue


@pytest.fixture(params=["embedded", "production"])
def services(request, tmp_path):
    place = Workplace(Machine(tmp_path / "home"))
    if request.param == "production":
        database = request.getfixturevalue("postgresql_server").fresh()
        place = Workplace(place.machine, database, request.getfixturevalue("redis_server").url)
    made = Services(place, place.store(), place.queue())
    yield made
    made.queue.close()
    made.store.close()
