"""Customers under contract, whose chance to leave at a renewal differs: sBG and beyond.

A customer survives t renewals with probability (1 - u)^(t^c), u ~ Beta(alpha, beta). With c = 1
it is the sBG, otherwise the beta-discrete-Weibull. Whatever is asked comes down to one share: of
those who survived t renewals, B(alpha, beta + (t + m)^c) / B(alpha, beta + t^c) survive t + m.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from clv.core.errors import FitError
from clv.core.types import Floats
from clv.numerics import cohorts, optimise, series
from clv.numerics.gammas import digamma_rise, log_beta_fall
from clv.numerics.opportunities import LARGEST_CHANCE, SMALLEST_CHANCE, whole
from clv.numerics.optimise import Fit, Names, Objective
from clv.numerics.special import LARGEST_EXPONENT, total

ALIKE = "all customers are equally likely to leave at a renewal"
NOBODY_LEAVES = "hardly any customer leaves"
ALL_OR_NOTHING = "customers either leave at once or never"
ADVICE = "Use a cohort observed over more renewals, or several cohorts together."
#: A median lifetime beyond 2 to this is told as this.
FARTHEST_DOUBLING = 60
SMALLEST_LOSS = 1e-200
#: Rows whose terms are held at once.
CHUNK = 100


class Params(Protocol):
    """Parameters of either model."""

    @property
    def alpha(self) -> float: ...
    @property
    def beta(self) -> float: ...
    @property
    def c(self) -> float: ...


P = TypeVar("P", bound=Params)


def loglik(p: Params, t: Floats, lost: Floats) -> Floats:
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
    Fader & Hardie (2007), Journal of Interactive Marketing 21; Fader, Hardie, Liu, Davin &
    Steenburgh (2018), Journal of Interactive Marketing 43
    """
    t, lost = np.asarray(t, dtype=np.float64), np.asarray(lost, dtype=np.float64)
    cohorts.check(t, lost)
    leaving = np.maximum(-np.expm1(-_log_fall(p, t, 1.0)), SMALLEST_LOSS)
    return np.asarray(np.where(lost > 0, np.log(leaving), 0.0) - _log_fall(p, 0.0, t))


def fit(
    kind: Callable[..., P],
    starts: list[tuple[float, ...]],
    names: Names,
    cohort: tuple[Floats, Floats, Floats],
    prior_sd: float | None = None,
) -> Fit[Any]:
    """Maximum likelihood, or with a prior maximum a posteriori, from distinct histories.

    Parameters
    ----------
    kind, starts, names : the model
    cohort : t, lost and n, (d,) each
    prior_sd : of a Normal prior on each log-parameter, around the first start; None for none

    Raises
    ------
    HistoryError : a history that cannot be
    FitError : nobody left, everybody left at once, too few renewals, or a parameter runs away
    """
    t, lost, n = (np.atleast_1d(np.asarray(column, dtype=np.float64)) for column in cohort)
    cohorts.check(t, lost)
    customers, gone = float(n.sum()), float((n * lost).sum())
    if customers == 0:
        raise FitError(f"{names.model}: there are no customers to fit.")
    if gone == 0:
        raise FitError(
            f"{names.model}: alpha runs to 0: none of {customers:g} customers has left, so there is"
            " no loss to learn from. Observe the cohort over more renewals."
        )
    if not (n * t).any():
        raise FitError(
            f"{names.model}: beta runs to 0: none of {customers:g} customers survived a renewal, so"
            " nothing tells how long those who stay would. Observe a larger cohort."
        )
    renewals, wanted = int((t + lost)[n > 0].max()), len(names.params)
    if renewals < wanted and prior_sd is None:
        raise FitError(
            f"{names.model}: {customers:g} customer(s) observed over {renewals} renewal(s) do not"
            f" determine {wanted} parameters.",
            names.advice,
        )
    likelihood = objective(kind, t, lost, n)
    begins = [np.log(start) for start in starts]
    summit = optimise.maximise(likelihood, likelihood, begins, customers, names, prior_sd)
    params, errors, covariance = optimise.natural_scale(summit, np.ones(wanted))
    return Fit.of(kind, params, errors, covariance, summit.value, round(customers), summit.steps)


