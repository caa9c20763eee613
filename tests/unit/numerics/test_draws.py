"""Parameters drawn by Laplace's approximation, and totals that take them into account."""

import numpy as np
import pytest

from clv.core.errors import FitError, SettingError
from clv.numerics import gammagamma, outlook, paretonbd
from clv.numerics.draws import draw_params, interval, total_draws
from tests.purchase_models import CDNOW, KINDS, each_model, fit, positives, simulated

PARETO = CDNOW["paretonbd"]
#: Of log-parameters, with some of them going together.
IN_LOGS = np.diag([0.05, 0.08, 0.3, 0.5]) @ np.diag([0.05, 0.08, 0.3, 0.5])
IN_LOGS[2, 3] = IN_LOGS[3, 2] = 0.9 * 0.3 * 0.5


def of_params(in_logs: np.ndarray, p: tuple[float, ...]) -> np.ndarray:
    return in_logs * np.outer(p, p)


def base(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.poisson(1.0, n).astype(float)
    T = rng.integers(20, 40, n).astype(float)
    t_x = np.where(x > 0, np.round(T * rng.uniform(0.2, 1.0, n)), 0.0)
    return x, t_x, T, np.ones(n)


def test_draws_have_the_mean_and_covariance_of_the_fit():
    drawn = draw_params(PARETO, of_params(IN_LOGS, PARETO), 40_000, np.random.default_rng(0))
    assert isinstance(drawn[0], paretonbd.ParetoNBDParams)
    logs = np.log(np.array(drawn))
    deviations = np.sqrt(np.diag(IN_LOGS))
    np.testing.assert_allclose(logs.mean(axis=0), np.log(PARETO), atol=4 * 0.5 / 200)
    np.testing.assert_allclose(logs.std(axis=0), deviations, rtol=0.02)
    np.testing.assert_allclose(np.corrcoef(logs.T)[2, 3], 0.9, atol=0.01)


def test_the_same_source_of_randomness_draws_the_same():
    covariance = of_params(IN_LOGS, PARETO)
    one, other = (draw_params(PARETO, covariance, 5, np.random.default_rng(1)) for _ in range(2))
    assert one == other


def test_what_is_certain_does_not_vary():
    (drawn,) = draw_params(PARETO, np.zeros((4, 4)), 1, np.random.default_rng(2))
    np.testing.assert_allclose(drawn, PARETO, rtol=1e-15)


@pytest.mark.parametrize("deviation", [5.0, 25.0, 1e6])
def test_however_little_is_known_every_draw_can_be_used(deviation):
    unknown = of_params(np.eye(4) * deviation**2, PARETO)
    drawn = draw_params(PARETO, unknown, 300, np.random.default_rng(3))
    away = np.abs(np.log(np.array(drawn) / np.array(PARETO)))
    assert away.max() <= 5.0
    assert away.max() > 2.0
    histories = base(50)
    for p in drawn[:50]:
        assert np.isfinite(outlook.expected_purchases(p, 39.0, *histories[:3])).all()


def test_parameters_of_any_kind_can_be_drawn():
    g = gammagamma.GammaGammaParams(6.25, 3.74, 15.44)
    drawn = draw_params(g, np.diag([0.1, 0.1, 4.0]), 10, np.random.default_rng(4))
    assert all(isinstance(one, gammagamma.GammaGammaParams) for one in drawn)
    assert draw_params((1.0, 2.0), np.zeros((2, 2)), 1, np.random.default_rng(4)) == [(1.0, 2.0)]


def test_a_covariance_that_is_not_one():
    rng = np.random.default_rng(5)
    with pytest.raises(FitError, match="not finite"):
        draw_params(PARETO, np.full((4, 4), np.nan), 2, rng)
    with pytest.raises(FitError, match="is not one"):
        draw_params(PARETO, of_params(-np.eye(4), PARETO), 2, rng)


@each_model
def test_totals_of_a_small_base_are_simulated(name):
    p, (x, t_x, T, n) = CDNOW[name], base(200)
    totals = total_draws([p] * 2_000, p, 39.0, x, t_x, T, n, np.random.default_rng(6))
    np.testing.assert_array_equal(totals, np.round(totals))
    expected = outlook.expected_purchases(p, 39.0, x, t_x, T).sum()
    assert totals.mean() == pytest.approx(expected, abs=4 * totals.std() / np.sqrt(2_000))


@each_model
def test_a_sample_stands_for_the_whole(name):
    p, (x, t_x, T, n) = CDNOW[name], base(1_500)
    order = np.lexsort((T, t_x, x))
    x, t_x, T = x[order], t_x[order], T[order]
    estimated = positives(p)
    size = len(estimated)
    covariance = np.zeros((len(p), len(p)))
    covariance[:size, :size] = of_params(IN_LOGS[:size, :size] / 4, estimated)
    drawn = draw_params(p, covariance, 300, np.random.default_rng(7))
    whole, by_sample = (
        total_draws(drawn, p, 39.0, x, t_x, T, n, np.random.default_rng(8), sample_size=size)
        for size in (1_500, 300)
    )
    error = whole.std() * np.sqrt(2 / 300)
    assert by_sample.mean() == pytest.approx(whole.mean(), abs=4 * error)
    assert by_sample.std() == pytest.approx(whole.std(), rel=0.2)


@each_model
def test_what_a_fit_leaves_uncertain_widens_a_total(name):
    seen = simulated(name, 12)
    found, n = fit(name, *seen), np.ones(len(seen[0]))
    drawn = draw_params(found.params, found.covariance, 300, np.random.default_rng(13))
    assert all(isinstance(p, KINDS[name]) for p in drawn)
    uncertain, certain = (
        total_draws(params, found.params, 90.0, *seen, n, np.random.default_rng(14))
        for params in (drawn, [found.params] * 300)
    )
    expected = outlook.expected_purchases(found.params, 90.0, *seen).sum()
    for totals in (uncertain, certain):
        assert totals.mean() == pytest.approx(expected, abs=5 * totals.std() / np.sqrt(300))
    assert uncertain.std() > certain.std()


def test_a_rhythm_is_given_and_stays_a_whole_number():
    found = fit("bgcnbd", *simulated("bgcnbd", 12))
    assert not found.covariance[4].any()
    assert not found.covariance[:, 4].any()
    drawn = draw_params(found.params, found.covariance, 50, np.random.default_rng(15))
    assert {(type(p.k), p.k) for p in drawn} == {(int, 3)}


def test_counts_stand_for_copies():
    x, t_x, T, _ = base(30)
    n = np.full(30, 4.0)
    drawn = draw_params(PARETO, of_params(IN_LOGS, PARETO), 5, np.random.default_rng(9))
    grouped = total_draws(drawn, PARETO, 39.0, x, t_x, T, n, np.random.default_rng(1))
    copies = (np.repeat(column, 4) for column in (x, t_x, T))
    one_each = total_draws(drawn, PARETO, 39.0, *copies, np.ones(120), np.random.default_rng(1))
    np.testing.assert_array_equal(grouped, one_each)


@pytest.mark.parametrize("size", [1_000, 100])
def test_what_a_purchase_is_worth_scales_the_total(size):
    histories = base(400)
    drawn = draw_params(PARETO, of_params(IN_LOGS, PARETO), 5, np.random.default_rng(10))
    once, thrice = (
        total_draws(drawn, PARETO, 39.0, *histories, np.random.default_rng(2), worth, size)
        for worth in (None, np.full(400, 3.0))
    )
    np.testing.assert_allclose(thrice, 3.0 * once, rtol=1e-12)


def test_totals_of_nobody_and_of_no_sample():
    none = np.zeros(0)
    rng = np.random.default_rng(11)
    assert total_draws([PARETO], PARETO, 39.0, none, none, none, none, rng).tolist() == [0.0]
    with pytest.raises(SettingError, match="sample size"):
        total_draws([PARETO], PARETO, 39.0, *base(3), rng, sample_size=0)


def test_interval_is_central():
    lower, upper = interval(np.arange(1_001.0), 0.9)
    assert (lower, upper) == pytest.approx((50.0, 950.0))
    for level in (0.0, 1.0, 90.0):
        with pytest.raises(SettingError, match="level"):
            interval(np.arange(3.0), level)
