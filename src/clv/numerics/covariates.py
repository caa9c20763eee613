"""Purchase models whose rates differ by what is known of a customer besides the purchases.

A covariate z, constant in time, multiplies a rate by exp(gamma z): the rate of purchases, and
the rate or the odds of dropping out. Whose covariates are all 0 follows the model without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from clv.core.errors import HistoryError
from clv.core.types import Floats, Parameter
from clv.numerics import optimise, purchases
from clv.numerics.draws import draw_deviations
from clv.numerics.histories import check, systematic_sample
from clv.numerics.optimise import Names, Objective
from clv.numerics.special import total

P = TypeVar("P", bound=tuple[Parameter, ...])
#: An effect beyond exp(FAR) is told from one of exp(FAR) by no data.
FAR = 50.0
#: Of the smallest variance among standardised covariates; below it they say the same.
SAME = 1e-8
ADVICE = (
    "Use another purchase model or more customers; if it is an effect, leave its covariate out."
)


class Acts(NamedTuple):
    """On which log-parameters covariates act, (k,) factors each: -1 where alpha shrinks, say."""

    purchase: tuple[float, ...]
    dropout: tuple[float, ...]


class Model(Protocol):
    """What the fit asks of a purchase model's module."""

    NAMES: Names
    ACTS: Acts

    def starts(self, rate: float, /) -> list[tuple[float, ...]]:
        """Where to search from, given repeat purchases per customer in the mean time."""
        ...


class Covariates(NamedTuple):
    """What is known of each customer, a column each.

    Attributes
    ----------
    purchase, dropout : (n, m) and (n, l), of those that act on purchases and on dropout
    purchase_names, dropout_names : of the columns
    """

    purchase: Floats
    dropout: Floats
    purchase_names: tuple[str, ...]
    dropout_names: tuple[str, ...]

    @classmethod
    def of(
        cls,
        columns: Mapping[str, ArrayLike],
        purchase: Sequence[str] | None = None,
        dropout: Sequence[str] | None = None,
    ) -> Covariates:
        """Columns by name; each acts on purchases and on dropout unless told which do.

        Parameters
        ----------
        columns : name and (n,) numbers of each
        purchase, dropout : names of those that act on purchases, and on dropout
        """
        acting = [
            tuple(columns) if names is None else tuple(names) for names in (purchase, dropout)
        ]
        values = {name: np.asarray(column, dtype=np.float64) for name, column in columns.items()}
        rows = len(next(iter(values.values()), ()))
        tables = [
            np.column_stack([values[name] for name in names]) if names else np.zeros((rows, 0))
            for names in acting
        ]
        return cls(tables[0], tables[1], acting[0], acting[1])


class Effects(NamedTuple):
    """Coefficients gamma of the covariates, (m,) and (l,)."""

    purchase: Floats
    dropout: Floats


class CovariateFit(NamedTuple, Generic[P]):
    """What a fit with covariates found.

    Attributes
    ----------
    params, standard_errors : of a customer whose covariates are all 0, in the units of the data
    effects, effect_errors : coefficients of the covariates and their standard errors
    covariance : (k + m + l, k + m + l) of params, then effects
    loglik : total log-likelihood
    n_customers, iterations : customers fitted, and steps of the climb
    """

    params: P
    standard_errors: P
    effects: Effects
    effect_errors: Effects
    covariance: Floats
    loglik: float
    n_customers: int
    iterations: int


