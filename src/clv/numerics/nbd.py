"""NBD: buys as a Poisson process and never stops."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from clv.core.types import Floats, Parameter
from clv.numerics import purchases
from clv.numerics.atpurchase import MOST_TICKS, log_nbd
from clv.numerics.gammas import log_rising, rising_slope
from clv.numerics.optimise import Fit, Names, Objective
from clv.numerics.outlook import Draw
from clv.numerics.special import LARGEST_EXPONENT

NAMES = Names(
    "NBD",
    ("r", "alpha"),
    (purchases.HARDLY_ANY_REPEAT, purchases.HARDLY_ANY_REPEAT),
    (purchases.SAME_RATE, purchases.SAME_RATE),
    purchases.ADVICE,
)


class NBDParams(NamedTuple):
    """Purchase rate ~ Gamma(r, alpha), alpha in units of time."""

    r: Parameter
    alpha: Parameter

    @property
    def silence_tells(self) -> bool:
        """No: who buys at random owes no purchase after a silence."""
        return False

    def loglik(self, x: Floats, t_x: Floats, T: Floats) -> Floats:  # noqa: ARG002
        """Log-likelihood of each history: the density of its x purchase times.

        Parameters
        ----------
        x : (n,) repeat purchases in (0, T]
        t_x : (n,) time of the last; tells nothing of a customer who never stops
        T : (n,) time from first purchase to end of observation

        Returns
        -------
        (n,) exactly 0 where T = 0 and x = 0. Comparable with the other purchase models; the
        probability of the count is T^x / x! times it

        References
        ----------
        Ehrenberg (1959), Applied Statistics 8
        """
        x, T = np.asarray(x, dtype=np.float64), np.asarray(T, dtype=np.float64)
        rises = log_rising(self.r, x) - x * np.log(self.alpha + T)
        return np.asarray(rises - self.r * np.log1p(T / self.alpha))

    def with_slopes(self, x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats]:
        """`loglik`, (n,), and its derivatives in the logarithms of the parameters, (2, n)."""
        by_r = rising_slope(self.r, x) - np.log1p(T / self.alpha)
        by_alpha = self.r / self.alpha - (self.r + x) / (self.alpha + T)
        return self.loglik(x, t_x, T), np.array([by_r * self.r, by_alpha * self.alpha])

    def log_odds_dropped(self, x: Floats, t_x: Floats, T: Floats) -> Floats:  # noqa: ARG002
        """-inf: nobody drops out, (n,)."""
        return np.full(np.broadcast_shapes(np.shape(x), np.shape(T)), -np.inf)

    def active(self, x: Floats, t_x: Floats, T: Floats) -> NeverDrops:  # noqa: ARG002
        """The customers, all of them active."""
        return NeverDrops(np.asarray(self.r + x), np.asarray(self.alpha + T))


class NeverDrops(NamedTuple):
    """Purchase rate ~ Gamma(R, A) for good; (n,) each.

    References
    ----------
    Ehrenberg (1959); Morrison & Schmittlein (1988), J. of Business & Economic Statistics 6
    """

    R: Floats
    A: Floats

    def expected(self, t: ArrayLike) -> Floats:
        """Purchases expected within t, (n,): the mean rate times t."""
        return np.asarray(self.R / self.A * np.asarray(t, dtype=np.float64))

    def p_purchase(self, t: ArrayLike) -> Floats:
        """Probability of a purchase within t, (n,)."""
        t = np.asarray(t, dtype=np.float64)
        return np.asarray(-np.expm1(-self.R * np.log1p(t / self.A)))

    def p_count(self, n: Floats, t: Floats) -> Floats:
        """Negative binomial probability of n purchases within t, (n,)."""
        return np.exp(np.minimum(log_nbd(self.R, self.A, n, t), 0.0))

    def gap_quantile(self, q: float) -> Floats:
        """Quantile of the time to the next purchase, (n,), Lomax-distributed."""
        exponent = np.minimum(-np.log1p(-q) / self.R, LARGEST_EXPONENT)
        return np.asarray(self.A * np.expm1(exponent))

    def lifelong(self) -> Floats:
        """Infinite, (n,)."""
        return np.full_like(self.R, np.inf)

    def draw(self, t: ArrayLike, rng: np.random.Generator) -> Draw:
        """One future of each customer."""
        rate = rng.gamma(self.R) / self.A
        span = np.broadcast_to(np.asarray(t, dtype=np.float64), self.R.shape)
        made = rng.poisson(np.minimum(rate * span, MOST_TICKS)).astype(np.float64)
        return Draw(span, made, np.ones_like(made), 1, np.ones_like(made))


def fit(
    x: Floats, t_x: Floats, T: Floats, n: Floats, prior_sd: float | None = None
) -> Fit[NBDParams]:
    """Fit distinct histories, see `purchases.fit` for arguments and errors."""
    return Fit.of(NBDParams, *purchases.fit(objective, starts, NAMES, (x, t_x, T, n), prior_sd))


def objective(x: Floats, t_x: Floats, T: Floats, n: Floats) -> Objective:
    """Total log-likelihood and its gradient by log(r, alpha)."""
    return purchases.objective_of(NBDParams, x, t_x, T, n)


def starts(rate: float) -> list[tuple[float, ...]]:
    """Where to search from: (r, alpha), given repeat purchases per customer in the mean time."""
    return [(r, r / rate) for r in (0.5, 2.0)]
