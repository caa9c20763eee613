"""Gamma-Gamma: what a customer spends per purchase, shrunk toward the population."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import betaln, digamma

from clv.core.errors import FitError, HistoryError
from clv.core.types import Floats
from clv.numerics import optimise
from clv.numerics.histories import systematic_sample
from clv.numerics.optimise import Fit, Names, Objective
from clv.numerics.special import total

#: Customers the rough search of a fit looks at.
SAMPLE_SIZE = 4_000
EQUAL_SPEND = "customers hardly differ in what they spend per purchase"
NAMES = Names(
    "Gamma-Gamma",
    ("p", "q", "gamma"),
    (
        "single purchases differ beyond measure",
        "customers' mean spends differ beyond measure",
        "customers' mean spends differ beyond measure",
    ),
    ("each customer spends the same on every purchase", EQUAL_SPEND, EQUAL_SPEND),
    "Shrink each customer's own mean instead.",
)


class GammaGammaParams(NamedTuple):
    """Spend per purchase ~ Gamma(p, nu), nu ~ Gamma(q, gamma); gamma in the log's currency."""

    p: float
    q: float
    gamma: float


def loglik(g: GammaGammaParams, x: Floats, m: Floats) -> Floats:
    """Log-likelihood of each customer's mean spend.

    Parameters
    ----------
    g : parameters; g.gamma in the currency of m
    x : (n,) purchases averaged, at least 1
    m : (n,) mean spend per purchase, positive

    Returns
    -------
    (n,)

    References
    ----------
    Fader & Hardie (2013), brucehardie.com/notes/025, equation 1a
    """
    x, m = np.asarray(x, dtype=np.float64), np.asarray(m, dtype=np.float64)
    shape = g.p * x
    log_odds = np.log(m) + np.log(x) - np.log(g.gamma)
    spent = shape * log_odds - (shape + g.q) * np.logaddexp(0.0, log_odds)
    return np.asarray(spent - betaln(shape, g.q) - np.log(m))


def fit(
    x: Floats, m: Floats, n: Floats | None = None, prior_sd: float | None = None
) -> Fit[GammaGammaParams]:
    """Maximum likelihood, or with a prior maximum a posteriori, from mean spends.

    Parameters
    ----------
    x : (n,) purchases averaged, at least 1
    m : (n,) mean spend per purchase, positive
    n : (n,) customers of each row; 1 unless given
    prior_sd : of a Normal prior on each log-parameter, around the first start and free of the
        currency; None for none

    Returns
    -------
    Fit : where params.q <= 1 the population has no mean, see `population_mean`

    Raises
    ------
    HistoryError : a row without a purchase or a positive mean spend
    FitError : a parameter runs away; says which and what it means
    """
    x, m = np.asarray(x, dtype=np.float64), np.asarray(m, dtype=np.float64)
    n = np.ones_like(m) if n is None else np.asarray(n, dtype=np.float64)
    if broken := int(
        (~((x >= 1) & (x == np.floor(x)) & (m > 0) & np.isfinite(x) & np.isfinite(m))).sum()
    ):
        raise HistoryError(
            f"spend: {broken} row(s) lack a whole number of purchases or a positive mean spend."
            " Leave them out of the fit."
        )
    if not len(m):
        raise FitError("Gamma-Gamma: there are no customers to fit.")
    order = np.argsort(m)
    x, m, n = x[order], m[order], n[order]
    customers = float(n.sum())
    # The geometric mean: one huge order does not move it.
    unit = float(np.exp(n @ np.log(m) / customers))
    scaled = m / unit
    rows, weights = systematic_sample(n, SAMPLE_SIZE)
    summit = optimise.maximise(
        objective(x, scaled, n),
        objective(x[rows], scaled[rows], weights),
        [np.log(start) for start in ((4.0, 3.0, 0.7), (1.0, 2.0, 2.0), (20.0, 5.0, 0.3))],
        customers,
        NAMES,
        prior_sd,
    )
    params, errors, covariance = optimise.natural_scale(summit, np.array([1.0, 1.0, unit]))
    loglik = summit.value - customers * float(np.log(unit))
    found = params, errors, covariance, loglik, round(customers), summit.steps
    return Fit.of(GammaGammaParams, *found)


def population_mean(g: GammaGammaParams) -> float:
    """Mean spend per purchase over the population.

    Parameters
    ----------
    g : parameters

    Returns
    -------
    mean in the currency of g.gamma

    Raises
    ------
    FitError : q <= 1, where the mean is infinite
    """
    if g.q <= 1.0:
        raise FitError(
            f"Gamma-Gamma: q is {g.q:.3g}; at 1 or below the population's mean spend is infinite."
            " A few very large orders dominate. Shrink each customer's own mean instead."
        )
    return g.p * g.gamma / (g.q - 1.0)


def expected_value(g: GammaGammaParams, x: Floats, m: Floats) -> Floats:
    """Mean spend per purchase expected of each customer, given theirs so far.

    Parameters
    ----------
    g : parameters, g.q > 1
    x : (n,) purchases averaged; 0 where there is none
    m : (n,) mean spend over them; anything finite where x = 0

    Returns
    -------
    (n,) between m and the population mean; the population mean where x = 0

    Raises
    ------
    FitError : q <= 1

    References
    ----------
    Fader & Hardie (2013), brucehardie.com/notes/025, equation 5
    """
    x, m = np.asarray(x, dtype=np.float64), np.asarray(m, dtype=np.float64)
    own = g.p * x / (g.p * x + g.q - 1.0)
    return np.asarray((1.0 - own) * population_mean(g) + own * m)


def simulate(g: GammaGammaParams, x: Floats, rng: np.random.Generator) -> Floats:
    """Mean spends of new customers.

    Parameters
    ----------
    g : parameters
    x : (n,) purchases each makes, at least 1
    rng : source of randomness

    Returns
    -------
    (n,) mean spend per purchase
    """
    nu = np.maximum(rng.gamma(g.q, 1.0 / g.gamma, size=np.shape(x)), 1e-300)
    return np.asarray(rng.gamma(g.p * x) / (nu * x))


def objective(x: Floats, m: Floats, n: Floats) -> Objective:
    """Total log-likelihood and its gradient as a function of log(p, q, gamma)."""
    n_by_x = np.bincount(x.astype(np.int64), weights=n)
    values = np.flatnonzero(n_by_x)
    n_by_x = n_by_x[values]
    spent = m * x
    log_spent, n_times_x = np.log(spent), n * x
    constant, with_p = -total(n, np.log(m)), total(n_times_x, log_spent)
    customers = float(n.sum())

    def climb(log_g: Floats) -> tuple[float, Floats]:
        p, q, gamma = (float(v) for v in np.exp(log_g))
        log_pool, inverse = np.log(gamma + spent), 1.0 / (gamma + spent)
        sum_pool, sum_x_pool = total(n, log_pool), total(n_times_x, log_pool)
        shape, log_gamma = p * values, float(log_g[2])
        value = constant + p * with_p + customers * q * log_gamma
        value -= total(n_by_x, betaln(shape, q)) + p * sum_x_pool + q * sum_pool
        pooled = digamma(shape + q)
        d_p = with_p - sum_x_pool + total(n_by_x, values * (pooled - digamma(shape)))
        d_q = customers * (log_gamma - float(digamma(q))) - sum_pool + total(n_by_x, pooled)
        d_gamma = customers * q / gamma - p * total(n_times_x, inverse) - q * total(n, inverse)
        return value, np.array([d_p * p, d_q * q, d_gamma * gamma])

    return climb
