"""Pooled forecasts: weights, levels, and what holds of them whatever the data."""

import numpy as np
import pytest

from clv.models import pooling
from clv.models.chance import Calibration
from clv.models.totals import TotalError

PRIOR = np.array([0.5, 0.3, 0.2])
#: Correlations of windows of which each shares half with the next.
HALVES = np.eye(4) + 0.5 * (np.eye(4, k=1) + np.eye(4, k=-1))


def day(seed, n=4_000):
    draw = np.random.default_rng(seed)
    mean = draw.lognormal(2.0, 1.2, n)
    actual = np.where(draw.random(n) < 0.4, mean / 0.4 * draw.gamma(3.0, 1 / 3, n), 0.0)
    good = mean * draw.lognormal(0.0, 0.2, n)
    poor = mean * draw.lognormal(0.0, 1.5, n)
    return np.column_stack([poor, good, np.full(n, mean.mean())]), actual


def test_weight_moves_to_the_model_that_tells_customers_apart():
    forecasts, actual = zip(*(day(seed) for seed in (1, 2, 3)), strict=True)
    weights = pooling.pooled_weights(forecasts, actual, PRIOR)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    assert weights[1] > 2 * PRIOR[1]
    assert weights[0] < PRIOR[0] / 2


def test_a_firm_prior_stays_and_no_past_leaves_it():
    forecasts, actual = day(1)
    firm = pooling.pooled_weights([forecasts], [actual], PRIOR, ridge=1e6)
    np.testing.assert_allclose(firm, PRIOR, atol=1e-3)
    np.testing.assert_array_equal(pooling.pooled_weights([], [], PRIOR), PRIOR)
    nothing = pooling.pooled_weights([forecasts], [np.zeros(len(actual))], PRIOR)
    np.testing.assert_array_equal(nothing, PRIOR)


def test_a_model_that_is_always_twice_too_high_loses_no_weight_for_ranking():
    forecasts, actual = day(1)
    twice = forecasts * np.array([1.0, 2.0, 1.0])
    np.testing.assert_allclose(
        pooling.pooled_weights([twice], [actual], PRIOR),
        pooling.pooled_weights([forecasts], [actual], PRIOR),
        atol=1e-6,
    )


def test_the_level_follows_models_whose_totals_came_near():
    totals = np.array([[200.0, 105.0, 300.0], [180.0, 98.0, 20.0]])
    weights = pooling.level_weights(totals, np.array([100.0, 100.0]), PRIOR)
    assert weights.argmax() == 1
    assert weights.sum() == pytest.approx(1.0)
    without = pooling.level_weights(totals, np.array([100.0, 100.0]), np.array([0.5, 0.0, 0.5]))
    assert without[1] == 0


def test_pooled_forecasts_add_up_to_the_pooled_total():
    forecasts, _ = day(1)
    levels = np.array([0.2, 0.8, 0.0])
    factors = pooling.multipliers(forecasts.sum(axis=0), PRIOR, levels)
    totals = forecasts.sum(axis=0)
    expected = totals[0] ** 0.2 * totals[1] ** 0.8
    assert (forecasts @ factors).sum() == pytest.approx(expected)


def test_a_member_that_forecasts_nothing_is_left_out():
    totals = np.array([0.0, 50.0, 60.0])
    factors = pooling.multipliers(totals, PRIOR, np.array([0.9, 0.1, 0.0]))
    assert factors[0] == 0
    assert factors @ totals == pytest.approx(50.0)


def test_chances_are_made_true_and_few_days_move_them_little():
    draw = np.random.default_rng(0)
    odds = draw.normal(-1.0, 1.5, 20_000)
    true = 1 / (1 + np.exp(-(odds * 0.6 - 0.8)))
    happened = draw.random(20_000) < true
    line = Calibration.learn([odds] * 8, [happened] * 8)
    assert line.shift == pytest.approx(-0.8, abs=0.05)
    assert line.slope == pytest.approx(0.6, abs=0.05)
    one_day = Calibration.learn([odds], [happened])
    assert line.shift < one_day.shift < -0.4
    assert line.slope < one_day.slope < 0.8
    assert Calibration.learn([], []) == Calibration(0.0, 1.0)


