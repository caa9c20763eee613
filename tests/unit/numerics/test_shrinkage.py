import numpy as np
import pytest

from clv.numerics.shrinkage import ShrunkenMean, expected_value, shrunken_mean


def spend(between: float, within: float) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(1)
    repeat = rng.integers(1, 6, 20_000).astype(float)
    level = 100.0 + rng.normal(0, between, 20_000)
    first = level + rng.normal(0, within, 20_000)
    rest = repeat * level + rng.normal(0, within, 20_000) * np.sqrt(repeat)
    return repeat + 1, (first + rest) / (repeat + 1), repeat, first, rest


def test_the_weight_is_the_ratio_of_the_variances():
    found = shrunken_mean(*spend(between=10.0, within=20.0))
    assert found.mean == pytest.approx(100.0, abs=0.5)
    assert found.weight == pytest.approx(4.0, rel=0.15)


def test_customers_who_do_not_differ_get_the_population_mean():
    rng = np.random.default_rng(1)
    x = np.full(500, 2.0)
    first = 50.0 + np.tile([-10.0, 10.0], 250) * (1 + rng.uniform(0, 1e-3, 500))
    rest = 100.0 - first
    found = shrunken_mean(x, (first + rest) / 2, np.ones(500), first, rest)
    assert expected_value(found, x, np.full(500, 90.0)) == pytest.approx(found.mean, rel=1e-4)


def test_without_second_orders_the_population_weighs_one_order():
    m = np.array([10.0, 30.0])
    found = shrunken_mean(np.ones(2), m, np.zeros(2), m, np.zeros(2))
    assert found == ShrunkenMean(20.0, 1.0)
    np.testing.assert_allclose(expected_value(found, np.ones(2), m), [15.0, 25.0])


def test_nobody_has_spent_anything():
    nothing = np.zeros(3)
    assert shrunken_mean(nothing, nothing, nothing, nothing, nothing).mean == 0.0


def test_a_customer_without_orders_gets_the_population_mean():
    assert expected_value(ShrunkenMean(42.0, 3.0), np.zeros(1), np.zeros(1))[0] == 42.0


def test_frequent_buyers_may_have_a_mean_of_their_own():
    x, m, repeat, first, rest = spend(between=10.0, within=20.0)
    grown = x**0.5
    args = x, m * grown, repeat, first * grown, rest * grown
    found = shrunken_mean(*args, by_frequency=True)
    assert found.slope == pytest.approx(0.5, abs=0.02)
    assert found.mean == pytest.approx(100.0, rel=0.02)
    assert found.weight == pytest.approx(shrunken_mean(x, m, repeat, first, rest).weight, rel=0.05)
    # Drawn toward those who bought as often: exact on average at each frequency.
    for often in (2.0, 6.0):
        of = x == often
        mean = expected_value(found, x, m * grown)[of].mean()
        assert mean == pytest.approx((m * grown)[of].mean(), rel=0.02)
    assert shrunken_mean(*args).slope == 0.0


def test_who_all_bought_equally_often_have_one_mean():
    m = np.array([10.0, 30.0, 50.0])
    found = shrunken_mean(np.full(3, 2.0), m, np.ones(3), m, m, by_frequency=True)
    assert (found.mean, found.slope) == (30.0, 0.0)