def fit(
    model: Any,
    kind: Callable[..., P],
    histories: tuple[Floats, Floats, Floats, Floats],
    covariates: Covariates,
    prior_sd: float | None = None,
    acts: Acts | None = None,
) -> CovariateFit[P]:
    """Maximum likelihood, or with a prior maximum a posteriori.

    Parameters
    ----------
    model, kind : a purchase model's module, see `Model`, and its parameters
    histories : x, t_x, T and n, (d,) each; rows may repeat
    covariates : of each row
    prior_sd : as in `purchases.fit`, and of effects per standard deviation of their covariate
    acts : on which log-parameters covariates act; the model's own unless given

    Returns
    -------
    CovariateFit

    Raises
    ------
    HistoryError : a history that cannot be; a covariate that is missing for a row or the same for
        all
    FitError : nobody bought again, or a parameter runs away

    References
    ----------
    Fader & Hardie (2007), brucehardie.com/notes/019
    """
    x, t_x, T, n = (np.atleast_1d(np.asarray(column, dtype=np.float64)) for column in histories)
    check(x, t_x, T)
    _check(covariates, n)
    acts = acts or model.ACTS
    order = np.lexsort((T, t_x, x))
    x, t_x, T, n = x[order], t_x[order], T[order], n[order]
    z = [column[order] for column in covariates[:2]]
    names, k, m = _named(model.NAMES, covariates), len(model.NAMES.params), z[0].shape[1]
    customers, repeats = purchases.counted(model.NAMES.model, x, T, n)
    means, scales = (np.concatenate(v) for v in zip(*(_spread(c, n) for c in z), strict=True))
    units = np.where(np.isin(model.NAMES.params, ("alpha", "beta")), total(n, T) / customers, 1.0)
    none = np.zeros(len(scales))
    log_units = np.concatenate([np.log(units), none])
    # Centred, so that an effect which runs away takes no parameter of the model with it.
    standard = (z[0] - means[:m]) / scales[:m], (z[1] - means[m:]) / scales[m:]

    def build(rows: Any, weights: Floats) -> Objective:
        seen, some = (x[rows], t_x[rows], T[rows]), (standard[0][rows], standard[1][rows])
        return purchases.in_units(objective(kind, acts, seen, some, weights), log_units)

    begins = [np.concatenate([np.log(p), none]) for p in model.starts(repeats / customers)]
    whole, sample = build(slice(None), n), build(*systematic_sample(n))
    summit = optimise.maximise(whole, sample, begins, customers, names, prior_sd)
    # Back to covariates as given: effects by their unit, parameters to where they are 0.
    back = np.diag(np.concatenate([np.ones(k), 1.0 / scales]))
    for factors, columns in zip(acts, (slice(k, k + m), slice(k + m, None)), strict=True):
        moved = (means / scales)[columns.start - k : columns.stop and columns.stop - k]
        back[:k, columns] = -np.outer(factors, moved)
    found = back @ summit.log_p + log_units
    params, effects = np.exp(found[:k]), found[k:]
    slope = np.concatenate([params, np.ones(len(effects))])
    covariance = (back @ summit.covariance @ back.T) * np.outer(slope, slope)
    errors = np.sqrt(np.diag(covariance))
    return CovariateFit(
        kind(*(float(v) for v in params)),
        kind(*(float(v) for v in errors[:k])),
        Effects(effects[:m], effects[m:]),
        Effects(errors[k : k + m], errors[k + m :]),
        covariance,
        summit.value,
        round(customers),
        summit.steps,
    )


def draw_fits(
    found: CovariateFit[P], size: int, rng: np.random.Generator
) -> list[tuple[P, Effects]]:
    """Parameters and effects as they might be, see `clv.numerics.draws.draw_params`.

    Parameters
    ----------
    found : a fit with k parameters, m and l effects
    size : draws
    rng : source of randomness

    Returns
    -------
    list of so many parameters with their effects, for `of_customers`
    """
    k, m = len(found.params), len(found.effects.purchase)
    estimate = np.array(found.params, dtype=np.float64)
    slope = np.concatenate([estimate, np.ones(len(found.covariance) - k)])
    away = draw_deviations(found.covariance / np.outer(slope, slope), size, rng)
    kind: Any = type(found.params)
    return [
        (
            kind(*(estimate * np.exp(row[:k])).tolist()),
            Effects(found.effects.purchase + row[k : k + m], found.effects.dropout + row[k + m :]),
        )
        for row in away
    ]


def of_customers(params: P, effects: Effects, covariates: Covariates, acts: Acts) -> P:
    """Each customer's own parameters.

    Parameters
    ----------
    params : of a customer whose covariates are all 0
    effects : coefficients
    covariates : of n customers
    acts : as in `fit`

    Returns
    -------
    parameters of the same kind; fields on which covariates act are (n,)
    """
    kind: Any = type(params)
    shifted: P = kind(*_shifted(params, acts, covariates[:2], effects))
    return shifted


