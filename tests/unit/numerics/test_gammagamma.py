import mpmath
import numpy as np
import pytest

from clv.core.errors import FitError, HistoryError
from clv.numerics import gammagamma
from clv.numerics.gammagamma import GammaGammaParams

CDNOW = GammaGammaParams(6.25, 3.74, 15.44)


def test_loglik_integrates_to_one():
    density = lambda m: mpmath.exp(float(gammagamma.loglik(CDNOW, [3.0], [float(m)])[0]))  # noqa: E731
    assert float(mpmath.quad(density, [0, 10, 30, 100, 1e4])) == pytest.approx(1.0, abs=1e-6)


# Fader & Hardie (2013), brucehardie.com/notes/025: population mean p gamma / (q - 1)
def test_expected_value_is_the_papers_weighted_mean():
    mean = 6.25 * 15.44 / 2.74
    assert gammagamma.population_mean(CDNOW) == pytest.approx(mean)
    value = gammagamma.expected_value(CDNOW, np.array([0.0, 2.0]), np.array([0.0, 22.35]))
    own = 12.5 / (12.5 + 2.74)
    np.testing.assert_allclose(value, [mean, own * 22.35 + (1 - own) * mean])


def test_a_population_without_a_mean_is_told():
    with pytest.raises(FitError, match=r"q is 0.9; at 1 or below"):
        gammagamma.population_mean(CDNOW._replace(q=0.9))


def test_a_fit_of_simulated_spend_finds_what_made_it():
    rng = np.random.default_rng(3)
    x = rng.geometric(0.3, 6_000).astype(float)
    found = gammagamma.fit(x, gammagamma.simulate(CDNOW, x, rng))
    assert (np.abs(np.array(found.params) - CDNOW) < 4 * np.array(found.standard_errors)).all()


def test_counts_weigh_like_copies_and_order_does_not_matter():
    rng = np.random.default_rng(4)
    x = rng.geometric(0.3, 400).astype(float)
    m = gammagamma.simulate(CDNOW, x, rng)
    counted = gammagamma.fit(x, m, np.full(400, 2.0))
    copies = gammagamma.fit(np.tile(x, 2)[::-1], np.tile(m, 2)[::-1])
    np.testing.assert_allclose(counted.params, copies.params, rtol=1e-6)
    assert counted.loglik == pytest.approx(copies.loglik, abs=1e-6)
    assert counted.n_customers == copies.n_customers == 800


def test_the_currency_changes_only_gamma():
    rng = np.random.default_rng(4)
    x = rng.geometric(0.3, 400).astype(float)
    m = gammagamma.simulate(CDNOW, x, rng)
    one, other = gammagamma.fit(x, m), gammagamma.fit(x, 1e6 * m)
    np.testing.assert_allclose(other.params, np.array(one.params) * [1, 1, 1e6], rtol=1e-5)


@pytest.mark.parametrize(
    ("x", "m"), [([0, 1], [5, 5]), ([1, 1], [5, 0]), ([1, 1], [5, -2]), ([1.5, 1], [5, 5])]
)
def test_rows_that_cannot_be_are_counted(x, m):
    with pytest.raises(HistoryError, match=r"1 row\(s\)"):
        gammagamma.fit(x, m)


def test_customers_who_always_spend_the_same():
    with pytest.raises(FitError, match=r"p.* run away to infinity.*same on every purchase"):
        gammagamma.fit(np.full(50, 3.0), np.full(50, 20.0))


def test_nobody_to_fit():
    with pytest.raises(FitError, match="no customers"):
        gammagamma.fit([], [])


def test_a_prior_holds_what_runs_away():
    x, m = np.arange(1.0, 41.0), np.full(40, 25.0)
    with pytest.raises(FitError, match=r"run away|runs away|do not determine"):
        gammagamma.fit(x, m)
    held = gammagamma.fit(x, m, prior_sd=0.5)
    assert np.isfinite(held.params).all()
    assert gammagamma.population_mean(held.params) == pytest.approx(25.0, rel=0.05)
    other = gammagamma.fit(x, 100.0 * m, prior_sd=0.5)
    np.testing.assert_allclose(other.params, np.array(held.params) * [1, 1, 100], rtol=1e-4)
