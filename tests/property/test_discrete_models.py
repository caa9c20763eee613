"""Laws of the BG/BB, the sBG and the beta-discrete-Weibull, whatever parameters and histories."""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from clv.core.types import Floats
from clv.numerics import bdw, bgbb, cohorts, contracts, histories, sbg


class Model(NamedTuple):
    """Its parameters, how it is fitted, and what answers for it."""

    kind: Any
    fit: Callable[..., Any]
    objective: Callable[..., Any]
    answers: ModuleType


MODELS = {
    "bgbb": Model(bgbb.BGBBParams, bgbb.fit, bgbb.objective, bgbb),
    "sbg": Model(sbg.SBGParams, sbg.fit, partial(contracts.objective, sbg.SBGParams), contracts),
    "bdw": Model(bdw.BDWParams, bdw.fit, partial(contracts.objective, bdw.BDWParams), contracts),
}
#: Parameters that some thousand simulated customers determine well.
TRUE = {"bgbb": (1.2, 0.75, 0.66, 2.8), "sbg": (0.7, 1.5), "bdw": (0.6, 2.0, 1.4)}
each_model = pytest.mark.parametrize("name", MODELS)
each_contract = pytest.mark.parametrize("name", ["sbg", "bdw"])
quick = settings(max_examples=40, deadline=None)


def positive(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(np.log(low), np.log(high)).map(lambda v: float(np.exp(v)))


shapes = st.one_of(positive(0.01, 50.0), st.just(1.0), positive(0.1, 2_000.0))
params_of = {
    "bgbb": st.tuples(shapes, shapes, shapes, shapes),
    "sbg": st.tuples(shapes, shapes),
    "bdw": st.tuples(shapes, shapes, positive(0.2, 3.0)),
}


@st.composite
def seen_by(draw: st.DrawFn, name: str) -> tuple[Floats, ...]:
    """One to eight histories of at most 300 opportunities or renewals."""
    most = draw(st.sampled_from([6, 60, 300]))
    rows = draw(st.lists(st.tuples(*[st.integers(0, most)] * 3), min_size=1, max_size=8))
    low, middle, high = np.sort(np.array(rows, dtype=np.float64), axis=1).T
    if name == "bgbb":
        return low, np.where(low > 0, middle, 0.0), high
    return low, (middle % 2).astype(np.float64)


def simulated(name: str, seed: int, n: int = 4_000) -> tuple[Floats, ...]:
    rng = np.random.default_rng(seed)
    T = rng.integers(3, 16, n).astype(np.float64)
    drawn = MODELS[name].answers.simulate(MODELS[name].kind(*TRUE[name]), T, rng)
    return (*drawn, T) if name == "bgbb" else drawn


def counted(name: str, seen: tuple[Floats, ...]) -> tuple[Floats, ...]:
    return histories.group(*seen)[:4] if name == "bgbb" else cohorts.group(*seen)


def fit(name: str, seen: tuple[Floats, ...]) -> Any:
    return MODELS[name].fit(*counted(name, seen))


def expected(name: str, p: Any, t: float, seen: tuple[Floats, ...]) -> Floats:
    if name == "bgbb":
        return bgbb.expected_purchases(p, t, *seen)
    return contracts.expected_renewals(p, t, seen[0])


def discounted(name: str, p: Any, rate: float, seen: tuple[Floats, ...], t: Any) -> Floats:
    if name == "bgbb":
        return bgbb.discounted_purchases(p, rate, *seen, t)
    return contracts.discounted_renewals(p, rate, seen[0], t)


@each_model
@quick
@given(st.data())
def test_a_longer_horizon_never_expects_less(name, data):
    p = MODELS[name].kind(*data.draw(params_of[name]))
    seen = data.draw(seen_by(name))
    t, longer = data.draw(st.integers(0, 700)), data.draw(st.integers(0, 700))
    near, far = expected(name, p, t, seen), expected(name, p, t + longer, seen)
    assert np.isfinite(far).all()
    assert (near >= 0).all()
    assert (far >= near * (1 - 1e-9)).all()
    assert (far <= t + longer + 1e-9).all()


@each_model
@quick
@given(st.data())
def test_waiting_longer_never_lowers_the_present_value_nor_discount_raise_it(name, data):
    p = MODELS[name].kind(*data.draw(params_of[name]))
    seen = data.draw(seen_by(name))
    rate, t = data.draw(positive(1e-4, 1.0)), data.draw(st.integers(1, 700))
    some, all_ = discounted(name, p, rate, seen, t), discounted(name, p, rate, seen, None)
    assert np.isfinite(all_).all()
    assert (some <= all_ * (1 + 1e-9)).all()
    assert (some <= (1 + rate) * expected(name, p, t, seen) * (1 + 1e-9)).all()
    # What lies beyond t is worth no more than a purchase or renewal at every chance.
    assert (all_ - some <= (1 + rate) ** (1 - t) / rate * (1 + 1e-9) + 1e-9 * all_).all()


@each_model
@quick
@given(st.data())
def test_gradient_is_the_slope(name, data):
    p = data.draw(params_of[name])
    seen = data.draw(seen_by(name))
    n = np.arange(1.0, len(seen[0]) + 1)
    climb = MODELS[name].objective(*seen, n)
    value, gradient = climb(np.log(p))

    def rise(h: Floats) -> float:
        return climb(np.log(p) + h)[0] - climb(np.log(p) - h)[0]

    # Differences of the fourth order, long enough for rounding to stay below 1e-9.
    steps = 1e-3 * np.eye(len(p))
    slopes = [(8.0 * rise(h) - rise(2.0 * h)) / 12e-3 for h in steps]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-9 * (1.0 + abs(value)))
    total = n @ MODELS[name].answers.loglik(MODELS[name].kind(*p), *seen)
    assert value == pytest.approx(total, rel=1e-10, abs=1e-9)


