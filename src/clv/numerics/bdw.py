"""Beta-discrete-Weibull: as the sBG, but a customer's own chance to leave changes with tenure.

A customer survives t renewals with probability (1 - u)^(t^c), u ~ Beta(alpha, beta). With c = 1
it is the sBG; above, a customer grows likelier to leave with each renewal, below, less likely.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma

from clv.core.types import Floats
from clv.numerics import contracts, opportunities, series
from clv.numerics.contracts import Cohort as Cohort
from clv.numerics.contracts import check as check
from clv.numerics.contracts import group as group
from clv.numerics.contracts import of_survivors as of_survivors
from clv.numerics.opportunities import whole
from clv.numerics.optimise import Fit, Names, Objective
from clv.numerics.series import log_gamma_ratio
from clv.numerics.special import LARGEST_EXPONENT, total

NAMES = Names(
    "beta-discrete-Weibull",
    ("alpha", "beta", "c"),
    (
        contracts.NOBODY_LEAVES,
        contracts.ALL_OR_NOTHING,
        "customers who survive the first renewal never leave",
    ),
    (contracts.ALIKE, contracts.ALIKE, "all customers leave at the same renewal"),
    contracts.ADVICE,
)
STARTS: list[tuple[float, ...]] = [(1.0, 3.0, 1.0), (1.0, 20.0, 1.0), (0.5, 2.0, 1.5)]
#: Steps of tenure this small beside it: their difference is taken by the slope between.
SMALL_STEP = 1e-5
SMALLEST_LOSS = 1e-200
#: Rows whose terms are held at once.
CHUNK = 500


class BDWParams(NamedTuple):
    """u ~ Beta(alpha, beta); tenure counts as t^c renewals."""

    alpha: float
    beta: float
    c: float


def loglik(p: BDWParams, t: Floats, lost: Floats) -> Floats:
    """Log-likelihood of each history.

    Parameters
    ----------
    p : parameters
    t : (n,) renewals survived
    lost : (n,) 1 where the customer left at renewal t + 1, 0 where they are still there

    Returns
    -------
    (n,) logarithms; exactly 0 where t = 0 and lost = 0

    References
    ----------
    Fader, Hardie, Liu, Davin & Steenburgh (2018), Journal of Interactive Marketing 43
    """
    t, lost = np.asarray(t, dtype=np.float64), np.asarray(lost, dtype=np.float64)
    check(t, lost)
    leaves = np.log(np.maximum(-np.expm1(_log_retention(p, t)), SMALLEST_LOSS))
    return np.asarray(log_survival(p, t) + np.where(lost > 0, leaves, 0.0))


def fit(t: Floats, lost: Floats, n: Floats, prior_sd: float | None = None) -> Fit[BDWParams]:
    """Maximum likelihood, or with a prior maximum a posteriori, from distinct histories.

    Parameters
    ----------
    t, lost, n : (d,) as `group` or `of_survivors` give them; cohorts of different age may be mixed
    prior_sd : of a Normal prior on each log-parameter, around (1, 3, 1); None for none

    Returns
    -------
    Fit

    Raises
    ------
    HistoryError : a history that cannot be
    FitError : a parameter runs away; says which and what it means
    """
    return contracts.fit(_objective, STARTS, NAMES, BDWParams, (t, lost, n), prior_sd)


def log_survival(p: BDWParams, t: ArrayLike) -> Floats:
    """Logarithm of the share of a new cohort that survives t renewals, (n,); 0 at t = 0."""
    z = p.beta + _tenure(p.c, np.asarray(t, dtype=np.float64))
    fallen = log_gamma_ratio(p.beta, p.alpha) - log_gamma_ratio(z, p.alpha)
    return np.asarray(np.minimum(fallen, 0.0))


def p_alive(p: BDWParams, ahead: ArrayLike, t: ArrayLike = 0.0) -> Floats:
    """Probability to survive `ahead` more renewals, of a customer who survived t.

    Parameters
    ----------
    p : parameters
    ahead, t : (n,) or scalar; t = 0 for a new customer, whose survival curve it is

    Returns
    -------
    (n,) probabilities, exactly 1 where ahead = 0
    """
    t = np.asarray(t, dtype=np.float64)
    later = log_survival(p, t + np.asarray(ahead, dtype=np.float64))
    return np.asarray(np.exp(np.minimum(later - log_survival(p, t), 0.0)))


def retention(p: BDWParams, t: ArrayLike) -> Floats:
    """Probability that a customer who survived t renewals survives the next.

    Parameters
    ----------
    p : parameters
    t : (n,) renewals survived

    Returns
    -------
    (n,) rising in t where c <= 1; may fall first where c > 1
    """
    return np.asarray(np.exp(_log_retention(p, np.asarray(t, dtype=np.float64))))


def expected_renewals(p: BDWParams, h: float | None, t: ArrayLike) -> Floats:
    """Renewals expected among the next h, of a customer who survived t.

    Parameters
    ----------
    p : parameters
    h : renewals ahead, the same for all; None for all there will ever be
    t : (n,) or scalar, renewals survived

    Returns
    -------
    (n,) infinite where h is None and alpha c <= 1
    """
    return discounted_renewals(p, 0.0, t, h)


def expected_renewals_new(p: BDWParams, h: ArrayLike | None) -> Floats:
    """Renewals expected of a new customer among the first h, (m,); as `expected_renewals`."""
    if h is None:
        return expected_renewals(p, None, 0.0)
    return np.array([expected_renewals(p, float(v), 0.0)[0] for v in np.atleast_1d(whole(h))])


def discounted_renewals(p: BDWParams, rate: float, t: ArrayLike, h: float | None = None) -> Floats:
    """Discounted expected residual lifetime: present value of the renewals, each worth 1.

    Parameters
    ----------
    p : parameters
    rate : discount per period, not negative
    t : (n,) or scalar, renewals survived; the next is due now and not discounted
    h : renewals ahead, the same for all; None for all there will ever be

    Returns
    -------
    (n,) infinite where h is None, rate = 0 and alpha c <= 1

    References
    ----------
    Fader & Hardie (2010), Marketing Science 29, for the sBG; here a sum, as no closed form is known
    """
    last = np.inf if h is None else float(whole(h))
    t, force = np.atleast_1d(whole(t)), np.log1p(rate)
    once, inverse = np.unique(t, return_inverse=True)
    log_sums = np.empty(len(once))
    for start in range(0, len(once), CHUNK):
        rows = slice(start, start + CHUNK)
        now, survived = log_survival(p, once[rows])[:, None], once[rows, None]

        def terms(m: Floats, now: Floats = now, survived: Floats = survived) -> Floats:
            return np.asarray(log_survival(p, survived + m) - now - force * (m - 1.0))

        power = np.full(len(now), p.alpha * p.c if rate == 0 else np.inf)
        log_sums[rows] = series.log_sum(terms, last, power)
    return np.exp(log_sums)[inverse]


def p_count(p: BDWParams, k: ArrayLike, h: ArrayLike, t: ArrayLike) -> Floats:
    """Probability of exactly k of the next h renewals, of a customer who survived t.

    Parameters
    ----------
    p : parameters
    k, h, t : (n,) or scalar, whole numbers

    Returns
    -------
    (n,) 0 where k > h
    """
    return contracts.p_count(lambda u: log_survival(p, u), k, h, t)


def lifetime_quantile(p: BDWParams, q: float, t: ArrayLike) -> Floats:
    """Quantile of the renewal, counted from now, at which a customer who survived t leaves.

    Parameters
    ----------
    p : parameters
    q : in (0, 1)
    t : (n,) renewals survived

    Returns
    -------
    (n,) whole numbers from 1; 2^60 stands for later still
    """
    return contracts.lifetime_quantile(lambda u: log_survival(p, u), q, t)


def simulate(p: BDWParams, T: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Histories of a new customer base.

    Parameters
    ----------
    p : parameters
    T : (n,) renewals each customer is observed for
    rng : source of randomness

    Returns
    -------
    t, lost : (n,) as in `loglik`
    """
    T = np.asarray(T, dtype=np.float64)
    return contracts.seen(_survived(p, np.zeros(T.shape), rng), T)


