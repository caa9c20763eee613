"""Maximum likelihood over positive parameters: search a sample, climb the whole, tell how sure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from clv.core.errors import FitError
from clv.core.types import Floats, Parameter

P = TypeVar("P", bound=tuple[Parameter, ...])
#: Total log-likelihood and its gradient as a function of the log-parameters.
Objective = Callable[[Floats], tuple[float, Floats]]

#: A parameter, free of units, beyond exp(RUNAWAY) or below exp(-RUNAWAY) has run away.
RUNAWAY = 11.5
#: The search itself may go this far.
BOUND = 14.0
#: A standard error of a log-parameter beyond this: the data do not determine it.
UNDETERMINED = 25.0
#: Log-likelihood that another step may gain when climbing ends.
TOLERANCE = 1e-10
#: Gain of another step at which the search of the sample ends.
SETTLED = 1e-4
#: Steps that go by the curvature of the sample alone.
BY_SAMPLE = 20
LONGEST_STEP = 1.5
MOST_STEPS = 100
#: Step of the forward differences of the gradient, in log-parameters.
FORWARD = 2e-5


class Fit(NamedTuple, Generic[P]):
    """What a fit found.

    Attributes
    ----------
    params, standard_errors : in the units of the data
    covariance : (k, k) of params
    loglik : total log-likelihood at params
    n_customers : customers fitted
    converged : always true; a fit that does not converge raises
    iterations : steps of the search and of the climb together
    """

    params: P
    standard_errors: P
    covariance: Floats
    loglik: float
    n_customers: int
    converged: bool
    iterations: int

    @classmethod
    def of(
        cls,
        kind: Callable[..., P],
        params: Floats,
        errors: Floats,
        covariance: Floats,
        loglik: float,
        customers: int,
        steps: int,
    ) -> Fit[P]:
        """A fit that converged, its arrays named by `kind`."""
        named = kind(*(float(v) for v in params)), kind(*(float(v) for v in errors))
        return cls(*named, covariance, loglik, customers, True, steps)


class Summit(NamedTuple):
    """Maximum of an objective: (k,) log-parameters, (k, k) their covariance, value, steps."""

    log_p: Floats
    covariance: Floats
    value: float
    steps: int


class Names(NamedTuple):
    """How a model and its parameters are told to the user.

    Attributes
    ----------
    model : name
    params : (k,) names
    low, high : (k,) what it means for the data that a parameter runs to 0, or to infinity
    advice : what to do then
    """

    model: str
    params: tuple[str, ...]
    low: tuple[str, ...]
    high: tuple[str, ...]
    advice: str


def maximise(
    whole: Objective,
    sample: Objective,
    starts: Sequence[Floats],
    n: float,
    names: Names,
    prior_sd: float | None = None,
) -> Summit:
    """Climb `whole` from the best of the summits that `sample` has from each start.

    Parameters
    ----------
    whole, sample : objectives over all customers, and over a few that stand for all
    starts : (k,) log-parameters each
    n : customers
    names : for the error
    prior_sd : of a Normal prior on each log-parameter, around the first start; None for none

    Returns
    -------
    Summit : its value is that of `whole`, without the prior

    Raises
    ------
    FitError : a parameter runs away, or the climb does not end
    """
    likelihood = whole
    if prior_sd is not None:
        whole, sample = (with_prior(each, starts[0], prior_sd) for each in (whole, sample))
    searches = [_search(sample, start) for start in starts]
    log_p, steps = max(searches, key=lambda found: found[2])[:2]
    value, gradient = whole(log_p)
    for step_number in range(MOST_STEPS):
        # The sample bends much like the whole at a fraction of the cost. Where climbing by it
        # does not end soon, the whole is asked.
        by_sample = step_number < BY_SAMPLE
        bent, slope = (sample, sample(log_p)[1]) if by_sample else (whole, gradient)
        step, concave = _step(_curvature(bent, log_p, slope), gradient)
        gain = float(gradient @ step) / 2.0
        if concave and gain <= TOLERANCE:
            _stop_if_runaway(log_p, names, n)
            curvature = _curvature(whole, log_p, gradient)
            value = value if prior_sd is None else likelihood(log_p)[0]
            return _summit(curvature, log_p, value, steps + step_number, n, names)
        log_p, value, gradient = _advance(whole, log_p, value, step)
        _stop_if_runaway(log_p, names, n)
    moving = int(np.abs(step).argmax())
    where, meaning = ("up", names.high) if step[moving] > 0 else ("down", names.low)
    raise FitError(
        f"{names.model}: {names.params[moving]} still drifts {where} after {MOST_STEPS} steps over"
        f" {n:g} customer(s), as where {meaning[moving]}.",
        names.advice,
    )


def with_prior(objective: Objective, centre: Floats, sd: float) -> Objective:
    """The objective plus a Normal prior on the log-parameters, for their most probable value.

    Parameters
    ----------
    centre : (k,) log-parameters, free of units
    sd : of each; 2 lets a parameter differ from its centre by a factor of 50 at little cost
    """

    def penalised(log_p: Floats) -> tuple[float, Floats]:
        value, gradient = objective(log_p)
        away = (log_p - centre) / sd
        return value - float(away @ away) / 2.0, gradient - away / sd

    return penalised


def natural_scale(summit: Summit, units: Floats) -> tuple[Floats, Floats, Floats]:
    """Parameters, standard errors and covariance in the units of the data (delta method).

    Parameters
    ----------
    summit : in log-parameters free of units
    units : (k,) what one unit of each parameter is in the data's units

    Returns
    -------
    (k,) parameters, (k,) standard errors, (k, k) covariance
    """
    params = np.exp(summit.log_p) * units
    covariance = summit.covariance * np.outer(params, params)
    return params, np.sqrt(np.diag(covariance)), covariance


def _search(objective: Objective, start: Floats) -> tuple[Floats, int, float]:
    """Newton's climb from a start; where it ends unsettled, whoever climbs on will tell."""
    log_p, steps = start, 0
    value, gradient = objective(log_p)
    while steps < MOST_STEPS:
        step, concave = _step(_curvature(objective, log_p, gradient), gradient)
        if concave and float(gradient @ step) / 2.0 <= SETTLED:
            break
        if (np.abs(log_p) > RUNAWAY).any():
            break
        log_p, value, gradient = _advance(objective, log_p, value, step)
        steps += 1
    return log_p, steps, value


