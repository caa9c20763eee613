"""What the benchmark of faults finds, it must be able to find: each loss planted, and told."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from benchmarks.reliability import faults
from benchmarks.reliability.faults import Site
from benchmarks.reliability.load import RIGHT, WRITES, Answer, Load, Order, Settled
from benchmarks.reliability.outcome import Outcome
from benchmarks.reliability.page import page
from benchmarks.reliability.served import Served


def settled(orders, spent, acknowledged=("5.00",)):
    """What is found of one customer who is told to have these orders and to have spent so much."""
    history = {"orders": [{"amount": one} for one in orders]}

    def got(_method, path):
        return history if "/history" in path else {"historic_value": spent}

    load = Load(SimpleNamespace(got=got), SimpleNamespace(written=["a/b"]))
    load.acknowledged = [Order("a/b", amount) for amount in acknowledged]
    return load.settle()


@pytest.mark.parametrize(
    ("orders", "spent", "found"),
    [
        (["20", "-3.50", "5.0000"], 21.5, Settled(0, 0, 0)),
        (["20"], 20.0, Settled(1, 0, 0)),
        (["20", "5.00", "5"], 30.0, Settled(0, 1, 0)),
        # Kept, and not yet in the forecast.
        (["20", "5.00"], 20.0, Settled(0, 0, 1)),
        (["20", "5.00"], 24.99, Settled(0, 0, 1)),
    ],
)
def test_orders_and_forecasts_are_held_against_each_other(orders, spent, found):
    assert settled(orders, spent) == found


@pytest.fixture
def outcome():
    """Of a load that was answered one order, rightly."""
    load = SimpleNamespace(
        answers=[Answer(WRITES, 0.0, 1.0, RIGHT)],
        acknowledged=[Order("a", "5.00")],
        faults=[],
        settle=lambda: Settled(0, 0, 0),
    )
    return Outcome.of("Nothing", "SQLite", load, "")


def test_a_load_that_was_answered_is_faultless(outcome):
    assert outcome.faultless
    assert "| 1 | 1 | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 |" in page([outcome], "a machine")


@pytest.mark.parametrize(
    "fault",
    [
        *({"wrong": 1}, {"mixed": 1}, {"lost": 1}, {"twice": 1}, {"stale": 1}),
        *({"right": 0}, {"acknowledged": 0}),
    ],
)
def test_losses_and_silence_are_faults(outcome, fault):
    assert not replace(outcome, **fault).faultless


def test_a_service_that_is_not_well_after_postgresql_came_back_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(faults.time, "sleep", lambda _: None)
    monkeypatch.setattr(Served, "ask", lambda *_: (200, {"status": "degraded"}))
    site = Site("", Served(tmp_path), None, SimpleNamespace(restart=lambda: None))
    with pytest.raises(AssertionError, match="health says degraded"):
        faults.restart_postgresql(site, Load(site.served, None))
