"""A season is found where there is one, and little is made of chance where there is none."""

import numpy as np
import pytest

from clv.core.types import Horizon
from clv.models.regular import MBGCNBD
from clv.models.season import LARGEST, MOST_EXPECTED, Season, yearly
from tests.ledgers import book, day

LAST, WINDOW = 3 * 365, Horizon(60)


def rows(swing, seed=0):
    """Customers whose rate swings over the year by exp(swing), highest at its end and begin."""
    draw = np.random.default_rng(seed)
    found = []
    for who in range(250):
        rate = draw.gamma(2.0, 0.01)
        days = np.arange(LAST + 1)
        chance = rate * np.exp(swing * np.cos(2 * np.pi * days / 365.0))
        bought = {int(draw.integers(0, 60)), *np.flatnonzero(draw.random(LAST + 1) < chance)}
        found += [(f"{who:03}", int(on), round(float(draw.gamma(4.0, 5.0)), 2)) for on in bought]
    return found


def season_of(some, last=LAST, window=WINDOW):
    history = book(some, last).history(day(last), window.n_days)
    return yearly(history, window, MBGCNBD().fit(history))


def test_a_season_that_comes_every_year_is_expected_again():
    # The log ends on the top: the window ahead holds high days, those before it the low ones.
    season = season_of(rows(0.8))
    assert season.a_year_ago == pytest.approx(0.8, abs=0.3)
    assert season.strength > 0.5
    assert 1.3 < season.factor < 2.2


def test_little_is_made_of_chance():
    factors = [season_of(rows(0.0, seed)).factor for seed in (1, 2, 3)]
    assert np.abs(np.log(factors)).max() < 0.12


def test_two_years_have_to_be_known_and_a_year_ahead_holds_every_season():
    some = rows(0.8)
    assert season_of([row for row in some if row[1] <= 700], 700) is None
    assert season_of(some, window=Horizon(365)) is None


def test_many_customers_are_asked_by_a_sample(monkeypatch):
    some = rows(0.8)
    monkeypatch.setattr("clv.models.season.MOST_ASKED", 120)
    assert season_of(some).a_year_ago == pytest.approx(0.8, abs=0.4)


def test_it_moves_the_window_alone_and_never_by_much():
    season = Season(np.log(1.5) / MOST_EXPECTED, MOST_EXPECTED)
    assert season.over(WINDOW, WINDOW) == pytest.approx(1.5)
    assert season.over(WINDOW, Horizon(30)) == pytest.approx(1.5)
    assert season.over(WINDOW, Horizon(120)) == pytest.approx(1.25)
    assert Season(50.0, MOST_EXPECTED).factor == pytest.approx(LARGEST)
    assert Season(-50.0, MOST_EXPECTED).factor == pytest.approx(1 / LARGEST)
