"""BG/BB: may buy at each of a number of opportunities, may drop out for good before each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from clv.core.errors import FitError
from clv.core.types import Bools, Floats
from clv.numerics import histories, opportunities, optimise
from clv.numerics.histories import distinct, systematic_sample
from clv.numerics.opportunities import presence
from clv.numerics.optimise import Fit, Names, Objective
from clv.numerics.purchases import ADVICE
from clv.numerics.silences import Silences
from clv.numerics.special import total

HARDLY_ANY = "hardly anyone buys again, and a handful buy at nearly every opportunity"
EQUAL = "all customers are equally likely to buy at an opportunity"
NEVER_STOPS = "no customer shows a sign of having stopped buying"
NAMES = Names(
    "BG/BB",
    ("alpha", "beta", "gamma", "delta"),
    (
        HARDLY_ANY,
        "customers buy at nearly every opportunity or hardly ever",
        NEVER_STOPS,
        "customers either stop at once or never stop",
    ),
    (EQUAL, EQUAL, "all customers are equally likely to stop before an opportunity", NEVER_STOPS),
    ADVICE,
)


class BGBBParams(NamedTuple):
    """Chance to buy ~ Beta(alpha, beta); chance to drop out ~ Beta(gamma, delta)."""

    alpha: float
    beta: float
    gamma: float
    delta: float


def check(x: Floats, t_x: Floats, T: Floats) -> None:
    """Stop at histories that cannot be.

    Parameters
    ----------
    x, t_x, T : as in `loglik`

    Raises
    ------
    HistoryError : names the rule, the number of rows and the first of them
    """
    histories.check(x, t_x, T)
    rules: list[tuple[Bools, str]] = [
        ((t_x != np.floor(t_x)) | (np.floor(T) != T), "t_x or T is not a whole opportunity"),
        (x > t_x, "more purchases than opportunities until the last; at most one counts in each"),
    ]
    histories.refuse("histories", rules)


def loglik(p: BGBBParams, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Log-likelihood of each history.

    Parameters
    ----------
    p : parameters
    x : (n,) opportunities taken of the first T
    t_x : (n,) number of the last one taken; 0 where x = 0
    T : (n,) opportunities observed, whole numbers

    Returns
    -------
    (n,) logarithms; exactly 0 where T = 0

    References
    ----------
    Fader, Hardie & Shang (2010), Marketing Science 29
    """
    silences, inverse = _once(x, t_x, T)
    return np.asarray(silences.loglik(p)[inverse])


def fit(
    x: Floats, t_x: Floats, T: Floats, n: Floats, prior_sd: float | None = None
) -> Fit[BGBBParams]:
    """Maximum likelihood, or with a prior maximum a posteriori, from distinct histories.

    Parameters
    ----------
    x, t_x, T : (d,) distinct histories, as `histories.group` gives them
    n : (d,) customers of each
    prior_sd : of a Normal prior on each log-parameter, around the first start; None for none

    Returns
    -------
    Fit

    Raises
    ------
    HistoryError : a history that cannot be
    FitError : nobody bought again, or a parameter runs away; says which and what it means
    """
    x, t_x, T, n = (np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in (x, t_x, T, n))
    check(x, t_x, T)
    customers, taken, offered = float(n.sum()), total(n, x), total(n, T)
    if customers == 0:
        raise FitError("BG/BB: there are no customers to fit.")
    if taken == 0:
        raise FitError(
            f"BG/BB: alpha runs to 0: none of {customers:g} customers bought again, so there is"
            " no chance of a purchase to learn. Use a longer log."
        )
    if taken == offered:
        raise FitError(
            f"BG/BB: beta runs to 0: all of {customers:g} customers bought at every opportunity,"
            " so nothing tells how often they would not. Use shorter opportunities."
        )
    rows, weights = systematic_sample(n)
    likelihood = objective(x, t_x, T, n)
    whole, sample = likelihood, objective(x[rows], t_x[rows], T[rows], weights)
    rate = min(1.5 * taken / offered, 0.9)
    starts = ((1.0, 1.0, 0.5, 3.0), (2.0 * rate, 2.0 - 2.0 * rate, 1.0, 10.0))
    begins = [np.log(start) for start in starts]
    summit = optimise.maximise(whole, sample, begins, customers, NAMES, prior_sd)
    params, errors, covariance = optimise.natural_scale(summit, np.ones(4))
    found = params, errors, covariance, summit.value, round(customers), summit.steps
    return Fit.of(BGBBParams, *found)


