"""Orders sent to a store that serves a run, and what came of them."""

from dataclasses import replace

import pyarrow as pa
import pytest
from sqlalchemy import func, select

from clv.ops import forecasts, orders
from clv.ops.champion import Champion
from clv.ops.champions import Champions
from clv.ops.machine import Machine
from clv.ops.runs import Run
from clv.ops.store import tables
from clv.ops.store.publishing import publish


@pytest.fixture(scope="module")
def run(one_run):
    return Run.open(one_run)


@pytest.fixture
def published(store, run):
    publish(store, run)
    return store


@pytest.fixture(scope="module")
def loaded(run, tmp_path_factory):
    """Statements are written once for all tests."""
    champion = Champion.load(run, Machine(tmp_path_factory.mktemp("home")))
    yield champion
    champion._desk.close()


@pytest.fixture
def champions(published, loaded, monkeypatch):
    # Other runs differ in their logs alone: what was learned is the same, and so are statements.
    monkeypatch.setattr(Champion, "load", lambda run, _: replace(loaded, run=run))
    monkeypatch.setattr(Champion, "close", lambda _: None)
    return Champions(published, loaded.machine)


def rows(*told, **columns):
    """Orders as (customer, date, amount)."""
    customer, day, amount = zip(*told, strict=True)
    needed = {"customer_id": customer, "date": day, "amount": amount}
    return pa.table({n: pa.array(v, pa.string()) for n, v in (needed | columns).items()})


def append(champions, table, **more):
    more = {"actor": "tests", "request_id": "r-1"} | more
    return orders.append(champions.store, champions, table, **more)


def customer(champions, name):
    with champions.store.reading() as conn:
        return forecasts.customer(conn, champions.seen(conn).run_no, name)


def kept(store):
    with store.reading() as conn:
        return conn.scalar(select(func.count()).select_from(tables.purchase))


def history(champions, name):
    return [
        (order["date"], float(order["amount"]))
        for order in orders.history(champions.store, champions, name)[1]
    ]
