"""How many purchases: their distribution over a time ahead, of a known customer or a new one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaln, gammaln, xlog1py

from clv.core.types import Bools, Floats, Ints
from clv.numerics import posterior
from clv.numerics.histories import distinct
from clv.numerics.posterior import Params, Posterior
from clv.numerics.special import NEGLIGIBLE, weighted_sum

#: Gauss-Legendre nodes of a panel, and the most a panel spans in log u.
NODES, WEIGHTS = (values / 2.0 for values in np.polynomial.legendre.leggauss(64))
PANEL = 8.0
DOUBLINGS, HALVINGS = 64, 6
CHUNK = 2_048


def p_count(
    p: Params, n: ArrayLike, t: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike
) -> Floats:
    """Probability of exactly n purchases in (T, T + t], given the history.

    All arguments but p broadcast: ``n[None, :]`` with ``x[:, None]`` and so on gives a table.

    Parameters
    ----------
    p : parameters of BG/NBD, MBG/NBD or Pareto/NBD
    n : purchases, whole numbers not negative
    t : time ahead in the unit of p; may be infinite
    x : repeat purchases in (0, T]
    t_x : time of the last repeat purchase; 0 where x = 0
    T : time from first purchase to end of observation

    Returns
    -------
    probabilities, in the shape of the arguments together

    References
    ----------
    Fader, Hardie & Lee (2005), Marketing Science 24, equation 8 (BG/NBD, new customers);
    Fader & Hardie, brucehardie.com/notes/012 and 028 (Pareto/NBD), here as an integral over
    the time of dropout
    """
    x, t_x, T = (
        np.asarray(v, dtype=np.float64) for v in np.broadcast_arrays(*np.atleast_1d(x, t_x, T))
    )
    alive = posterior.p_alive(p, x.ravel(), t_x.ravel(), T.ravel()).reshape(x.shape)
    n, t, x, T, alive = (
        np.asarray(v, dtype=np.float64) for v in np.broadcast_arrays(n, t, x, T, alive)
    )
    # When a customer last bought plays no part while active, so few rows differ.
    columns = [column.ravel() for column in (n, t, x, T)]
    first, inverse, _ = distinct(*columns)
    some_n, some_t, some_x, some_T = (column[first] for column in columns)
    active = posterior.given_active(p, some_x, some_T)
    count = _at_purchase if active.drops_at_purchase else _at_any_time
    while_active = count(active, some_n, some_t)[inverse].reshape(n.shape)
    return np.asarray(np.where(n == 0, 1.0 - alive, 0.0) + alive * while_active)


def p_count_new(p: Params, n: ArrayLike, t: ArrayLike) -> Floats:
    """Probability that a new customer makes exactly n repeat purchases by t.

    Parameters
    ----------
    p : parameters of BG/NBD, MBG/NBD or Pareto/NBD
    n : repeat purchases, whole numbers not negative
    t : time since the first purchase; may be infinite

    Returns
    -------
    probabilities, in the shape of n and t together
    """
    return p_count(p, n, t, 0.0, 0.0, 0.0)


def _at_purchase(active: Posterior, n: Floats, t: Floats) -> Floats:
    """Either n purchases in time and n chances of dropout survived, or the n-th was the last."""
    R, A, a, B = active.R, active.A, active.shape, active.B
    at_least = np.maximum(n, 1.0)
    with np.errstate(divide="ignore"):
        share = 1.0 / (1.0 + A / t)
    bought_in_time = np.where(t > 0, betainc(at_least, R, share), 0.0)
    log_survived = betaln(a, B + n) - betaln(a, B)
    log_dropped = betaln(a + 1.0, B + at_least - 1.0) - betaln(a, B)
    kept = np.exp(np.minimum(_log_nbd(R, A, n, t) + log_survived, 0.0))
    left = np.exp(np.minimum(log_dropped, 0.0)) * bought_in_time
    return np.asarray(kept + np.where(n > 0, left, 0.0))


def _at_any_time(active: Posterior, n: Floats, t: Floats) -> Floats:
    """Either active all the time, or dropped out at some u before t; n purchases until then."""
    R, A, s, B = active.R, active.A, active.shape, active.B
    kept = np.exp(_log_nbd(R, A, n, t) - s * np.log1p(t / B))
    left, some = np.zeros_like(kept), np.flatnonzero(t > 0)
    integral = _DropoutIntegral(R[some], A[some], s, B[some], n[some], t[some])
    left[some] = np.exp(_log_ways(R[some], n[some]) + integral.log_value())
    return np.asarray(np.minimum(kept + left, 1.0))


def _log_nbd(R: Floats, A: Floats, n: Floats, t: Floats) -> Floats:
    """Log probability of n purchases within t at a rate ~ Gamma(R, A)."""
    with np.errstate(divide="ignore"):
        odds_against = A / t
    return np.asarray(_log_ways(R, n) - R * np.log1p(t / A) - xlog1py(n, odds_against))


def _log_ways(R: Floats, n: Floats) -> Floats:
    """Log of Gamma(R + n) / (Gamma(R) n!)."""
    return np.where(n > 0, gammaln(R + n) - gammaln(R) - gammaln(n + 1.0), 0.0)


class _DropoutIntegral:
    """Integral over u in (0, t) of s / B (1 + u / B)^-(s+1) (1 + u / A)^-R (u / (A + u))^n.

    In w = log u the integrand is log-concave with one summit, known in closed form, and has no
    singularity nearer than pi from the real line: cut off where it has fallen by exp(-40),
    panels of Gauss-Legendre nodes integrate it to 11 digits or better.
    """

    def __init__(self, R: Floats, A: Floats, s: float, B: Floats, n: Floats, t: Floats) -> None:
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
            np.log(self.s)
            + from_B
            - (self.s + 1.0) * np.logaddexp(0.0, from_B)
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
