"""Published and independently recomputed figures of the BG/BB: 11,104 donors who began in 1995.

Note 010 is Fader & Hardie's brucehardie.com/notes/010, with its spreadsheet.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy.special import betaln, hyp2f1

from clv.core.types import Floats
from clv.numerics import bgbb, histories
from clv.numerics.optimise import Fit


class Donors(NamedTuple):
    """Six yearly opportunities after the first gift, and the gifts of the five years after."""

    x: Floats
    t_x: Floats
    T: Floats
    gave_later: Floats


@pytest.fixture(scope="module")
def donors(data_dir: Path) -> Donors:
    gave = pd.read_parquet(data_dir / "donations_1995_cohort" / "yearly_incidence.parquet")
    seen = gave[[f"y{year}" for year in range(1996, 2002)]].to_numpy(dtype=float)
    later = gave[[f"y{year}" for year in range(2002, 2007)]].to_numpy(dtype=float)
    last = (seen * np.arange(1.0, 7.0)).max(axis=1)
    return Donors(seen.sum(axis=1), last, np.full(len(gave), 6.0), later.sum(axis=1))


@pytest.fixture(scope="module")
def found(donors: Donors) -> Fit[bgbb.BGBBParams]:
    return bgbb.fit(*histories.tally(donors.x, donors.t_x, donors.T))


def test_the_cohort_is_the_papers(donors):
    assert len(donors.x) == 11_104
    assert len(histories.tally(donors.x, donors.t_x, donors.T).x) == 22
    # Counts the walkthrough of the R package BTYD names: donors of x = 0, and of x = 4, t_x = 5
    assert (donors.x == 0).sum() == 3_464
    assert ((donors.x == 4) & (donors.t_x == 5)).sum() == 284


# Fader, Hardie & Shang (2010), Marketing Science 29: estimates; log-likelihood recomputed
def test_fit_returns_the_published_parameters(found):
    np.testing.assert_allclose(found.params, (1.204, 0.750, 0.657, 2.783), atol=5e-4)
    assert found.loglik == pytest.approx(-33225.58, abs=5e-3)
    assert found.n_customers == 11_104


# Note 010's spreadsheet, sheet Conditional Expectations (II): expected gifts of 2002-2006
def test_the_five_years_ahead(donors, found):
    expected = bgbb.expected_purchases(found.params, 5, donors.x, donors.t_x, donors.T)
    assert expected.sum() == pytest.approx(12_884.2, abs=0.05)


# Fader, Hardie & Shang (2010), table 6: donors active in 2002 by gifts and year of the last
def test_who_is_active_in_2002(found):
    rows = np.array([0.0, 2.0, 6.0]), np.array([0.0, 4.0, 6.0]), np.full(3, 6.0)
    alive = bgbb.p_alive(found.params, *rows, 1)
    np.testing.assert_allclose(alive, (0.11, 0.59, 0.93), atol=5e-3)


# Recomputed: gifts of 2002-2006 of donors who never gave again, or always
def test_never_and_always(found):
    rows = np.array([0.0, 6.0]), np.array([0.0, 6.0]), np.full(2, 6.0)
    expected = bgbb.expected_purchases(found.params, 5, *rows)
    np.testing.assert_allclose(expected, (0.07, 3.75), atol=5e-3)


# Note 010's spreadsheet, sheet In-Sample: donors of no gift and of six; those between recomputed
def test_donors_by_gifts(found):
    expected = 11_104 * bgbb.p_count_new(found.params, np.arange(7), 6)
    np.testing.assert_allclose(expected[[0, 6]], (3454.9, 1253.1), atol=0.05)
    between = 1888.7, 1348.9, 1113.4, 1017.9, 1027.2
    np.testing.assert_allclose(expected[1:6], between, atol=0.05)


# Recomputed by the R package BTYD, whose optimiser stops in the fifth digit
def test_ten_years_ahead(found):
    rows = np.array([0.0, 4.0]), np.array([0.0, 5.0]), np.array([6.0, 6.0])
    expected = bgbb.expected_purchases(found.params, 10, *rows)
    np.testing.assert_allclose(expected, (0.1302169, 3.627858), rtol=5e-5)


# Fader, Hardie & Shang (2010), equation 14, with the hypergeometric function as printed
def test_residual_transactions_as_printed():
    p, x, t_x, T, rate = bgbb.BGBBParams(1.20, 0.75, 0.66, 2.78), 3.0, 4.0, 6.0, 0.1
    row = np.array([x]), np.array([t_x]), np.array([T])
    log_scale = betaln(p.alpha + x + 1, p.beta + T - x) - betaln(p.alpha, p.beta)
    log_scale += betaln(p.gamma, p.delta + T + 1) - betaln(p.gamma, p.delta)
    series = hyp2f1(1.0, p.delta + T + 1, p.gamma + p.delta + T + 1, 1 / (1 + rate))
    dert = np.exp(log_scale - bgbb.loglik(p, *row)) * series / (1 + rate)
    np.testing.assert_allclose(bgbb.discounted_purchases(p, rate, *row), dert, rtol=1e-11)
