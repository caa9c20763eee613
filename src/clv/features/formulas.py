"""Formulas that several features share, as Ibis expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

if TYPE_CHECKING:
    from ibis.common.deferred import Deferred

#: What is smaller than this share of the figures it was found from is rounding, and taken as 0.
NOISE = 1e-12


def whole_days(later: Deferred, earlier: Deferred) -> Deferred:
    """Days from one date column to another."""
    return later.delta(earlier, unit="day").cast("int64")


def number(value: Deferred) -> Deferred:
    """As float64. To be said before any fraction: 0.5 is a decimal to Spark, 3 / 0.5 another."""
    return value.cast("float64")


def ratio(part: Deferred, whole: Deferred) -> Deferred:
    """One over the other; empty where the whole is 0."""
    return number(part) / number(whole).nullif(0.0)


def change(now: Deferred, before: Deferred) -> Deferred:
    """(now - before) / (now + before): -1 to 1, empty where both are 0."""
    return ratio(number(now) - number(before), number(now) + number(before))


def log1p(value: Deferred) -> Deferred:
    return (number(value) + 1.0).ln()


def deviation(n: Deferred, total: Deferred, squares: Deferred) -> Deferred:
    """Sample standard deviation of n figures from their sum and sum of squares.

    Empty for fewer than two.
    """
    left = number(squares) - number(total) * number(total) / number(n).nullif(0.0)
    spread = ibis.ifelse(left <= NOISE * number(squares), 0.0, left)
    return (spread / _at_least_one(number(n) - 1.0)).sqrt()


def slope(n: Deferred, total: Deferred, weighted: Deferred) -> Deferred:
    """Slope of the least-squares line through (1, y_1), ..., (n, y_n); empty for n < 2.

    Parameters
    ----------
    total, weighted : sums of y_i and of i times y_i
    """
    n = number(n)
    level = 6.0 * (n + 1.0) * number(total)
    above = 12.0 * number(weighted) - level
    rise = ibis.ifelse(above.abs() <= NOISE * level.abs(), 0.0, above)
    return rise / (n * _at_least_one(n * n - 1.0))


def entropy(n: Deferred, logs: Deferred) -> Deferred:
    """Entropy in nats of counts n_i with sum n; `logs` is the sum of n_i log n_i."""
    found = number(n).ln() - ratio(logs, n)
    return ibis.ifelse(found <= NOISE * 1e4, 0.0, found)


def circle(place: Deferred, around: int) -> tuple[Deferred, Deferred]:
    """Sine and cosine of a place on a circle of so many, such as a month of 12."""
    angle = number(place) * (2.0 * 3.141592653589793 / around)
    return angle.sin(), angle.cos()


def named(place: Deferred, names: tuple[str, ...]) -> Deferred:
    """The name at a place from 0 on; empty where the place is."""
    return ibis.cases(*[(place == i, name) for i, name in enumerate(names)])


def largest(figures: list[Any]) -> Deferred:
    """Place, from 0 on, of the largest; the first of equals."""
    most = ibis.greatest(*figures)
    return ibis.cases(*[(figure == most, i) for i, figure in enumerate(figures)])


def _at_least_one(figure: Deferred) -> Deferred:
    return ibis.ifelse(figure >= 1.0, figure, ibis.null("float64"))
