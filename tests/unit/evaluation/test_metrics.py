import numpy as np
import pytest

from clv.evaluation import metrics

ACTUAL = np.array([0.0, 0.0, 10.0, 30.0])


def test_errors_by_hand():
    predicted = np.array([1.0, 0.0, 8.0, 20.0])
    assert metrics.mae(ACTUAL, predicted) == pytest.approx(13 / 4)
    assert metrics.rmse(ACTUAL, predicted) == pytest.approx(np.sqrt(105 / 4))
    assert metrics.bias(ACTUAL, predicted) == pytest.approx(29 / 40 - 1)


def test_gini_of_a_perfect_ranking_is_one_and_of_a_constant_zero():
    assert metrics.normalised_gini(ACTUAL, ACTUAL * 3) == pytest.approx(1)
    assert metrics.normalised_gini(ACTUAL, np.ones(4)) == pytest.approx(0)
    assert metrics.normalised_gini(ACTUAL, -ACTUAL) == pytest.approx(-1)


def test_gini_does_not_depend_on_the_order_of_ties():
    predicted = np.array([1.0, 1.0, 1.0, 2.0])
    flipped = metrics.normalised_gini(ACTUAL[::-1], predicted[::-1])
    assert metrics.normalised_gini(ACTUAL, predicted) == pytest.approx(flipped)


def test_spearman_is_scipys():
    from scipy import stats

    rng = np.random.default_rng(1)
    a, b = rng.poisson(1, 200).astype(float), rng.poisson(2, 200).astype(float)
    assert metrics.spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic)


def test_top_share_shares_ties():
    actual = np.array([100.0, 0.0] + [0.0] * 18)
    assert metrics.top_share(actual, np.arange(20.0)[::-1]) == pytest.approx(1)
    assert metrics.top_share(actual, np.ones(20)) == pytest.approx(0.1)


def test_decile_mape_of_exact_deciles_is_zero():
    rng = np.random.default_rng(2)
    predicted = np.repeat(np.arange(1.0, 11.0), 50)
    noise = np.concatenate([n - n.mean() for n in rng.normal(size=(10, 50))])
    assert metrics.decile_mape(predicted + noise, predicted) == pytest.approx(0, abs=1e-12)
    assert metrics.decile_mape(predicted, 1.5 * predicted) == pytest.approx(0.5)


def test_deviance_is_least_at_the_mean_of_each_group():
    rng = np.random.default_rng(3)
    actual = rng.poisson(0.7, 4000) * rng.gamma(2, 20, 4000)
    best = min(
        np.linspace(5, 60, 111), key=lambda m: metrics.tweedie_deviance(actual, m + 0 * actual)
    )
    assert best == pytest.approx(actual.mean(), abs=0.5)


def test_deviance_does_not_depend_on_the_currency():
    predicted = np.array([1.0, 0.0, 8.0, 20.0])
    assert metrics.tweedie_deviance(ACTUAL, predicted) == pytest.approx(
        metrics.tweedie_deviance(100 * ACTUAL, 100 * predicted)
    )


def test_nothing_bought_has_no_shape_to_judge():
    nothing, some = np.zeros(5), np.ones(5)
    assert np.isnan(metrics.bias(nothing, some))
    assert np.isnan(metrics.normalised_gini(nothing, some))
    assert np.isnan(metrics.decile_mape(nothing, some))
    assert np.isnan(metrics.tweedie_deviance(nothing, some))


def test_coverage_counts_both_sides():
    below, inside, above = metrics.coverage(
        np.array([0.0, 1.0, 2.0, 9.0]), np.ones(4), np.array([3.0, 3.0, 3.0, 3.0])
    )
    assert (below, inside, above) == pytest.approx((0.25, 0.5, 0.25))
