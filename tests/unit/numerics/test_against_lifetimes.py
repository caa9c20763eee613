"""The same figures as another implementation, where that one is finite."""

import warnings
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest

from clv.numerics import bgnbd, gammagamma, mbgnbd, paretonbd

FITTERS = {
    "BetaGeoFitter": (bgnbd, bgnbd.BGNBDParams(0.3, 6.0, 0.8, 2.4), "alpha"),
    "ModifiedBetaGeoFitter": (mbgnbd, mbgnbd.MBGNBDParams(0.6, 9.0, 0.7, 1.7), "alpha"),
    "ParetoNBDFitter": (paretonbd, paretonbd.ParetoNBDParams(0.6, 11.0, 0.7, 12.0), "alpha"),
}


@pytest.fixture(scope="module")
def lifetimes() -> Iterator[ModuleType]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lifetimes

        yield lifetimes


@pytest.fixture(scope="module")
def seen() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    T = rng.uniform(5, 80, 300)
    x = rng.poisson(rng.gamma(0.8, 3.0, 300)).astype(float)
    return x, np.where(x > 0, T * rng.uniform(0.05, 1.0, 300), 0.0), T


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FITTERS)
def test_likelihood_alive_and_expectation(lifetimes, seen, name):
    model, p, _ = FITTERS[name]
    fitter = getattr(lifetimes, name)()
    fitter.params_ = p._asdict()
    if model is paretonbd:
        theirs = fitter._conditional_log_likelihood(list(p), *seen)
        np.testing.assert_allclose(model.loglik(p, *seen), theirs, rtol=1e-8)
    else:
        total = fitter._negative_log_likelihood(np.log(p), *seen, np.ones(300), 0.0)
        assert model.loglik(p, *seen).mean() == pytest.approx(-total, rel=1e-8)
    alive = fitter.conditional_probability_alive(*seen)
    np.testing.assert_allclose(model.p_alive(p, *seen), alive, rtol=1e-8)
    ahead = fitter.conditional_expected_number_of_purchases_up_to_time(26.0, *seen)
    finite = np.isfinite(ahead)
    assert finite.mean() > 0.9
    ours = model.expected_purchases(p, 26.0, *seen)
    np.testing.assert_allclose(ours[finite], np.asarray(ahead)[finite], rtol=1e-8)
    new = fitter.expected_number_of_purchases_up_to_time(np.array([4.0, 52.0]))
    np.testing.assert_allclose(
        model.expected_purchases_new(p, np.array([4.0, 52.0])), new, rtol=1e-8
    )


@pytest.mark.filterwarnings("ignore")
def test_spend(lifetimes):
    g = gammagamma.GammaGammaParams(6.25, 3.74, 15.44)
    rng = np.random.default_rng(8)
    x = rng.geometric(0.3, 300).astype(float)
    m = gammagamma.simulate(g, x, rng)
    fitter = lifetimes.GammaGammaFitter()
    fitter.params_ = {"p": g.p, "q": g.q, "v": g.gamma}
    total = fitter._negative_log_likelihood(np.log(g), x, m, np.ones(300), 0.0)
    assert gammagamma.loglik(g, x, m).mean() == pytest.approx(-total, rel=1e-8)
    value = fitter.conditional_expected_average_profit(x, m)
    np.testing.assert_allclose(gammagamma.expected_value(g, x, m), value, rtol=1e-8)
