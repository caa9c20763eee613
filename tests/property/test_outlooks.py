"""Laws of what customers will do, whatever the parameters and histories."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv.core.types import Floats
from clv.numerics import bgnbd, histories, mbgnbd, paretonbd
from clv.numerics.counts import p_count, p_count_new
from clv.numerics.draws import draw_params
from clv.numerics.futures import simulate_counts, simulate_purchases
from clv.numerics.residual import discounted_purchases

MODELS = {
    "bgnbd": (bgnbd, bgnbd.BGNBDParams),
    "mbgnbd": (mbgnbd, mbgnbd.MBGNBDParams),
    "paretonbd": (paretonbd, paretonbd.ParetoNBDParams),
}
#: Parameters in days that some thousand simulated customers determine well.
TRUE = {
    "bgnbd": (0.5, 20.0, 0.8, 2.5),
    "mbgnbd": (0.8, 30.0, 0.7, 1.8),
    "paretonbd": (0.8, 40.0, 0.7, 60.0),
}
each_model = pytest.mark.parametrize("name", MODELS)
quick = settings(max_examples=15, deadline=None)


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
    """One to six customers, from the newest to those of 10,000 purchases in 20,000 days."""
    rows = draw(
        st.lists(
            st.tuples(
                st.one_of(st.integers(0, 5), st.integers(0, 10_000)),
                st.one_of(st.floats(0, 1), st.just(1.0)),
                st.one_of(st.integers(0, 700), st.integers(0, 20_000)),
            ),
            min_size=1,
            max_size=6,
        )
    )
    x, share, T = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    return x, np.where(x > 0, share * T, 0.0), T


rates = st.one_of(positive(1e-9, 10.0), st.just(0.0004))
horizons = st.one_of(positive(0.01, 40_000.0), st.just(math.inf))


@each_model
@quick
@given(params(), histories_of(), rates, horizons, st.integers(0, 20_000))
def test_every_answer_is_finite(name, p, seen, rate, horizon, n):
    p = MODELS[name][1](*p)
    worth = discounted_purchases(p, rate, *seen, horizon)
    assert np.isfinite(worth).all()
    assert (worth >= 0).all()
    for chance in (p_count(p, n, horizon, *seen), p_count_new(p, n, horizon)):
        assert ((chance >= 0) & (chance <= 1)).all()


@each_model
@quick
@given(params(), histories_of(), positive(0.01, 20_000.0), st.integers(0, 2**32 - 1))
def test_futures_stay_within_their_bounds(name, p, seen, t, seed):
    # More purchases than a computer's memory holds are no history of a customer.
    p = MODELS[name][1](*p)
    t = min(t, 2_000.0 * float(((p[1] + seen[2]) / (p[0] + seen[0])).min()))
    counts = simulate_counts(p, t, *seen, np.random.default_rng(seed))
    drawn = simulate_purchases(p, t, *seen, np.random.default_rng(seed))
    np.testing.assert_array_equal(np.bincount(drawn.customer, minlength=len(seen[0])), counts)
    assert ((drawn.time >= 0) & (drawn.time <= t)).all()


@each_model
@quick
@given(params(), histories_of(), rates, horizons, positive(0.1, 100.0), st.integers(0, 30))
def test_the_unit_of_time_changes_no_answer(name, p, seen, rate, horizon, c, n):
    kind = MODELS[name][1]
    x, t_x, T = seen
    scale = np.where(np.isin(kind._fields, ("alpha", "beta")), c, 1.0)
    p, other = kind(*p), kind(*(np.array(p) * scale))
    np.testing.assert_allclose(
        discounted_purchases(other, rate / c, x, t_x * c, T * c, horizon * c),
        discounted_purchases(p, rate, *seen, horizon),
        rtol=1e-8,
        atol=1e-12,
    )
    np.testing.assert_allclose(
        p_count(other, n, horizon * c, x, t_x * c, T * c),
        p_count(p, n, horizon, *seen),
        rtol=1e-8,
        atol=1e-12,
    )


@each_model
@quick
@given(params(), histories_of(), rates, positive(0.01, 20_000.0), positive(1.0, 100.0))
def test_a_longer_wait_and_a_higher_price_of_it(name, p, seen, rate, horizon, more):
    model, kind = MODELS[name]
    p = kind(*p)
    worth = discounted_purchases(p, rate, *seen, horizon)
    slack = 1e-9 * worth + 1e-300
    assert (discounted_purchases(p, rate, *seen, horizon * more) >= worth - slack).all()
    assert (discounted_purchases(p, rate * more, *seen, horizon) <= worth + slack).all()
    expected = model.expected_purchases(p, horizon, *seen)
    assert (worth <= expected * (1 + 1e-9) + 1e-300).all()
    assert (worth >= math.exp(-rate * horizon) * expected * (1 - 1e-9)).all()


@each_model
@quick
@given(params(), histories_of(), positive(0.01, 3_000.0))
def test_no_purchase_is_the_rest_of_any_purchase(name, p, seen, t):
    model, kind = MODELS[name]
    p = kind(*p)
    none, likely = p_count(p, 0, t, *seen), model.p_purchase(p, t, *seen)
    np.testing.assert_allclose(none, 1.0 - likely, rtol=1e-9, atol=1e-11)


@each_model
@quick
@given(params(), st.integers(0, 4), positive(0.5, 700.0), positive(0.05, 3.0))
def test_counts_add_up_to_1_and_to_the_expectation(name, p, x, T, share):
    model, kind = MODELS[name]
    p = kind(*p)
    row = np.array([float(x)]), np.array([T / 2 if x else 0.0]), np.array([T])
    t = share * (p[1] + T)
    n = np.arange(600.0)
    chances = p_count(p, n, t, *row)
    tail = 1.0 - chances.sum()
    assert tail == pytest.approx(0.0, abs=1e-9)
    expected = model.expected_purchases(p, t, *row)[0]
    assert chances @ n == pytest.approx(expected, rel=1e-7, abs=1e-9)


@each_model
@quick
@given(params(), histories_of(), st.integers(0, 50), positive(0.1, 700.0), rates)
def test_customers_answer_for_themselves(name, p, seen, n, t, rate):
    p = MODELS[name][1](*p)
    order = np.arange(len(seen[0]))[::-1]
    backwards = tuple(column[order] for column in seen)
    for answer in (
        lambda rows: p_count(p, n, t, *rows),
        lambda rows: discounted_purchases(p, rate, *rows),
    ):
        np.testing.assert_allclose(answer(backwards), answer(seen)[order], rtol=1e-10, atol=1e-14)
        alone = [answer(tuple(column[i : i + 1] for column in seen))[0] for i in order]
        np.testing.assert_allclose(alone, answer(seen)[order], rtol=1e-9, atol=1e-13)


@quick
@given(params(), st.floats(0.0, 30.0), st.integers(0, 2**32 - 1))
def test_drawn_parameters_are_parameters(p, deviation, seed):
    rng = np.random.default_rng(seed)
    directions = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    in_logs = (directions * (deviation * rng.uniform(size=4)) ** 2) @ directions.T
    estimate = bgnbd.BGNBDParams(*p)
    for drawn in draw_params(estimate, in_logs * np.outer(p, p), 20, rng):
        assert np.abs(np.log(np.array(drawn) / np.array(p))).max() <= 5.0 + 1e-9


def recovered(name: str, seed: int) -> Any:
    """Distance from the truth in standard errors, of a fit to customers simulated with it."""
    model, kind = MODELS[name]
    rng = np.random.default_rng(seed)
    T = rng.uniform(100, 700, 6_000)
    x, t_x = model.simulate(kind(*TRUE[name]), T, rng)
    found = model.fit(*histories.group(x, t_x, T)[:4])
    away = np.log(np.array(found.params) / TRUE[name])
    in_logs = found.covariance / np.outer(found.params, found.params)
    return away / np.sqrt(np.diag(in_logs)), float(away @ np.linalg.solve(in_logs, away))


@each_model
def test_a_fit_finds_what_made_its_customers(name):
    distances, squares = zip(*(recovered(name, seed) for seed in (1, 2, 3, 4)), strict=True)
    assert (np.abs(distances) < 3.0).all(), distances
    # Together they are chi-square with 16 degrees of freedom: 39.3 at 0.1 %.
    assert 2.0 < sum(squares) < 39.3
