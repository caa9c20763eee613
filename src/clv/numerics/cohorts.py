"""Histories of customers under contract: renewals survived, and who has left."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from clv.core.errors import HistoryError
from clv.core.types import Bools, Floats
from clv.numerics import histories
from clv.numerics.histories import distinct


class Cohort(NamedTuple):
    """Distinct contract histories, sorted by t; (d,) each.

    Attributes
    ----------
    t : renewals survived
    lost : 1 where the customer left at renewal t + 1, 0 where they are still there
    n : customers who share the history
    """

    t: Floats
    lost: Floats
    n: Floats


def group(t: ArrayLike, lost: ArrayLike) -> Cohort:
    """Distinct histories and how many customers share each.

    Parameters
    ----------
    t : (n,) renewals survived, whole numbers
    lost : (n,) 1 or True where the customer left at the next one

    Returns
    -------
    Cohort

    Raises
    ------
    HistoryError : a history that cannot be
    """
    t, lost = np.asarray(t, dtype=np.float64), np.asarray(lost, dtype=np.float64)
    check(t, lost)
    first, _, n = distinct(t, lost)
    return Cohort(t[first], lost[first], n.astype(np.float64))


def of_survivors(survivors: ArrayLike) -> Cohort:
    """A cohort told by how many customers are left after each renewal.

    Parameters
    ----------
    survivors : (m + 1,) customers acquired, then left after renewal 1, 2, ... m

    Returns
    -------
    Cohort : those lost at each renewal, and those left after the last

    Raises
    ------
    HistoryError : numbers that grow, or are below 0 or not finite
    """
    left = np.atleast_1d(np.asarray(survivors, dtype=np.float64))
    gone = left[:-1] - left[1:]
    if not (np.isfinite(left) & (left >= 0)).all() or not (gone >= 0).all() or not len(left):
        raise HistoryError(
            "cohort: the customers left after each renewal must not grow or fall below 0."
            " Customers who come back belong to a cohort of their own."
        )
    t = np.append(np.arange(len(gone), dtype=np.float64), len(gone))
    lost, n = np.append(np.ones(len(gone)), 0.0), np.append(gone, left[-1])
    some = n > 0
    return Cohort(t[some], lost[some], n[some])


def check(t: Floats, lost: Floats) -> None:
    """Stop at histories that cannot be.

    Parameters
    ----------
    t, lost : (n,) as in `Cohort`

    Raises
    ------
    HistoryError : names the rule, the number of rows and the first of them
    """
    if t.shape != lost.shape or t.ndim != 1:
        raise HistoryError(
            f"cohort: t and lost have shapes {t.shape} and {lost.shape}."
            " Give one number a customer in each."
        )
    rules: list[tuple[Bools, str]] = [
        (~(np.isfinite(t) & (t >= 0) & (t == np.floor(t))), "t is not a whole number of renewals"),
        ((lost != 0) & (lost != 1), "lost is neither 0 nor 1"),
    ]
    histories.refuse("cohort", rules)