def objective(kind: Callable[..., Params], t: Floats, lost: Floats, n: Floats) -> Objective:
    """Total log-likelihood and its gradient as a function of the log-parameters.

    Parameters
    ----------
    kind : makes parameters of k numbers
    t, lost, n : (d,) as in `cohorts.Cohort`

    Returns
    -------
    function of (k,) log-parameters, giving the total and its (k,) gradient
    """
    # The renewal that follows t, and all renewals up to t.
    since, more = np.append(t, np.zeros_like(t)), np.append(np.ones_like(t), t)
    gone, last = n * lost, len(t)

    def climb(log_p: Floats) -> tuple[float, Floats]:
        values = np.exp(log_p)
        p = kind(*values.tolist())
        fall, slopes = _log_fall(p, since, more), _slopes(p, since, more)[: len(values)]
        leaving = np.maximum(-np.expm1(-fall[:last]), SMALLEST_LOSS)
        value = total(gone, np.log(leaving)) - total(n, fall[last:])
        odds = gone * (1.0 - leaving) / leaving
        gradient = [total(odds, slope[:last]) - total(n, slope[last:]) for slope in slopes]
        return value, np.array(gradient) * values

    return climb


def p_alive(p: Params, ahead: ArrayLike, t: ArrayLike = 0.0) -> Floats:
    """Probability to survive `ahead` more renewals, of a customer who survived t.

    Parameters
    ----------
    p : parameters
    ahead, t : (n,) or scalar; t = 0 for a new customer, whose survival curve it is

    Returns
    -------
    (n,) probabilities, exactly 1 where ahead = 0
    """
    return np.asarray(np.exp(-_log_fall(p, t, ahead)))


def retention(p: Params, t: ArrayLike) -> Floats:
    """Probability that a customer who survived t renewals survives the next.

    Parameters
    ----------
    p : parameters
    t : (n,) renewals survived

    Returns
    -------
    (n,) rising in t where c <= 1; may fall first where c > 1
    """
    return p_alive(p, 1.0, t)


def expected_renewals(p: Params, h: float | None, t: ArrayLike) -> Floats:
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


def expected_renewals_new(p: Params, h: ArrayLike) -> Floats:
    """Renewals expected of a new customer among the first h.

    Parameters
    ----------
    p : parameters
    h : (m,) or scalar, whole numbers

    Returns
    -------
    (m,)
    """
    return np.array([expected_renewals(p, float(v), 0.0)[0] for v in np.atleast_1d(whole(h))])


