"""The fit every purchase model shares: distinct histories, time free of its unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from clv.core.errors import FitError
from clv.core.types import Floats
from clv.numerics import optimise
from clv.numerics.histories import check, systematic_sample
from clv.numerics.special import total

#: Objective over distinct histories x, t_x, T with counts n.
Build = Callable[[Floats, Floats, Floats, Floats], optimise.Objective]
#: Starting parameters, given repeat purchases per customer in the mean time observed.
Starts = Callable[[float], list[tuple[float, ...]]]

SAME_RATE = "all customers buy at the same rate, so there is no difference to learn"
ADVICE = "Use another purchase model, or more customers and a longer log."
HARDLY_ANY_REPEAT = "hardly anyone buys again, and a handful buy all the time"


def fit(
    build: Build,
    starts: Starts,
    names: optimise.Names,
    histories: tuple[Floats, Floats, Floats, Floats],
    prior_sd: float | None = None,
) -> tuple[Floats, Floats, Floats, float, int, int]:
    """Maximum likelihood, or with a prior maximum a posteriori, from distinct histories.

    Parameters
    ----------
    build, starts, names : the model
    histories : x, t_x, T and n, (d,) each, sorted by x
    prior_sd : of a Normal prior on each log-parameter, around the first start and free of the
        unit of time; None fits without one

    Returns
    -------
    params, standard errors, covariance, log-likelihood, customers, steps

    Raises
    ------
    HistoryError : a history that cannot be
    FitError : nobody bought again, or a parameter runs away
    """
    x, t_x, T, n = (np.atleast_1d(np.asarray(column, dtype=np.float64)) for column in histories)
    check(x, t_x, T)
    customers, repeats = counted(names.model, x, T, n)
    # Parameters are found in units of the mean time observed, so that no start depends on it.
    unit = total(n, T) / customers
    units = np.where(np.isin(names.params, ("alpha", "beta")), unit, 1.0)
    rows, weights = systematic_sample(n)
    summit = optimise.maximise(
        in_units(build(x, t_x, T, n), np.log(units)),
        in_units(build(x[rows], t_x[rows], T[rows], weights), np.log(units)),
        [np.log(start) for start in starts(repeats / customers)],
        customers,
        names,
        prior_sd,
    )
    params, errors, covariance = optimise.natural_scale(summit, units)
    return params, errors, covariance, summit.value, round(customers), summit.steps


def in_units(objective: optimise.Objective, log_units: Floats) -> optimise.Objective:
    """The objective as a function of log-parameters in other units.

    Parameters
    ----------
    log_units : (k,) logarithm of what one unit of each parameter is in the objective's own
    """

    def climb(log_p: Floats) -> tuple[float, Floats]:
        return objective(log_p + log_units)

    return climb


def counted(model: str, x: Floats, T: Floats, n: Floats) -> tuple[float, float]:
    """Customers and their repeat purchases, neither of them none.

    Parameters
    ----------
    model : its name, for the error
    x, T, n : (d,) repeat purchases, time observed, and customers of each history

    Raises
    ------
    FitError : there are no customers, nobody bought again, or no time has passed
    """
    customers, repeats = float(n.sum()), total(n, x)
    if customers == 0:
        raise FitError(f"{model}: there are no customers to fit.")
    if repeats == 0:
        raise FitError(
            f"{model}: r runs to 0: none of {customers:g} customers bought again, so there"
            " is no purchase rate to learn. Use a longer log."
        )
    if not (n * T).any():
        raise FitError(
            f"{model}: alpha runs to 0: none of {customers:g} customers was observed for any time,"
            " so there is no purchase rate to learn. Use a longer log."
        )
    return customers, repeats


class Sloped(Protocol):
    """Parameters that tell the slopes of their log-likelihood."""

    def with_slopes(self, x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats]:
        """Log-likelihood, (n,), and its derivatives in the logarithms of the parameters, (k, n)."""
        ...


def objective_of(
    kind: Callable[..., Sloped], x: Floats, t_x: Floats, T: Floats, n: Floats
) -> optimise.Objective:
    """Total log-likelihood and its gradient by the log-parameters.

    Parameters
    ----------
    kind : of the parameters
    x, t_x, T : (d,) distinct histories
    n : (d,) customers of each
    """

    def climb(log_p: Floats) -> tuple[float, Floats]:
        values, slopes = kind(*(float(v) for v in np.exp(log_p))).with_slopes(x, t_x, T)
        return total(n, values), np.array([total(n, slope) for slope in slopes])

    return climb
