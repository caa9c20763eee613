"""Pareto/NBD: buys as a Poisson process until an unobserved, exponentially distributed dropout.

References
----------
Schmittlein, Morrison & Colombo (1987), Management Science 33; Fader & Hardie,
brucehardie.com/notes/009, here as an integral over the time of dropout
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clv.core.types import Floats, Parameter
from clv.numerics import purchases
from clv.numerics.atanytime import DropsAtAnyTime
from clv.numerics.covariates import Acts
from clv.numerics.gammas import log_rising, rising_slope
from clv.numerics.optimise import Fit, Names, Objective
from clv.numerics.special import PowerIntegral, softplus

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
#: Covariates multiply the purchase rate, and the dropout rate.
ACTS = Acts((0, -1, 0, 0), (0, 0, 0, -1))


class ParetoNBDParams(NamedTuple):
    """Purchase rate ~ Gamma(r, alpha), dropout rate ~ Gamma(s, beta); alpha, beta in time units."""

    r: Parameter
    alpha: Parameter
    s: Parameter
    beta: Parameter

    @property
    def silence_tells(self) -> bool:
        """No: who buys at random owes no purchase after a silence."""
        return False

    def loglik(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Log-likelihood of each history, (n,); exactly 0 where T = 0."""
        x, t_x, T = (np.asarray(column, dtype=np.float64) for column in (x, t_x, T))
        more_if_dropped, _ = softplus(self.log_odds_dropped(x, t_x, T))
        return np.asarray(log_rising(self.r, x) + self._log_active(x, T) + more_if_dropped)

    def with_slopes(self, x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats]:
        """`loglik`, (n,), and its derivatives in the logarithms of the parameters, (4, n)."""
        r, alpha, s, beta = self
        log_integral, log_a, log_b, inverse_a, inverse_b = self._lifetime(
            x, t_x, T
        ).log_value_and_means()
        power = r + x
        alpha_x, beta_x, alpha_T, beta_T = alpha + t_x, beta + t_x, alpha + T, beta + T
        grown_a, grown_b = np.log(alpha_T / alpha_x), np.log(beta_T / beta_x)
        odds = np.log(s / beta_x) + log_integral + power * grown_a + s * grown_b
        more_if_dropped, w = softplus(odds)
        value = log_rising(r, x) + self._log_active(x, T) + more_if_dropped
        # Of those who dropped out, log and inverse of alpha + u and beta + u are means over u.
        by_r = rising_slope(r, x) - np.log1p(T / alpha) + w * (grown_a - log_a)
        by_alpha = r / alpha - power / alpha_T + w * power * (1.0 / alpha_T - inverse_a / alpha_x)
        by_s = w / s - np.log1p(T / beta) + w * (grown_b - log_b)
        by_beta = s / beta - s / beta_T + w * (s / beta_T - (s + 1.0) * inverse_b / beta_x)
        return value, np.array([by_r * r, by_alpha * alpha, by_s * s, by_beta * beta])

    def log_odds_dropped(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Log-odds of having dropped out by T, (n,); -inf where t_x = T."""
        # Time of dropout is integrated over (t_x, T); everything relative to being active at T.
        at_last_alpha, at_last_beta = self.alpha + t_x, self.beta + t_x
        log_odds = np.log(self.s / at_last_beta) + self._lifetime(x, t_x, T).log_value()
        log_odds += (self.r + x) * np.log((self.alpha + T) / at_last_alpha)
        return np.asarray(log_odds + self.s * np.log((self.beta + T) / at_last_beta))

    def active(self, x: Floats, t_x: Floats, T: Floats) -> DropsAtAnyTime:  # noqa: ARG002
        """The customers, should they be active at T."""
        A, B = np.asarray(self.alpha + T), np.asarray(self.beta + T)
        return DropsAtAnyTime(np.asarray(self.r + x), A, np.broadcast_to(self.s, A.shape), B)

    def _log_active(self, x: Floats, T: Floats) -> Floats:
        """Log of the chance of the purchases and of being active at T, but for the rising term."""
        r, alpha, s, beta = self
        return np.asarray(-r * np.log1p(T / alpha) - x * np.log(alpha + T) - s * np.log1p(T / beta))

    def _lifetime(self, x: Floats, t_x: Floats, T: Floats) -> PowerIntegral:
        return PowerIntegral(self.r + x, self.s + 1.0, self.alpha + t_x, self.beta + t_x, T - t_x)


def fit(
    x: Floats, t_x: Floats, T: Floats, n: Floats, prior_sd: float | None = None
) -> Fit[ParetoNBDParams]:
    """Fit distinct histories, see `purchases.fit` for arguments and errors."""
    found = purchases.fit(objective, starts, NAMES, (x, t_x, T, n), prior_sd)
    return Fit.of(ParetoNBDParams, *found)


def objective(x: Floats, t_x: Floats, T: Floats, n: Floats) -> Objective:
    """Total log-likelihood and its gradient by log(r, alpha, s, beta)."""
    return purchases.objective_of(ParetoNBDParams, x, t_x, T, n)


def starts(rate: float) -> list[tuple[float, ...]]:
    """Where to search from: (r, alpha, s, beta), given repeat purchases in the mean time."""
    return [(r, r / (1.5 * rate), s, beta) for r, s, beta in ((0.5, 0.6, 0.5), (2.0, 0.3, 1.0))]
