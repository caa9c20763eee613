"""Differences and ratios of gamma functions that neither overflow nor cancel."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from clv.core.types import Floats, Ints, Parameter

#: Up to here sums over whole numbers replace log-gamma differences.
TABLE_LIMIT = 1_000_000
#: From here Stirling's series has 13 digits.
STIRLING_FROM = 10.0


def rising_table(a: float, largest: int) -> tuple[Floats, Floats]:
    """Logarithm of a (a + 1) ... (a + n - 1), and its derivative in a, for n = 0 to `largest`.

    Parameters
    ----------
    a : positive
    largest : last n

    Returns
    -------
    (largest + 1,) values and (largest + 1,) derivatives; both 0 at n = 0
    """
    factors = a + np.arange(largest, dtype=np.float64)
    values, slopes = np.zeros(largest + 1), np.zeros(largest + 1)
    np.cumsum(np.log(factors), out=values[1:])
    np.cumsum(1.0 / factors, out=slopes[1:])
    return values, slopes


def log_rising(a: Parameter, n: Floats) -> Floats:
    """Difference log Gamma(a + n) - log Gamma(a), the logarithm of the rising factorial.

    Parameters
    ----------
    a : positive; one number or (m,)
    n : (m,) not negative; whole numbers are summed exactly where a is one number

    Returns
    -------
    (m,) exactly 0 where n = 0
    """
    n = np.asarray(n, dtype=np.float64)
    one = np.ndim(a) == 0
    if one and n.size and n.max() <= TABLE_LIMIT and np.array_equal(n, np.floor(n)):
        whole: Ints = n.astype(np.int64)
        return rising_table(float(a), int(whole.max()))[0][whole]
    return log_gamma_ratio(a, n)


def rising_slope(a: Parameter, n: Floats) -> Floats:
    """Derivative of `log_rising` in a: digamma(a + n) - digamma(a).

    Parameters
    ----------
    a, n : as in `log_rising`

    Returns
    -------
    (m,) exactly 0 where n = 0
    """
    n = np.asarray(n, dtype=np.float64)
    one = np.ndim(a) == 0
    if one and n.size and n.max() <= TABLE_LIMIT and np.array_equal(n, np.floor(n)):
        whole: Ints = n.astype(np.int64)
        return rising_table(float(a), int(whole.max()))[1][whole]
    return digamma_rise(a, n)


def log_gamma_ratio(z: ArrayLike, a: ArrayLike) -> Floats:
    """Difference log Gamma(z + a) - log Gamma(z), also where both are huge and near each other.

    Parameters
    ----------
    z : (n,) positive
    a : (n,) or scalar, not negative

    Returns
    -------
    (n,) to 13 digits or better
    """
    shape, (z, a) = _raveled(z, a)
    low = z < STIRLING_FROM
    far = np.where(low, z + STIRLING_FROM, z)
    ratio = (far - 0.5) * np.log1p(a / far) + a * (np.log(far + a) - 1.0)
    ratio += _stirling(far + a) - _stirling(far)
    if low.any():
        steps = z[low][:, None] + np.arange(STIRLING_FROM)
        ratio[low] -= np.log1p(a[low][:, None] / steps).sum(axis=1)
    return ratio.reshape(shape)


def digamma_rise(z: ArrayLike, a: ArrayLike) -> Floats:
    """Difference digamma(z + a) - digamma(z), also where a is tiny beside z.

    Parameters
    ----------
    z : (n,) positive
    a : (n,) or scalar, not negative

    Returns
    -------
    (n,) to 11 digits or better
    """
    shape, (z, a) = _raveled(z, a)
    low = z < STIRLING_FROM
    far = np.where(low, z + STIRLING_FROM, z)
    share = a / (far + a)
    rise = np.log1p(a / far) + share / far / 2.0
    rise += share / far * (1.0 / far + 1.0 / (far + a)) / 12.0
    rise += _digamma_tail(far + a) - _digamma_tail(far)
    if low.any():
        by, steps = a[low, None], z[low, None] + np.arange(STIRLING_FROM)
        rise[low] += (by / (steps + by) / steps).sum(axis=1)
    return rise.reshape(shape)


def log_beta_fall(z: ArrayLike, a: ArrayLike, b: ArrayLike) -> Floats:
    """Logarithm of B(z, a) / B(z + b, a), without cancelling however small or large a and b.

    It is how far the logarithm of the survival curve of geometric lifetimes, their chance to end
    Beta(a, z), has fallen after b; the same with a and b exchanged.

    Parameters
    ----------
    z : (n,) positive
    a, b : (n,) or scalar, not negative

    Returns
    -------
    (n,) to 11 digits, or 1e-21 where that is more; not negative
    """
    shape, (z, a, b) = _raveled(z, a, b)
    low = z < STIRLING_FROM
    far = np.where(low, z + STIRLING_FROM, z)
    # Differences of Stirling's formula, taken by hand: what is left is of one size.
    both = (a / (far + a)) * (b / (far + b))
    fall = (far - 0.5) * np.log1p(-both) + b * np.log1p(a / (far + b)) + a * np.log1p(b / (far + a))
    fall += both * (1.0 / far + 1.0 / (far + a + b)) / 12.0
    fall += _stirling_tail(far + a + b) - _stirling_tail(far + a)
    fall += _stirling_tail(far) - _stirling_tail(far + b)
    if low.any():
        one, other = a[low, None], b[low, None]
        steps = z[low, None] + np.arange(STIRLING_FROM)
        fall[low] -= np.log1p(-(one / (steps + one)) * (other / (steps + other))).sum(axis=1)
    return np.maximum(fall, 0.0).reshape(shape)


def _raveled(*columns: ArrayLike) -> tuple[tuple[int, ...], list[Floats]]:
    """The shape they have together, and each of them in it, flat."""
    together = np.broadcast_arrays(*(np.asarray(column, dtype=np.float64) for column in columns))
    return together[0].shape, [column.ravel() for column in together]


def _stirling(z: Floats) -> Floats:
    return np.asarray(1.0 / (12.0 * z) + _stirling_tail(z))


def _stirling_tail(z: Floats) -> Floats:
    """What log Gamma's series has after the term in 1 / z."""
    w = np.square(1.0 / z)
    return np.asarray(-w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w / 1188))) / z)


def _digamma_tail(z: Floats) -> Floats:
    """What digamma's series has after the term in 1 / z^2."""
    w = np.square(1.0 / z)
    return np.asarray(w * w * (1 / 120 - w * (1 / 252 - w * (1 / 240 - w / 132))))
