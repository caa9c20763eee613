"""Likelihood of dropout with a beta-distributed chance after a purchase, in a rhythm or at random.

While active a customer's every k-th tick is a purchase; ticks come as a Poisson process, rate
~ Gamma(r, alpha). After each chance to drop out they do so with probability p ~ Beta(a, b). A
customer seen active has survived s chances: s = x in the BG models, s = x + 1 in the MBG models,
where the first purchase is one too. k = 1 is the BG/NBD or MBG/NBD.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from clv.core.types import Floats, Ints, Parameter
from clv.numerics.atpurchase import DropsAtPurchase
from clv.numerics.erlang import log_silence, silence
from clv.numerics.gammas import log_rising, rising_slope, rising_table
from clv.numerics.optimise import Objective
from clv.numerics.purchases import HARDLY_ANY_REPEAT, SAME_RATE
from clv.numerics.special import softplus, total

#: What it means that r, alpha, a or b runs to 0, and to infinity.
RUNAWAY_MEANINGS = (
    (
        HARDLY_ANY_REPEAT,
        HARDLY_ANY_REPEAT,
        "no customer shows a sign of having stopped buying",
        "customers either stop at once or never stop",
    ),
    (
        SAME_RATE,
        SAME_RATE,
        "all customers are equally likely to stop after a purchase",
        "no customer shows a sign of having stopped buying",
    ),
)


class Params(Protocol):
    """What the likelihood asks of the parameters of any of these models."""

    @property
    def r(self) -> Parameter: ...
    @property
    def alpha(self) -> Parameter: ...
    @property
    def a(self) -> Parameter: ...
    @property
    def b(self) -> Parameter: ...
    @property
    def k(self) -> int: ...


class BetaGeometricParams(NamedTuple):
    """Purchase rate ~ Gamma(r, alpha), alpha in units of time; dropout chance ~ Beta(a, b)."""

    r: Parameter
    alpha: Parameter
    a: Parameter
    b: Parameter

    @property
    def k(self) -> int:
        """Ticks a purchase."""
        return 1

    @property
    def silence_tells(self) -> bool:
        """No: who buys at random owes no purchase after a silence."""
        return False

    @property
    def chances_at_first(self) -> int:
        """Chances to drop out of a customer who has bought once: 0 or 1."""
        return 0

    def loglik(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Log-likelihood of each history, (n,)."""
        return loglik(self, x, t_x, T, self._survived(x))

    def with_slopes(self, x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats]:
        """`loglik`, (n,), and its derivatives in the logarithms of the parameters, (4, n)."""
        survived = self._survived(x)
        return loglik(self, x, t_x, T, survived), slopes(self, x, t_x, T, survived)

    def log_odds_dropped(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Log-odds of having dropped out by T, (n,); -inf where there was no chance to."""
        return log_odds_dropped(self, x, t_x, T, self._survived(x))

    def active(self, x: Floats, t_x: Floats, T: Floats) -> DropsAtPurchase:
        """The customers, should they be active at T."""
        R, A, z = waiting(self, x, t_x, T)
        return DropsAtPurchase(1, R, A, z, self.a, np.asarray(self.b + self._survived(x)))

    def _survived(self, x: Floats) -> Floats:
        return np.asarray(x, dtype=np.float64) + float(self.chances_at_first)


def waiting(p: Params, x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats, Floats]:
    """What is known of an active customer's ticks.

    Parameters
    ----------
    p : parameters; p.alpha in the unit of t_x and T
    x, t_x, T : (n,) repeat purchases, time of the last, time observed

    Returns
    -------
    R, A, z : (n,) shape r + k x and rate alpha + T of the tick rate, and the share of the rate
        that the silence since t_x takes
    """
    x, t_x, T = (np.asarray(column, dtype=np.float64) for column in (x, t_x, T))
    A = p.alpha + T
    return np.asarray(p.r + p.k * x), np.asarray(A), np.asarray((T - t_x) / A)


def log_odds_dropped(p: Params, x: Floats, t_x: Floats, T: Floats, s: Floats) -> Floats:
    """Log of P(dropped out at the last chance) / P(active at T), given the history.

    Parameters
    ----------
    p, x, t_x, T : as in `waiting`
    s : (n,) chances to drop out survived if active

    Returns
    -------
    (n,) log-odds, -inf where s = 0
    """
    R, A, z = waiting(p, x, t_x, T)
    with np.errstate(divide="ignore"):
        last_chance = np.log(p.a / (p.b + np.maximum(s, 1.0) - 1.0)) + np.where(s > 0, 0.0, -np.inf)
    odds = last_chance + R * np.log(A / (p.alpha + t_x))
    return np.asarray(odds if p.k == 1 else odds - np.log(silence(p.k, R, z)))


def loglik(p: Params, x: Floats, t_x: Floats, T: Floats, s: Floats) -> Floats:
    """Log-likelihood of each history, but for what the gaps of a rhythm add.

    Parameters
    ----------
    p, x, t_x, T, s : as in `log_odds_dropped`

    Returns
    -------
    (n,)
    """
    x, t_x, T, s = (np.asarray(column, dtype=np.float64) for column in (x, t_x, T, s))
    R, A, z = waiting(p, x, t_x, T)
    dropped, _ = softplus(log_odds_dropped(p, x, t_x, T, s))
    value = (
        log_rising(p.r, p.k * x)
        - p.r * np.log1p(T / p.alpha)
        - p.k * x * np.log(A)
        + log_rising(p.b, s)
        - log_rising(p.a + p.b, s)
        + dropped
    )
    return np.asarray(value if p.k == 1 else value + np.log(silence(p.k, R, z)))


def slopes(p: Params, x: Floats, t_x: Floats, T: Floats, s: Floats) -> Floats:
    """Derivatives of `loglik` in log(r, alpha, a, b), for k = 1.

    Parameters
    ----------
    p, x, t_x, T, s : as in `log_odds_dropped`; fields of p may be (n,)

    Returns
    -------
    (4, n)
    """
    r, alpha, a, b = p.r, p.alpha, p.a, p.b
    _, w = softplus(log_odds_dropped(p, x, t_x, T, s))
    power = r + x
    gap = np.log((alpha + T) / (alpha + t_x))
    inverse_gap = 1.0 / (alpha + T) - 1.0 / (alpha + t_x)
    by_both = rising_slope(a + b, s)
    by_r = rising_slope(r, x) - np.log1p(T / alpha) + w * gap
    by_alpha = r / alpha - power / (alpha + T) + w * power * inverse_gap
    by_a = w / a - by_both
    by_b = rising_slope(b, s) - by_both - w / (b + np.maximum(s, 1.0) - 1.0)
    return np.array([by_r * r, by_alpha * alpha, by_a * a, by_b * b])


def starts(rate: float) -> list[tuple[float, ...]]:
    """Where to search from, with time in units of the mean time observed.

    Parameters
    ----------
    rate : ticks per customer

    Returns
    -------
    list of (r, alpha, a, b)
    """
    return [(r, r / (1.5 * rate), a, b) for r, a, b in ((0.5, 0.8, 2.0), (2.0, 0.3, 3.0))]


def objective(k: int, x: Floats, t_x: Floats, T: Floats, s: Floats, n: Floats) -> Objective:
    """Total `loglik` and its gradient as a function of log(r, alpha, a, b).

    Parameters
    ----------
    k : ticks a purchase
    x, t_x, T, s : (d,) distinct histories
    n : (d,) customers of each
    """
    counts, survived, offset = x.astype(np.int64), s.astype(np.int64), int(s[0] - x[0])
    largest = int(counts.max())
    n_by_x = np.bincount(counts, weights=n, minlength=largest + 1)
    times, at_last, at_end = _times(t_x, T)
    # Of the times observed only sums over all customers matter.
    n_by_end = np.bincount(at_end, weights=n, minlength=len(times))
    ticks = k * x
    ticks_by_end = np.bincount(at_end, weights=n * ticks, minlength=len(times))
    silent = T - t_x
    chances = np.maximum(np.arange(largest + 1 + offset) - 1.0, 0.0)

    def climb(log_p: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = (float(v) for v in np.exp(log_p))
        log_times, inverse_times = np.log1p(times / alpha), 1.0 / (alpha + times)
        last_chance = np.log(a / (b + chances))
        last_chance[0] = -np.inf
        gap = log_times[at_end] - log_times[at_last]
        power = r + ticks
        odds = last_chance[survived]
        odds += power * gap
        if k > 1:
            waited, by_power, by_share = log_silence(k, power, silent * inverse_times[at_end])
            odds -= waited
        dropped, w = softplus(odds)
        w *= n
        rising_r, slope_r = (table[::k] for table in rising_table(r, k * largest))
        rising_b, slope_b = (table[offset:] for table in rising_table(b, largest + offset))
        rising_ab, slope_ab = (table[offset:] for table in rising_table(a + b, largest + offset))
        by_count = rising_r + rising_b - rising_ab - k * np.arange(largest + 1) * log_p[1]
        power_by_end = r * n_by_end + ticks_by_end
        w_by_chance = np.bincount(survived, weights=w, minlength=len(chances))
        value = total(n_by_x, by_count) - total(power_by_end, log_times) + total(n, dropped)
        d_r = total(n_by_x, slope_r) - total(n_by_end, log_times) + total(w, gap)
        d_alpha = float(n_by_end.sum()) * r / alpha - total(power_by_end, inverse_times)
        d_alpha += total(w * power, inverse_times[at_end] - inverse_times[at_last])
        if k > 1:
            alive = n - w
            value += total(n, waited)
            d_r += total(alive, by_power)
            d_alpha -= total(alive * by_share, inverse_times[at_end])
        d_a = float(w.sum()) / a - total(n_by_x, slope_ab)
        d_b = total(n_by_x, slope_b - slope_ab) - float((w_by_chance / (b + chances)).sum())
        return value, np.array([d_r * r, d_alpha * alpha, d_a * a, d_b * b])

    return climb


def _times(t_x: Floats, T: Floats) -> tuple[Floats, Ints, Ints]:
    """Different times, few in whole days, and the place of each t_x and T among them."""
    latest = float(T.max())
    if (
        latest <= 2 * len(T)
        and np.array_equal(T, np.floor(T))
        and np.array_equal(t_x, np.floor(t_x))
    ):
        return np.arange(latest + 1.0), t_x.astype(np.int64), T.astype(np.int64)
    times, places = np.unique(np.concatenate([t_x, T]), return_inverse=True)
    return times, places[: len(T)], places[len(T) :]
