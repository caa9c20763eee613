"""Customers with the same history are one row with a count: what makes large fits fast."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from clv.core.errors import HistoryError
from clv.core.types import Bools, Floats, Ints

#: How many customers the rough search of a fit looks at.
SAMPLE_SIZE = 2_000
#: How many offending rows an error names.
ROWS_NAMED = 5
#: Keys are counted in a table, rather than sorted, if it needs no more than so many rows per key.
DENSE = 4
LARGEST_KEY = 2**62


class Counted(NamedTuple):
    """Distinct purchase histories, sorted by x, then t_x, then T; (d,) each.

    Attributes
    ----------
    x, t_x, T : each distinct history once
    n : customers who share it
    """

    x: Floats
    t_x: Floats
    T: Floats
    n: Floats


class Histories(NamedTuple):
    """Distinct purchase histories, sorted by x, then t_x, then T.

    Attributes
    ----------
    x, t_x, T : (d,) each distinct history once
    n : (d,) customers who share it
    inverse : (n_customers,) the row of each customer, so that ``x[inverse]`` is as given
    """

    x: Floats
    t_x: Floats
    T: Floats
    n: Floats
    inverse: Ints


def group(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Histories:
    """Distinct histories and how many customers share each.

    Parameters
    ----------
    x : (n,) repeat purchases, whole numbers
    t_x : (n,) time of the last repeat purchase, in any unit; 0 where x = 0
    T : (n,) time from first purchase to end of observation, same unit

    Returns
    -------
    Histories : d rows, d <= n

    Raises
    ------
    HistoryError : a history that cannot be (see `check`)
    """
    check(*(np.asarray(column, dtype=np.float64) for column in (x, t_x, T)))
    first, inverse, n = distinct(x, t_x, T)
    once = [np.asarray(column)[first].astype(np.float64) for column in (x, t_x, T)]
    return Histories(once[0], once[1], once[2], n.astype(np.float64), inverse)


def tally(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Counted:
    """As `group`, without telling which row is whose, in a third of the time.

    Parameters
    ----------
    x, t_x, T : as in `group`

    Returns
    -------
    Counted : d rows, d <= n

    Raises
    ------
    HistoryError : a history that cannot be (see `check`)
    """
    columns = [_whole(np.asarray(column)) for column in (x, t_x, T)]
    if any(column.dtype.kind not in "iu" or not column.size for column in columns):
        return Counted(*group(x, t_x, T)[:4])
    if not _can_be(*columns):
        check(*(column.astype(np.float64) for column in columns))
    lows = [int(column.min()) for column in columns]
    sizes = [int(column.max()) - low + 1 for column, low in zip(columns, lows, strict=True)]
    bins = _product(sizes)
    if bins >= LARGEST_KEY:
        return Counted(*group(x, t_x, T)[:4])
    key = _keys(columns)
    if bins <= DENSE * len(key):
        by_key = np.bincount(key, minlength=bins)
        once = np.flatnonzero(by_key)
        n = by_key[once].astype(np.float64)
    else:
        # Half as wide, keys sort in half the time.
        key = np.sort(key.astype(np.int32) if bins < 2**31 else key)
        starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
        once = key[starts].astype(np.int64)
        n = np.diff(np.r_[starts, len(key)]).astype(np.float64)
    told = []
    for low, size in zip(reversed(lows), reversed(sizes), strict=True):
        told.append((once % size + low).astype(np.float64))
        once = once // size
    return Counted(told[2], told[1], told[0], n)


def check(x: Floats, t_x: Floats, T: Floats) -> None:
    """Stop at histories that cannot be.

    Parameters
    ----------
    x, t_x, T : (n,) repeat purchases, time of the last one, time observed

    Raises
    ------
    HistoryError : names the rule, the number of rows and the first of them
    """
    if not x.shape == t_x.shape == T.shape or x.ndim != 1:
        raise HistoryError(
            f"histories: x, t_x and T have shapes {x.shape}, {t_x.shape} and {T.shape}."
            " Give one number a customer in each."
        )
    rules: list[tuple[Bools, str]] = [
        (~(np.isfinite(x) & np.isfinite(t_x) & np.isfinite(T)), "is empty or infinite"),
        ((x < 0) | (x != np.floor(x)), "x is not a whole number of repeat purchases"),
        (t_x < 0, "the last purchase lies before the first"),
        (t_x > T, "the last purchase lies after the end of observation; was as-of set too early?"),
        ((x == 0) & (t_x > 0), "x is 0, yet t_x is not"),
    ]
    refuse("histories", rules)


def refuse(subject: str, rules: Iterable[tuple[Bools, str]]) -> None:
    """Stop at the first rule that rows break.

    Parameters
    ----------
    subject : what the rows are of
    rules : which rows break it, (n,), and what is wrong with them

    Raises
    ------
    HistoryError : names the rule, the number of rows and the first of them
    """
    for broken, rule in rules:
        if broken.any():
            rows = np.flatnonzero(broken)
            named = ", ".join(str(row) for row in rows[:ROWS_NAMED])
            more = ", ..." if len(rows) > ROWS_NAMED else ""
            raise HistoryError(f"{subject}: {rule}, in {len(rows)} row(s) ({named}{more}).")


def distinct(*columns: ArrayLike) -> tuple[Ints, Ints, Ints]:
    """Distinct rows of several columns of equal length, sorted by the first column first.

    Parameters
    ----------
    columns : (n,) each, of finite numbers

    Returns
    -------
    first : (d,) the row in which each distinct row occurs first
    inverse : (n,) the distinct row each row is
    n : (d,) how often each occurs
    """
    key = _keys([np.asarray(column) for column in columns])
    bins = int(key.max()) + 1 if len(key) else 0
    if bins <= DENSE * len(key):
        n = np.bincount(key, minlength=bins)
        once = np.flatnonzero(n)
        place = np.empty(bins, dtype=np.int64)
        # Of rows that share a key the first is written last.
        place[key[::-1]] = np.arange(len(key) - 1, -1, -1)
        first = place[once]
        place[once] = np.arange(len(once))
        return first, place[key], n[once].astype(np.int64)
    _, first, inverse, n = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    return first.astype(np.int64), inverse.astype(np.int64), n.astype(np.int64)


def systematic_sample(n: Floats, size: int = SAMPLE_SIZE) -> tuple[Ints, Floats]:
    """Every k-th customer of sorted histories: a sample that no seed changes.

    Parameters
    ----------
    n : (d,) customers of each history
    size : customers to draw

    Returns
    -------
    rows : (m,) histories drawn, ascending, m <= size
    weights : (m,) customers each stands for; their sum is n.sum()
    """
    if len(n) <= size:
        return np.arange(len(n), dtype=np.int64), n
    ends = np.cumsum(n)
    positions = (np.arange(size) + 0.5) * (ends[-1] / size)
    rows, draws = np.unique(np.searchsorted(ends, positions), return_counts=True)
    return rows.astype(np.int64), draws * (ends[-1] / size)


def _can_be(x: Ints, t_x: Ints, T: Ints) -> bool:
    """Whether `check` finds nothing in whole numbers."""
    if not x.shape == t_x.shape == T.shape or x.ndim != 1:
        return False
    early = bool(x.min() < 0 or t_x.min() < 0)
    return not (early or (t_x > T).any() or ((x == 0) & (t_x > 0)).any())


def _whole(column: np.ndarray) -> np.ndarray:
    """As whole numbers, if that changes none."""
    if column.dtype.kind != "f" or not column.size:
        return column
    with np.errstate(invalid="ignore"):
        whole = column.astype(np.int64)
    return whole if np.abs(column).max() < 2**53 and np.array_equal(whole, column) else column


def _keys(columns: list[np.ndarray]) -> Ints:
    """One int64 per row, equal where and only where rows are, in the order of the columns."""
    key, bins = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns:
        code = _codes(column)
        size = int(code.max()) + 1 if len(code) else 1
        if size > LARGEST_KEY // bins:
            # By rank there are no more of either than there are rows.
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
            code = np.unique(code, return_inverse=True)[1].astype(np.int64)
            bins, size = int(key.max()) + 1, int(code.max()) + 1
        key = key * size + code
        bins *= size
    return key


def _codes(column: np.ndarray) -> Ints:
    """Numbers from 0 in the column's order: whole numbers as they are, others by rank."""
    if len(column) == 0:
        return np.zeros(0, dtype=np.int64)
    if column.dtype.kind in "iu":
        whole: Ints = column.astype(np.int64)
        codes: Ints = whole - whole.min()
        return codes
    if np.abs(column).max() < 2**31 and np.array_equal(column, np.floor(column)):
        return _codes(column.astype(np.int64))
    ranks: Ints = np.unique(column, return_inverse=True)[1].astype(np.int64)
    return ranks


def _product(sizes: list[int]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total