def test_totals_that_missed_by_more_have_wider_intervals():
    near = TotalError.learn([100, 100, 100], [105, 96, 101], HALVES[:3, :3])
    far = TotalError.learn([100, 100, 100], [160, 60, 140], HALVES[:3, :3])
    assert near.interval(50.0, 0.9)[1] < far.interval(50.0, 0.9)[1]
    lower, upper = far.interval(50.0, 0.9)
    assert lower * upper == pytest.approx(50.0**2)


def test_what_customers_do_not_share_widens_totals_of_few():
    error = TotalError.learn([100, 100, 100], [105, 96, 101], HALVES[:3, :3])
    shared = error.interval(100.0, 0.9)
    few = error.interval(100.0, 0.9, 100.0**2 / 4)
    assert few[0] < shared[0]
    assert few[1] > shared[1]
    # One customer in a hundred buys: most such segments bring nothing, none brings a thousandfold.
    lower, upper = error.interval(np.array([10.0, 0.0]), 0.9, np.array([10.0**2 * 100, 0.0]))
    assert lower.tolist() == [0.0, 0.0]
    assert upper[0] < 100
    assert upper[1] == 0.0


@pytest.mark.parametrize("customers", [3, 30, 300])
def test_totals_of_customers_who_share_nothing_are_held(customers):
    draw = np.random.default_rng(2)
    bought = draw.random((4_000, customers)) < 0.3
    came = (bought * draw.gamma(1.0, 20.0, bought.shape)).sum(axis=1)
    variance = customers * (0.3 * 2 * 20.0**2 - 6.0**2)
    lower, upper = TotalError(1e-9, 5.0, 3).interval(customers * 6.0, 0.9, variance)
    # Of three customers, one in three times nobody buys: a lower end of nothing leaves none out.
    assert (came > upper).mean() == pytest.approx(0.05, abs=0.015)
    assert (came < lower).mean() <= 0.07


@pytest.mark.parametrize("half_shared", [False, True])
def test_past_totals_are_held_as_often_as_promised(half_shared):
    draw = np.random.default_rng(1)
    alike = HALVES if half_shared else np.eye(4)
    inside = []
    for _ in range(8_000):
        # The spread of a log's misses is itself drawn as the prior has it.
        spread = np.sqrt(pooling.LEVEL_WEIGHT * pooling.LEVEL_SD**2 / draw.chisquare(2))
        halves = draw.normal(0.0, spread, 6)
        missed = halves[:4] + halves[1:5] if half_shared else halves[:4] * np.sqrt(2.0)
        found = TotalError.learn([1.0] * 4, np.exp(missed / np.sqrt(2.0)), alike)
        lower, upper = found.interval(1.0, 0.9)
        inside.append(lower <= np.exp(halves[5]) <= upper)
    assert np.mean(inside) == pytest.approx(0.9, abs=0.015)


def test_totals_of_windows_that_overlap_tell_less():
    said, came = [100] * 4, [160, 150, 140, 130]
    apart = TotalError.learn(said, came, np.eye(4))
    together = TotalError.learn(said, came, HALVES)
    assert apart.freedom == 6
    # 16 over the sum of squared correlations, 4 + 6 / 4.
    assert together.freedom == pytest.approx(2 + 16 / 5.5)
    assert together.spread < apart.spread
    assert together.totals == apart.totals == 4
    # Those that tell nothing stand between the others, which then share no day.
    assert TotalError.learn([100, 0, 100], [160, 5, 140], HALVES[:3, :3]).freedom == 4


def test_a_small_segment_is_less_sure_than_the_whole():
    found = TotalError.learn([100, 100], [110, 90], HALVES[:2, :2])
    alone = found.interval(np.array([100.0, 100.0]), 0.9, np.array([0.0, 50.0**2]))
    assert alone[1][1] > alone[1][0]


def test_totals_of_nothing_tell_nothing():
    assert TotalError.learn([0.0, 5.0], [3.0, 0.0], np.eye(2)).totals == 0
