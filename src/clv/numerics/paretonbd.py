"""Pareto/NBD: buys as a Poisson process until an unobserved, exponentially distributed dropout."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit, exprel

from clv.core.types import Floats
from clv.numerics import purchases
from clv.numerics.histories import distinct
from clv.numerics.optimise import Fit, Names, Objective
from clv.numerics.special import (
    LARGEST_EXPONENT,
    PowerIntegral,
    log_rising,
    rising_table,
    softplus,
    total,
)

NAMES = Names(
    "Pareto/NBD",
    ("r", "alpha", "s", "beta"),
    (
        purchases.HARDLY_ANY_REPEAT,
        purchases.HARDLY_ANY_REPEAT,
        "no customer shows a sign of having stopped buying",
        "customers either stop at once or never stop",
    ),
    (
        purchases.SAME_RATE,
        purchases.SAME_RATE,
        "all customers are equally likely to stop at any time",
        "no customer shows a sign of having stopped buying",
    ),
    purchases.ADVICE,
)


class ParetoNBDParams(NamedTuple):
    """Purchase rate ~ Gamma(r, alpha), dropout rate ~ Gamma(s, beta); alpha, beta in time units."""

    r: float
    alpha: float
    s: float
    beta: float


def loglik(p: ParetoNBDParams, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Log-likelihood of each history.

    Parameters
    ----------
    p : parameters; p.alpha and p.beta are in the time unit of t_x and T
    x : (n,) repeat purchases in (0, T]
    t_x : (n,) time of the last repeat purchase; 0 where x = 0
    T : (n,) time from first purchase to end of observation

    Returns
    -------
    (n,) logarithms; exactly 0 where T = 0

    References
    ----------
    Schmittlein, Morrison & Colombo (1987); Fader & Hardie, brucehardie.com/notes/009,
    here as an integral over the time of dropout
    """
    x, t_x, T = (np.asarray(column, dtype=np.float64) for column in (x, t_x, T))
    more_if_dropped, _ = softplus(_log_odds_dropped(p, x, t_x, T))
    return np.asarray(log_rising(p.r, x) + _log_active(p, x, T) + more_if_dropped)


def fit(
    x: Floats, t_x: Floats, T: Floats, n: Floats, prior_sd: float | None = None
) -> Fit[ParetoNBDParams]:
    """Maximum likelihood, or with a prior maximum a posteriori, from distinct histories.

    Parameters
    ----------
    x, t_x, T : (d,) distinct histories, as `histories.group` gives them
    n : (d,) customers of each
    prior_sd : of a Normal prior on each log-parameter, as in `purchases.fit`; None for none

    Returns
    -------
    Fit : parameters in the time unit of t_x and T

    Raises
    ------
    HistoryError : a history that cannot be
    FitError : a parameter runs away; says which and what it means
    """
    found = purchases.fit(_objective, _starts, NAMES, (x, t_x, T, n), prior_sd)
    return Fit.of(ParetoNBDParams, *found)


