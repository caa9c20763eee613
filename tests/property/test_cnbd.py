"""Laws of BG/CNBD-k, MBG/CNBD-k and the NBD, whatever the parameters and histories."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv.core.types import Floats
from clv.numerics import bgcnbd, bgnbd, cnbd, histories, mbgcnbd, mbgnbd, nbd
from clv.numerics.cnbd import CNBDParams

MODELS = {"bgcnbd": bgcnbd, "mbgcnbd": mbgcnbd}
#: The same models without a rhythm.
WITHOUT = {"bgcnbd": bgnbd, "mbgcnbd": mbgnbd}
#: Parameters in days that a few thousand simulated customers determine well.
TRUE = {
    "bgcnbd": CNBDParams(0.6, 8.0, 0.8, 2.5, 3),
    "mbgcnbd": CNBDParams(0.9, 12.0, 0.7, 1.8, 2),
}
each_model = pytest.mark.parametrize("name", MODELS)
quick = settings(max_examples=40, deadline=None)


def positive(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(np.log(low), np.log(high)).map(lambda v: float(np.exp(v)))


def horizons(longest: float) -> st.SearchStrategy[float]:
    """None, or from a minute: shorter ones are lost in the last digits of T."""
    return st.one_of(st.just(0.0), st.floats(1e-3, longest))


@st.composite
def params(draw: st.DrawFn) -> CNBDParams:
    """Shapes around 1, rates around a month; a + b = 1 and a = 1 come up often."""
    shape = st.one_of(positive(0.01, 50.0), st.just(1.0), st.just(0.5))
    return CNBDParams(
        draw(positive(0.01, 50.0)),
        draw(positive(0.1, 5_000.0)),
        draw(shape),
        draw(st.one_of(shape, positive(0.1, 5_000.0))),
        draw(st.integers(1, cnbd.LARGEST_K)),
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


def simulated(name: str, seed: int, n: int = 4_000) -> tuple[Floats, Floats, Floats, Floats]:
    """A base that buys in continuous time, and the sum of the logarithms of its gaps."""
    rng = np.random.default_rng(seed)
    T = rng.integers(100, 700, n).astype(np.float64)
    x, t_x = MODELS[name].simulate(TRUE[name], T, rng)
    return x, t_x, T, cnbd.simulate_log_gaps(TRUE[name].k, x, t_x, rng)


def fit(name: str, base: tuple[Floats, ...], k: int) -> Any:
    x, t_x, T, log_gaps = base
    seen = histories.group(x, t_x, T)[:4]
    return MODELS[name].fit(*seen, k=k, total_log_gaps=log_gaps.sum())


@each_model
@quick
@given(params(), histories_of(), horizons(40_000.0), st.floats(0.01, 0.99))
def test_every_answer_is_finite(name, p, seen, t, q):
    model = MODELS[name]
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
@given(params(), histories_of(), horizons(3_000.0), st.floats(0.01, 0.99))
def test_without_rhythm_it_is_the_model_without(name, p, seen, t, q):
    p, model, without = p._replace(k=1), MODELS[name], WITHOUT[name]
    bare = (bgnbd.BGNBDParams if without is bgnbd else mbgnbd.MBGNBDParams)(*p[:4])
    np.testing.assert_allclose(model.loglik(p, *seen), without.loglik(bare, *seen), rtol=1e-12)
    np.testing.assert_allclose(model.p_alive(p, *seen), without.p_alive(bare, *seen), rtol=1e-12)
    for answer, argument in (
        ("expected_purchases", t),
        ("p_purchase", t),
        ("next_purchase_quantile", q),
    ):
        np.testing.assert_allclose(
            getattr(model, answer)(p, argument, *seen),
            getattr(without, answer)(bare, argument, *seen),
            rtol=1e-9,
            atol=1e-12,
        )
    np.testing.assert_allclose(
        model.expected_purchases_new(p, t),
        without.expected_purchases_new(bare, t),
        rtol=1e-9,
        atol=1e-12,
    )


@each_model
@quick
@given(params(), histories_of(), st.floats(0.1, 3_000.0), positive(0.1, 100.0))
def test_the_unit_of_time_changes_no_answer(name, p, seen, t, c):
    model = MODELS[name]
    x, t_x, T = seen
    other, again = p._replace(alpha=p.alpha * c), (x, t_x * c, T * c)
    # A time of 0, or too small to scale, has no logarithm to shift.
    told = (t_x > 1e-300) | (x == 0)
    shifted = model.loglik(p, *seen) - x * np.log(c)
    np.testing.assert_allclose(
        model.loglik(other, *again)[told], shifted[told], rtol=1e-9, atol=1e-6
    )
    np.testing.assert_allclose(
        model.p_alive(other, *again), model.p_alive(p, *seen), rtol=1e-8, atol=1e-12
    )
    for answer in (model.expected_purchases, model.p_purchase):
        np.testing.assert_allclose(
            answer(other, t * c, *again), answer(p, t, *seen), rtol=1e-8, atol=1e-10
        )
    np.testing.assert_allclose(
        model.next_purchase_quantile(other, 0.5, *again),
        c * model.next_purchase_quantile(p, 0.5, *seen),
        rtol=1e-7,
    )


@each_model
@quick
@given(params(), histories_of(), horizons(3_000.0), horizons(3_000.0))
def test_a_longer_horizon_never_expects_less(name, p, seen, t, longer):
    model = MODELS[name]
    for answer in (model.expected_purchases, model.p_purchase):
        near, far = answer(p, t, *seen), answer(p, t + longer, *seen)
        assert (far >= near * (1 - 1e-9) - 1e-10).all()


@each_model
@quick
@given(params(), histories_of(), horizons(3_000.0))
def test_a_purchase_is_expected_no_less_often_than_it_is_likely(name, p, seen, t):
    model = MODELS[name]
    likely, expected = model.p_purchase(p, t, *seen), model.expected_purchases(p, t, *seen)
    assert (likely <= expected * (1 + 1e-9) + 1e-10).all()
    assert (likely <= model.p_alive(p, *seen) * (1 + 1e-9)).all()


@each_model
@quick
@given(params(), histories_of(), st.floats(0.02, 0.98))
def test_the_quantile_is_reached_with_its_probability(name, p, seen, q):
    model = MODELS[name]
    gap = model.next_purchase_quantile(p, q, *seen)
    within_reach = gap < 1e6
    chance = model.p_purchase(p, gap, *seen)[within_reach]
    alive = model.p_alive(p, *seen)[within_reach]
    np.testing.assert_allclose(chance, q * alive, rtol=1e-6, atol=1e-12)


@each_model
@quick
@given(params(), histories_of(), st.lists(st.integers(1, 50), min_size=8, max_size=8))
def test_gradient_is_the_slope(name, p, seen, counts):
    x, t_x, T = seen
    n = np.array(counts[: len(x)], dtype=np.float64)
    # Histories of a size at which central differences themselves keep 6 digits.
    x = np.minimum(x, 100.0)
    t_x = np.where(x > 0, t_x, 0.0)
    climb = cnbd.objective(p.k, x, t_x, T, x + (name == "mbgcnbd"), n)
    log_p = np.log(p[:4])
    value, gradient = climb(log_p)
    steps = 1e-5 * np.eye(4)
    slopes = [(climb(log_p + h)[0] - climb(log_p - h)[0]) / 2e-5 for h in steps]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-6 * (1.0 + abs(value)))
    each = MODELS[name].loglik(p, x, t_x, T, np.zeros_like(x))
    whole = n @ (each - cnbd.seen_gaps(p.k, x, np.zeros_like(x)))
    assert value == pytest.approx(whole, rel=1e-10, abs=1e-8)


@each_model
def test_the_unit_of_time_and_the_order_of_rows_change_no_fit(name):
    x, t_x, T, log_gaps = simulated(name, 3, 1_500)
    k = TRUE[name].k
    found = fit(name, (x, t_x, T, log_gaps), k)
    order = np.random.default_rng(3).permutation(len(x))
    mixed = fit(name, (x[order], t_x[order], T[order], log_gaps), k)
    np.testing.assert_allclose(mixed.params, found.params, rtol=1e-6)
    c = 1.0 / 7.0
    other = fit(name, (x, t_x * c, T * c, log_gaps + x * np.log(c)), k)
    scale = np.array([1.0, c, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(other.params, found.params * scale, rtol=1e-5)
    np.testing.assert_allclose(
        other.standard_errors, found.standard_errors * scale, rtol=1e-4, atol=1e-12
    )
    assert other.loglik == pytest.approx(found.loglik - x.sum() * np.log(c), abs=1e-4)


@each_model
def test_a_count_weighs_like_so_many_customers(name):
    x, t_x, T, _ = simulated(name, 1, 1_500)
    grouped = histories.group(x, np.ceil(t_x), np.ceil(T))
    thrice = MODELS[name].fit(*grouped[:3], 3 * grouped.n, k=2)
    once = MODELS[name].fit(*grouped[:4], k=2)
    np.testing.assert_allclose(thrice.params, once.params, rtol=1e-5)
    assert thrice.loglik == pytest.approx(3 * once.loglik, rel=1e-9)
    np.testing.assert_allclose(
        np.sqrt(3) * np.array(thrice.standard_errors), once.standard_errors, rtol=1e-4
    )


@each_model
@pytest.mark.parametrize("seed", [5, 6])
def test_a_fit_of_simulated_customers_finds_what_made_them(name, seed):
    base, true = simulated(name, seed, 8_000), TRUE[name]
    found = {k: fit(name, base, k) for k in (true.k - 1, true.k, true.k + 1)}
    assert max(found, key=lambda k: found[k].loglik) == true.k
    right = found[true.k]
    distance = (np.array(right.params) - true)[:4] / right.standard_errors[:4]
    assert (np.abs(distance) < 3).all(), distance


@each_model
def test_purchases_to_come_are_as_many_as_expected_of_each_kind_of_customer(name):
    """Gap by gap into the future, then judged by what was seen up to T alone."""
    p, rng, n, ahead = TRUE[name], np.random.default_rng(2), 40_000, 180.0
    T, now = rng.uniform(100.0, 400.0, n), np.zeros(n)
    rate, chance = rng.gamma(p.r, 1.0 / p.alpha, n), rng.beta(p.a, p.b, n)
    x, t_x, later = np.zeros(n), np.zeros(n), np.zeros(n)
    active = np.flatnonzero(rng.uniform(size=n) > chance) if name == "mbgcnbd" else np.arange(n)
    while active.size:
        now[active] += rng.gamma(p.k, size=len(active)) / rate[active]
        active = active[now[active] <= T[active] + ahead]
        seen, unseen = active[now[active] <= T[active]], active[now[active] > T[active]]
        x[seen] += 1
        t_x[seen] = now[seen]
        later[unseen] += 1
        active = active[rng.uniform(size=len(active)) > chance[active]]
    model = MODELS[name]
    off = later - model.expected_purchases(p, ahead, x, t_x, T)
    off_any = (later > 0) - model.p_purchase(p, ahead, x, t_x, T)
    kinds = np.digitize(x, [1, 2, 5]) * 3 + np.digitize(T - t_x, [20, 80])
    for kind in np.unique(kinds):
        rows = kinds == kind
        if rows.sum() < 500:
            continue
        for gap in (off[rows], off_any[rows]):
            assert abs(gap.mean()) < 4 * gap.std() / np.sqrt(len(gap)), kind
    drawn, last = model.simulate(p, T, rng)
    for ours, theirs in ((drawn, x), (last, t_x)):
        error = np.sqrt((ours.var() + theirs.var()) / n)
        assert abs(ours.mean() - theirs.mean()) < 4 * error
    assert x.mean() == pytest.approx(
        model.expected_purchases_new(p, T).mean(), abs=4 * x.std() / np.sqrt(n)
    )


rates = st.tuples(positive(0.01, 50.0), positive(0.1, 5_000.0)).map(lambda p: nbd.NBDParams(*p))


@quick
@given(rates, histories_of(), horizons(40_000.0), st.floats(0.02, 0.98))
def test_nbd_is_finite_and_its_quantile_is_reached(p, seen, t, q):
    assert np.isfinite(nbd.loglik(p, *seen)).all()
    assert (nbd.p_alive(p, *seen) == 1).all()
    likely, expected = nbd.p_purchase(p, t, *seen), nbd.expected_purchases(p, t, *seen)
    assert ((likely >= 0) & (likely <= np.minimum(expected * (1 + 1e-9), 1.0))).all()
    gap = nbd.next_purchase_quantile(p, q, *seen)
    assert np.isfinite(gap).all()
    near = gap < 1e6
    np.testing.assert_allclose(nbd.p_purchase(p, gap, *seen)[near], q, rtol=1e-9)


@quick
@given(rates, histories_of(), horizons(3_000.0))
def test_nbd_is_the_bgnbd_of_customers_who_never_stop(p, seen, t):
    never = bgnbd.BGNBDParams(*p, 1e-9, 1e9)
    np.testing.assert_allclose(
        nbd.loglik(p, *seen)[seen[0] == 0], bgnbd.loglik(never, *seen)[seen[0] == 0], rtol=1e-9
    )
    new, other = (
        model.expected_purchases_new(q, np.array([t])) for model, q in ((nbd, p), (bgnbd, never))
    )
    np.testing.assert_allclose(new, other, rtol=1e-6, atol=1e-12)


@quick
@given(rates, histories_of())
def test_nbd_gradient_is_the_slope(p, seen):
    x, t_x, T = np.minimum(seen[0], 300.0), np.minimum(seen[1], 0.0), seen[2]
    climb = nbd._objective(x, t_x, T, np.arange(1.0, len(x) + 1))
    log_p = np.log(p)
    value, gradient = climb(log_p)
    slopes = [(climb(log_p + h)[0] - climb(log_p - h)[0]) / 2e-5 for h in 1e-5 * np.eye(2)]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-6 * (1.0 + abs(value)))
    whole = np.arange(1.0, len(x) + 1) @ nbd.loglik(p, x, t_x, T)
    assert value == pytest.approx(whole, rel=1e-10, abs=1e-8)
