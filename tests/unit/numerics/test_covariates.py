"""Covariates: none changes nothing, effects are found again, and what cannot be is told."""

import numpy as np
import pytest

from clv.core.errors import FitError, HistoryError
from clv.numerics import bgnbd, covariates, futures, histories, mbgnbd, outlook, paretonbd
from clv.numerics.covariates import Covariates, Effects
from clv.numerics.residual import discounted_purchases

MODELS = {
    "bgnbd": (bgnbd, bgnbd.BGNBDParams(0.6, 25.0, 0.8, 2.5)),
    "mbgnbd": (mbgnbd, mbgnbd.MBGNBDParams(0.9, 30.0, 0.7, 1.8)),
    "paretonbd": (paretonbd, paretonbd.ParetoNBDParams(0.9, 40.0, 0.7, 60.0)),
}
each_model = pytest.mark.parametrize("name", MODELS)


def known(n, seed=0):
    rng = np.random.default_rng(seed)
    return Covariates.of({"app": rng.integers(0, 2, n), "age": rng.normal(40.0, 12.0, n) / 10.0})


def base(name, effects, n=4_000, seed=0):
    """Customers who follow the model, and the counts of each row."""
    model, p = MODELS[name]
    rng, z = np.random.default_rng(seed), known(n, seed)
    each = covariates.of_customers(p, effects, z, model.ACTS)
    T = rng.uniform(100.0, 700.0, n)
    x, t_x = futures.simulate(each, T, rng)
    return (x, t_x, T, np.ones(n)), z


EFFECTS = Effects(np.array([0.5, -0.2]), np.array([-0.6, 0.15]))


@each_model
def test_effects_of_0_are_none(name):
    model, p = MODELS[name]
    z = known(50)
    none = Effects(np.zeros(2), np.zeros(2))
    each = covariates.of_customers(p, none, z, model.ACTS)
    rng = np.random.default_rng(3)
    T = rng.uniform(1.0, 700.0, 50)
    x, t_x = futures.simulate(p, T, rng)
    np.testing.assert_allclose(each.loglik(x, t_x, T), p.loglik(x, t_x, T), rtol=1e-9, atol=1e-9)
    for answer in (
        lambda q: outlook.expected_purchases(q, 90.0, x, t_x, T),
        lambda q: outlook.p_alive(q, x, t_x, T),
        lambda q: outlook.p_purchase(q, 90.0, x, t_x, T),
        lambda q: outlook.p_count(q, 2, 90.0, x, t_x, T),
        lambda q: outlook.next_purchase_quantile(q, 0.5, x, t_x, T),
        lambda q: discounted_purchases(q, 0.0003, x, t_x, T),
    ):
        np.testing.assert_allclose(answer(each), answer(p), rtol=1e-9, atol=1e-12)


@each_model
def test_no_covariates_is_the_model_itself(name):
    model, p = MODELS[name]
    seen, _ = base(name, EFFECTS, n=1_000)
    nothing = Covariates(np.zeros((1_000, 0)), np.zeros((1_000, 0)), (), ())
    found = covariates.fit(model, type(p), seen, nothing)
    plain = model.fit(*histories.group(*seen[:3])[:4])
    assert found.loglik == pytest.approx(plain.loglik, abs=1e-8)
    np.testing.assert_allclose(found.params, plain.params, rtol=1e-5)
    np.testing.assert_allclose(found.standard_errors, plain.standard_errors, rtol=1e-4)


@each_model
def test_a_fit_finds_the_effects_that_made_its_customers(name):
    model, p = MODELS[name]
    squares = 0.0
    for seed in (1, 2, 3):
        seen, z = base(name, EFFECTS, seed=seed)
        found = covariates.fit(model, type(p), seen, z)
        assert found.n_customers == 4_000
        away = np.concatenate([np.log(np.array(found.params) / p), *found.effects])
        away[4:] -= np.concatenate(EFFECTS)
        scale = np.concatenate([found.params, np.ones(4)])
        in_logs = found.covariance / np.outer(scale, scale)
        assert (np.abs(away / np.sqrt(np.diag(in_logs))) < 3.0).all()
        squares += float(away @ np.linalg.solve(in_logs, away))
    # Chi-square with 24 degrees of freedom: 51.2 at 0.1 %.
    assert 6.0 < squares < 51.2


@each_model
def test_gradient_is_the_slope(name):
    model, p = MODELS[name]
    seen, z = base(name, EFFECTS, n=200)
    climb = covariates.objective(type(p), model.ACTS, seen[:3], z[:2], seen[3])
    at = np.concatenate([np.log(p), [0.3, -0.1, 0.2, 0.1]])
    _, gradient = climb(at)

    def rise(h):
        return climb(at + h)[0] - climb(at - h)[0]

    slopes = [(8.0 * rise(h) - rise(2.0 * h)) / 12e-3 for h in 1e-3 * np.eye(8)]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-6)


