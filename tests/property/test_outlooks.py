"""Laws of what customers will do, whatever the model, its parameters and the histories."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clv.core.types import Floats
from clv.numerics import outlook
from clv.numerics.draws import draw_params
from clv.numerics.futures import simulate_counts, simulate_purchases
from clv.numerics.outlook import p_count, p_count_new
from clv.numerics.residual import discounted_purchases
from tests.purchase_models import (
    KINDS,
    Seen,
    alone,
    differing,
    each_model,
    fields,
    horizons,
    in_unit,
    params,
    positive,
    positives,
    seen_histories,
)

quick = settings(max_examples=12, deadline=None)
#: For laws that ask everything of everyone.
thorough = settings(max_examples=5, deadline=None)
rates = st.one_of(positive(1e-9, 10.0), st.just(0.0004))
spans = st.one_of(positive(0.01, 40_000.0), st.just(math.inf))


def answers(t: float, q: float, n: int, rate: float) -> dict[str, Callable[[Any, Seen], Floats]]:
    """Everything asked of a customer's future."""
    return {
        "p_alive": lambda p, seen: outlook.p_alive(p, *seen),
        "expected_purchases": lambda p, seen: outlook.expected_purchases(p, t, *seen),
        "p_purchase": lambda p, seen: outlook.p_purchase(p, t, *seen),
        "p_count": lambda p, seen: p_count(p, n, t, *seen),
        "next_purchase": lambda p, seen: outlook.next_purchase_quantile(p, q, *seen),
        "discounted": lambda p, seen: discounted_purchases(p, rate, *seen, t),
    }


@each_model
@quick
@given(fields(), seen_histories(), horizons(40_000.0), st.floats(0.01, 0.99))
def test_every_answer_is_finite(name, drawn, seen, t, q):
    p = params(name, drawn)
    assert np.isfinite(outlook.expected_purchases_new(p, np.array([0.0, t]))).all()
    for answer in (
        outlook.expected_purchases(p, t, *seen),
        outlook.next_purchase_quantile(p, q, *seen),
    ):
        assert np.isfinite(answer).all()
        assert (answer >= 0).all()
    for probability in (outlook.p_alive(p, *seen), outlook.p_purchase(p, t, *seen)):
        assert ((probability >= 0) & (probability <= 1)).all()


@each_model
@thorough
@given(fields(), seen_histories(), rates, spans, st.integers(0, 20_000))
def test_every_count_and_discounted_purchase_is_finite(name, drawn, seen, rate, t, n):
    p = params(name, drawn)
    worth = discounted_purchases(p, rate, *seen, t)
    assert np.isfinite(worth).all()
    assert (worth >= 0).all()
    for chance in (p_count(p, n, t, *seen), p_count_new(p, n, t)):
        assert ((chance >= 0) & (chance <= 1)).all()


@each_model
@thorough
@given(fields(), seen_histories(), positive(0.01, 3_000.0), positive(0.1, 100.0), rates)
def test_the_unit_of_time_changes_no_answer(name, drawn, seen, t, c, rate):
    p = params(name, drawn)
    other, again = in_unit(p, c), (seen[0], seen[1] * c, seen[2] * c)
    ours, theirs = answers(t, 0.5, 3, rate), answers(t * c, 0.5, 3, rate / c)
    for which, answer in ours.items():
        expected = answer(p, seen) * (c if which == "next_purchase" else 1.0)
        np.testing.assert_allclose(
            theirs[which](other, again), expected, rtol=1e-7, atol=1e-10, err_msg=which
        )


@each_model
@thorough
@given(fields(), seen_histories(), st.integers(0, 50), positive(0.1, 700.0), rates)
def test_customers_answer_for_themselves(name, drawn, seen, n, t, rate):
    p, order, i = params(name, drawn), np.arange(len(seen[0]))[::-1], n % len(seen[0])
    backwards = tuple(column[order] for column in seen)
    for which, answer in answers(t, 0.3, n, rate).items():
        together = answer(p, seen)
        np.testing.assert_allclose(
            answer(p, backwards), together[order], rtol=1e-10, atol=1e-14, err_msg=which
        )
        only = answer(p, tuple(column[i : i + 1] for column in seen))[0]
        np.testing.assert_allclose(only, together[i], rtol=1e-9, atol=1e-13, err_msg=which)


@each_model
@thorough
@given(fields(), seen_histories(), st.integers(0, 9), positive(0.1, 700.0), rates)
def test_customers_with_rates_of_their_own_answer_as_if_alone(name, drawn, seen, n, t, rate):
    p, i = differing(params(name, drawn), len(seen[0]), n), n % len(seen[0])
    row = tuple(column[i : i + 1] for column in seen)
    for which, answer in answers(t, 0.3, n, rate).items():
        only = answer(alone(p, i), row)[0]
        np.testing.assert_allclose(answer(p, seen)[i], only, rtol=1e-9, atol=1e-13, err_msg=which)
    ages = np.full(len(seen[0]), t)
    new = [outlook.expected_purchases_new(alone(p, i), t)[0] for i in range(len(ages))]
    np.testing.assert_allclose(outlook.expected_purchases_new(p, ages), new, rtol=1e-9, atol=1e-13)


@each_model
@quick
@given(fields(), seen_histories(), horizons(3_000.0), horizons(3_000.0))
def test_a_longer_horizon_never_expects_less(name, drawn, seen, t, longer):
    p = params(name, drawn)
    for answer in (outlook.expected_purchases, outlook.p_purchase):
        near, far = answer(p, t, *seen), answer(p, t + longer, *seen)
        assert (far >= near * (1 - 1e-9) - 1e-10).all()


