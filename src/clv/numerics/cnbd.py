"""What BG/CNBD-k and MBG/CNBD-k share: a steady rhythm, and dropout right after a purchase.

While active a customer's gaps between purchases are Erlang-k: ticks come as a Poisson process,
rate ~ Gamma(r, alpha), and every k-th tick is a purchase. After each chance to drop out they do
so with probability p ~ Beta(a, b). A customer seen active has survived s chances: s = x in the
BG/CNBD-k, s = x + 1 in the MBG/CNBD-k, where the first purchase is one too. k = 1 is the BG/NBD.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from clv.core.errors import FitError
from clv.core.types import Floats
from clv.numerics import betageometric, purchases
from clv.numerics.erlang import silence
from clv.numerics.optimise import Fit, Names, Objective
from clv.numerics.special import log_rising, rising_table, softplus, total

#: Beyond it gaps are all but equal, and the models of subscriptions fit better.
LARGEST_K = 12


class CNBDParams(NamedTuple):
    """Tick rate ~ Gamma(r, alpha), alpha in units of time; dropout chance ~ Beta(a, b).

    Every k-th tick is a purchase: the purchase rate's mean is r / (alpha k).
    """

    r: float
    alpha: float
    a: float
    b: float
    k: int


def log_odds_dropped(p: CNBDParams, x: Floats, t_x: Floats, T: Floats, s: Floats) -> Floats:
    """Log of P(dropped out at the last chance) / P(active at T), given the history.

    Parameters
    ----------
    p : parameters; p.alpha in the unit of t_x and T
    x, t_x, T : (n,) repeat purchases, time of the last, time observed
    s : (n,) chances to drop out survived if active

    Returns
    -------
    (n,) log-odds, -inf where s = 0
    """
    x, t_x, T, s = (np.asarray(column, dtype=np.float64) for column in (x, t_x, T, s))
    with np.errstate(divide="ignore"):
        last_chance = np.log(p.a / (p.b + np.maximum(s, 1.0) - 1.0)) + np.where(s > 0, 0.0, -np.inf)
    R, A, z = waiting(p, x, t_x, T)
    return np.asarray(last_chance + R * np.log(A / (p.alpha + t_x)) - np.log(silence(p.k, R, z)))


def loglik(
    p: CNBDParams, x: Floats, t_x: Floats, T: Floats, s: Floats, log_gaps: Floats | None = None
) -> Floats:
    """Log-likelihood of each history.

    Parameters
    ----------
    p, x, t_x, T, s : as in `log_odds_dropped`
    log_gaps : (n,) sum of the logarithms of the gaps between purchases, 0 where x = 0; without
        it the likelihood is that of x and t_x alone, on the scale of k = 1

    Returns
    -------
    (n,)
    """
    x, t_x, T, s = (np.asarray(column, dtype=np.float64) for column in (x, t_x, T, s))
    R, A, z = waiting(p, x, t_x, T)
    dropped, _ = softplus(log_odds_dropped(p, x, t_x, T, s))
    gaps = seen_ends(p.k, x, t_x) if log_gaps is None else seen_gaps(p.k, x, log_gaps)
    return np.asarray(
        log_rising(p.r, p.k * x)
        - p.r * np.log1p(T / p.alpha)
        - p.k * x * np.log(A)
        + log_rising(p.b, s)
        - log_rising(p.a + p.b, s)
        + np.log(silence(p.k, R, z))
        + dropped
        + gaps
    )


def waiting(p: CNBDParams, x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats, Floats]:
    """What `erlang` asks of an active customer's history.

    Parameters
    ----------
    p, x, t_x, T : as in `log_odds_dropped`

    Returns
    -------
    R, A, z : (n,) shape r + k x and rate alpha + T of the tick rate, and the share of the rate
        that the silence since t_x takes
    """
    x, t_x, T = (np.asarray(column, dtype=np.float64) for column in (x, t_x, T))
    A = p.alpha + T
    return p.r + p.k * x, A, (T - t_x) / A


def seen_gaps(k: int, x: Floats, log_gaps: Floats) -> Floats:
    """What the gaps themselves add to the log-likelihood.

    Parameters
    ----------
    k : rhythm
    x : (n,) repeat purchases
    log_gaps : (n,) sum of the logarithms of the gaps

    Returns
    -------
    (n,) exactly 0 at k = 1
    """
    return np.asarray((k - 1) * log_gaps - gammaln(k) * x)


def seen_ends(k: int, x: Floats, t_x: Floats) -> Floats:
    """What stands in for `seen_gaps` where the purchases between first and last are not known.

    The gaps' shares of t_x are Dirichlet(k, ..., k), whatever the parameters; integrated out
    they leave t_x^(k x - 1) / Gamma(k x), here over the same at k = 1.

    Parameters
    ----------
    k : rhythm
    x, t_x : (n,) repeat purchases and time of the last

    Returns
    -------
    (n,) exactly 0 at k = 1 and at x = 0
    """
    some = np.maximum(x, 1.0)
    log_last = np.log(np.where((x > 0) & (t_x > 0), t_x, 1.0))
    found = (k - 1) * x * log_last - (gammaln(k * some) - gammaln(some))
    return np.where(x > 0, found, 0.0)


def seen_first_gap(k: int, x: Floats, t_x: Floats, first_gap: Floats) -> Floats:
    """What the first gap adds to the log-likelihood of x and t_x, over the same at k = 1.

    Given t_x, its share of t_x is Beta(k, k (x - 1)), whatever the parameters.

    Parameters
    ----------
    k : rhythm
    x, t_x : (n,) repeat purchases and time of the last
    first_gap : (n,) time from first to second purchase; anything where x < 2

    Returns
    -------
    (n,) exactly 0 at k = 1 and where x < 2
    """
    told = (x > 1) & (first_gap > 0) & (first_gap < t_x)
    others = np.where(told, x - 1.0, 1.0)
    share = np.where(told, first_gap, 1.0) / np.where(told, t_x, 2.0)
    scale = gammaln(k * (others + 1.0)) - gammaln(k * others) - gammaln(k)
    scale -= gammaln(others + 1.0) - gammaln(others)
    found = scale + (k - 1) * np.log(share) + (k - 1) * others * np.log1p(-share)
    return np.where(told, found, 0.0)


def objective(
    k: int, x: Floats, t_x: Floats, T: Floats, s: Floats, n: Floats
) -> Callable[[Floats], tuple[float, Floats]]:
    """Total log-likelihood without its gaps, and its gradient, by log(r, alpha, a, b).

    Parameters
    ----------
    k : rhythm
    x, t_x, T, s : (d,) distinct histories
    n : (d,) customers of each

    Returns
    -------
    function of (4,) log-parameters, giving the total and its (4,) gradient
    """
    counts, survived, offset = x.astype(np.int64), s.astype(np.int64), int(s[0] - x[0])
    largest = int(counts.max())
    n_by_x = np.bincount(counts, weights=n, minlength=largest + 1)
    times, places = np.unique(np.concatenate([t_x, T]), return_inverse=True)
    at_last, at_end = places[: len(x)], places[len(x) :]
    customers, ticks, silent = float(n.sum()), k * x, T - t_x
    chances = np.maximum(np.arange(largest + 1 + offset) - 1.0, 0.0)

    def climb(log_p: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = (float(v) for v in np.exp(log_p))
        log_times, inverse_times = np.log1p(times / alpha), 1.0 / (alpha + times)
        last_chance = np.log(a / (b + chances))
        last_chance[0] = -np.inf
        gap = (log_end := log_times[at_end]) - log_times[at_last]
        inverse_gap = (inverse_end := inverse_times[at_end]) - inverse_times[at_last]
        power = r + ticks
        waited, by_power, by_share = _log_silence(k, power, silent * inverse_end)
        dropped, w = softplus(last_chance[survived] + power * gap - waited)
        alive = n * (1.0 - w)
        w *= n
        rising_r, slope_r = (table[::k] for table in rising_table(r, k * largest))
        rising_b, slope_b = (table[offset:] for table in rising_table(b, largest + offset))
        rising_ab, slope_ab = (table[offset:] for table in rising_table(a + b, largest + offset))
        by_count = rising_r + rising_b - rising_ab - k * np.arange(largest + 1) * log_p[1]
        n_power = n * power
        value = total(n_by_x, by_count) - total(n_power, log_end)
        value += total(n, dropped) + total(n, waited)
        w_by_chance = np.bincount(survived, weights=w, minlength=len(chances))
        d_r = total(n_by_x, slope_r) - total(n, log_end) + total(w, gap) + total(alive, by_power)
        d_alpha = customers * r / alpha - total(n_power, inverse_end)
        d_alpha += total(w * power, inverse_gap) - total(alive * by_share, inverse_end)
        d_a = float(w.sum()) / a - total(n_by_x, slope_ab)
        d_b = total(n_by_x, slope_b - slope_ab) - float((w_by_chance / (b + chances)).sum())
        return value, np.array([d_r * r, d_alpha * alpha, d_a * a, d_b * b])

    return climb


def _log_silence(k: int, R: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
    """Log `silence`, its slope in R, and its slope in log z."""
    term, whole = np.ones_like(z), np.ones_like(z)
    harmonic, by_R, by_z = np.zeros_like(z), np.zeros_like(z), np.zeros_like(z)
    for j in range(1, k):
        term *= (R + (j - 1)) / j * z
        harmonic += 1.0 / (R + (j - 1))
        whole += term
        by_R += term * harmonic
        by_z += j * term
    return np.log(whole), by_R / whole, by_z / whole


def fit(
    model: str,
    k: int,
    chances_at_first: int,
    histories: tuple[Floats, Floats, Floats, Floats],
    prior_sd: float | None,
    total_log_gaps: float | None,
) -> Fit[CNBDParams]:
    """Maximum likelihood, or with a prior maximum a posteriori, from distinct histories.

    Parameters
    ----------
    model : its name
    k : rhythm, 1 to `LARGEST_K`
    chances_at_first : chances to drop out of a customer who has bought once: 0 or 1
    histories : x, t_x, T and n, (d,) each, sorted by x
    prior_sd : as in `purchases.fit`
    total_log_gaps : sum of the logarithms of all gaps of all customers; None if not known

    Returns
    -------
    Fit : k is given, not estimated: its standard error and covariances are 0

    Raises
    ------
    HistoryError : a history that cannot be
    FitError : k is out of range, or a parameter runs away
    """
    if not (1 <= k <= LARGEST_K and k == int(k)):
        raise FitError(f"{model}: k is {k}; it has to be a whole number from 1 to {LARGEST_K}.")
    x, t_x, T, n = (np.atleast_1d(np.asarray(column, dtype=np.float64)) for column in histories)

    def build(x: Floats, t_x: Floats, T: Floats, n: Floats) -> Objective:
        return objective(k, x, t_x, T, x + chances_at_first, n)

    def starts(rate: float) -> list[tuple[float, ...]]:
        return betageometric.starts(k * rate)

    names = Names(
        f"{model}-{k}",
        ("r", "alpha", "a", "b"),
        *betageometric.RUNAWAY_MEANINGS,
        purchases.ADVICE,
    )
    found = purchases.fit(build, starts, names, (x, t_x, T, n), prior_sd)
    params, errors, without_k, loglik, customers, steps = found
    repeats = total(n, x)
    # The shared fit has turned each purchase's density to the data's unit, not each tick's.
    loglik -= (k - 1) * repeats * float(np.log(total(n, T) / total(n, np.ones_like(n))))
    if total_log_gaps is None:
        loglik += total(n, seen_ends(k, x, t_x))
    else:
        loglik += float(seen_gaps(k, np.array([repeats]), np.array([total_log_gaps]))[0])
    covariance = np.zeros((5, 5))
    covariance[:4, :4] = without_k
    at, around = (
        CNBDParams(float(column[0]), float(column[1]), float(column[2]), float(column[3]), of_k)
        for column, of_k in ((params, k), (errors, 0))
    )
    return Fit(at, around, covariance, loglik, customers, True, steps)


def simulate(
    p: CNBDParams, T: Floats, rng: np.random.Generator, *, first_purchase_counts: bool
) -> tuple[Floats, Floats]:
    """Repeat purchases and time of the last one of a new customer base.

    Parameters
    ----------
    p : parameters
    T : (n,) time each customer is observed
    rng : source of randomness
    first_purchase_counts : whether customers may drop out right after their first purchase

    Returns
    -------
    x, t_x : (n,) each
    """
    rate = rng.gamma(p.r, 1.0 / p.alpha, size=T.shape)
    chance = np.clip(rng.beta(p.a, p.b, size=T.shape), 1e-300, 1.0 - 1e-16)
    fatal = np.floor(np.log(rng.uniform(size=T.shape)) / np.log1p(-chance))
    ticks = rng.poisson(rate * T).astype(np.float64)
    x = np.minimum(ticks // p.k, fatal if first_purchase_counts else fatal + 1.0)
    # The (k x)-th of `ticks` uniform times is beta-distributed.
    place = rng.beta(np.maximum(p.k * x, 1.0), ticks - p.k * x + 1.0)
    return x, np.where(x > 0, T * place, 0.0)


def simulate_log_gaps(k: int, x: Floats, t_x: Floats, rng: np.random.Generator) -> Floats:
    """Sum of the logarithms of each customer's gaps, drawn given x and t_x.

    Parameters
    ----------
    k : rhythm
    x, t_x : (n,) repeat purchases and time of the last, as `simulate` gives them
    rng : source of randomness

    Returns
    -------
    (n,) 0 where x = 0
    """
    counts = x.astype(np.int64)
    owner = np.repeat(np.arange(len(x)), counts)
    parts = rng.gamma(k, size=len(owner))
    whole = np.bincount(owner, weights=parts, minlength=len(x))
    shares = np.bincount(owner, weights=np.log(parts), minlength=len(x))
    bought = x > 0
    scale = np.log(np.where(bought, t_x, 1.0)) - np.log(np.where(bought, whole, 1.0))
    return np.where(bought, shares + x * scale, 0.0)
