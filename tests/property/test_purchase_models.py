"""Laws of the purchase models, whatever the parameters and histories."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv.core.types import Floats
from clv.numerics import bgnbd, gammagamma, histories, mbgnbd, paretonbd
from clv.numerics.optimise import Objective

MODELS = {
    "bgnbd": (bgnbd, bgnbd.BGNBDParams),
    "mbgnbd": (mbgnbd, mbgnbd.MBGNBDParams),
    "paretonbd": (paretonbd, paretonbd.ParetoNBDParams),
}
#: Parameters in days that a thousand simulated customers determine well.
TRUE = {
    "bgnbd": (0.5, 20.0, 0.8, 2.5),
    "mbgnbd": (0.8, 30.0, 0.7, 1.8),
    "paretonbd": (0.8, 40.0, 0.7, 60.0),
}
each_model = pytest.mark.parametrize("name", MODELS)
quick = settings(max_examples=40, deadline=None)


def positive(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(np.log(low), np.log(high)).map(lambda v: float(np.exp(v)))


@st.composite
def params(draw: st.DrawFn) -> tuple[float, float, float, float]:
    """Shapes around 1, rates around a month; a + b = 1, a = 1 and s = 1 come up often."""
    shape = st.one_of(positive(0.01, 50.0), st.just(1.0), st.just(0.5))
    return (
        draw(positive(0.01, 50.0)),
        draw(positive(0.1, 5_000.0)),
        draw(shape),
        draw(st.one_of(shape, positive(0.1, 5_000.0))),
    )


@st.composite
def histories_of(draw: st.DrawFn) -> tuple[Floats, Floats, Floats]:
    """One to eight customers, from the newest to those of 10,000 purchases in 20,000 days."""
    rows = draw(
        st.lists(
            st.tuples(
                st.one_of(st.integers(0, 5), st.integers(0, 10_000)),
                st.one_of(st.floats(0, 1), st.just(1.0)),
                st.one_of(st.integers(0, 700), st.integers(0, 20_000)),
            ),
            min_size=1,
            max_size=8,
        )
    )
    x, share, T = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    return x, np.where(x > 0, share * T, 0.0), T


def simulated(name: str, seed: int, n: int = 1_000) -> tuple[Floats, Floats, Floats]:
    """A base that buys in continuous time, told in whole days."""
    model, kind = MODELS[name]
    rng = np.random.default_rng(seed)
    T = rng.integers(100, 700, n).astype(np.float64)
    x, t_x = model.simulate(kind(*TRUE[name]), T, rng)
    return x, np.minimum(np.ceil(t_x), T), T


def fit(name: str, x: Floats, t_x: Floats, T: Floats) -> Any:
    return MODELS[name][0].fit(*histories.group(x, t_x, T)[:4])


@each_model
@quick
@given(params(), histories_of(), st.floats(0.0, 40_000.0), st.floats(0.01, 0.99))
def test_every_answer_is_finite(name, p, seen, t, q):
    model, kind = MODELS[name]
    p = kind(*p)
    assert np.isfinite(model.loglik(p, *seen)).all()
    assert np.isfinite(model.expected_purchases_new(p, np.array([0.0, t]))).all()
    for answer in (
        model.expected_purchases(p, t, *seen),
        model.next_purchase_quantile(p, q, *seen),
    ):
        assert np.isfinite(answer).all()
        assert (answer >= 0).all()
    for probability in (model.p_alive(p, *seen), model.p_purchase(p, t, *seen)):
        assert ((probability >= 0) & (probability <= 1)).all()


@each_model
@quick
@given(params(), histories_of(), st.floats(0.1, 3_000.0), positive(0.1, 100.0))
def test_the_unit_of_time_changes_no_answer(name, p, seen, t, c):
    model, kind = MODELS[name]
    x, t_x, T = seen
    scale = np.where(np.isin(kind._fields, ("alpha", "beta")), c, 1.0)
    p, other = kind(*p), kind(*(np.array(p) * scale))
    again = x, t_x * c, T * c
    np.testing.assert_allclose(
        model.loglik(other, *again), model.loglik(p, *seen) - x * np.log(c), rtol=1e-9, atol=1e-8
    )
    np.testing.assert_allclose(
        model.p_alive(other, *again), model.p_alive(p, *seen), rtol=1e-8, atol=1e-12
    )
    np.testing.assert_allclose(
        model.expected_purchases(other, t * c, *again),
        model.expected_purchases(p, t, *seen),
        rtol=1e-8,
        atol=1e-12,
    )
    np.testing.assert_allclose(
        model.next_purchase_quantile(other, 0.5, *again),
        c * model.next_purchase_quantile(p, 0.5, *seen),
        rtol=1e-7,
    )


@each_model
@quick
@given(params(), histories_of(), st.floats(0.0, 3_000.0), st.floats(0.0, 3_000.0))
def test_a_longer_horizon_never_expects_less(name, p, seen, t, longer):
    model, kind = MODELS[name]
    p = kind(*p)
    for answer in (model.expected_purchases, model.p_purchase):
        near, far = answer(p, t, *seen), answer(p, t + longer, *seen)
        assert (far >= near * (1 - 1e-10) - 1e-12).all()


@each_model
@quick
@given(params(), histories_of(), st.floats(0.0, 3_000.0))
def test_a_purchase_is_expected_no_less_often_than_it_is_likely(name, p, seen, t):
    model, kind = MODELS[name]
    p = kind(*p)
    likely, expected = model.p_purchase(p, t, *seen), model.expected_purchases(p, t, *seen)
    assert (likely <= expected * (1 + 1e-9) + 1e-12).all()
    assert (likely <= model.p_alive(p, *seen) * (1 + 1e-9)).all()


@each_model
@quick
@given(params(), histories_of(), st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_quantiles_split_the_chance_of_a_purchase_in_proportion(name, p, seen, q, other):
    model, kind = MODELS[name]
    p = kind(*p)
    at_once = seen[0], seen[2], seen[2]
    gap, other_gap = (model.next_purchase_quantile(p, share, *seen) for share in (q, other))
    within_reach = np.maximum(gap, other_gap) < 1e6
    chance, other_chance = (model.p_purchase(p, t, *at_once) for t in (gap, other_gap))
    np.testing.assert_allclose(
        (other * chance)[within_reach], (q * other_chance)[within_reach], rtol=1e-6, atol=1e-12
    )


@each_model
@quick
@given(params(), histories_of(), st.lists(st.integers(1, 50), min_size=8, max_size=8))
def test_gradient_is_the_slope(name, p, seen, counts):
    x, t_x, T = seen
    n = np.array(counts[: len(x)], dtype=np.float64)
    build = MODELS[name][0]._objective
    # Histories of a size at which central differences themselves keep 6 digits.
    x = np.minimum(x, 300.0)
    climb: Objective = build(x, np.where(x > 0, t_x, 0.0), T, n)
    log_p = np.log(p)
    value, gradient = climb(log_p)
    steps = 1e-5 * np.eye(4)
    slopes = [(climb(log_p + h)[0] - climb(log_p - h)[0]) / 2e-5 for h in steps]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-6 * (1.0 + abs(value)))
    total = n @ MODELS[name][0].loglik(MODELS[name][1](*p), x, np.where(x > 0, t_x, 0.0), T)
    assert value == pytest.approx(total, rel=1e-10, abs=1e-9)


@each_model
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.integers(0, 1_000), positive(0.05, 20.0))
def test_the_unit_of_time_and_the_order_of_rows_change_no_fit(name, seed, c):
    x, t_x, T = simulated(name, seed)
    found = fit(name, x, t_x, T)
    order = np.random.default_rng(seed).permutation(len(x))
    np.testing.assert_allclose(fit(name, x[order], t_x[order], T[order]).params, found.params)
    other = fit(name, x, t_x * c, T * c)
    scale = np.where(np.isin(found.params._fields, ("alpha", "beta")), c, 1.0)
    np.testing.assert_allclose(other.params, np.array(found.params) * scale, rtol=1e-5)
    np.testing.assert_allclose(
        other.standard_errors, np.array(found.standard_errors) * scale, rtol=1e-4
    )
    assert other.loglik == pytest.approx(found.loglik - x.sum() * np.log(c), abs=1e-5)


@each_model
def test_a_count_weighs_like_so_many_customers(name):
    x, t_x, T = simulated(name, 1)
    grouped = histories.group(x, t_x, T)
    thrice = MODELS[name][0].fit(grouped.x, grouped.t_x, grouped.T, 3 * grouped.n)
    copies = fit(name, np.tile(x, 3), np.tile(t_x, 3), np.tile(T, 3))
    np.testing.assert_allclose(thrice.params, copies.params, rtol=1e-6)
    once = fit(name, x, t_x, T)
    np.testing.assert_allclose(thrice.params, once.params, rtol=1e-5)
    assert thrice.loglik == pytest.approx(3 * once.loglik, abs=1e-5)
    np.testing.assert_allclose(
        np.sqrt(3) * np.array(thrice.standard_errors), once.standard_errors, rtol=1e-4
    )


@each_model
def test_a_fit_of_simulated_customers_finds_what_made_them(name):
    model, kind = MODELS[name]
    rng = np.random.default_rng(5)
    T = rng.uniform(100, 700, 8_000)
    x, t_x = model.simulate(kind(*TRUE[name]), T, rng)
    found = fit(name, x, t_x, T)
    distance = (np.array(found.params) - TRUE[name]) / found.standard_errors
    assert (np.abs(distance) < 4).all(), distance


@each_model
def test_simulated_customers_buy_as_often_as_expected(name):
    model, kind = MODELS[name]
    p, T = kind(*TRUE[name]), np.full(40_000, 365.0)
    x, t_x = model.simulate(p, T, np.random.default_rng(2))
    expected = float(model.expected_purchases_new(p, np.array([365.0]))[0])
    assert x.mean() == pytest.approx(expected, abs=4 * x.std() / np.sqrt(len(x)))
    assert (t_x <= T).all()
    assert ((t_x > 0) == (x > 0)).all()


gammas = st.tuples(positive(0.05, 100.0), positive(1.05, 50.0), positive(0.1, 1_000.0))
orders = st.lists(st.tuples(st.integers(1, 500), positive(0.01, 10_000.0)), min_size=1, max_size=8)


@quick
@given(gammas, orders, positive(0.01, 100.0))
def test_the_currency_changes_no_expected_value(g, rows, c):
    x, m = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    one, other = gammagamma.GammaGammaParams(*g), gammagamma.GammaGammaParams(*g[:2], g[2] * c)
    np.testing.assert_allclose(
        gammagamma.expected_value(other, x, m * c), c * gammagamma.expected_value(one, x, m)
    )
    np.testing.assert_allclose(
        gammagamma.loglik(other, x, m * c), gammagamma.loglik(one, x, m) - np.log(c), atol=1e-8
    )


@quick
@given(gammas, orders)
def test_expected_value_lies_between_own_and_population_mean(g, rows):
    x, m = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    params = gammagamma.GammaGammaParams(*g)
    mean = gammagamma.population_mean(params)
    value = gammagamma.expected_value(params, x, m)
    slack = 1e-9 * np.maximum(m, mean)
    assert (value >= np.minimum(m, mean) - slack).all()
    assert (value <= np.maximum(m, mean) + slack).all()
    assert gammagamma.expected_value(params, 0 * x, 0 * m) == pytest.approx(mean)


@quick
@given(gammas, orders)
def test_gammagamma_gradient_is_the_slope(g, rows):
    x, m = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    n = np.arange(1.0, len(x) + 1)
    climb = gammagamma._objective(x, m, n)
    value, gradient = climb(np.log(g))
    slopes = [(climb(np.log(g) + h)[0] - climb(np.log(g) - h)[0]) / 2e-5 for h in 1e-5 * np.eye(3)]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-6 * (1.0 + abs(value)))
    total = n @ gammagamma.loglik(gammagamma.GammaGammaParams(*g), x, m)
    assert value == pytest.approx(total, rel=1e-9, abs=1e-8)
