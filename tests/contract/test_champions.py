"""Runs kept in memory: the one in charge always, the others for as long as they are asked for."""

import time
from types import SimpleNamespace

import pytest

from clv.core.errors import RunError
from clv.ops import champions as memory
from clv.ops.champion import Champion
from clv.ops.champions import MOST_LOADED, Champions, NotLoadedError
from clv.ops.machine import Machine
from clv.ops.store.publishing import publish


@pytest.fixture
def loads(monkeypatch):
    """Folders that were read, in order."""
    read = []

    def load(run, _):
        read.append(run.folder.name)
        return SimpleNamespace(run=run, close=lambda: None, warm=lambda: None)

    monkeypatch.setattr(Champion, "load", load)
    return read


@pytest.fixture
def champions(store, loads):
    with Champions(store, Machine()) as opened:
        yield opened


def test_who_was_asked_last_stays_and_so_does_the_one_in_charge(champions, loads, one, two):
    publish(champions.store, one)
    in_charge = champions.current().run_no
    others = range(in_charge + 1, in_charge + MOST_LOADED)
    for run_no in others:
        champions.loaded(run_no, str(two.folder))
    champions.loaded(others[0], str(two.folder))
    loads.clear()
    champions.loaded(99, str(two.folder))
    for run_no in (in_charge, others[0], *others[2:]):
        champions.loaded(run_no, str(two.folder))
    assert loads == ["two"]
    champions.loaded(others[1], str(two.folder))
    assert loads == ["two", "two"]


def test_a_thread_that_may_not_wait_is_told_so(champions, loads, one):
    publish(champions.store, one)
    with pytest.raises(NotLoadedError), champions.at_hand():
        champions.current()
    assert loads == []
    champions.current()
    with champions.at_hand():
        assert champions.current().champion.run.folder == one.folder


def test_the_one_in_charge_is_loaded_before_it_is_asked_for(store, loads, one, two, monkeypatch):
    def until(count):
        for _ in range(600):
            if len(loads) == count:
                return
            time.sleep(0.02)
        pytest.fail(f"{count - len(loads)} not loaded")

    monkeypatch.setattr(memory, "PAUSE", 0.01)
    with Champions(store, Machine(), warm=True) as champions:
        with pytest.raises(RunError):
            champions.current()
        publish(store, one)
        until(1)
        publish(store, two)
        until(2)
        with champions.at_hand():
            assert champions.current().current.run_id == "two"
    assert loads == ["one", "two"]
