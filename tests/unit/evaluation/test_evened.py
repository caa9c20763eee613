"""A champion whose rankings are no better than chance gives way to everybody the same."""

import numpy as np
import pandas as pd
import pytest

from clv.core.types import Horizon
from clv.evaluation.backtest import Champion, Origin, Said, Trial, evened
from clv.models.base import History
from clv.models.signal import NO_SIGNAL
from tests.ledgers import day

N = 400


def trial(at, value, actual):
    history = History(pd.DataFrame({"x": np.ones(N)}), day(at), day(0).day, 90)
    said = {"hybrid": Said(value, np.full(N, 0.3), -1.0, 0.1, ())}
    origin = Origin(day(at), Horizon(90))
    return Trial(origin, history, 1.0, actual, actual > 0, said, {}, {})


@pytest.fixture
def draw():
    return np.random.default_rng(3)


def test_a_ranking_by_chance_gives_way(draw):
    trials = [trial(at, draw.gamma(1.0, 10.0, N), draw.gamma(0.3, 30.0, N)) for at in (200, 245)]
    found, told = evened(trials, Champion("hybrid", "hybrid", {"hybrid": 1.0}, 2))
    assert (told.name, told.level_of, told.lowest) == ("even", "hybrid", "hybrid")
    for before, after in zip(trials, found, strict=True):
        even = after.said["even"]
        assert np.ptp(even.value) == 0
        assert even.value.sum() == pytest.approx(before.said["hybrid"].value.sum())
        assert even.notes == (NO_SIGNAL,)
    assert told.deviance["even"] == pytest.approx(
        np.mean([each.figures("even")["deviance"] for each in found])
    )


def test_a_ranking_that_tells_stays(draw):
    worth = draw.gamma(1.0, 10.0, N)
    trials = [trial(200, worth, worth * draw.gamma(1.0, 1.0, N))]
    champion = Champion("hybrid", "hybrid", {"hybrid": 1.0}, 1)
    assert evened(trials, champion) == (trials, champion)


def test_without_a_purchase_nothing_is_tested(draw):
    trials = [trial(200, draw.gamma(1.0, 10.0, N), np.zeros(N))]
    champion = Champion("hybrid", "hybrid", {"hybrid": float("nan")}, 0)
    assert evened(trials, champion)[1] is champion
