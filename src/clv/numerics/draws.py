"""How uncertain parameters are, as draws, and what that makes of a total."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from scipy.special import ndtr, ndtri

from clv.core.errors import FitError, SettingError
from clv.core.types import Floats, Parameter
from clv.numerics import futures
from clv.numerics.histories import SAMPLE_SIZE
from clv.numerics.outlook import Params, expected_purchases, of_rows
from clv.numerics.special import total

P = TypeVar("P", bound=tuple[Parameter, ...])
#: Draws stay within so many standard deviations of the estimate along each axis.
MOST_DEVIATIONS = 4.0
#: They stay within this of each log-parameter, a factor of 150, however little is known.
MOST_AWAY = 5.0


class Interval(NamedTuple):
    """Ends between which a quantity lies with the probability asked for."""

    lower: float
    upper: float


def draw_params(params: P, covariance: Floats, size: int, rng: np.random.Generator) -> list[P]:
    """Parameters as they might be: Laplace's approximation in their logarithms.

    Log-parameters are Normal around the estimate, cut off along each axis of their ellipsoid
    where a draw would be absurd, so that every draw can be used.

    Parameters
    ----------
    params : k estimates, all positive
    covariance : (k, k) of them, in their own units, as in `optimise.Fit`; a variance of 0 is of
        what was given, such as a rhythm, and drawn as it is
    size : draws
    rng : source of randomness

    Returns
    -------
    list of so many parameters, of the kind given

    Raises
    ------
    FitError : the covariance is not finite, or not one

    References
    ----------
    Tierney & Kadane (1986), Journal of the American Statistical Association 81; a flat or
    Normal prior on log-parameters, as the fit had
    """
    estimate = np.array(params, dtype=np.float64)
    in_logs = np.asarray(covariance, dtype=np.float64) / np.outer(estimate, estimate)
    if not (np.isfinite(in_logs).all() and (estimate > 0).all()):
        raise FitError("draws: the estimates or their covariance are not finite. Fit again.")
    drawn = estimate * np.exp(draw_deviations(in_logs, size, rng))
    given = (np.diag(in_logs) == 0).tolist()
    return [_like(params, given, row) for row in drawn.tolist()]


def draw_deviations(covariance: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Normal deviations of this covariance, cut off along each axis where they would be absurd.

    Parameters
    ----------
    covariance : (k, k)
    size : draws
    rng : source of randomness

    Returns
    -------
    (size, k)

    Raises
    ------
    FitError : the covariance is not one
    """
    variances, axes = np.linalg.eigh((covariance + covariance.T) / 2.0)
    if variances.min() < -1e-6 * max(float(variances.max()), 1e-300):
        raise FitError("draws: the covariance of the estimates is not one. Fit again.")
    spread = np.sqrt(np.maximum(variances, 0.0))
    # Axes are at right angles, so k of them together reach at most sqrt(k) as far as one.
    within = MOST_AWAY / np.sqrt(len(spread))
    most = np.minimum(MOST_DEVIATIONS, within / np.maximum(spread, 1e-300))
    below = ndtr(-most)
    normal = ndtri(below + rng.uniform(size=(size, len(spread))) * (1.0 - 2.0 * below))
    return np.asarray((normal * spread) @ axes.T)


def total_draws(
    drawn: Sequence[Params],
    params: Params,
    t: float,
    x: Floats,
    t_x: Floats,
    T: Floats,
    n: Floats,
    rng: np.random.Generator,
    worth: Floats | None = None,
    sample_size: int = SAMPLE_SIZE,
) -> Floats:
    """Draws of what all customers together buy in (T, T + t]: uncertain parameters, and chance.

    Up to `sample_size` customers are all simulated, once with each draw of the parameters.
    Of more, every k-th is. What a draw of the parameters makes of the sample's expectation, in
    proportion to the estimate's, it makes of the whole's; and the sample's scatter around its
    expectation is scaled by the root of the whole over the sample, as that of independent
    customers is. Not in it: that the model is wrong, or that next year is unlike the last.

    Parameters
    ----------
    drawn : parameters as they might be, see `draw_params`
    params : their estimate
    t : time ahead in the unit of the parameters, finite
    x, t_x, T : (d,) distinct histories, or customers
    n : (d,) customers of each
    rng : source of randomness
    worth : (d,) what a purchase is worth; 1 unless given
    sample_size : the most customers to simulate

    Returns
    -------
    (len(drawn),) totals; whole numbers where all are simulated and worth is 1

    Raises
    ------
    SettingError : fewer than one customer to simulate
    """
    if sample_size < 1:
        raise SettingError(
            f"sample size: {sample_size} customers cannot stand for all. Take 1,000."
        )
    each = np.ones_like(x) if worth is None else np.asarray(worth, dtype=np.float64)
    ends = np.cumsum(n)
    customers = round(float(ends[-1])) if len(ends) else 0
    if customers == 0:
        return np.zeros(len(drawn))
    size = min(customers, sample_size)
    rows = np.searchsorted(ends, (np.arange(size) + 0.5) * (customers / size))
    some, counted = np.unique(rows, return_counts=True)
    weight = counted * each[some]
    seen, seen_once = (x[rows], t_x[rows], T[rows]), (x[some], t_x[some], T[some])
    expected = total(n * each, expected_purchases(params, t, x, t_x, T))
    of_sample = total(weight, expected_purchases(of_rows(params, some), t, *seen_once))
    wider = np.sqrt(customers / size)
    totals = np.empty(len(drawn))
    for i, p in enumerate(drawn):
        made = total(each[rows], futures.simulate_counts(of_rows(p, rows), t, *seen, rng))
        if size == customers:
            totals[i] = made
        else:
            mean = total(weight, expected_purchases(of_rows(p, some), t, *seen_once))
            in_proportion = mean / of_sample if of_sample > 0 else 1.0
            totals[i] = max(expected * in_proportion + wider * (made - mean), 0.0)
    return totals


def interval(draws: Floats, level: float) -> Interval:
    """Central interval of draws.

    Parameters
    ----------
    draws : (m,) of a quantity, m not 0
    level : in (0, 1), such as 0.9

    Returns
    -------
    Interval

    Raises
    ------
    SettingError : the level is outside (0, 1)
    """
    if not 0 < level < 1:
        raise SettingError(f"level: {level:g} is outside (0, 1). Write 90 % as 0.9.")
    tail = (1.0 - level) / 2.0
    lower, upper = np.quantile(draws, [tail, 1.0 - tail])
    return Interval(float(lower), float(upper))


def _like(params: P, given: list[bool], drawn: list[float]) -> P:
    """A tuple of the same kind, named or not, of what was given and what was drawn."""
    values = [p if known else v for p, known, v in zip(params, given, drawn, strict=True)]
    kind: Any = type(params)
    alike: P = kind(*values) if hasattr(kind, "_fields") else kind(values)
    return alike
