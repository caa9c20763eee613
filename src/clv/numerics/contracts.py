"""What the sBG and the beta-discrete-Weibull share: renewals survived, and who has left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from clv.core.errors import FitError, HistoryError
from clv.core.types import Bools, Floats
from clv.numerics import histories, optimise
from clv.numerics.histories import distinct
from clv.numerics.opportunities import whole
from clv.numerics.optimise import Fit, Names, Objective

P = TypeVar("P", bound=tuple[float, ...])
#: Logarithm of the share that survives so many renewals.
LogSurvival = Callable[[Floats], Floats]

ALIKE = "all customers are equally likely to leave at a renewal"
NOBODY_LEAVES = "hardly any customer leaves"
ALL_OR_NOTHING = "customers either leave at once or never"
ADVICE = "Use a cohort observed over more renewals, or several cohorts together."
#: A median lifetime beyond this is told as this.
FARTHEST_DOUBLING = 60


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
    for broken, rule in rules:
        if broken.any():
            rows = np.flatnonzero(broken)
            named = ", ".join(str(row) for row in rows[: histories.ROWS_NAMED])
            more = ", ..." if len(rows) > histories.ROWS_NAMED else ""
            raise HistoryError(f"cohort: {rule}, in {len(rows)} row(s) ({named}{more}).")


def fit(
    build: Callable[[Floats, Floats, Floats], Objective],
    starts: list[tuple[float, ...]],
    names: Names,
    kind: Callable[..., P],
    cohort: tuple[Floats, Floats, Floats],
    prior_sd: float | None = None,
) -> Fit[P]:
    """Maximum likelihood, or with a prior maximum a posteriori, from distinct histories.

    Parameters
    ----------
    build, starts, names, kind : the model
    cohort : t, lost and n, (d,) each
    prior_sd : of a Normal prior on each log-parameter, around the first start; None for none

    Raises
    ------
    HistoryError : a history that cannot be
    FitError : nobody left, everybody left at once, too few renewals, or a parameter runs away
    """
    t, lost, n = (np.atleast_1d(np.asarray(column, dtype=np.float64)) for column in cohort)
    check(t, lost)
    customers, gone = float(n.sum()), float((n * lost).sum())
    if customers == 0:
        raise FitError(f"{names.model}: there are no customers to fit.")
    if gone == 0:
        raise FitError(
            f"{names.model}: alpha runs to 0: none of {customers:g} customers has left, so there is"
            " no loss to learn from. Observe the cohort over more renewals."
        )
    if not (n * t).any():
        raise FitError(
            f"{names.model}: beta runs to 0: none of {customers:g} customers survived a renewal, so"
            " nothing tells how long those who stay would. Observe a larger cohort."
        )
    renewals, wanted = int((t + lost)[n > 0].max()), len(names.params)
    if renewals < wanted and prior_sd is None:
        raise FitError(
            f"{names.model}: {customers:g} customer(s) observed over {renewals} renewal(s) do not"
            f" determine {wanted} parameters. {names.advice}"
        )
    likelihood = build(t, lost, n)
    begins = [np.log(start) for start in starts]
    whole_ = likelihood
    if prior_sd is not None:
        whole_ = optimise.with_prior(likelihood, begins[0], prior_sd)
    summit = optimise.maximise(whole_, whole_, begins, customers, names)
    params, errors, covariance = optimise.natural_scale(summit, np.ones(len(begins[0])))
    value = likelihood(summit.log_p)[0]
    return Fit.of(kind, params, errors, covariance, value, round(customers), summit.steps)


def p_count(log_survival: LogSurvival, k: ArrayLike, h: ArrayLike, t: ArrayLike) -> Floats:
    """Probability of exactly k of the next h renewals, of a customer who survived t.

    Parameters
    ----------
    log_survival : the model's
    k, h, t : (n,) or scalar, whole numbers

    Returns
    -------
    (n,) 0 where k > h
    """
    k, h, t = np.broadcast_arrays(*np.atleast_1d(whole(k), whole(h), whole(t)))
    now = log_survival(t)
    stays = np.exp(log_survival(t + k) - now)
    leaves = -np.expm1(log_survival(t + k + 1.0) - log_survival(t + k))
    return np.asarray(np.where(k < h, stays * leaves, np.where(k == h, stays, 0.0)))


def lifetime_quantile(log_survival: LogSurvival, q: float, t: ArrayLike) -> Floats:
    """Quantile of the renewal, counted from now, at which a customer who survived t leaves.

    Parameters
    ----------
    log_survival : the model's
    q : in (0, 1)
    t : (n,) renewals survived

    Returns
    -------
    (n,) whole numbers from 1; 2^60 stands for later still
    """
    t = np.atleast_1d(whole(t))
    target = log_survival(t) + np.log1p(-q)
    high = np.ones_like(t)
    for _ in range(FARTHEST_DOUBLING):
        high = np.where(log_survival(t + high) > target, 2.0 * high, high)
    low = np.floor(high / 2.0)
    for _ in range(FARTHEST_DOUBLING):
        middle = np.floor((low + high) / 2.0)
        stays = log_survival(t + middle) > target
        low, high = np.where(stays, middle, low), np.where(stays, high, middle)
        high = np.maximum(high, low + 1.0)
    return high


def seen(total: Any, T: Floats) -> tuple[Floats, Floats]:
    """What is seen by renewal T of customers who survive `total` renewals.

    Returns
    -------
    t, lost : (n,) as in `Cohort`
    """
    return np.minimum(total, T), np.where(total < T, 1.0, 0.0)
