import mpmath
import numpy as np
import pytest

from clv.numerics.gammas import log_rising, rising_slope, rising_table
from clv.numerics.special import PowerIntegral, softplus, weighted_sum


@pytest.mark.parametrize("a", [1e-6, 0.243, 1.0, 50.0, 1e6])
def test_log_rising_is_exact_for_counts_small_and_large(a):
    n = np.array([0, 1, 2, 254, 10_000])
    exact = [float(mpmath.log(mpmath.rf(mpmath.mpf(a), int(k)))) if k else 0.0 for k in n]
    np.testing.assert_allclose(log_rising(a, n), exact, rtol=1e-12, atol=1e-15)


def test_log_rising_of_fractions_goes_by_log_gamma():
    exact = float(mpmath.loggamma(2.8) - mpmath.loggamma(0.3))
    assert log_rising(0.3, np.array([2.5]))[0] == pytest.approx(exact, rel=1e-13)


def test_rising_slope_is_the_derivative_of_the_table():
    values, slopes = rising_table(0.7, 50)
    ahead, behind = rising_table(0.7 + 1e-6, 50)[0], rising_table(0.7 - 1e-6, 50)[0]
    np.testing.assert_allclose(slopes, (ahead - behind) / 2e-6, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(slopes, rising_slope(0.7, np.arange(51.0)), rtol=1e-12, atol=1e-14)
    assert values[0] == slopes[0] == 0.0


def test_softplus_neither_overflows_nor_vanishes():
    value, slope = softplus(np.array([-np.inf, -800.0, 0.0, 800.0]))
    np.testing.assert_allclose(value, [0.0, 0.0, np.log(2.0), 800.0], atol=1e-300)
    np.testing.assert_allclose(slope, [0.0, 0.0, 0.5, 1.0], atol=1e-300)


def test_weighted_sum_is_over_the_last_axis():
    values = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_allclose(weighted_sum(values, np.ones(4)), values.sum(axis=2))


def exact_integral(c: float, d: float, A: float, B: float, h: float) -> float:
    near = mpmath.mpf(min(A, B))

    def integrand(v):
        u = near * mpmath.expm1(v)
        return near * mpmath.exp(v) * (1 + u / A) ** -mpmath.mpf(c) * (1 + u / B) ** -mpmath.mpf(d)

    end = mpmath.log1p(h / near)
    return float(
        mpmath.quad(integrand, [0] + [end * mpmath.mpf(2) ** -k for k in range(14, -1, -1)])
    )


@pytest.mark.parametrize(
    "row",
    [
        (0.55, 1.6, 10.6, 11.7, 38.9),
        (0.24, 1.05, 4.4, 0.05, 20_000.0),
        (3.0, 0.3, 3.0, 0.05, 300.0),
        (10_000.55, 1.6, 10.6, 11.7, 20_000.0),
        (60.0, 300.0, 0.01, 8.0, 300.0),
        (0.05, 1.6, 0.01, 80.0, 20_000.0),
        (1.0, 1.0, 7.0, 7.0, 1e-9),
    ],
)
def test_power_integral_agrees_with_40_digits(row):
    with mpmath.workdps(40):
        exact = exact_integral(*row)
    assert np.exp(PowerIntegral(*row).log_value()[0]) == pytest.approx(exact, rel=1e-11)


def test_power_integral_of_nothing_is_nothing():
    assert PowerIntegral(1.5, 1.5, 3.0, 4.0, 0.0).log_value()[0] == -np.inf


def test_means_under_the_integrand_are_the_derivatives_of_the_integral():
    row = np.array([3.2, 1.6, 14.0, 9.0, 25.0])
    log_value, log_a, log_b, inverse_a, inverse_b = PowerIntegral(*row).log_value_and_means()

    def slope(i: int, h: float = 1e-6) -> float:
        step = h * np.eye(5)[i]
        ahead, behind = PowerIntegral(*(row + step)), PowerIntegral(*(row - step))
        return float((ahead.log_value() - behind.log_value())[0] / (2 * h))

    assert log_value == pytest.approx(PowerIntegral(*row).log_value())
    assert -log_a[0] == pytest.approx(slope(0), rel=1e-8)
    assert -log_b[0] == pytest.approx(slope(1), rel=1e-8)
    # d/dA of (1 + u / A)^-c is c (1 - 1 / (1 + u / A)) / A times it.
    assert row[0] / row[2] * (1 - inverse_a[0]) == pytest.approx(slope(2), rel=1e-7)
    assert row[1] / row[3] * (1 - inverse_b[0]) == pytest.approx(slope(3), rel=1e-7)


@pytest.mark.parametrize("q", [0.001, 0.05, 0.5, 0.95, 0.999])
def test_quantile_of_one_power_is_that_of_a_lomax_distribution(q):
    c, A = np.array([1.2, 3.0, 200.0]), np.array([5.0, 400.0, 1e4])
    expected = A * np.expm1(-np.log1p(-q) / (c - 1.0))
    found = PowerIntegral(c, 0.0, A, np.array([1.0, 400.0, 7e4]), np.inf).quantile(q)
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_rising_factorials_of_many_do_not_cancel():
    a, n = np.exp(np.array([0.0, 5.0, 35.0, 40.0, 50.0])), np.full(5, 3.0)
    one_by_one = [log_rising(float(v), n[:1])[0] for v in a]
    np.testing.assert_allclose(log_rising(a, n), one_by_one, rtol=1e-13)
    slopes = [rising_slope(float(v), n[:1])[0] for v in a]
    np.testing.assert_allclose(rising_slope(a, n), slopes, rtol=1e-11)
