"""Shifted beta-geometric: a contract ends at each renewal with a chance that differs by customer.

The chance to leave never changes for a customer. Retention rises with tenure all the same: those
likely to leave have left.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from clv.core.types import Floats
from clv.numerics import contracts, opportunities
from clv.numerics.contracts import Cohort as Cohort
from clv.numerics.contracts import check as check
from clv.numerics.contracts import group as group
from clv.numerics.contracts import of_survivors as of_survivors
from clv.numerics.optimise import Fit, Names, Objective
from clv.numerics.series import log_gamma_ratio
from clv.numerics.special import rising_slope, total

NAMES = Names(
    "sBG",
    ("alpha", "beta"),
    (contracts.NOBODY_LEAVES, contracts.ALL_OR_NOTHING),
    (contracts.ALIKE, contracts.ALIKE),
    contracts.ADVICE,
)
STARTS: list[tuple[float, ...]] = [(1.0, 3.0), (1.0, 20.0)]


class SBGParams(NamedTuple):
    """Chance to leave at each renewal ~ Beta(alpha, beta)."""

    alpha: float
    beta: float


def loglik(p: SBGParams, t: Floats, lost: Floats) -> Floats:
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
    Fader & Hardie (2007), Journal of Interactive Marketing 21
    """
    t, lost = np.asarray(t, dtype=np.float64), np.asarray(lost, dtype=np.float64)
    check(t, lost)
    leaves = np.log(p.alpha / (p.alpha + p.beta + t))
    return np.asarray(log_survival(p, t) + np.where(lost > 0, leaves, 0.0))


def fit(t: Floats, lost: Floats, n: Floats, prior_sd: float | None = None) -> Fit[SBGParams]:
    """Maximum likelihood, or with a prior maximum a posteriori, from distinct histories.

    Parameters
    ----------
    t, lost, n : (d,) as `group` or `of_survivors` give them; cohorts of different age may be mixed
    prior_sd : of a Normal prior on each log-parameter, around (1, 3); None for none

    Returns
    -------
    Fit

    Raises
    ------
    HistoryError : a history that cannot be
    FitError : a parameter runs away; says which and what it means
    """
    return contracts.fit(_objective, STARTS, NAMES, SBGParams, (t, lost, n), prior_sd)


def log_survival(p: SBGParams, t: ArrayLike) -> Floats:
    """Logarithm of the share of a new cohort that survives t renewals, (n,); 0 at t = 0."""
    t = np.asarray(t, dtype=np.float64)
    fallen = log_gamma_ratio(p.beta, p.alpha) - log_gamma_ratio(p.beta + t, p.alpha)
    return np.asarray(np.minimum(fallen, 0.0))


def p_alive(p: SBGParams, ahead: ArrayLike, t: ArrayLike = 0.0) -> Floats:
    """Probability to survive `ahead` more renewals, of a customer who survived t.

    Parameters
    ----------
    p : parameters
    ahead, t : (n,) or scalar; t = 0 for a new customer, whose survival curve it is

    Returns
    -------
    (n,) probabilities, exactly 1 where ahead = 0
    """
    return opportunities.survival(p.alpha, p.beta, ahead, t)


def retention(p: SBGParams, t: ArrayLike) -> Floats:
    """Probability that a customer who survived t renewals survives the next.

    Parameters
    ----------
    p : parameters
    t : (n,) renewals survived

    Returns
    -------
    (n,) rising in t

    References
    ----------
    Fader & Hardie (2007), Journal of Interactive Marketing 21
    """
    t = np.asarray(t, dtype=np.float64)
    return np.asarray((p.beta + t) / (p.alpha + p.beta + t))


def expected_renewals(p: SBGParams, h: ArrayLike | None, t: ArrayLike) -> Floats:
    """Renewals expected among the next h, of a customer who survived t.

    Parameters
    ----------
    p : parameters
    h : (n,) or scalar, renewals ahead; None for all there will ever be
    t : (n,) or scalar, renewals survived

    Returns
    -------
    (n,) infinite where h is None and alpha <= 1
    """
    if h is None:
        return opportunities.presence_forever(p.alpha, p.beta, 0.0, t)
    return opportunities.presence(p.alpha, p.beta, h, t)


def expected_renewals_new(p: SBGParams, h: ArrayLike | None) -> Floats:
    """Renewals expected of a new customer among the first h, (m,); as `expected_renewals`."""
    return expected_renewals(p, h, 0.0)


def discounted_renewals(
    p: SBGParams, rate: float, t: ArrayLike, h: ArrayLike | None = None
) -> Floats:
    """Discounted expected residual lifetime: present value of the renewals, each worth 1.

    Parameters
    ----------
    p : parameters
    rate : discount per period, not negative
    t : (n,) or scalar, renewals survived; the next is due now and not discounted
    h : (n,) or scalar, renewals ahead; None for all there will ever be

    Returns
    -------
    (n,) infinite where h is None, rate = 0 and alpha <= 1

    References
    ----------
    Fader & Hardie (2010), Marketing Science 29, equation 6, whose n is t + 1
    """
    if h is None:
        ahead = opportunities.presence_forever(p.alpha, p.beta, rate, t)
    else:
        ahead = opportunities.presence(p.alpha, p.beta, h, t, rate)
    return np.asarray((1.0 + rate) * ahead)


def p_count(p: SBGParams, k: ArrayLike, h: ArrayLike, t: ArrayLike) -> Floats:
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


def lifetime_quantile(p: SBGParams, q: float, t: ArrayLike) -> Floats:
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


def simulate(p: SBGParams, T: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
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


def simulate_future(p: SBGParams, h: ArrayLike, t: Floats, rng: np.random.Generator) -> Floats:
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
    return np.minimum(_survived(p, np.asarray(t, dtype=np.float64), rng), h)


def _survived(p: SBGParams, t: Floats, rng: np.random.Generator) -> Floats:
    chance = rng.beta(p.alpha, p.beta + t, size=t.shape)
    chance = np.clip(chance, opportunities.SMALLEST_CHANCE, opportunities.LARGEST_CHANCE)
    return np.floor(np.log(rng.uniform(size=t.shape)) / np.log1p(-chance))


def _objective(t: Floats, lost: Floats, n: Floats) -> Objective:
    """Total log-likelihood and its gradient as a function of log(alpha, beta)."""
    gone = n * lost
    left = float(gone.sum())

    def climb(log_p: Floats) -> tuple[float, Floats]:
        p = SBGParams(*(float(v) for v in np.exp(log_p)))
        both = p.alpha + p.beta
        value = total(n, log_survival(p, t)) + left * float(log_p[0])
        value -= total(gone, np.log(both + t))
        pooled = total(n, rising_slope(both, t)) + total(gone, 1.0 / (both + t))
        d_alpha = left / p.alpha - pooled
        d_beta = total(n, rising_slope(p.beta, t)) - pooled
        return value, np.array([d_alpha * p.alpha, d_beta * p.beta])

    return climb
