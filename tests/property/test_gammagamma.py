"""Laws of the Gamma-Gamma model, whatever the parameters and spends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv.numerics import gammagamma
from clv.numerics.gammagamma import GammaGammaParams
from tests.purchase_models import from_truth, positive, slope

quick = settings(max_examples=30, deadline=None)
TRUE = GammaGammaParams(6.25, 3.74, 15.44)
gammas = st.tuples(positive(0.05, 100.0), positive(1.05, 50.0), positive(0.1, 1_000.0)).map(
    lambda g: GammaGammaParams(*g)
)
orders = st.lists(
    st.tuples(st.integers(1, 500), positive(0.01, 10_000.0)), min_size=1, max_size=8
).map(lambda rows: tuple(np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)))


@quick
@given(gammas, orders, positive(0.01, 100.0))
def test_the_currency_changes_no_expected_value(g, spent, c):
    (x, m), other = spent, g._replace(gamma=g.gamma * c)
    np.testing.assert_allclose(
        gammagamma.expected_value(other, x, m * c), c * gammagamma.expected_value(g, x, m)
    )
    np.testing.assert_allclose(
        gammagamma.loglik(other, x, m * c), gammagamma.loglik(g, x, m) - np.log(c), atol=1e-8
    )


@quick
@given(gammas, orders)
def test_expected_value_lies_between_own_and_population_mean(g, spent):
    x, m = spent
    mean, value = gammagamma.population_mean(g), gammagamma.expected_value(g, x, m)
    slack = 1e-9 * np.maximum(m, mean)
    assert (value >= np.minimum(m, mean) - slack).all()
    assert (value <= np.maximum(m, mean) + slack).all()
    assert gammagamma.expected_value(g, 0 * x, 0 * m) == pytest.approx(mean)


@quick
@given(gammas, orders)
def test_the_gradient_climbed_is_the_slope(g, spent):
    x, m = spent
    n = np.arange(1.0, len(x) + 1)
    climb = gammagamma.objective(x, m, n)
    value, gradient = climb(np.log(g))
    for i, axis in enumerate(np.eye(3)):
        found = slope(lambda h, axis=axis: climb(np.log(g) + h * axis)[0], 3e-3)
        # Rounding of the values, over the step.
        rounding = 1e-11 * (1.0 + abs(value))
        np.testing.assert_allclose(gradient[i], found, rtol=1e-6, atol=1e-6 + rounding)
    np.testing.assert_allclose(value, n @ gammagamma.loglik(g, x, m), rtol=1e-9, atol=1e-8)


def test_a_fit_finds_what_made_its_customers():
    """In log-parameters, where the fit searches and its errors are most nearly Normal."""
    distances, squares = [], 0.0
    for seed in (1, 2, 3, 4):
        rng = np.random.default_rng(seed)
        x = rng.geometric(0.3, 6_000).astype(float)
        away, square = from_truth(gammagamma.fit(x, gammagamma.simulate(TRUE, x, rng)), TRUE)
        distances.append(away)
        squares += square
    assert (np.abs(distances) < 3.0).all(), distances
    # Together chi-square with 12 degrees of freedom; between its 0.1 % and 99.9 % quantiles.
    assert 2.21 < squares < 32.91