def _curvature(objective: Objective, log_p: Floats, gradient: Floats) -> Floats:
    """Hessian by forward differences from the gradient given."""
    shifts = FORWARD * np.eye(len(log_p))
    hessian = np.array([(objective(log_p + shift)[1] - gradient) / FORWARD for shift in shifts])
    return np.asarray((hessian + hessian.T) / 2.0)


def _step(curvature: Floats, gradient: Floats) -> tuple[Floats, bool]:
    """Newton's step, made to climb where the surface is not concave, and no longer than allowed."""
    bends, directions = np.linalg.eigh(-curvature)
    floor = max(1e-12 * float(np.abs(bends).max()), 1e-300)
    along = (directions.T @ gradient) / np.maximum(np.abs(bends), floor)
    step = directions @ along
    longest = float(np.abs(step).max())
    concave = bool(bends.min() > 0)
    return np.asarray(step * min(1.0, LONGEST_STEP / max(longest, 1e-300))), concave


def _advance(
    objective: Objective, log_p: Floats, value: float, step: Floats
) -> tuple[Floats, float, Floats]:
    # Rounding in a sum of this size; smaller losses are not losses.
    noise = 1e-12 * (1.0 + abs(value))
    for halvings in range(30):
        ahead = np.clip(log_p + step * 0.5**halvings, -BOUND, BOUND)
        ahead_value, ahead_gradient = objective(ahead)
        if ahead_value >= value - noise:
            break
    return ahead, ahead_value, ahead_gradient


def _summit(
    curvature: Floats, log_p: Floats, value: float, steps: int, n: float, names: Names
) -> Summit:
    bends, directions = np.linalg.eigh(-curvature)
    if bends.min() <= UNDETERMINED**-2.0:
        worst = int(np.abs(directions[:, 0]).argmax())
        direction = names.high[worst] if log_p[worst] > 0 else names.low[worst]
        raise FitError(
            f"{names.model}: {n:g} customer(s) do not determine {names.params[worst]}:"
            f" {direction}.",
            names.advice,
        )
    covariance = (directions / bends) @ directions.T
    return Summit(log_p, np.asarray(covariance), value, steps)


def _stop_if_runaway(log_p: Floats, names: Names, n: float) -> None:
    away = np.abs(log_p) > RUNAWAY
    if not away.any():
        return
    told = []
    for limit, side in (("0", log_p < 0), ("infinity", log_p > 0)):
        which = [names.params[i] for i in np.flatnonzero(away & side)]
        if which:
            told.append(f"{', '.join(which)} run{'s' * (len(which) == 1)} away to {limit}")
    first = int(np.flatnonzero(away)[0])
    meaning = names.high[first] if log_p[first] > 0 else names.low[first]
    raise FitError(
        f"{names.model}: {' and '.join(told)} over {n:g} customer(s): {meaning}.",
        names.advice,
    )