def simulate_future(p: BDWParams, h: ArrayLike, t: Floats, rng: np.random.Generator) -> Floats:
    """Renewals of each customer among the next h, drawn given that they survived t.

    Parameters
    ----------
    p : parameters
    h : (n,) or scalar, renewals ahead
    t : (n,) renewals survived
    rng : source of randomness

    Returns
    -------
    (n,) renewals
    """
    t = np.asarray(t, dtype=np.float64)
    return np.minimum(_survived(p, t, rng) - t, h)


def _tenure(c: float, t: Floats) -> Floats:
    """t^c, kept finite."""
    log_t = np.log(np.where(t > 0, t, 1.0))
    return np.where(t > 0, np.exp(np.minimum(c * log_t, LARGEST_EXPONENT)), 0.0)


def _log_retention(p: BDWParams, t: Floats) -> Floats:
    """Logarithm of S(t + 1) / S(t), without cancelling where tenure hardly moves."""
    now, then = p.beta + _tenure(p.c, t), p.beta + _tenure(p.c, t + 1.0)
    some = np.maximum(t, 1.0)
    grows = p.c * np.log1p(1.0 / some)
    log_step = p.c * np.log(some) + grows + np.log(-np.expm1(-grows))
    step = np.where(t > 0, np.exp(np.minimum(log_step, LARGEST_EXPONENT)), 1.0)
    middle = now + step / 2.0
    by_slope = step * (digamma(middle) - digamma(p.alpha + middle))
    by_difference = log_gamma_ratio(now, p.alpha) - log_gamma_ratio(then, p.alpha)
    return np.asarray(np.minimum(np.where(step < SMALL_STEP * now, by_slope, by_difference), 0.0))