@each_model
@quick
@given(fields(), seen_histories(), horizons(3_000.0))
def test_a_purchase_is_expected_no_less_often_than_it_is_likely(name, drawn, seen, t):
    p = params(name, drawn)
    likely, expected = outlook.p_purchase(p, t, *seen), outlook.expected_purchases(p, t, *seen)
    assert (likely <= expected * (1 + 1e-9) + 1e-10).all()
    assert (likely <= outlook.p_alive(p, *seen) * (1 + 1e-9)).all()


@each_model
@quick
@given(fields(), seen_histories(), positive(0.01, 3_000.0))
def test_no_purchase_is_the_rest_of_any_purchase(name, drawn, seen, t):
    p = params(name, drawn)
    none, likely = p_count(p, 0, t, *seen), outlook.p_purchase(p, t, *seen)
    np.testing.assert_allclose(none, 1.0 - likely, rtol=1e-9, atol=1e-11)


@each_model
@quick
@given(fields(), st.integers(0, 4), positive(0.5, 700.0), positive(0.05, 3.0))
def test_counts_add_up_to_1_and_to_the_expectation(name, drawn, x, T, share):
    p = params(name, drawn)
    row = np.array([float(x)]), np.array([T / 2 if x else 0.0]), np.array([T])
    t, n = share * (p.alpha + T), np.arange(600.0)
    chances = p_count(p, n, t, *row)
    assert chances.sum() == 1.0 or abs(1.0 - chances.sum()) < 1e-9
    expected = outlook.expected_purchases(p, t, *row)[0]
    np.testing.assert_allclose(chances @ n, expected, rtol=1e-7, atol=1e-9)


@each_model
@quick
@given(fields(), seen_histories(), st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_quantiles_split_the_chance_of_a_purchase_in_proportion(name, drawn, seen, q, other):
    p = params(name, drawn)
    gap, other_gap = (outlook.next_purchase_quantile(p, share, *seen) for share in (q, other))
    # Of shares that differ in the last digit alone, quantiles may too, and either way.
    earlier, later = (gap, other_gap) if q <= other else (other_gap, gap)
    assert (earlier <= later * (1 + 1e-9)).all()
    within_reach = np.maximum(gap, other_gap) < 1e6
    chance, other_chance = (outlook.p_purchase(p, t, *seen) for t in (gap, other_gap))
    np.testing.assert_allclose(
        (other * chance)[within_reach], (q * other_chance)[within_reach], rtol=1e-6, atol=1e-12
    )
    # Who drops out after a purchase buys once more for certain, if active.
    if name != "paretonbd":
        alive = outlook.p_alive(p, *seen)
        np.testing.assert_allclose(
            chance[within_reach], (q * alive)[within_reach], rtol=1e-6, atol=1e-12
        )


@each_model
@thorough
@given(fields(), seen_histories(), rates, positive(0.01, 20_000.0), positive(1.0, 100.0))
def test_a_longer_wait_and_a_higher_price_of_it(name, drawn, seen, rate, horizon, more):
    p = params(name, drawn)
    worth = discounted_purchases(p, rate, *seen, horizon)
    slack = 1e-9 * worth + 1e-11
    assert (discounted_purchases(p, rate, *seen, horizon * more) >= worth - slack).all()
    assert (discounted_purchases(p, rate * more, *seen, horizon) <= worth + slack).all()
    expected = outlook.expected_purchases(p, horizon, *seen)
    assert (worth <= expected + slack).all()
    assert (worth >= math.exp(-rate * horizon) * expected - slack).all()
    np.testing.assert_allclose(discounted_purchases(p, 0.0, *seen, horizon), expected, rtol=1e-12)


@each_model
@quick
@given(fields(), seen_histories(), positive(0.01, 20_000.0), st.integers(0, 2**32 - 1))
def test_futures_stay_within_their_bounds(name, drawn, seen, t, seed):
    p = params(name, drawn)
    # More purchases than a computer's memory holds are no history of a customer.
    k = getattr(p, "k", 1)
    t = min(t, 2_000.0 * float(((p.alpha + seen[2]) / (p.r + k * seen[0])).min()))
    counts = simulate_counts(p, t, *seen, np.random.default_rng(seed))
    future = simulate_purchases(p, t, *seen, np.random.default_rng(seed))
    np.testing.assert_array_equal(np.bincount(future.customer, minlength=len(seen[0])), counts)
    assert ((future.time >= 0) & (future.time <= t)).all()


@each_model
@quick
@given(fields(), st.floats(0.0, 30.0), st.integers(0, 2**32 - 1))
def test_drawn_parameters_are_parameters(name, drawn, deviation, seed):
    p, rng = params(name, drawn), np.random.default_rng(seed)
    estimated = positives(p)
    size = len(estimated)
    directions = np.linalg.qr(rng.normal(size=(size, size)))[0]
    in_logs = (directions * (deviation * rng.uniform(size=size)) ** 2) @ directions.T
    covariance = np.zeros((len(p), len(p)))
    covariance[:size, :size] = in_logs * np.outer(estimated, estimated)
    for one in draw_params(p, covariance, 20, rng):
        assert isinstance(one, KINDS[name])
        assert np.abs(np.log(positives(one) / estimated)).max() <= 5.0 + 1e-9
        # The rhythm is given, not estimated.
        assert one[size:] == p[size:]
        assert all(isinstance(k, int) for k in one[size:])
