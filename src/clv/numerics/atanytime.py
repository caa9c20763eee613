"""Active customers who buy at random, and may drop out at any time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import exprel

from clv.core.types import Bools, Floats, Ints
from clv.numerics.atpurchase import MOST_TICKS, SMALLEST, log_nbd, log_ways
from clv.numerics.outlook import Draw
from clv.numerics.special import LARGEST_EXPONENT, NEGLIGIBLE, PowerIntegral, weighted_sum

#: Gauss-Legendre nodes of a panel, and the most a panel spans in log u.
NODES, WEIGHTS = (values / 2.0 for values in np.polynomial.legendre.leggauss(64))
PANEL = 8.0
DOUBLINGS, HALVINGS = 64, 6
CHUNK = 2_048


class DropsAtAnyTime(NamedTuple):
    """Purchase rate ~ Gamma(R, A), dropout rate ~ Gamma(s, B), independent.

    Attributes
    ----------
    R, A, s, B : (n,) each; A and B in units of time

    References
    ----------
    Schmittlein, Morrison & Colombo (1987), Management Science 33; counts: Fader & Hardie,
    brucehardie.com/notes/012 and 028, here as an integral over the time of dropout
    """

    R: Floats
    A: Floats
    s: Floats
    B: Floats

    def expected(self, t: ArrayLike) -> Floats:
        """Purchases expected within t, (n,); finite for every s, also s = 1."""
        return np.asarray(self.R / self.A * time_active(self.s, self.B, np.asarray(t)))

    def p_purchase(self, t: ArrayLike) -> Floats:
        """Probability of a purchase within t and before dropout, (n,)."""
        log_share = self._gap(t).log_value() + np.log(self.R / self.A)
        return np.asarray(np.minimum(np.exp(log_share), 1.0))

    def p_count(self, n: Floats, t: Floats) -> Floats:
        """Either active all the time, or dropped out at some u before t; n purchases until then."""
        R, A, s, B = self
        kept = np.exp(log_nbd(R, A, n, t) - s * np.log1p(t / B))
        left, some = np.zeros_like(kept), np.flatnonzero(t > 0)
        integral = _DropoutIntegral(R[some], A[some], s[some], B[some], n[some], t[some])
        left[some] = np.exp(log_ways(R[some], n[some]) + integral.log_value())
        return np.asarray(np.minimum(kept + left, 1.0))

    def gap_quantile(self, q: float) -> Floats:
        """Quantile of the time to the next purchase, if it comes before dropout; (n,)."""
        return self._gap(np.inf).quantile(q)

    def lifelong(self) -> Floats:
        """Purchases expected until dropout, (n,); infinite where s <= 1."""
        more = self.s - 1.0
        finite = np.where(more > 0, more, 1.0)
        return np.where(more > 0, self.R / self.A * self.B / finite, np.inf)

    def draw(self, t: ArrayLike, rng: np.random.Generator) -> Draw:
        """One future of each customer."""
        n = len(self.R)
        rate = rng.gamma(self.R) / self.A
        dropout = np.maximum(rng.gamma(self.s) / self.B, SMALLEST)
        span = np.minimum(rng.standard_exponential(n) / dropout, np.asarray(t, dtype=np.float64))
        made = rng.poisson(np.minimum(rate * span, MOST_TICKS)).astype(np.float64)
        return Draw(span, made, np.ones(n), 1, np.ones(n))

    def _gap(self, t: ArrayLike) -> PowerIntegral:
        return PowerIntegral(self.R + 1.0, self.s, self.A, self.B, t)


def time_active(s: Floats, B: Floats, t: Floats) -> Floats:
    """Mean of (1 - exp(-mu t)) / mu over mu ~ Gamma(s, B): time active within t.

    Parameters
    ----------
    s, B : (n,) or scalar, shape and rate
    t : (n,) or scalar, finite

    Returns
    -------
    (n,)
    """
    log_growth = np.log1p(t / B)
    exponent = np.minimum((1.0 - s) * log_growth, LARGEST_EXPONENT)
    return np.asarray(B * log_growth * exprel(exponent))


class _DropoutIntegral:
    """Integral over u in (0, t) of s / B (1 + u / B)^-(s+1) (1 + u / A)^-R (u / (A + u))^n.

    In w = log u the integrand is log-concave with one summit, known in closed form, and has no
    singularity nearer than pi from the real line: cut off where it has fallen by exp(-40),
    panels of Gauss-Legendre nodes integrate it to 11 digits or better.
    """

    def __init__(self, R: Floats, A: Floats, s: Floats, B: Floats, n: Floats, t: Floats) -> None:
        self.R, self.log_A, self.s, self.log_B, self.n = R, np.log(A), s, np.log(B), n
        # Summit: (n + 1)(A + u)(B + u) = (R + n) u (B + u) + (s + 1) u (A + u), in u / scale.
        scale = np.sqrt(A) * np.sqrt(B)
        linear = ((1.0 - R) * B + (n - s) * A) / scale
        root = np.sqrt(linear**2 + 4.0 * (R + s) * (n + 1.0))
        ahead = (root + np.abs(linear)) / 2.0
        summit = np.where(linear > 0, ahead / (R + s), (n + 1.0) / ahead)
        with np.errstate(divide="ignore"):
            self.top = np.minimum(np.log(summit) + np.log(scale), np.log(t))
        self.highest = self._log_integrand(self.top, slice(None))
        self.low = self.top - self._reach(-1.0)
        self.high = np.minimum(self.top + self._reach(1.0), np.log(t))

    def log_value(self) -> Floats:
        """(n,) logarithm of the integral."""
        sums = np.empty_like(self.top)
        n_panels = np.ceil((self.high - self.low) / PANEL).astype(np.int64)
        order = np.argsort(n_panels, kind="stable")
        for start in range(0, len(order), CHUNK):
            rows = order[start : start + CHUNK]
            panels = int(n_panels[rows[-1]])
            places = (np.arange(panels)[:, None] + NODES + 0.5).ravel() / panels
            span = (self.high - self.low)[rows]
            w = self.low[rows, None] + span[:, None] * places
            relative = self._log_integrand(w, (rows, None)) - self.highest[rows, None]
            sums[rows] = weighted_sum(np.exp(relative), np.tile(WEIGHTS, panels) / panels) * span
        return np.asarray(self.highest + np.log(sums))

    def _log_integrand(self, w: Floats, rows: slice | tuple[Ints, None]) -> Floats:
        from_A, from_B = w - self.log_A[rows], w - self.log_B[rows]
        return np.asarray(
            np.log(self.s[rows])
            + from_B
            - (self.s[rows] + 1.0) * np.logaddexp(0.0, from_B)
            - self.R[rows] * np.logaddexp(0.0, from_A)
            - self.n[rows] * np.logaddexp(0.0, -from_A)
        )

    def _reach(self, side: float) -> Floats:
        """How far to that side of the top the integrand has become negligible."""
        far: Floats = np.full_like(self.top, 1e-3)
        for _ in range(DOUBLINGS):
            if not (near := self._fall(side * far) < NEGLIGIBLE).any():
                break
            far = np.where(near, 2.0 * far, far)
        short: Floats = np.where(far > 1e-3, far / 2.0, 0.0)
        for _ in range(HALVINGS):
            middle = (short + far) / 2.0
            enough: Bools = self._fall(side * middle) >= NEGLIGIBLE
            short, far = np.where(enough, short, middle), np.where(enough, middle, far)
        return far

    def _fall(self, distance: Floats) -> Floats:
        return np.asarray(self.highest - self._log_integrand(self.top + distance, slice(None)))
