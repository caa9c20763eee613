"""Purchases to come of a customer whose every k-th tick is a purchase.

Ticks come as a Poisson process. Of a customer active and silent since the last purchase, the
number j < k of ticks since then is not seen, and whether ticks come fast depends on it: with
R = r + k x and A = alpha + T the tick rate is Gamma(R + j, A) given j.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc

from clv.core.types import Floats, Ints
from clv.numerics.betamean import SMALLEST_CHANCE, mean_over_chance, support
from clv.numerics.special import LARGEST_EXPONENT

#: Below this chance of going on, the roots' terms cancel; a line in the chance does instead.
SMALLEST_REST = 1e-5
#: exp(-LOST) times what the smallest chance divides by is lost beside 1 in a double.
LOST = 50.0
ROUNDED = float(np.finfo(np.float64).eps)
MOST_ITERATIONS = 100
#: Rows whose nodes fit in the processor's cache together.
CHUNK = 256


def silence(k: int, R: Floats, z: Floats) -> Floats:
    """Sum over j < k of (R)_j / j! z^j: the weights of 0 to k - 1 ticks since the last purchase.

    Parameters
    ----------
    k : ticks a purchase
    R : (n,) positive
    z : (n,) in [0, 1), time since the last purchase over alpha + T

    Returns
    -------
    (n,) exactly 1 at k = 1 and at z = 0
    """
    return np.asarray(phase_weights(k, R, z).sum(axis=0))


def phase_weights(k: int, R: Floats, z: Floats) -> Floats:
    """Terms of `silence`, (k, n): proportional to the chance of each number of ticks."""
    R, z = np.broadcast_arrays(*np.atleast_1d(R, z))
    terms = np.ones((k, *z.shape))
    for j in range(1, k):
        terms[j] = terms[j - 1] * ((R + (j - 1)) / j * z)
    return terms


def log_silence(k: int, R: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
    """Logarithm of `silence`, its slope in R, and its slope in log z; (n,) each."""
    term, whole = np.ones_like(z), np.ones_like(z)
    harmonic, by_R, by_z = np.zeros_like(z), np.zeros_like(z), np.zeros_like(z)
    for j in range(1, k):
        term *= (R + (j - 1)) / j * z
        harmonic += 1.0 / (R + (j - 1))
        whole += term
        by_R += term * harmonic
        by_z += j * term
    return np.log(whole), by_R / whole, by_z / whole


def p_purchase_active(k: int, t: ArrayLike, R: ArrayLike, A: ArrayLike, z: ArrayLike) -> Floats:
    """Probability that a customer now active buys within t.

    Parameters
    ----------
    k : ticks a purchase
    t : (n,) or scalar, not negative
    R, A : (n,) or scalar, shape and rate of the tick rate's gamma distribution before j is known
    z : (n,) or scalar, as in `silence`

    Returns
    -------
    (n,) a sum of positive terms, so that small probabilities keep their digits
    """
    t, R, A, z = (np.asarray(v, dtype=np.float64) for v in np.broadcast_arrays(t, R, A, z))
    shape = t.shape
    t, R, A, z = np.atleast_1d(t, R, A, z)
    share = t / (A + t)
    if k == 1:
        return np.asarray(-np.expm1(-R * np.log1p(t / A))).reshape(shape)
    terms = phase_weights(k, R, z)
    bought = sum(terms[j] * betainc(float(k - j), R + j, share) for j in range(k))
    return np.asarray(np.minimum(bought / terms.sum(axis=0), 1.0)).reshape(shape)


def expected_while_active(
    k: int, t: ArrayLike, R: Floats, A: Floats, z: Floats, a: ArrayLike, B: Floats
) -> Floats:
    """Purchases expected within t of a customer now active, who may drop out after each.

    Given the tick rate and the chance p of dropout, the expectation is the chance of dropping
    out within t, over p. With u^k = 1 - p, still to be active has the generating function of
    the ticks at u times each k-th root of unity; over the gamma-distributed rate each root is a
    power, and over p ~ Beta(a, B) the trapezoid rule of the BG/NBD serves.

    Parameters
    ----------
    k : ticks a purchase
    t : (n,) not negative
    R, A : (n,) shape and rate of the tick rate's gamma distribution before j is known
    z : (n,) as in `silence`
    a, B : (n,) shapes of p

    Returns
    -------
    (n,) exactly 0 where t = 0; finite for every a > 0, also a = 1 and a + B = 1. Right to 11
    digits, or to 1e-12 of a purchase where next to none is expected
    """
    t, R, A, z, a, B = (
        np.asarray(v, dtype=np.float64) for v in np.broadcast_arrays(t, R, A, z, a, B)
    )
    expected = np.zeros(t.shape)
    if not (todo := np.flatnonzero(t > 0)).size:
        return expected
    t, R, A, z, a, B = (column[todo] for column in (t, R, A, z, a, B))
    phases = phase_weights(k, R, z)
    phases /= phases.sum(axis=0)
    first = p_purchase_active(k, t, R, A, z)

    def bought(rows: Ints, log_p: Floats, log_rest: Floats) -> Floats:
        once = first[rows, None]
        more = _bought(
            k, log_p, log_rest, (t / A)[rows, None], R[rows, None], phases[:, rows, None]
        )
        rest = np.minimum(np.exp(log_rest) / SMALLEST_REST, 1.0)
        return np.asarray(once + rest * np.maximum(more - once, 0.0))

    found = mean_over_chance(bought, support(t, R / k, A, a, B), a, B, CHUNK)
    expected[todo] = np.maximum(found, 0.0)
    return expected


def _bought(
    k: int, log_p: Floats, log_rest: Floats, horizon: Floats, R: Floats, phases: Floats
) -> Floats:
    """Purchases expected given the chance p of dropout, at least down to `SMALLEST_REST` of 1 - p.

    Parameters
    ----------
    log_p, log_rest : (n, m) logarithms of p and 1 - p
    horizon, R : (n, 1) t / A, and the shape
    phases : (k, n, 1) chances of the ticks since the last purchase
    """
    rest = np.maximum(np.exp(log_rest), SMALLEST_REST)
    chance = np.clip(np.exp(log_p), SMALLEST_CHANCE, 1.0 - SMALLEST_REST)
    log_u = np.where(chance < 0.5, np.log1p(-chance), np.log(rest)) / k
    slower = -np.expm1(log_u)
    log_kept = np.log1p(slower * horizon)
    later = sum(
        (phases[j] * np.expm1(j * (log_u - log_kept)) for j in range(1, k)),
        start=np.zeros_like(log_u),
    )
    mean = sum((np.expm1(-j * log_u) for j in range(1, k)), start=np.zeros_like(log_u)) / k
    # Where all but certainly k - 1 ticks have passed, rounding may leave nothing of the rest.
    later = np.maximum(later, ROUNDED - 1.0)
    log_active = np.log1p(mean) - R * log_kept + np.log1p(later)
    bought = -np.expm1(log_active) / chance
    u = np.exp(log_u)
    for root in range(1, k // 2 + 1):
        turn = np.cos(2.0 * np.pi * root / k)
        if float((R * np.log1p((1.0 - turn) * horizon)).min()) > LOST:
            continue
        if 2 * root == k:
            bought -= _root_term(k, -u, horizon, R, phases) / rest
        else:
            turned = u * np.exp(2j * np.pi * root / k)
            bought -= 2.0 * _root_term(k, turned, horizon, R, phases).real / rest
    return np.asarray(bought)


def _root_term(
    k: int, turned: np.ndarray, horizon: Floats, R: Floats, phases: Floats
) -> np.ndarray:
    """What u times a root of unity other than 1 adds to the purchases expected, times 1 - p."""
    kept = 1.0 + (1.0 - turned) * horizon
    step = turned / kept
    polynomial = phases[k - 1] + np.zeros_like(turned)
    for j in range(k - 2, -1, -1):
        polynomial = polynomial * step + phases[j]
    return np.asarray(turned / (k * (1.0 - turned)) * polynomial * np.exp(-R * np.log(kept)))


def next_purchase_quantile(k: int, q: float, R: Floats, A: Floats, z: Floats) -> Floats:
    """Quantile of the time to the next purchase of a customer now active.

    Sought in w = log(1 + t / A), where the logarithm of the chance of no purchase is all but a
    line; Newton's steps are held between ends that enclose the answer.

    Parameters
    ----------
    k : ticks a purchase
    q : in (0, 1)
    R, A, z : (n,) as in `p_purchase_active`

    Returns
    -------
    (n,) finite also where R is so small that the time exceeds e^690
    """
    R, A, z = (np.asarray(v, dtype=np.float64) for v in np.broadcast_arrays(R, A, z))
    target = -np.log1p(-q)
    at_start = np.log(silence(k, R, z))
    most = np.log(silence(k, R, np.ones_like(z)))
    low = np.minimum(target / R, LARGEST_EXPONENT)
    high = np.minimum((target + most - at_start) / R, LARGEST_EXPONENT)
    w = low
    for _ in range(MOST_ITERATIONS):
        quiet = (1.0 - z) * np.exp(-w)
        terms = phase_weights(k, R, 1.0 - quiet)
        whole = terms.sum(axis=0)
        away = R * w + at_start - np.log(whole) - target
        # Only after k - 1 ticks is the next one a purchase.
        slope = (R + (k - 1)) * terms[k - 1] / whole
        low, high = np.where(away < 0, w, low), np.where(away < 0, high, w)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = w - away / slope
        inside = (newton > low) & (newton < high)
        before, w = w, np.where(inside, newton, (low + high) / 2.0)
        if np.all(np.abs(w - before) <= 1e-13 * w):
            break
    return np.asarray(A * np.expm1(w))
