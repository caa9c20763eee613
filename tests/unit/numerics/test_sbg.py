"""Figures of the sBG and the beta-discrete-Weibull that can be had another way, and their edges."""

import mpmath
import numpy as np
import pytest

from clv.core.errors import FitError, HistoryError
from clv.numerics import bdw, cohorts, contracts, gammas, sbg, series

SBG = [
    sbg.SBGParams(*v)
    for v in ((0.7041, 1.182), (1.0, 1.0), (0.4, 0.6), (1e-3, 1e-3), (80.0, 900.0))
]
BDW = [
    bdw.BDWParams(*v)
    for v in (
        (0.214, 1.427, 1.724),
        (1.0, 1.0, 1.0),
        (0.5, 2.0, 0.05),
        (1e-3, 1e-3, 0.5),
        (80.0, 900.0, 2.5),
    )
]
each_p = pytest.mark.parametrize("p", [*SBG, *BDW], ids=str)
each_model = pytest.mark.parametrize("model", [sbg, bdw], ids=["sbg", "bdw"])
T = np.array([0.0, 1.0, 7.0, 400.0])


def exact_survival(p: tuple[float, ...], t: float) -> mpmath.mpf:
    alpha, beta, *c = (mpmath.mpf(v) for v in p)
    return mpmath.beta(alpha, beta + mpmath.mpf(t) ** (c or [1])[0]) / mpmath.beta(alpha, beta)


@each_p
@pytest.mark.parametrize("lost", [0.0, 1.0])
def test_likelihood_agrees_with_40_digits(p, lost):
    with mpmath.workdps(40):
        exact = [
            mpmath.log(exact_survival(p, t) - lost * exact_survival(p, t + 1))
            for t in [0, 1, 7, 400]
        ]
    found = contracts.loglik(p, T, np.full(4, lost))
    np.testing.assert_allclose(found, [float(v) for v in exact], rtol=1e-9, atol=1e-13)


