"""Laws of the purchase models' likelihoods and fits, whatever the parameters and histories."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv.core.types import Floats
from clv.numerics import cnbd, futures, histories, outlook
from tests.purchase_models import (
    FITS,
    RHYTHMIC,
    TIMES,
    TRUE,
    Seen,
    alone,
    differing,
    each_model,
    fields,
    fit,
    from_truth,
    in_unit,
    objective,
    params,
    positive,
    positives,
    seen_histories,
    simulated,
    slope,
)

quick = settings(max_examples=25, deadline=None)
few = settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
counts = st.lists(st.integers(1, 50), min_size=8, max_size=8)
each_sloped = pytest.mark.parametrize("name", [name for name in TRUE if name not in RHYTHMIC])


def moderate(seen: Seen, k: int = 1) -> Seen:
    """Of a size at which the differences themselves keep 6 digits."""
    x, t_x, T = seen
    x = np.minimum(x, 300.0 // k)
    return x, np.where(x > 0, t_x, 0.0), T


@each_model
@quick
@given(fields(), seen_histories())
def test_every_likelihood_is_finite(name, drawn, seen):
    assert np.isfinite(params(name, drawn).loglik(*seen)).all()


@each_model
@quick
@given(fields(), seen_histories(), positive(0.1, 100.0))
def test_the_unit_of_time_shifts_the_likelihood_alone(name, drawn, seen, c):
    p, (x, t_x, T) = params(name, drawn), seen
    shifted = p.loglik(*seen) - x * np.log(c)
    # A time too small to scale has no logarithm to shift.
    told = (t_x > 1e-300) | (x == 0)
    found = in_unit(p, c).loglik(x, t_x * c, T * c)
    np.testing.assert_allclose(found[told], shifted[told], rtol=1e-9, atol=1e-6)


@each_model
@quick
@given(fields(), seen_histories(), counts)
def test_the_gradient_climbed_is_the_slope(name, drawn, seen, counts):
    p = params(name, drawn)
    seen, n = moderate(seen, getattr(p, "k", 1)), np.array(counts[: len(seen[0])], dtype=np.float64)
    climb, log_p = objective(name, p, seen, n), np.log(positives(p))
    value, gradient = climb(log_p)
    for i, axis in enumerate(np.eye(len(log_p))):
        found = slope(lambda h, axis=axis: climb(log_p + h * axis)[0])
        # Rounding of the values, over the step.
        rounding = 1e-11 * (1.0 + abs(value))
        np.testing.assert_allclose(gradient[i], found, rtol=1e-6, atol=1e-6 + rounding)
    whole = p.loglik(*seen)
    if name in RHYTHMIC:
        # A fit adds what it knows of the gaps, which moves no parameter, at its end.
        whole = whole - cnbd.seen_ends(p.k, seen[0], seen[1])
    np.testing.assert_allclose(value, n @ whole, rtol=1e-10, atol=1e-8)


@each_sloped
@quick
@given(fields(), seen_histories(), st.integers(0, 9), st.booleans())
def test_slopes_of_each_history_are_its_slopes(name, drawn, seen, seed, differ):
    seen, p = moderate(seen), params(name, drawn)
    if differ:
        p = differing(p, len(seen[0]), seed)
    values, slopes = p.with_slopes(*seen)
    np.testing.assert_allclose(values, p.loglik(*seen), rtol=1e-12, atol=1e-12)
    for field, found in zip(p._fields, slopes, strict=True):

        def shifted(h: float, field: str = field) -> Floats:
            return p._replace(**{field: getattr(p, field) * np.exp(h)}).loglik(*seen)

        wanted = slope(shifted)
        rounding = 1e-11 * (1.0 + np.abs(values).max())
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6 + rounding, err_msg=field)


@each_sloped
@quick
@given(fields(), seen_histories(), st.integers(0, 9))
def test_slopes_of_customers_with_rates_of_their_own_are_as_if_alone(name, drawn, seen, seed):
    p = differing(params(name, drawn), len(seen[0]), seed)
    values, slopes = p.with_slopes(*seen)
    for i in range(len(seen[0])):
        value, by_parameter = alone(p, i).with_slopes(*(column[i : i + 1] for column in seen))
        np.testing.assert_allclose(values[i], value[0], rtol=1e-10, atol=1e-9)
        np.testing.assert_allclose(slopes[:, i], by_parameter[:, 0], rtol=1e-8, atol=1e-8)


@each_model
@few
@given(st.integers(0, 1_000), positive(0.05, 20.0))
def test_the_unit_of_time_and_the_order_of_rows_change_no_fit(name, seed, c):
    x, t_x, T = simulated(name, seed)
    found = fit(name, x, t_x, T)
    order = np.random.default_rng(seed).permutation(len(x))
    np.testing.assert_array_equal(fit(name, x[order], t_x[order], T[order]).params, found.params)
    other = fit(name, x, t_x * c, T * c)
    scale = np.where(np.isin(found.params._fields, TIMES), c, 1.0)
    np.testing.assert_allclose(other.params, np.array(found.params) * scale, rtol=1e-5)
    np.testing.assert_allclose(
        other.standard_errors, np.array(found.standard_errors) * scale, rtol=1e-4
    )
    assert other.loglik == pytest.approx(found.loglik - x.sum() * np.log(c), abs=1e-5)


@each_model
@few
@given(st.integers(0, 1_000), st.integers(2, 1_000))
def test_a_count_weighs_like_so_many_customers(name, seed, n):
    x, t_x, T = simulated(name, seed)
    grouped = histories.group(x, t_x, T)
    counted = FITS[name](grouped.x, grouped.t_x, grouped.T, 3 * grouped.n)
    copies = fit(name, *(np.tile(column, 3) for column in (x, t_x, T)))
    np.testing.assert_array_equal(counted.params, copies.params)
    assert counted.loglik == copies.loglik
    assert counted.n_customers == copies.n_customers == 3 * len(x)
    once = fit(name, x, t_x, T)
    many = FITS[name](grouped.x, grouped.t_x, grouped.T, n * grouped.n)
    np.testing.assert_allclose(many.params, once.params, rtol=1e-5)
    assert many.loglik == pytest.approx(n * once.loglik, rel=1e-9)
    np.testing.assert_allclose(
        np.sqrt(n) * np.array(many.standard_errors), once.standard_errors, rtol=1e-4
    )


@each_model
def test_a_fit_finds_what_made_its_customers(name):
    """In log-parameters, where the fit searches and its errors are most nearly Normal."""
    seeds = (1, 2, 3, 4)
    found = [
        from_truth(fit(name, *simulated(name, seed, 6_000, whole_days=False)), TRUE[name])
        for seed in seeds
    ]
    distances, squares = zip(*found, strict=True)
    assert (np.abs(distances) < 3.0).all(), distances
    # Together chi-square; between its 0.1 % and its 99.9 % quantile.
    low, high = {2: (0.86, 26.12), 4: (3.94, 39.25)}[len(distances[0])]
    assert low < sum(squares) < high


@each_model
def test_simulated_customers_buy_as_often_as_expected(name):
    p, T = TRUE[name], np.full(40_000, 365.0)
    x, t_x = futures.simulate(p, T, np.random.default_rng(2))
    expected = float(outlook.expected_purchases_new(p, np.array([365.0]))[0])
    assert x.mean() == pytest.approx(expected, abs=4 * x.std() / np.sqrt(len(x)))
    none = float(outlook.p_count_new(p, 0, 365.0)[0])
    assert (x == 0).mean() == pytest.approx(none, abs=4 * np.sqrt(none * (1 - none) / len(x)))
    assert (t_x <= T).all()
    assert ((t_x > 0) == (x > 0)).all()


@each_model
def test_customers_with_rates_of_their_own_are_simulated_so(name):
    n = 20_000
    p, T = differing(TRUE[name], n, 0), np.full(n, 365.0)
    x, t_x = futures.simulate(p, T, np.random.default_rng(3))
    off = x - outlook.expected_purchases_new(p, T)
    faster = p.alpha < np.median(p.alpha)
    for half in (faster, ~faster):
        assert abs(off[half].mean()) < 4 * off[half].std() / np.sqrt(n / 2)
    assert (t_x <= T).all()
