"""Every purchase model in continuous time: its parameters, its fit, and what laws are tried on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from clv.core.types import Floats
from clv.numerics import (
    betageometric,
    bgcnbd,
    bgnbd,
    cnbd,
    futures,
    histories,
    mbgcnbd,
    mbgnbd,
    nbd,
    paretonbd,
)
from clv.numerics.optimise import Fit, Objective

Seen = tuple[Floats, Floats, Floats]

KINDS: dict[str, Any] = {
    "nbd": nbd.NBDParams,
    "bgnbd": bgnbd.BGNBDParams,
    "mbgnbd": mbgnbd.MBGNBDParams,
    "paretonbd": paretonbd.ParetoNBDParams,
    "bgcnbd": bgcnbd.BGCNBDParams,
    "mbgcnbd": mbgcnbd.MBGCNBDParams,
}
#: Parameters in days that some thousand simulated customers determine well.
TRUE: dict[str, Any] = {
    "nbd": nbd.NBDParams(0.5, 40.0),
    "bgnbd": bgnbd.BGNBDParams(0.5, 20.0, 0.8, 2.5),
    "mbgnbd": mbgnbd.MBGNBDParams(0.8, 30.0, 0.7, 1.8),
    "paretonbd": paretonbd.ParetoNBDParams(0.8, 40.0, 0.7, 60.0),
    "bgcnbd": bgcnbd.BGCNBDParams(0.6, 8.0, 0.8, 2.5, 3),
    "mbgcnbd": mbgcnbd.MBGCNBDParams(0.9, 12.0, 0.7, 1.8, 2),
}
#: Fitted to the CDNOW sample and rounded, in weeks.
CDNOW: dict[str, Any] = {
    "nbd": nbd.NBDParams(0.385, 12.07),
    "bgnbd": bgnbd.BGNBDParams(0.243, 4.414, 0.793, 2.426),
    "mbgnbd": mbgnbd.MBGNBDParams(0.525, 6.183, 0.891, 1.614),
    "paretonbd": paretonbd.ParetoNBDParams(0.553, 10.578, 0.606, 11.669),
    "bgcnbd": bgcnbd.BGCNBDParams(0.219, 0.833, 1.026, 2.094, 3),
    "mbgcnbd": mbgcnbd.MBGCNBDParams(0.58, 2.288, 1.134, 1.585, 2),
}
#: Whether the first purchase is a chance to drop out, where dropout follows purchases.
RHYTHMIC = {"bgcnbd": 0.0, "mbgcnbd": 1.0}
FITS: dict[str, Callable[..., Fit[Any]]] = {
    "nbd": nbd.fit,
    "bgnbd": bgnbd.fit,
    "mbgnbd": mbgnbd.fit,
    "paretonbd": paretonbd.fit,
    "bgcnbd": partial(bgcnbd.fit, k=TRUE["bgcnbd"].k),
    "mbgcnbd": partial(mbgcnbd.fit, k=TRUE["mbgcnbd"].k),
}
OBJECTIVES = {
    "nbd": nbd.objective,
    "bgnbd": bgnbd.objective,
    "mbgnbd": mbgnbd.objective,
    "paretonbd": paretonbd.objective,
}
#: Fields in units of time.
TIMES = ("alpha", "beta")
#: Customers in weeks: just met, one-timers, silent, active, frequent, and as extreme as can be.
X = np.array([0.0, 0.0, 2.0, 2.0, 26.0, 10_000.0])
T_X = np.array([0.0, 0.0, 30.0, 38.0, 30.86, 20_000.0])
T = np.array([0.0, 38.0, 38.0, 38.0, 31.0, 20_000.0])

each_model = pytest.mark.parametrize("name", KINDS)


def positive(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(np.log(low), np.log(high)).map(lambda v: float(np.exp(v)))


def horizons(longest: float) -> st.SearchStrategy[float]:
    """None, or from a minute in days: shorter ones are lost in the last digits of T."""
    return st.one_of(st.just(0.0), st.floats(1e-3, longest))


@st.composite
def fields(draw: st.DrawFn) -> tuple[float, float, float, float, int]:
    """Shapes around 1, rates around a month; a + b = 1, a = 1 and s = 1 come up often."""
    shape = st.one_of(positive(0.01, 50.0), st.just(1.0), st.just(0.5))
    return (
        draw(positive(0.01, 50.0)),
        draw(positive(0.1, 5_000.0)),
        draw(shape),
        draw(st.one_of(shape, positive(0.1, 5_000.0))),
        draw(st.integers(1, cnbd.LARGEST_K)),
    )


def params(name: str, drawn: tuple[float, ...]) -> Any:
    """A model's parameters, of as many of the fields as it has."""
    kind = KINDS[name]
    return kind(*drawn[: len(kind._fields)])


