"""CRPS, transforms, chances, slopes: against what is known without them."""

import numpy as np
import pytest
from scipy import stats

from clv.evaluation import metrics

LEVELS = (np.arange(2_000) + 0.5) / 2_000


def test_crps_of_a_normal_forecast_is_gneiting_and_rafterys_formula():
    actual = np.array([-1.3, 0.0, 0.4, 2.5])
    quantiles = np.tile(stats.norm.ppf(LEVELS), (4, 1))
    formula = actual * (2 * stats.norm.cdf(actual) - 1) + 2 * stats.norm.pdf(actual)
    formula = formula - 1 / np.sqrt(np.pi)
    assert metrics.crps(actual, LEVELS, quantiles) == pytest.approx(formula.mean(), abs=1e-4)


def test_crps_of_a_point_is_the_mean_miss():
    actual, point = np.array([0.0, 3.0, 9.0]), np.array([1.0, 3.5, 5.0])
    quantiles = np.repeat(point[:, None], len(LEVELS), axis=1)
    assert metrics.crps(actual, LEVELS, quantiles) == pytest.approx(metrics.mae(actual, point))


def test_crps_is_least_for_the_true_distribution():
    actual = np.random.default_rng(0).normal(0.0, 1.0, 20_000)
    levels = (np.arange(100) + 0.5) / 100

    def score(scale):
        return metrics.crps(actual, levels, np.tile(scale * stats.norm.ppf(levels), (20_000, 1)))

    assert score(1.0) < min(score(0.6), score(1.5))


def test_the_transform_of_a_true_distribution_with_an_atom_is_uniform():
    draw = np.random.default_rng(1)
    bought = draw.random(30_000) < 0.3
    spent = np.where(bought, draw.exponential(5.0, 30_000), 0.0)
    at_most = 0.7 + 0.3 * -np.expm1(-spent / 5.0)
    values = metrics.pit(np.where(bought, at_most, 0.0), at_most, seed=0)
    assert metrics.pit_distance(values) < 0.012
    wrong = 0.9 + 0.1 * -np.expm1(-spent / 5.0)
    off = metrics.pit(np.where(bought, wrong, 0.0), wrong, seed=0)
    assert metrics.pit_distance(off) > 0.15


def test_pit_distance_is_kolmogorovs():
    values = np.random.default_rng(2).random(200) ** 1.3
    assert metrics.pit_distance(values) == pytest.approx(stats.kstest(values, "uniform").statistic)


def test_the_slope_tells_forecasts_that_spread_too_widely():
    draw = np.random.default_rng(3)
    mean = draw.lognormal(1.0, 1.0, 40_000)
    actual = mean * draw.gamma(2.0, 0.5, 40_000)
    assert metrics.calibration_slope(actual, mean) == pytest.approx(1.0, abs=0.03)
    assert metrics.calibration_slope(actual, mean**2) == pytest.approx(0.5, abs=0.03)
    assert metrics.calibration_slope(actual, 7 * mean) == pytest.approx(
        metrics.calibration_slope(actual, mean)
    )


@pytest.mark.parametrize(
    ("actual", "predicted"), [([0.0, 0.0], [1.0, 2.0]), ([1.0, 2.0], [3.0, 3.0])]
)
def test_there_is_no_slope_where_nothing_varies(actual, predicted):
    assert np.isnan(metrics.calibration_slope(np.array(actual), np.array(predicted)))


def test_precision_at_the_top_by_hand():
    actual = np.array([10.0, 9.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    found = np.array([5.0, 1.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert metrics.top_precision(actual, found, share=0.2) == pytest.approx(0.5)
    # All forecasts alike: two of ten drawn by lot hold 2/10 of the best two.
    assert metrics.top_precision(actual, np.ones(10), share=0.2) == pytest.approx(0.2)
    assert np.isnan(metrics.top_precision(np.zeros(10), found))


def test_r2_is_one_for_the_truth_and_nought_for_the_mean():
    actual = np.array([1.0, 4.0, 7.0])
    assert metrics.r2(actual, actual) == 1.0
    assert metrics.r2(actual, np.full(3, 4.0)) == pytest.approx(0.0)
    assert np.isnan(metrics.r2(np.ones(3), actual))


def test_reliability_of_true_and_of_bold_chances():
    draw = np.random.default_rng(4)
    chance = draw.beta(1.0, 3.0, 50_000)
    happened = draw.random(50_000) < chance
    found = metrics.reliability(happened, chance)
    assert found.count.sum() == 50_000
    assert len(found.count) == 10
    np.testing.assert_allclose(found.share, found.chance, atol=0.025)
    assert found.error < 0.01
    assert metrics.reliability(happened, np.sqrt(chance)).error > 0.15
    assert metrics.brier(happened, chance) < metrics.brier(happened, np.sqrt(chance))


def test_reliability_of_one_chance_for_all_has_one_group():
    found = metrics.reliability(np.array([True, False, False, False]), np.full(4, 0.25))
    assert found.chance.tolist() == [0.25]
    assert found.error == 0.0
