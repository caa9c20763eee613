"""What totals of segments are promised, and how they are judged on past days."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from clv.core.types import AsOf, Horizon
from clv.evaluation import honesty
from clv.evaluation.backtest import Origin, Said, Trial
from clv.features.book import History

FIRST = AsOf(date(2024, 1, 1))
N = 600


def day(number, level=1.0):
    """A day on which what came is so many times what was told of everyone."""
    draw = np.random.default_rng(number)
    chance, basket = draw.beta(2.0, 3.0, N), draw.gamma(3.0, 10.0, N)
    actual = np.where(draw.random(N) < chance, level * basket * draw.gamma(4.0, 0.25, N), 0.0)
    origin = Origin(FIRST.plus(100 * number), Horizon(100))
    frame = pd.DataFrame({"customer_id": np.arange(N).astype(str), "x": np.arange(N) % 3})
    history = History(frame, origin.cutoff, FIRST.day, 100)
    told = {"ensemble": Said(chance * basket, chance, float("nan"), 0.0, ())}
    return Trial(origin, history, 1.0, actual, actual > 0, told, {}, {})


def names(history):
    return np.where(history.frame["x"] == 0, "Lost", "Champions")


def judged(trials):
    found = honesty.judged(trials, "ensemble", seed=0)
    return honesty.segments(found, trials, "ensemble", 0.9, names)


def test_segments_of_a_day_add_up_to_its_total():
    trials = [day(i) for i in range(3)]
    told = judged(trials)
    assert [(each["segment"], each["past_totals"]) for each in told] == [
        ("Champions", 1), ("Lost", 1), ("Champions", 2), ("Lost", 2)
    ]  # fmt: skip
    last = [each for each in told if each["cutoff"] == str(trials[2].origin.cutoff)]
    assert sum(each["actual"] for each in last) == pytest.approx(trials[2].actual.sum())
    said = trials[2].said["ensemble"].value.sum()
    assert sum(each["forecast"] for each in last) == pytest.approx(said)
    assert sum(each["customers"] for each in last) == N


def test_true_segments_are_inside_and_a_day_out_of_all_bounds_is_not():
    assert all(each["inside"] for each in judged([day(i) for i in range(4)]))
    far = judged([day(0), day(1), day(2, level=6.0)])[-2:]
    assert not any(each["inside"] for each in far)
    assert all(each["actual"] > each["upper"] for each in far)


def test_a_segment_is_less_certain_than_the_total_it_is_of():
    trials = [day(i) for i in range(3)]
    found = honesty.judged(trials, "ensemble", seed=0)
    whole = honesty.totals(trials, "ensemble", 0.9)[-1]
    for each in honesty.segments(found, trials, "ensemble", 0.9, names)[-2:]:
        assert each["upper"] / each["forecast"] > whole["upper"] / whole["forecast"]
        assert each["lower"] / each["forecast"] < whole["lower"] / whole["forecast"]