@st.composite
def seen_histories(draw: st.DrawFn) -> Seen:
    """One to eight customers, from the newest to those of 10,000 purchases in 20,000 days."""
    rows = draw(
        st.lists(
            st.tuples(
                st.one_of(st.integers(0, 5), st.integers(0, 10_000)),
                st.one_of(st.floats(0, 1), st.just(1.0)),
                st.one_of(st.integers(0, 700), st.integers(0, 20_000)),
            ),
            min_size=1,
            max_size=8,
        )
    )
    x, share, T = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    return x, np.where(x > 0, share * T, 0.0), T


def differing(p: Any, n: int, seed: int) -> Any:
    """The parameters with n customers' own alpha, and a, b or beta where there are such."""
    rng = np.random.default_rng(seed)
    own = {
        field: getattr(p, field) * np.exp(rng.uniform(-1.0, 1.0, n))
        for field in ("alpha", "a", "b", "beta")
        if field in p._fields
    }
    return p._replace(**own)


def alone(p: Any, row: int) -> Any:
    """What `differing` parameters are for one customer."""
    return type(p)(*(float(v[row]) if np.ndim(v) else v for v in p))


def in_unit(p: Any, c: float) -> Any:
    """The same parameters where a unit of time has become c."""
    return p._replace(**{field: getattr(p, field) * c for field in TIMES if field in p._fields})


def positives(p: Any) -> Floats:
    """The parameters that are estimated: all but k."""
    return np.array([v for field, v in zip(p._fields, p, strict=True) if field != "k"])


def objective(name: str, p: Any, seen: Seen, n: Floats) -> Objective:
    """What a fit climbs; of p only k matters."""
    x, t_x, T = seen
    if name in RHYTHMIC:
        return betageometric.objective(p.k, x, t_x, T, x + RHYTHMIC[name], n)
    return OBJECTIVES[name](x, t_x, T, n)


def simulated(name: str, seed: int, n: int = 1_500, *, whole_days: bool = True) -> Seen:
    """A base that follows `TRUE`, observed for 100 to 700 days; told in whole days if so wanted."""
    rng = np.random.default_rng(seed)
    T = rng.integers(100, 700, n).astype(np.float64)
    x, t_x = futures.simulate(TRUE[name], T, rng)
    return (x, np.minimum(np.ceil(t_x), T), T) if whole_days else (x, t_x, T)


def fit(name: str, x: Floats, t_x: Floats, T: Floats, **how: Any) -> Fit[Any]:
    return FITS[name](*histories.group(x, t_x, T)[:4], **how)


def slope(at: Callable[[float], Any], step: float = 2e-4) -> Floats:
    """Derivative at 0 from values up to three steps to either side.

    The error is the step's sixth power times the seventh derivative over 140, and rounding.
    """
    near, far, farthest = (np.asarray(at(m * step) - at(-m * step)) for m in (1, 2, 3))
    return (45.0 * near - 9.0 * far + farthest) / (60.0 * step)


def from_truth(found: Fit[Any], truth: Any) -> tuple[Floats, float]:
    """Log-parameters' distances from the truth in standard errors, and their joint square."""
    estimate = positives(found.params)
    k = len(estimate)
    away = np.log(estimate / positives(truth))
    in_logs = found.covariance[:k, :k] / np.outer(estimate, estimate)
    return away / np.sqrt(np.diag(in_logs)), float(away @ np.linalg.solve(in_logs, away))
