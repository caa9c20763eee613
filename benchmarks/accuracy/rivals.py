"""What people would otherwise use, each given the same customers on the same day."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from clv.core.types import Floats, Horizon
from clv.features.book import History
from clv.models import registry
from clv.numerics import bgnbd, futures, gammagamma

#: Futures drawn of each customer.
DRAWS = 400


def of_model(name: str) -> Callable[[History, Horizon, int], Floats]:
    """One of our own models, alone."""

    def forecast(history: History, horizon: Horizon, seed: int) -> Floats:
        model = registry.make(name, seed).fit(history)
        return model.predict(history, horizon)["clv"].to_numpy(dtype=np.float64)

    return forecast


class Lifetimes(NamedTuple):
    """lifetimes' two fits, as its documentation shows them."""

    bgnbd: bgnbd.BGNBDParams
    spend: gammagamma.GammaGammaParams
    value: Floats


def lifetimes(history: History, horizon: Horizon) -> Lifetimes:
    """BG/NBD on all customers, Gamma-Gamma on the repeat purchases of those who have some.

    A one-time buyer is expected to spend the population's mean, as that library has it.
    """
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    frame = history.frame
    x, t_x, T = (frame[name].to_numpy(dtype=np.float64) for name in ("x", "t_x", "T"))
    repeat = (frame["total_value"] - frame["first_value"]).to_numpy(dtype=np.float64)
    mean = np.where(x > 0, repeat / np.maximum(x, 1.0), 0.0)
    again = (x > 0) & (mean > 0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        counts = _fitted(BetaGeoFitter, x, t_x, T)
        spend = _fitted(GammaGammaFitter, x[again], mean[again])
        expected = counts.conditional_expected_number_of_purchases_up_to_time(
            horizon.n_days, x, t_x, T
        )
        each = spend.conditional_expected_average_profit(x, np.where(again, mean, 0.0))
    p = counts.params_
    v = spend.params_
    return Lifetimes(
        bgnbd.BGNBDParams(p["r"], p["alpha"], p["a"], p["b"]),
        gammagamma.GammaGammaParams(v["p"], v["q"], v["v"]),
        np.nan_to_num(np.asarray(expected, dtype=np.float64) * np.asarray(each)),
    )


def _fitted(kind, *columns: Floats):  # type: ignore[no-untyped-def]
    """A fit of lifetimes; with the smallest penalizer at which it converges, as its users do."""
    from lifetimes.utils import ConvergenceError

    for penalty in (0.0, 0.001, 0.01, 0.1):
        try:
            return kind(penalizer_coef=penalty).fit(*columns)
        except ConvergenceError:
            continue
    raise ConvergenceError("no penalizer helped")


def simulated(history: History, horizon: Horizon, fits: Lifetimes, levels: Floats) -> Floats:
    """Quantiles of each customer's spend, drawn from lifetimes' two fits.

    Returns
    -------
    (n, levels)
    """
    frame = history.frame
    x, t_x, T = (frame[name].to_numpy(dtype=np.float64) for name in ("x", "t_x", "T"))
    repeat = (frame["total_value"] - frame["first_value"]).to_numpy(dtype=np.float64)
    g, rng = fits.spend, np.random.default_rng(0)
    found = np.empty((len(x), len(levels)))
    for start in range(0, len(x), 2_000):
        part = slice(start, start + 2_000)
        n = len(x[part])
        spent = np.zeros((DRAWS, n))
        for draw in range(DRAWS):
            counts = futures.simulate_counts(
                fits.bgnbd, horizon.n_days, x[part], t_x[part], T[part], rng
            )
            # A customer's own rate of spend, given the repeat purchases seen.
            rate = rng.gamma(g.p * x[part] + g.q) / (g.gamma + np.maximum(repeat[part], 0.0))
            some = counts > 0
            spent[draw, some] = rng.gamma(g.p * counts[some]) / rate[some]
        found[part] = np.quantile(spent, levels, axis=0).T
    return found


def rfm_boosting(history: History, horizon: Horizon, seed: int) -> Floats:
    """XGBoost with its own defaults on recency, frequency, mean spend, total spend and age.

    Trained as such projects do: one past cut-off, what came after it as the target. Where the
    history is shorter than two horizons, the window is half of it, and forecasts grow in
    proportion.
    """
    from xgboost import XGBRegressor

    window = Horizon(min(horizon.n_days, history.span // 2))
    earlier = history.rewind(history.as_of.minus(window.n_days), window)
    target = history.followed(earlier, window).value
    model = XGBRegressor(random_state=seed, n_jobs=2).fit(_rfm(earlier), target)
    value = np.asarray(model.predict(_rfm(history)), dtype=np.float64)
    return np.maximum(value, 0.0) * horizon.n_days / window.n_days


def _rfm(history: History) -> Floats:
    frame = history.frame
    quiet = frame["T"] - frame["t_x"]
    mean = frame["total_value"] / (frame["x"] + 1)
    columns = (quiet, frame["x"] + 1, mean, frame["total_value"], frame["T"])
    return np.column_stack([column.to_numpy(dtype=np.float64) for column in columns])