def _shifted(
    params: Sequence[Parameter], acts: Acts, z: Sequence[Floats], effects: Sequence[Floats]
) -> list[Parameter]:
    towards = [column @ effect for column, effect in zip(z, effects, strict=True)]
    fields: list[Parameter] = []
    for value, factors in zip(params, zip(*acts, strict=True), strict=True):
        moved = sum((f * to for f, to in zip(factors, towards, strict=True) if f), start=0.0)
        fields.append(value if np.ndim(moved) == 0 else value * np.exp(np.clip(moved, -FAR, FAR)))
    return fields


def objective(
    kind: Callable[..., Any],
    acts: Acts,
    seen: tuple[Floats, Floats, Floats],
    z: tuple[Floats, Floats],
    n: Floats,
) -> Objective:
    """Total log-likelihood and its gradient by the log-parameters and the effects."""
    k, m = len(acts.purchase), z[0].shape[1]

    def climb(log_p: Floats) -> tuple[float, Floats]:
        effects = log_p[k : k + m], log_p[k + m :]
        base = [float(v) for v in np.exp(log_p[:k])]
        values, slopes = kind(*_shifted(base, acts, z, effects)).with_slopes(*seen)
        slopes = slopes * n
        gradient = [slopes.sum(axis=1)]
        for factors, column in zip(acts, z, strict=True):
            along = np.einsum("i,ij->j", np.asarray(factors), slopes)
            gradient.append(np.einsum("i,ij->j", along, column))
        return total(n, values), np.concatenate(gradient)

    return climb


def _spread(z: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each column over customers."""
    mean = np.einsum("i,ij->j", n, z) / n.sum()
    return mean, np.asarray(np.sqrt(np.einsum("i,ij->j", n, (z - mean) ** 2) / n.sum()))


def _check(covariates: Covariates, n: Floats) -> None:
    if not n.sum():
        return
    told = zip(covariates[:2], covariates[2:], strict=True)
    for (z, names), kind in zip(told, ("purchases", "dropout"), strict=True):
        if z.shape != (len(n), len(names)):
            raise HistoryError(
                f"covariates of {kind}: {z.shape} numbers do not go with {len(n)} rows and"
                f" {len(names)} names."
            )
        for name, column in zip(names, z.T, strict=True):
            if missing := int((~np.isfinite(column)).sum()):
                raise HistoryError(
                    f"covariate {name}: is missing or infinite in {missing} row(s)."
                    " Fill them in, or leave the covariate out."
                )
            if (column[n > 0] == column[n > 0][0]).all():
                raise HistoryError(
                    f"covariate {name}: is {column[0]:g} for every customer, so it explains"
                    " nothing. Leave it out."
                )
        _check_apart(z[n > 0], names)


def _check_apart(z: Floats, names: tuple[str, ...]) -> None:
    """Stop at covariates of which one follows from the others."""
    if not names:
        return
    standard = (z - z.mean(axis=0)) / z.std(axis=0)
    bends, directions = np.linalg.eigh(np.einsum("ij,ik->jk", standard, standard) / len(z))
    if bends[0] < SAME:
        of_them = [
            name for name, part in zip(names, directions[:, 0], strict=True) if part**2 > SAME
        ]
        raise HistoryError(
            f"covariates {', '.join(of_them)}: one follows from the others, so that their effects"
            " cannot be told apart. Leave one out."
        )


def _named(names: Names, covariates: Covariates) -> Names:
    purchase = [f"effect of {name} on purchases" for name in covariates.purchase_names]
    dropout = [f"effect of {name} on dropout" for name in covariates.dropout_names]
    low = [f"who has more of {name} hardly buys again" for name in covariates.purchase_names]
    high = [f"who has less of {name} hardly buys again" for name in covariates.purchase_names]
    for name in covariates.dropout_names:
        low.append(f"who has more of {name} hardly ever stops, or who has less stops at once")
        high.append(f"who has more of {name} stops at once, or who has less hardly ever stops")
    return Names(
        names.model,
        (*names.params, *purchase, *dropout),
        (*names.low, *low),
        (*names.high, *high),
        ADVICE,
    )
