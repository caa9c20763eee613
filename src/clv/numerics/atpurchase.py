"""Active customers who buy in a rhythm or at random, and may drop out right after a purchase."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaln, gammaln, xlog1py

from clv.core.types import Floats, Parameter
from clv.numerics import betamean, erlang
from clv.numerics.outlook import Draw
from clv.numerics.special import LARGEST_EXPONENT

#: Keeps chances of dropout off 0 and 1, where a lifetime would be infinite or nothing.
SMALLEST, LARGEST = 1e-300, 1.0 - 1e-16
#: The most ticks a Poisson draw is asked for.
MOST_TICKS = 1e15


class DropsAtPurchase(NamedTuple):
    """Every k-th tick is a purchase; after each one customers drop out with chance p.

    Attributes
    ----------
    k : ticks a purchase; 1 buys at random
    R, A : (n,) tick rate ~ Gamma(R, A), before the ticks since the last purchase are known
    z : (n,) share of A that the silence since the last purchase takes, see `erlang.silence`
    a, B : number or (n,), p ~ Beta(a, B)

    References
    ----------
    Fader, Hardie & Lee (2005), Marketing Science 24, for k = 1; here without the poles of its
    equation 10
    """

    k: int
    R: Floats
    A: Floats
    z: Floats
    a: Parameter
    B: Floats

    def expected(self, t: ArrayLike) -> Floats:
        """Purchases expected within t, (n,)."""
        if self.k == 1:
            return betamean.expected_while_active(t, self.R, self.A, self.a, self.B)
        return erlang.expected_while_active(self.k, t, self.R, self.A, self.z, self.a, self.B)

    def p_purchase(self, t: ArrayLike) -> Floats:
        """Probability of a purchase within t, (n,); dropout comes only after it."""
        return erlang.p_purchase_active(self.k, t, self.R, self.A, self.z)

    def p_count(self, n: Floats, t: Floats) -> Floats:
        """Either n purchases in time and n chances of dropout survived, or the n-th was the last.

        References
        ----------
        Fader, Hardie & Lee (2005), equation 8, for new customers and k = 1
        """
        a, B = self.a, self.B
        at_least = np.maximum(n, 1.0)
        exactly, in_time = self._p_possible(n, t)
        survived = np.exp(np.minimum(betaln(a, B + n) - betaln(a, B), 0.0))
        dropped = np.exp(np.minimum(betaln(a + 1.0, B + at_least - 1.0) - betaln(a, B), 0.0))
        return np.asarray(exactly * survived + np.where(n > 0, dropped * in_time, 0.0))

    def gap_quantile(self, q: float) -> Floats:
        """Quantile of the time to the next purchase, (n,); Lomax-distributed where k = 1."""
        if self.k > 1:
            return erlang.next_purchase_quantile(self.k, q, self.R, self.A, self.z)
        exponent = np.minimum(-np.log1p(-q) / self.R, LARGEST_EXPONENT)
        return np.asarray(self.A * np.expm1(exponent))

    def lifelong(self) -> Floats:
        """Purchases expected until dropout, (n,); infinite where a <= 1."""
        more = np.asarray(self.a - 1.0)
        finite = np.where(more > 0, more, 1.0)
        return np.asarray(np.where(more > 0, (more + self.B) / finite, np.inf))

    def draw(self, t: ArrayLike, rng: np.random.Generator) -> Draw:
        """One future of each customer."""
        n = len(self.R)
        phase = self._draw_phase(rng)
        rate = rng.gamma(self.R + phase) / self.A
        span = np.broadcast_to(np.asarray(t, dtype=np.float64), (n,))
        chance = np.clip(rng.beta(self.a, self.B, size=n), SMALLEST, LARGEST)
        fatal = np.floor(rng.standard_exponential(n) / -np.log1p(-chance)) + 1.0
        ticks = rng.poisson(np.minimum(rate * span, MOST_TICKS)).astype(np.float64)
        made = np.minimum((phase + ticks) // self.k, fatal)
        rest = ticks - np.maximum(self.k * made - phase, 0.0) + 1.0
        return Draw(span, made, self.k - phase, self.k, rest)

    def _draw_phase(self, rng: np.random.Generator) -> Floats:
        """Ticks since the last purchase, (n,), of 0 to k - 1."""
        if self.k == 1:
            return np.zeros(len(self.R))
        reached = np.cumsum(erlang.phase_weights(self.k, self.R, self.z), axis=0)
        level = rng.uniform(size=len(self.R)) * reached[-1]
        return np.asarray((reached[:-1] <= level).sum(axis=0), dtype=np.float64)

    def _p_possible(self, n: Floats, t: Floats) -> tuple[Floats, Floats]:
        """Chances of exactly n purchases within t, and of n or more, were there no dropout."""
        with np.errstate(divide="ignore"):
            odds_against = self.A / t
        share = 1.0 / (1.0 + odds_against)
        weights = erlang.phase_weights(self.k, self.R, self.z)
        weights = weights / weights.sum(axis=0)
        exactly, in_time = np.zeros_like(share), np.zeros_like(share)
        for phase in range(self.k):
            R, weight = self.R + phase, weights[phase]
            fewest = np.maximum(self.k * n - phase, 0.0)
            enough = betainc(np.maximum(fewest, 1.0), R, share)
            in_time += weight * np.where(fewest > 0, np.where(t > 0, enough, 0.0), 1.0)
            ticks = np.where(n > 0, self.k, self.k - phase)
            log_first = log_nbd(R, self.A, fewest, t)
            chance = np.exp(np.minimum(log_first, 0.0))
            for i in range(self.k):
                exactly += weight * np.where(i < ticks, chance, 0.0)
                chance = chance * ((R + fewest + i) / (fewest + i + 1.0) * share)
        return np.minimum(exactly, 1.0), np.minimum(in_time, 1.0)


def log_nbd(R: Floats, A: Floats, n: Floats, t: Floats) -> Floats:
    """Log probability of n ticks within t at a rate ~ Gamma(R, A).

    Parameters
    ----------
    R, A, n, t : (n,) each; t may be 0 or infinite

    Returns
    -------
    (n,)
    """
    with np.errstate(divide="ignore"):
        odds_against = A / t
    return np.asarray(log_ways(R, n) - R * np.log1p(t / A) - xlog1py(n, odds_against))


def log_ways(R: Floats, n: Floats) -> Floats:
    """Log of Gamma(R + n) / (Gamma(R) n!), (n,)."""
    return np.where(n > 0, gammaln(R + n) - gammaln(R) - gammaln(n + 1.0), 0.0)