def discounted_renewals(p: Params, rate: float, t: ArrayLike, h: float | None = None) -> Floats:
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
    Fader & Hardie (2010), Marketing Science 29, equation 6, whose n is t + 1; here as a sum,
    which also has c
    """
    last = np.inf if h is None else float(whole(h))
    t, force = np.atleast_1d(whole(t)), np.log1p(rate)
    once, inverse = np.unique(t, return_inverse=True)
    log_sums = np.empty(len(once))
    for start in range(0, len(once), CHUNK):
        rows = slice(start, start + CHUNK)
        survived = once[rows, None]

        def terms(m: Floats, survived: Floats = survived) -> Floats:
            return np.asarray(-_log_fall(p, survived, m) - force * (m - 1.0))

        power = np.full(len(survived), p.alpha * p.c if rate == 0 else np.inf)
        log_sums[rows] = series.log_sum(terms, last, power)
    return np.exp(log_sums)[inverse]


def p_count(p: Params, k: ArrayLike, h: ArrayLike, t: ArrayLike) -> Floats:
    """Probability of exactly k of the next h renewals, of a customer who survived t.

    Parameters
    ----------
    p : parameters
    k, h, t : (n,) or scalar, whole numbers

    Returns
    -------
    (n,) 0 where k > h
    """
    k, h, t = np.broadcast_arrays(*np.atleast_1d(whole(k), whole(h), whole(t)))
    stays = np.exp(-_log_fall(p, t, k))
    leaves = -np.expm1(-_log_fall(p, t + k, 1.0))
    return np.asarray(np.where(k < h, stays * leaves, np.where(k == h, stays, 0.0)))


def lifetime_quantile(p: Params, q: float, t: ArrayLike) -> Floats:
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
    t, target = np.atleast_1d(whole(t)), -np.log1p(-q)
    high = np.ones_like(t)
    for _ in range(FARTHEST_DOUBLING):
        high = np.where(_log_fall(p, t, high) < target, 2.0 * high, high)
    low = np.floor(high / 2.0)
    for _ in range(FARTHEST_DOUBLING):
        middle = np.floor((low + high) / 2.0)
        stays = _log_fall(p, t, middle) < target
        low, high = np.where(stays, middle, low), np.where(stays, high, middle)
        high = np.maximum(high, low + 1.0)
    return high


def simulate(p: Params, T: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
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
    survived = _survived(p, np.zeros(T.shape), rng)
    return np.minimum(survived, T), np.where(survived < T, 1.0, 0.0)


def simulate_future(p: Params, h: ArrayLike, t: Floats, rng: np.random.Generator) -> Floats:
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


def _log_fall(p: Params, t: ArrayLike, m: ArrayLike) -> Floats:
    """How far the logarithm of the survival curve falls between renewals t and t + m."""
    tenure, step, beyond = _tenure(p.c, t, m)
    return np.asarray(log_beta_fall(p.beta + tenure, p.alpha, step) + p.alpha * beyond)


def _slopes(p: Params, t: Floats, m: Floats) -> Floats:
    """(3, n) derivatives of `_log_fall` in alpha, beta and c."""
    tenure, step, beyond = _tenure(p.c, t, m)
    now = p.beta + tenure
    at_end = digamma_rise(now + step, p.alpha)
    in_start = at_end - digamma_rise(now, p.alpha)
    log_t, log_end = np.log(np.maximum(t, 1.0)), np.log(np.maximum(t + m, 1.0))
    grows = np.where(t > 0, np.log1p(m / np.maximum(t, 1.0)), 0.0)
    longer = step * log_end + tenure * grows
    return np.array(
        [
            digamma_rise(now + p.alpha, step) + beyond,
            in_start,
            in_start * tenure * log_t + at_end * longer,
        ]
    )


def _tenure(c: float, t: ArrayLike, m: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """What t renewals count as, t^c, and how much more t + m do.

    Returns
    -------
    (n,) t^c and (n,) (t + m)^c - t^c, either no larger than a double holds
    (n,) how much more log (t + m)^c / t^c is than these tell, all that then matters
    """
    t, m = np.asarray(t, dtype=np.float64), np.asarray(m, dtype=np.float64)
    some = t > 0
    log_now = c * np.log(np.maximum(t, 1.0))
    grown = c * np.where(some, np.log1p(m / np.maximum(t, 1.0)), np.log(np.maximum(m, 1.0)))
    told_now = np.minimum(log_now, LARGEST_EXPONENT)
    told = np.minimum(log_now + grown, LARGEST_EXPONENT) - told_now
    beyond = np.maximum(log_now + grown - LARGEST_EXPONENT, 0.0) - (log_now - told_now)
    tenure = np.where(some, np.exp(told_now), 0.0)
    grows = np.where(beyond > 0, told, grown)
    step = np.where(some, tenure * np.expm1(grows), np.where(m > 0, np.exp(grows), 0.0))
    return tenure, step, np.asarray(np.maximum(beyond, 0.0))


def _survived(p: Params, t: Floats, rng: np.random.Generator) -> Floats:
    """Renewals survived in all by customers who survived t."""
    tenure = _tenure(p.c, t, 0.0)[0]
    chance = rng.beta(p.alpha, p.beta + tenure, size=t.shape)
    chance = np.clip(chance, SMALLEST_CHANCE, LARGEST_CHANCE)
    more = np.log(rng.uniform(size=t.shape)) / np.log1p(-chance)
    log_total = np.log(np.maximum(tenure + more, SMALLEST_CHANCE)) / p.c
    return np.maximum(np.floor(np.exp(np.minimum(log_total, LARGEST_EXPONENT))), t)