def p_alive(p: ParetoNBDParams, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Probability that each customer is still active at T.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`

    Returns
    -------
    (n,) probabilities, exactly 1 where t_x = T

    References
    ----------
    Schmittlein, Morrison & Colombo (1987), equations 11 to 13
    """
    x, t_x, T = (np.asarray(column, dtype=np.float64) for column in (x, t_x, T))
    return np.asarray(expit(-_log_odds_dropped(p, x, t_x, T)))


def expected_purchases(p: ParetoNBDParams, t: Floats, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Purchases expected in (T, T + t], given the history.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    t : (n,) or scalar, time ahead

    Returns
    -------
    (n,) finite for every s, also s = 1

    References
    ----------
    Schmittlein, Morrison & Colombo (1987), equation 22
    """
    rate = (p.r + np.asarray(x)) / (p.alpha + np.asarray(T))
    ahead = time_active(p.s, p.beta + np.asarray(T), t)
    return np.asarray(p_alive(p, x, t_x, T) * rate * ahead)


def expected_purchases_new(p: ParetoNBDParams, t: Floats) -> Floats:
    """Repeat purchases a new customer is expected to make by t.

    Parameters
    ----------
    p : parameters
    t : (m,) time since the first purchase

    Returns
    -------
    (m,)

    References
    ----------
    Schmittlein, Morrison & Colombo (1987), equation 17
    """
    return p.r / p.alpha * time_active(p.s, np.asarray(p.beta), np.asarray(t, dtype=np.float64))


def p_purchase(p: ParetoNBDParams, t: Floats, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Probability of at least one purchase in (T, T + t], given the history.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    t : (n,) or scalar, time ahead

    Returns
    -------
    (n,) probabilities; the customer may drop out before the next purchase
    """
    columns: tuple[Any, ...] = np.broadcast_arrays(x, T, t)
    first, inverse, _ = distinct(*columns)
    some_x, some_T, some_t = (column[first].astype(np.float64) for column in columns)
    log_share = _gap(p, some_x, some_T, some_t).log_value()
    active = np.exp(log_share + np.log((p.r + some_x) / (p.alpha + some_T)))
    return np.asarray(p_alive(p, x, t_x, T) * np.minimum(active, 1.0)[inverse])


def next_purchase_quantile(
    p: ParetoNBDParams,
    q: float,
    x: Floats,
    t_x: Floats,  # noqa: ARG001
    T: Floats,
) -> Floats:
    """Quantile of the time from T to the next purchase, if there is another.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    q : in (0, 1)

    Returns
    -------
    (n,) times; given another purchase the customer is active at T, so t_x plays no part
    """
    columns: tuple[Any, ...] = np.broadcast_arrays(x, T)
    first, inverse, _ = distinct(*columns)
    some_x, some_T = (column[first].astype(np.float64) for column in columns)
    gap: Floats = _gap(p, some_x, some_T, np.array(np.inf)).quantile(q)
    return gap[inverse]


def simulate(p: ParetoNBDParams, T: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Histories of a new customer base.

    Parameters
    ----------
    p : parameters
    T : (n,) time each customer is observed
    rng : source of randomness

    Returns
    -------
    x, t_x : (n,) repeat purchases and the time of the last, 0 where x = 0
    """
    rate = rng.gamma(p.r, 1.0 / p.alpha, size=T.shape)
    dropout = np.maximum(rng.gamma(p.s, 1.0 / p.beta, size=T.shape), 1e-300)
    active = np.minimum(rng.standard_exponential(T.shape) / dropout, T)
    x = rng.poisson(rate * active).astype(np.float64)
    last = rng.uniform(size=T.shape) ** (1.0 / np.maximum(x, 1.0))
    return x, np.where(x > 0, active * last, 0.0)


def _log_active(p: ParetoNBDParams, x: Floats, T: Floats) -> Floats:
    """Log of the probability of the purchases and of being active at T, but for the rising term."""
    return np.asarray(
        -p.r * np.log1p(T / p.alpha) - x * np.log(p.alpha + T) - p.s * np.log1p(T / p.beta)
    )


def _log_odds_dropped(p: ParetoNBDParams, x: Floats, t_x: Floats, T: Floats) -> Floats:
    # Time of dropout is integrated over (t_x, T); everything relative to being active at T.
    at_last_alpha, at_last_beta = p.alpha + t_x, p.beta + t_x
    log_integral = _lifetime(p, x, t_x, T).log_value()
    log_odds = np.log(p.s / at_last_beta) + log_integral
    log_odds += (p.r + x) * np.log((p.alpha + T) / at_last_alpha)
    return np.asarray(log_odds + p.s * np.log((p.beta + T) / at_last_beta))


def _lifetime(p: ParetoNBDParams, x: Floats, t_x: Floats, T: Floats) -> PowerIntegral:
    return PowerIntegral(p.r + x, p.s + 1.0, p.alpha + t_x, p.beta + t_x, T - t_x)


def _gap(p: ParetoNBDParams, x: Floats, T: Floats, t: Floats) -> PowerIntegral:
    return PowerIntegral(p.r + x + 1.0, p.s, p.alpha + T, p.beta + T, t)


def time_active(s: float, B: Floats, t: Floats) -> Floats:
    """Mean of (1 - exp(-mu t)) / mu over mu ~ Gamma(s, B): time active within t."""
    log_growth = np.log1p(t / B)
    exponent = np.minimum((1.0 - s) * log_growth, LARGEST_EXPONENT)
    return np.asarray(B * log_growth * exprel(exponent))


def _starts(rate: float) -> list[tuple[float, ...]]:
    return [(r, r / (1.5 * rate), s, beta) for r, s, beta in ((0.5, 0.6, 0.5), (2.0, 0.3, 1.0))]


def _objective(x: Floats, t_x: Floats, T: Floats, n: Floats) -> Objective:
    """Total log-likelihood and its gradient as a function of log(r, alpha, s, beta)."""
    counts = x.astype(np.int64)
    largest = int(counts.max())
    n_by_x = np.bincount(counts, weights=n, minlength=largest + 1)
    customers, repeats = float(n.sum()), float(n @ x)

    def climb(log_p: Floats) -> tuple[float, Floats]:
        p = ParetoNBDParams(*(float(v) for v in np.exp(log_p)))
        power = p.r + x
        log_integral, log_a, log_b, inverse_a, inverse_b = _lifetime(
            p, x, t_x, T
        ).log_value_and_means()
        alpha_x, beta_x, alpha_T, beta_T = p.alpha + t_x, p.beta + t_x, p.alpha + T, p.beta + T
        grown_a, grown_b = np.log(alpha_T / alpha_x), np.log(beta_T / beta_x)
        log_odds = np.log(p.s / beta_x) + log_integral + power * grown_a + p.s * grown_b
        more_if_dropped, w = softplus(log_odds)
        w *= n
        rising, slope = rising_table(p.r, largest)
        log_T_a, sum_log_T_b = np.log1p(T / p.alpha), total(n, np.log1p(T / p.beta))
        value = total(n_by_x, rising) - total(n * power, log_T_a) - p.s * sum_log_T_b
        value += total(n, more_if_dropped) - repeats * float(log_p[1])
        # Of those who dropped out, log and inverse of alpha + u and beta + u are means over u.
        d_r = total(n_by_x, slope) - total(n, log_T_a) + total(w, grown_a - log_a)
        d_alpha = customers * p.r / p.alpha - total(n * power, 1.0 / alpha_T)
        d_alpha += total(w * power, 1.0 / alpha_T - inverse_a / alpha_x)
        d_s = float(w.sum()) / p.s - sum_log_T_b + total(w, grown_b - log_b)
        d_beta = customers * p.s / p.beta - p.s * total(n, 1.0 / beta_T)
        d_beta += total(w, p.s / beta_T - (p.s + 1.0) * inverse_b / beta_x)
        return value, np.array([d_r, d_alpha, d_s, d_beta]) * np.array(p)

    return climb