@each_model
def test_a_count_weighs_like_so_many_customers_and_units_do_not_matter(name):
    model, p = MODELS[name]
    (x, t_x, T, n), z = base(name, EFFECTS, n=1_500)
    once = covariates.fit(model, type(p), (x, t_x, T, n), z)
    twice = z._replace(purchase=np.tile(z.purchase, (2, 1)), dropout=np.tile(z.dropout, (2, 1)))
    copies = covariates.fit(model, type(p), tuple(np.tile(c, 2) for c in (x, t_x, T, n)), twice)
    weighed = covariates.fit(model, type(p), (x, t_x, T, 2 * n), z)
    assert copies.loglik == pytest.approx(weighed.loglik, abs=1e-6)
    np.testing.assert_allclose(copies.params, weighed.params, rtol=1e-5)
    in_weeks = covariates.fit(
        model, type(p), (x, t_x / 7, T / 7, n), z._replace(purchase=z.purchase * 100.0)
    )
    np.testing.assert_allclose(in_weeks.effects.purchase * 100.0, once.effects.purchase, rtol=1e-4)
    np.testing.assert_allclose(in_weeks.effects.dropout, once.effects.dropout, rtol=1e-3, atol=1e-5)
    assert in_weeks.params[1] == pytest.approx(once.params[1] / 7, rel=1e-4)


def test_dropout_may_have_covariates_of_its_own():
    seen, z = base("mbgnbd", EFFECTS, n=2_000)
    columns = dict(zip(z.purchase_names, z.purchase.T, strict=True))
    found = covariates.fit(
        mbgnbd, mbgnbd.MBGNBDParams, seen, Covariates.of(columns, ["age"], ["app"])
    )
    assert found.effects.purchase.shape == found.effects.dropout.shape == (1,)
    assert found.covariance.shape == (6, 6)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.ones(300), "covariate vip: is 1 for every customer, so it explains nothing"),
        (np.r_[np.nan, np.arange(299.0)], r"covariate vip: is missing or infinite in 1 row\(s\)"),
        (np.ones(7), "do not go with 300 rows"),
    ],
)
def test_a_covariate_that_tells_nothing_is_refused(column, message):
    seen, _ = base("bgnbd", EFFECTS, n=300)
    with pytest.raises(HistoryError, match=message):
        covariates.fit(bgnbd, bgnbd.BGNBDParams, seen, Covariates.of({"vip": column}))


def test_an_effect_that_runs_away_is_named():
    seen, _ = base("mbgnbd", EFFECTS, n=1_000)
    # Exactly those who bought again have it.
    z = Covariates.of({"regular": (seen[0] > 0).astype(float)}, dropout=[])
    with pytest.raises(FitError, match="effect of regular on purchases"):
        covariates.fit(mbgnbd, mbgnbd.MBGNBDParams, seen, z)


def test_two_covariates_that_say_the_same_are_told():
    seen, z = base("mbgnbd", EFFECTS, n=1_000)
    app = z.purchase[:, 0]
    both = Covariates.of({"app": app, "web": 1.0 - app}, dropout=["app"])
    with pytest.raises(HistoryError, match="covariates app, web: one follows from the others"):
        covariates.fit(mbgnbd, mbgnbd.MBGNBDParams, seen, both)


@pytest.mark.parametrize("alone", [2, 10, 100])
def test_a_group_of_one_timers_is_told_or_held(alone):
    (x, t_x, T, _n), _ = base("mbgnbd", EFFECTS, n=2_000)
    group = np.r_[np.ones(alone), np.zeros(2_000)]
    seen = np.r_[np.zeros(alone), x], np.r_[np.zeros(alone), t_x], np.r_[np.full(alone, 400.0), T]
    z = Covariates.of({"gift": group}, purchase=[])
    rows = (*seen, np.ones(alone + 2_000))
    with pytest.raises(FitError, match="effect of gift on dropout"):
        covariates.fit(mbgnbd, mbgnbd.MBGNBDParams, rows, z)
    held = covariates.fit(mbgnbd, mbgnbd.MBGNBDParams, rows, z, prior_sd=2.0)
    each = covariates.of_customers(held.params, held.effects, z, mbgnbd.ACTS)
    assert (each.loglik(*seen)[:alone] <= 0).all()
    assert held.effects.dropout[0] > 0


def test_draws_of_effects_have_the_covariance_of_the_fit():
    seen, z = base("mbgnbd", EFFECTS, n=2_000)
    found = covariates.fit(mbgnbd, mbgnbd.MBGNBDParams, seen, z)
    drawn = covariates.draw_fits(found, 20_000, np.random.default_rng(1))
    logs = np.log([params for params, _ in drawn])
    effects = np.array([np.concatenate(each) for _, each in drawn])
    scale = np.concatenate([found.params, np.ones(4)])
    wanted = found.covariance / np.outer(scale, scale)
    got = np.cov(np.hstack([logs, effects]).T)
    deviations = np.sqrt(np.diag(wanted))
    np.testing.assert_allclose(np.sqrt(np.diag(got)), deviations, rtol=0.03)
    np.testing.assert_allclose(
        got / np.outer(deviations, deviations), wanted / np.outer(deviations, deviations), atol=0.04
    )


def test_nobody_observed_for_any_time_is_told():
    none = np.zeros(3)
    rows = np.ones(3), none, none, np.ones(3)
    with pytest.raises(FitError, match="none of 3 customers was observed for any time"):
        mbgnbd.fit(*rows)