@quick
@given(st.data(), st.floats(0.01, 0.99))
def test_bgbb_probabilities_agree_with_each_other(data, q):
    p = bgbb.BGBBParams(*data.draw(params_of["bgbb"]))
    seen = data.draw(seen_by("bgbb"))
    t = data.draw(st.integers(1, 80))
    alive, likely = bgbb.p_alive(p, *seen), bgbb.p_purchase(p, t, *seen)
    assert ((alive >= 0) & (alive <= 1)).all()
    assert (likely <= alive * (1 + 1e-9)).all()
    assert (likely <= bgbb.expected_purchases(p, t, *seen) * (1 + 1e-9)).all()
    np.testing.assert_allclose(1.0 - bgbb.p_count(p, 0, t, *seen), likely, rtol=1e-8, atol=1e-12)
    assert (bgbb.p_alive(p, *seen, t) <= alive).all()
    wait = bgbb.next_purchase_quantile(p, q, *seen)
    assert np.isfinite(wait).all()
    assert (wait >= 1).all()


@quick
@given(params_of["sbg"], seen_by("sbg"), st.integers(0, 500), positive(1e-3, 1.0))
def test_tenure_that_counts_as_it_is_makes_bdw_the_sbg(p, seen, h, rate):
    one, other = sbg.SBGParams(*p), bdw.BDWParams(*p, 1.0)
    t = seen[0]
    np.testing.assert_allclose(
        contracts.loglik(other, *seen), contracts.loglik(one, *seen), rtol=1e-8
    )
    np.testing.assert_allclose(
        contracts.retention(other, t), contracts.retention(one, t), rtol=1e-10
    )
    for found, wanted in (
        (contracts.expected_renewals(other, h, t), contracts.expected_renewals(one, h, t)),
        (
            contracts.discounted_renewals(other, rate, t),
            contracts.discounted_renewals(one, rate, t),
        ),
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-250)


@quick
@given(params_of["sbg"], st.lists(st.integers(0, 60), min_size=1, max_size=8), st.integers(0, 60))
def test_who_buys_at_every_chance_while_active_is_under_contract(p, renewals, more):
    always = bgbb.BGBBParams(1e9, 1e-9, *p)
    t = np.array(renewals, dtype=np.float64)
    lost = np.full(t.shape, float(more > 0))
    np.testing.assert_allclose(
        bgbb.loglik(always, t, t, t + (more > 0)),
        contracts.loglik(sbg.SBGParams(*p), t, lost),
        rtol=1e-6,
        atol=1e-6,
    )
    np.testing.assert_allclose(
        bgbb.expected_purchases(always, more, t, t, t),
        contracts.expected_renewals(sbg.SBGParams(*p), more, t),
        rtol=1e-6,
    )