@each_p
def test_counts_are_certain_together_and_mean_the_expectation(p):
    k = np.arange(31.0)
    likely = np.array([contracts.p_count(p, k, 30, t) for t in T])
    np.testing.assert_allclose(likely.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(likely @ k, contracts.expected_renewals(p, 30, T), rtol=1e-10)
    assert likely[0] @ k == pytest.approx(contracts.expected_renewals_new(p, 30)[0])
    np.testing.assert_allclose(1.0 - likely[:, 0], contracts.retention(p, T), rtol=1e-9)
    np.testing.assert_array_equal(contracts.p_count(p, 5, 4, T), 0.0)


@each_p
def test_retention_makes_the_survival_curve(p):
    t = np.arange(40.0)
    np.testing.assert_allclose(
        np.cumprod(contracts.retention(p, t)), contracts.p_alive(p, t + 1.0), rtol=1e-11
    )
    np.testing.assert_array_equal(contracts.p_alive(p, 0.0, T), 1.0)


@each_p
@pytest.mark.parametrize("rate", [2e-3, 0.1])
def test_residual_lifetime_is_the_sum_over_renewals(p, rate):
    m = np.arange(1.0, 20_001.0)
    exact = [(contracts.p_alive(p, m, t) * (1 + rate) ** -(m - 1)).sum() for t in T]
    np.testing.assert_allclose(contracts.discounted_renewals(p, rate, T), exact, rtol=1e-9)
    np.testing.assert_allclose(contracts.discounted_renewals(p, rate, T, 20_000), exact, rtol=1e-9)
    short = [(contracts.p_alive(p, m[:12], t) * (1 + rate) ** -(m[:12] - 1)).sum() for t in T]
    np.testing.assert_allclose(contracts.discounted_renewals(p, rate, T, 12), short, rtol=1e-11)


def test_expected_lifetime_is_finite_where_the_tail_is_thin():
    assert contracts.expected_renewals(SBG[0], None, np.zeros(1))[0] == np.inf
    assert contracts.expected_renewals(bdw.BDWParams(0.7, 1.2, 1.4), None, np.zeros(1))[0] == np.inf
    p = sbg.SBGParams(1.3, 2.0)
    # E[(1 - u) / u] over u ~ Beta(1.3, 2)
    assert contracts.expected_renewals(p, None, np.zeros(1))[0] == pytest.approx(2.0 / 0.3)
    assert contracts.expected_renewals(bdw.BDWParams(*p, 1.0), None, 0.0)[0] == pytest.approx(
        2.0 / 0.3, rel=1e-9
    )


@each_p
def test_lifetime_quantile_is_the_first_renewal_that_reaches_it(p):
    for q in (0.1, 0.5, 0.9):
        m = contracts.lifetime_quantile(p, q, T)
        within = m < 2.0**50
        gone, before = 1.0 - contracts.p_alive(p, m, T), 1.0 - contracts.p_alive(p, m - 1.0, T)
        assert (gone[within] >= q - 1e-12).all()
        assert (before[within] <= q + 1e-12).all()


@each_p
def test_each_answer_at_the_edges(p):
    t = np.array([0.0, 0.0, 20_000.0, 20_000.0])
    lost = np.array([0.0, 1.0, 0.0, 1.0])
    assert np.isfinite(contracts.loglik(p, t, lost)).all()
    assert contracts.loglik(p, t, lost)[0] == 0.0
    np.testing.assert_array_equal(contracts.expected_renewals(p, 0, t), 0.0)
    for answer in (
        contracts.expected_renewals(p, 20_000, t),
        contracts.discounted_renewals(p, 1e-4, t),
        contracts.lifetime_quantile(p, 0.99, t),
        contracts.p_count(p, 3, 9, t),
        contracts.simulate_future(p, 50, t, np.random.default_rng(0)),
    ):
        assert np.isfinite(answer).all()
        assert (answer >= 0).all()
    for share in (contracts.retention(p, t), contracts.p_alive(p, 40_000, t)):
        assert ((share >= 0) & (share <= 1)).all()


def test_cohorts_of_every_form_are_one():
    told = cohorts.of_survivors([10, 6, 6, 5])
    t = [0] * 4 + [2] + [3] * 5
    each = cohorts.group(t, [1] * 5 + [0] * 5)
    for one, other in zip(told, each, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("survivors", [[10, 11], [10, -1], [10, np.nan], []])
def test_survivors_that_cannot_be(survivors):
    with pytest.raises(HistoryError, match="must not grow or fall below 0"):
        cohorts.of_survivors(survivors)


@pytest.mark.parametrize(
    ("t", "lost", "told"),
    [
        ([1, 1.5], [0, 1], r"whole number of renewals, in 1 row\(s\) \(1\)"),
        ([1, 2], [2, 1], r"lost is neither 0 nor 1, in 1 row\(s\) \(0\)"),
        ([1, 2], [1], "shapes"),
    ],
)
def test_histories_that_cannot_be(t, lost, told):
    with pytest.raises(HistoryError, match=told):
        cohorts.group(t, lost)


@each_model
@pytest.mark.parametrize(
    ("survivors", "told"),
    [
        ([0, 0], "no customers to fit"),
        ([1000], "none of 1000 customers has left"),
        ([1000, 1000, 1000], "none of 1000 customers has left"),
        ([1000, 0], "none of 1000 customers survived a renewal"),
        ([1000, 500], "do not determine|run"),
        ([1, 1, 0], "do not determine|run"),
        ([1, 1, 1, 1, 0], "do not determine|run"),
        # Half leave every time: nobody differs.
        ([1024, 512, 256, 128, 64, 32], "run|do not determine"),
    ],
)
def test_cohorts_no_model_can_be_learned_from(model, survivors, told):
    with pytest.raises(FitError, match=told):
        model.fit(*cohorts.of_survivors(survivors))


@each_model
def test_many_renewals_are_fitted(model):
    true = bdw.BDWParams(0.8, 400.0, 1.0) if model is bdw else sbg.SBGParams(0.8, 400.0)
    rng = np.random.default_rng(3)
    found = model.fit(*cohorts.group(*contracts.simulate(true, np.full(3_000, 20_000.0), rng)))
    assert (np.abs(np.array(found.params) - true) < 3 * np.array(found.standard_errors)).all()


# Tenure counts as (t + 1)^300, beyond what a double holds: of what is left, a power law
def test_tenure_beyond_a_double_still_counts():
    p, t = bdw.BDWParams(1e-3, 1.0, 300.0), np.array([1.0, 60.0])
    with mpmath.workdps(700):
        exact = [float(exact_survival(p, v + 1) / exact_survival(p, v)) for v in t]
    np.testing.assert_allclose(contracts.retention(p, t), exact, rtol=1e-10)


# 27 of 31 contracts outlive all renewals seen: alpha falls and c rises without end
def test_the_way_to_infinity_ends_and_is_told():
    t, lost = np.array([1.0, 11.0, 12.0, 32.0, 60.0]), np.array([1.0, 1.0, 1.0, 1.0, 0.0])
    n = np.array([1.0, 1.0, 1.0, 1.0, 27.0])
    with pytest.raises(FitError, match=r"runs? away to 0"):
        bdw.fit(t, lost, n)


@pytest.mark.parametrize("b", [1e-6, 0.4, 300.0, 1e12])
@pytest.mark.parametrize("a", [1e-5, 0.3, 40.0, 1e5])
def test_falls_and_rises_agree_with_60_digits(a, b):
    z = np.array([1e-5, 0.7, 9.99, 10.0, 3e3, 1e9])
    with mpmath.workdps(60):
        falls = [
            mpmath.loggamma(v)
            + mpmath.loggamma(v + mpmath.mpf(a) + b)
            - mpmath.loggamma(v + mpmath.mpf(a))
            - mpmath.loggamma(v + mpmath.mpf(b))
            for v in map(mpmath.mpf, z)
        ]
        rises = [mpmath.digamma(v + mpmath.mpf(a)) - mpmath.digamma(v) for v in map(mpmath.mpf, z)]
    np.testing.assert_allclose(
        gammas.log_beta_fall(z, a, b), [float(v) for v in falls], rtol=5e-12, atol=1e-21
    )
    np.testing.assert_allclose(gammas.digamma_rise(z, a), [float(v) for v in rises], rtol=5e-12)


@each_model
def test_a_prior_holds_what_would_run_away(model):
    found = model.fit(*cohorts.of_survivors([1000, 500]), prior_sd=2.0)
    assert np.isfinite(found.standard_errors).all()
    assert contracts.retention(found.params, 0.0) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("a", [1e-5, 0.3, 40.0, 1e5])
def test_gamma_ratio_agrees_with_40_digits(a):
    z = np.array([1e-5, 0.7, 9.99, 10.0, 3e3, 1e9])
    with mpmath.workdps(40):
        exact = [float(mpmath.loggamma(mpmath.mpf(v) + a) - mpmath.loggamma(v)) for v in z]
    np.testing.assert_allclose(gammas.log_gamma_ratio(z, a), exact, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("offset", [0.5, 30.0, 5_000.0])
@pytest.mark.parametrize("power", [1.02, 1.5, 3.0])
def test_series_agree_with_zeta_and_with_the_plain_sum(power, offset):
    def terms(m: np.ndarray) -> np.ndarray:
        return -power * np.log1p(m / offset)[None, :]

    exact = mpmath.log(mpmath.zeta(power, offset + 1.0) * mpmath.mpf(offset) ** power)
    found = series.log_sum(terms, np.inf, np.array([power]))[0]
    assert found == pytest.approx(float(exact), rel=1e-12, abs=1e-12)
    plain = np.log(np.exp(terms(np.arange(1.0, 20_001.0))).sum())
    assert series.log_sum(terms, 20_000, np.array([power]))[0] == pytest.approx(plain, abs=1e-12)
