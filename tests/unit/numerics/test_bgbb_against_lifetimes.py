"""The BG/BB by another implementation, and by 40 digits: 1,000 random parameters and histories."""

import warnings
from collections.abc import Iterator
from typing import NamedTuple

import mpmath
import numpy as np
import pytest
from scipy.special import betaln, gammaln

from clv.core.types import Bools, Floats
from clv.numerics import bgbb

DRAWS, AHEAD = 1_000, 7
#: lifetimes adds this to the sum over the times of dropout, before it is divided by two betas.
ITS_FLOOR = 1e-15
LARGEST_DOUBLE = np.log(np.finfo(float).max)


class Answers(NamedTuple):
    """(DRAWS,) each."""

    loglik: Floats
    p_alive: Floats
    expected: Floats


class Drawn(NamedTuple):
    """(DRAWS, 4) parameters, and (DRAWS,) histories."""

    params: Floats
    x: Floats
    t_x: Floats
    T: Floats


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    rng = np.random.default_rng(0)
    params = np.exp(rng.uniform(np.log(0.1), np.log(20.0), (DRAWS, 4)))
    params[::10, 2] = 1.0
    params[5::10, 2:] *= 20.0
    T = np.round(np.exp(rng.uniform(0.0, np.log(60.0), DRAWS)))
    x = np.where(rng.uniform(size=DRAWS) < 0.2, 0.0, rng.integers(0, T + 1))
    return Drawn(params, x, np.where(x > 0, rng.integers(x, T + 1), 0.0), T)


@pytest.fixture(scope="module")
def ours(drawn: Drawn) -> Answers:
    answers = np.empty((3, DRAWS))
    for i, (values, *row) in enumerate(zip(*drawn, strict=True)):
        p, (x, t_x, T) = bgbb.BGBBParams(*values.tolist()), np.array(row)[:, None]
        answers[0, i] = bgbb.loglik(p, x, t_x, T)[0]
        answers[1, i] = bgbb.p_alive(p, x, t_x, T)[0]
        answers[2, i] = bgbb.expected_purchases(p, AHEAD, x, t_x, T)[0]
    return Answers(*answers)


@pytest.fixture(scope="module")
def theirs(drawn: Drawn) -> Iterator[Answers]:
    answers = np.empty((3, DRAWS))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        from lifetimes import BetaGeoBetaBinomFitter

        fitter = BetaGeoBetaBinomFitter()
        for i, (values, *row) in enumerate(zip(*drawn, strict=True)):
            fitter.params_ = dict(zip(("alpha", "beta", "gamma", "delta"), values, strict=True))
            x, t_x, T = np.array(row, dtype=np.int64)[:, None]
            answers[0, i] = fitter._loglikelihood(values, x, t_x, T)[0]
            answers[1, i] = fitter.conditional_probability_alive(0, x, t_x, T)[0]
            ahead = fitter.conditional_expected_number_of_purchases_up_to_time(AHEAD, x, t_x, T)
            answers[2, i] = ahead[0]
        yield Answers(*answers)


def agrees(found: Floats, wanted: Floats) -> Bools:
    return np.isclose(found, wanted, rtol=1e-8, atol=1e-8)


@pytest.fixture(scope="module")
def exact(drawn: Drawn, ours: Answers, theirs: Answers) -> Answers:
    """The paper's sums, by 40 digits where the two differ; empty elsewhere."""
    answers = np.full((3, DRAWS), np.nan)
    differ = ~np.all([agrees(*pair) for pair in zip(ours, theirs, strict=True)], axis=0)
    with mpmath.workdps(40):
        for i in np.flatnonzero(differ):
            a, b, g, d = (mpmath.mpf(v) for v in drawn.params[i])
            x, t_x, T = (int(column[i]) for column in drawn[1:])
            scale = mpmath.beta(a, b) * mpmath.beta(g, d)
            active = mpmath.beta(a + x, b + T - x) * mpmath.beta(g, d + T) / scale
            dropped = mpmath.beta(a + x, b + t_x - x) * mpmath.beta(g + 1, d + t_x) / scale
            likelihood = active
            for k in range(t_x, T):
                likelihood += dropped
                dropped *= (b + k - x) / (a + b + k) * (d + k) / (g + d + 1 + k)
            there, ahead = mpmath.mpf(1), mpmath.mpf(0)
            for k in range(T, T + AHEAD):
                there *= (d + k) / (g + d + k)
                ahead += there
            alive = active / likelihood
            answers[:, i] = mpmath.log(likelihood), alive, alive * (a + x) / (a + b + T) * ahead
    return Answers(*answers)


@pytest.mark.parametrize("answer", Answers._fields)
def test_most_agree_and_where_they_differ_we_are_right(ours, theirs, exact, answer):
    one, other, truth = (getattr(answers, answer) for answers in (ours, theirs, exact))
    same = agrees(one, other)
    assert same.sum() > 0.5 * DRAWS
    np.testing.assert_allclose(one[~same], truth[~same], rtol=1e-10)


def test_where_lifetimes_is_finite_and_wrong(drawn, theirs, exact):
    a, b, g, d = drawn.params.T
    floored = np.log(ITS_FLOOR) - betaln(a, b) - betaln(g, d) > exact.loglik + np.log(1e-9)
    for answer in Answers._fields:
        found, truth = getattr(theirs, answer), getattr(exact, answer)
        wrong = np.isfinite(found) & np.isfinite(truth) & ~agrees(found, truth)
        # Its floor makes unlikely histories likelier than they are; nothing else is amiss.
        assert wrong.sum() > 0.05 * DRAWS
        assert floored[wrong].all()
    wrong = np.isfinite(exact.loglik) & ~agrees(theirs.loglik, exact.loglik)
    assert (theirs.loglik[wrong] > exact.loglik[wrong]).all()


def test_where_lifetimes_is_not_finite_and_we_are(drawn, ours, theirs):
    _, _, gamma, delta = drawn.params.T
    # Its expectation divides 0 by gamma - 1, and takes a ratio of gamma functions that overflows.
    pole = gamma == 1.0
    overflows = gammaln(gamma + delta) - gammaln(1.0 + delta) > LARGEST_DOUBLE
    for answer in Answers._fields:
        assert np.isfinite(getattr(ours, answer)).all()
    lost = ~np.isfinite(theirs.expected)
    np.testing.assert_array_equal(lost, pole | overflows)
    assert (pole.sum(), overflows.sum()) == (100, 19)
    assert np.isfinite(theirs.loglik).all()
    assert np.isfinite(theirs.p_alive).all()