@each_contract
@quick
@given(st.data(), st.floats(0.01, 0.99))
def test_contracts_end_once(name, data, q):
    p = MODELS[name].kind(*data.draw(params_of[name]))
    t, h = data.draw(seen_by(name))[0], data.draw(st.integers(1, 60))
    likely = contracts.p_count(p, np.arange(h + 1)[:, None], h, t)
    np.testing.assert_allclose(likely.sum(axis=0), 1.0, rtol=1e-9)
    curve = contracts.p_alive(p, np.arange(200.0), 0.0)
    assert (np.diff(curve) <= 0).all()
    assert (contracts.lifetime_quantile(p, q, t) >= 1).all()


@each_contract
@quick
@given(st.data())
def test_retention_rises_with_tenure_unless_chances_to_leave_do(name, data):
    p = data.draw(params_of[name])
    p = MODELS[name].kind(*p[:2], *(min(c, 1.0) for c in p[2:]))
    retention = contracts.retention(p, np.arange(100.0))
    assert (np.diff(retention) >= -1e-12).all()


@each_model
def test_the_order_of_customers_changes_no_fit_and_a_count_weighs_like_copies(name):
    seen = simulated(name, 1)
    found = fit(name, seen)
    order = np.random.default_rng(0).permutation(len(seen[0]))
    assert fit(name, tuple(column[order] for column in seen)).params == found.params
    *distinct, n = counted(name, seen)
    thrice = MODELS[name].fit(*distinct, 3 * n)
    copies = fit(name, tuple(np.tile(column, 3) for column in seen))
    assert thrice.params == copies.params
    np.testing.assert_allclose(thrice.params, found.params, rtol=1e-5)
    assert thrice.loglik == pytest.approx(3 * found.loglik, abs=1e-5)
    np.testing.assert_allclose(
        np.sqrt(3) * np.array(thrice.standard_errors), found.standard_errors, rtol=1e-4
    )


@each_model
def test_fits_of_simulated_customers_find_what_made_them(name):
    fits = [fit(name, simulated(name, seed, 40_000)) for seed in range(12)]
    # On the scale of logarithms, on which estimates are nearest to Normal.
    away = np.array([np.log(np.array(f.params) / TRUE[name]) for f in fits])
    spread = [f.covariance / np.outer(f.params, f.params) for f in fits]
    errors = np.array([np.sqrt(np.diag(covariance)) for covariance in spread])
    assert (np.abs(away) < 3 * errors).all(), away / errors
    # All of them together are no farther from the truth, and no nearer, than by chance.
    squared = sum(a @ np.linalg.solve(c, a) for a, c in zip(away, spread, strict=True))
    assert 0.005 < chi2(away.size).cdf(squared) < 0.995, (squared, away.size)


def test_simulated_customers_buy_as_often_as_expected():
    p, T = bgbb.BGBBParams(*TRUE["bgbb"]), np.full(40_000, 12.0)
    x, t_x = bgbb.simulate(p, T, np.random.default_rng(2))
    likely = bgbb.p_count_new(p, np.arange(13), 12)
    shares = np.bincount(x.astype(int), minlength=13) / len(x)
    assert (np.abs(shares - likely) < 4 * np.sqrt(likely * (1 - likely) / len(x))).all()
    wanted = bgbb.expected_purchases_new(p, np.array([12.0]))[0]
    assert x.mean() == pytest.approx(wanted, abs=4 * x.std() / 200)
    # The share of each history is its likelihood times the ways to place its purchases.
    assert ((x == 2) & (t_x == 3)).mean() == pytest.approx(
        2 * np.exp(bgbb.loglik(p, *(np.array([v]) for v in (2.0, 3.0, 12.0))))[0], abs=0.003
    )


@each_contract
def test_simulated_contracts_last_as_long_as_expected(name):
    p, rng = MODELS[name].kind(*TRUE[name]), np.random.default_rng(4)
    t, lost = contracts.simulate(p, np.full(40_000, 12.0), rng)
    wanted = contracts.expected_renewals_new(p, 12)[0]
    assert t.mean() == pytest.approx(wanted, abs=4 * t.std() / 200)
    assert (lost == (t < 12)).all()
    more = contracts.simulate_future(p, 9, np.full(40_000, 5.0), rng)
    likely = contracts.p_count(p, np.arange(10), 9, 5)
    shares = np.bincount(more.astype(int), minlength=10) / len(more)
    assert (np.abs(shares - likely) < 4 * np.sqrt(likely * (1 - likely) / len(more))).all()