def _survived(p: BDWParams, t: Floats, rng: np.random.Generator) -> Floats:
    """Renewals survived in all by customers who survived t."""
    tenure = _tenure(p.c, t)
    chance = rng.beta(p.alpha, p.beta + tenure, size=t.shape)
    chance = np.clip(chance, opportunities.SMALLEST_CHANCE, opportunities.LARGEST_CHANCE)
    more = np.log(rng.uniform(size=t.shape)) / np.log1p(-chance)
    log_total = np.log(np.maximum(tenure + more, opportunities.SMALLEST_CHANCE)) / p.c
    return np.maximum(np.floor(np.exp(np.minimum(log_total, LARGEST_EXPONENT))), t)


def _objective(t: Floats, lost: Floats, n: Floats) -> Objective:
    """Total log-likelihood and its gradient as a function of log(alpha, beta, c)."""
    log_t, log_next = np.log(np.maximum(t, 1.0)), np.log(t + 1.0)

    def climb(log_p: Floats) -> tuple[float, Floats]:
        p = BDWParams(*(float(v) for v in np.exp(log_p)))
        value = total(n, loglik(p, t, lost))
        now, then = _slopes(p, t, log_t), _slopes(p, t + 1.0, log_next)
        unlikely = np.minimum(-_log_retention(p, t), LARGEST_EXPONENT)
        odds = lost / np.maximum(np.expm1(unlikely), SMALLEST_LOSS)
        slopes = now + odds * (now - then)
        return value, np.array([total(n, slope) for slope in slopes]) * np.array(p)

    return climb


def _slopes(p: BDWParams, t: Floats, log_t: Floats) -> Floats:
    """(3, n) derivatives of `log_survival` in alpha, beta and c."""
    tenure = _tenure(p.c, t)
    with_both = digamma(p.alpha + p.beta) - digamma(p.alpha + p.beta + tenure)
    with_beta = digamma(p.beta + tenure) - digamma(p.beta)
    in_tenure = digamma(p.beta + tenure) - digamma(p.alpha + p.beta + tenure)
    return np.array([with_both, with_beta + with_both, in_tenure * tenure * log_t])