def p_alive(p: BGBBParams, x: Floats, t_x: Floats, T: Floats, ahead: ArrayLike = 0.0) -> Floats:
    """Probability that each customer is still active `ahead` opportunities after T.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    ahead : (n,) or scalar; 0 asks for opportunity T, 1 for the one to come, as the paper does

    Returns
    -------
    (n,) probabilities; exactly 1 where t_x = T and ahead = 0

    References
    ----------
    Fader, Hardie & Shang (2010)
    """
    silences, inverse = _once(x, t_x, T)
    alive = silences.p_alive(p)[inverse]
    return np.asarray(alive * opportunities.survival(p.gamma, p.delta, ahead, T))


def expected_purchases(p: BGBBParams, t: ArrayLike, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Purchases expected at the next t opportunities, given the history.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    t : (n,) or scalar, opportunities ahead, whole numbers

    Returns
    -------
    (n,) finite for every gamma, also at gamma = 1

    References
    ----------
    Fader, Hardie & Shang (2010), here as a sum without its pole at gamma = 1
    """
    active = p_alive(p, x, t_x, T) * _chance(p, x, T)
    return np.asarray(active * presence(p.gamma, p.delta, t, T))


def expected_purchases_new(p: BGBBParams, t: Floats) -> Floats:
    """Purchases a new customer is expected to make at the first t opportunities.

    Parameters
    ----------
    p : parameters
    t : (m,) opportunities since the first purchase, whole numbers

    Returns
    -------
    (m,)

    References
    ----------
    Fader, Hardie & Shang (2010)
    """
    none = np.zeros_like(np.asarray(t, dtype=np.float64))
    return np.asarray(_chance(p, none, none) * presence(p.gamma, p.delta, t, none))


def discounted_purchases(
    p: BGBBParams, rate: float, x: Floats, t_x: Floats, T: Floats, t: ArrayLike | None = None
) -> Floats:
    """Present value of the purchases to come, each worth 1: DERT.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    rate : discount per opportunity, not negative; the next opportunity is discounted once
    t : (n,) or scalar, opportunities ahead; None for all there will ever be

    Returns
    -------
    (n,) infinite where t is None, rate = 0 and gamma <= 1

    References
    ----------
    Fader, Hardie & Shang (2010), equation 14
    """
    active = p_alive(p, x, t_x, T) * _chance(p, x, T)
    if t is None:
        return np.asarray(active * opportunities.presence_forever(p.gamma, p.delta, rate, T))
    return np.asarray(active * presence(p.gamma, p.delta, t, T, rate))


def p_purchase(p: BGBBParams, t: ArrayLike, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Probability of at least one purchase at the next t opportunities, given the history.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    t : (n,) or scalar, opportunities ahead, whole numbers

    Returns
    -------
    (n,) probabilities
    """
    likely = opportunities.p_purchase_active(*_posterior(p, x, T), t)
    return np.asarray(p_alive(p, x, t_x, T) * likely)


def p_count(p: BGBBParams, k: ArrayLike, t: ArrayLike, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Probability of exactly k purchases at the next t opportunities, given the history.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    k : (n,) or scalar, purchases
    t : (n,) or scalar, opportunities ahead

    Returns
    -------
    (n,) probabilities; 0 where k > t

    References
    ----------
    Fader, Hardie & Shang (2010)
    """
    alive = p_alive(p, x, t_x, T)
    if_active = opportunities.p_count_active(*_posterior(p, x, T), k, t)
    return np.asarray(alive * if_active + np.where(np.asarray(k) == 0, 1.0 - alive, 0.0))


def p_count_new(p: BGBBParams, k: ArrayLike, t: ArrayLike) -> Floats:
    """Probability that a new customer buys at exactly k of the first t opportunities.

    Parameters
    ----------
    p : parameters
    k, t : (m,) or scalar

    Returns
    -------
    (m,)

    References
    ----------
    Fader, Hardie & Shang (2010)
    """
    k, t = np.broadcast_arrays(*np.atleast_1d(k, t))
    none = np.zeros(k.shape)
    return opportunities.p_count_active(*_posterior(p, none, none), k, t)


def next_purchase_quantile(
    p: BGBBParams,
    q: float,
    x: Floats,
    t_x: Floats,  # noqa: ARG001
    T: Floats,
) -> Floats:
    """Quantile of how many opportunities ahead the next purchase is, if there is another.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    q : in (0, 1)

    Returns
    -------
    (n,) whole numbers from 1; the same whatever t_x
    """
    first, inverse, _ = distinct(x, T)
    x, T = (np.asarray(v, dtype=np.float64)[first] for v in (x, T))
    return opportunities.wait_quantile(*_posterior(p, x, T), q)[inverse]


def simulate(p: BGBBParams, T: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Histories of a new customer base.

    Parameters
    ----------
    p : parameters
    T : (n,) opportunities each customer is observed for
    rng : source of randomness

    Returns
    -------
    x, t_x : (n,) opportunities taken and the last of them, 0 where x = 0
    """
    T = np.asarray(T, dtype=np.float64)
    none = np.zeros(T.shape)
    chance, alive = opportunities.draw(*_posterior(p, none, none), T, rng)
    # Counted back from the end of activity, opportunities are missed until the last taken.
    missed = np.floor(np.log(rng.uniform(size=T.shape)) / np.log1p(-chance))
    t_x = np.maximum(alive - missed, 0.0)
    others = rng.binomial(np.maximum(t_x - 1.0, 0.0).astype(np.int64), chance)
    return np.where(t_x > 0, 1.0 + others, 0.0), t_x


def simulate_future(
    p: BGBBParams, t: ArrayLike, x: Floats, t_x: Floats, T: Floats, rng: np.random.Generator
) -> Floats:
    """Purchases of each customer at the next t opportunities, drawn given the history.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    t : (n,) or scalar, opportunities ahead
    rng : source of randomness

    Returns
    -------
    (n,) purchases
    """
    here = rng.uniform(size=np.shape(x)) < p_alive(p, x, t_x, T)
    ahead = np.broadcast_to(np.asarray(t, dtype=np.float64), np.shape(x))
    chance, alive = opportunities.draw(*_posterior(p, x, T), ahead, rng)
    return np.where(here, rng.binomial(alive.astype(np.int64), chance), 0).astype(np.float64)


def _once(x: Floats, t_x: Floats, T: Floats) -> tuple[Silences, np.ndarray]:
    x, t_x, T = (np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in (x, t_x, T))
    check(x, t_x, T)
    first, inverse, _ = distinct(x, t_x, T)
    return Silences(x[first], t_x[first], T[first]), inverse


def _chance(p: BGBBParams, x: Floats, T: Floats) -> Floats:
    return np.asarray((p.alpha + x) / (p.alpha + p.beta + T))


def _posterior(p: BGBBParams, x: Floats, T: Floats) -> tuple[Floats, Floats, float, Floats]:
    """Beta parameters of the chances to buy and to drop out of a customer active at T."""
    x, T = np.asarray(x, dtype=np.float64), np.asarray(T, dtype=np.float64)
    return p.alpha + x, p.beta + T - x, p.gamma, p.delta + T


def objective(x: Floats, t_x: Floats, T: Floats, n: Floats) -> Objective:
    """Total log-likelihood and its gradient as a function of log(alpha, beta, gamma, delta)."""
    silences = Silences(x, t_x, T)

    def climb(log_p: Floats) -> tuple[float, Floats]:
        p = BGBBParams(*np.exp(log_p).tolist())
        value, slopes = silences.climb(p, n)
        return value, slopes * np.array(p)

    return climb
