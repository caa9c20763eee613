"""Futures drawn at random follow the probabilities computed without chance."""

import numpy as np
import pytest

from clv.numerics import outlook
from clv.numerics.futures import simulate_counts, simulate_purchases
from clv.numerics.outlook import p_count
from tests.purchase_models import CDNOW, each_model

SEEN = [(0.0, 0.0, 0.0), (0.0, 0.0, 38.0), (2.0, 30.0, 38.0), (26.0, 30.86, 31.0)]
DRAWS = 20_000


def repeated(history: tuple[float, float, float]) -> list[np.ndarray]:
    return [np.full(DRAWS, value) for value in history]


@each_model
@pytest.mark.parametrize("history", SEEN)
def test_counts_are_as_frequent_as_they_are_likely(name, history):
    p, draws = CDNOW[name], 5 * DRAWS
    rows = [np.repeat(column, 5) for column in repeated(history)]
    drawn = simulate_counts(p, 39.0, *rows, np.random.default_rng(3))
    likely = p_count(p, np.arange(60.0), 39.0, *history)
    seen = np.bincount(drawn.astype(int), minlength=60)[:60]
    # Rare counts go together, so that chi-square holds.
    last = int(np.argmin(likely * draws > 20)) or 60
    cells = np.minimum(np.arange(60), last - 1)
    expected, observed = (np.bincount(cells, weights=v) for v in (likely * draws, seen))
    expected[-1] += draws - expected.sum()
    observed[-1] += draws - observed.sum()
    distance = ((observed - expected) ** 2 / expected).sum()
    degrees = len(expected) - 1
    assert distance < degrees + 4.0 * np.sqrt(2.0 * degrees) + 4.0


@each_model
@pytest.mark.parametrize("history", SEEN)
def test_purchases_fall_when_they_are_expected(name, history):
    p, rows = CDNOW[name], repeated(history)
    drawn = simulate_purchases(p, 39.0, *rows, np.random.default_rng(4))
    for by in (2.0, 13.0, 39.0):
        counts = np.bincount(drawn.customer[drawn.time <= by], minlength=DRAWS)
        expected = float(outlook.expected_purchases(p, by, *(row[:1] for row in rows))[0])
        assert counts.mean() == pytest.approx(expected, abs=4.5 * counts.std() / np.sqrt(DRAWS))
    first = np.unique(drawn.customer, return_index=True)[1]
    early = float(outlook.next_purchase_quantile(p, 0.3, *(row[:1] for row in rows))[0])
    soon = float(outlook.p_purchase(p, min(early, 39.0), *(row[:1] for row in rows))[0])
    share = (drawn.time[first] <= early).sum() / DRAWS
    assert share == pytest.approx(soon, abs=4.5 * np.sqrt(soon * (1 - soon) / DRAWS))


@each_model
def test_purchases_are_in_order_and_within_the_horizon(name):
    p, rng = CDNOW[name], np.random.default_rng(5)
    x = rng.poisson(3.0, 3_000).astype(float)
    T = rng.uniform(5, 60, 3_000)
    t_x = np.where(x > 0, T * rng.uniform(0.3, 1.0, 3_000), 0.0)
    drawn = simulate_purchases(p, 26.0, x, t_x, T, rng)
    assert len(drawn.customer) == len(drawn.time) > 1_000
    assert (np.diff(drawn.customer) >= 0).all()
    same = np.diff(drawn.customer) == 0
    assert (np.diff(drawn.time)[same] >= 0).all()
    assert ((drawn.time > 0) & (drawn.time <= 26.0)).all()


@each_model
def test_the_same_source_of_randomness_draws_the_same(name):
    rows = [np.full(500, v) for v in SEEN[2]]
    one, other = (
        simulate_purchases(CDNOW[name], 39.0, *rows, np.random.default_rng(6)) for _ in range(2)
    )
    np.testing.assert_array_equal(one.time, other.time)
    counts = simulate_counts(CDNOW[name], 39.0, *rows, np.random.default_rng(6))
    np.testing.assert_array_equal(np.bincount(one.customer, minlength=500), counts)


@each_model
def test_the_edges(name):
    p, rng = CDNOW[name], np.random.default_rng(7)
    rows = [np.array([value]) for value in (10_000.0, 20_000.0, 20_000.0)]
    assert simulate_counts(p, 0.0, *rows, rng)[0] == 0
    assert len(simulate_purchases(p, 0.0, *rows, rng).time) == 0
    assert np.isfinite(simulate_counts(p, 20_000.0, *rows, rng)).all()
    none = np.zeros(0)
    assert len(simulate_counts(p, 39.0, none, none, none, rng)) == 0
    assert len(simulate_purchases(p, 39.0, none, none, none, rng).time) == 0
    for extreme in ((0.01, 0.1, 0.01, 0.01), (50.0, 0.1, 50.0, 0.01), (0.01, 5e3, 50.0, 50.0)):
        changed = p._replace(**dict(zip(p._fields, extreme, strict=False)))
        # An NBD of the second kind would buy 350,000 times in 700.
        ahead = 700.0 if name != "nbd" else 0.05
        odd = simulate_purchases(changed, ahead, *repeated((0.0, 0.0, 0.0)), rng)
        assert ((odd.time >= 0) & (odd.time <= ahead)).all()
