"""One purchase model fitted to a log: parameters, standard errors and likelihood, as papers do."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from clv.core.errors import SettingError
from clv.core.types import DAYS_PER_WEEK, Json
from clv.features.book import History
from clv.models.btyd import BGNBD, MBGNBD, ParetoNBD
from clv.numerics import gammagamma, histories
from clv.ops.config import FitConfig
from clv.ops.job import RunSettings
from clv.ops.machine import Machine
from clv.ops.pipeline import opened
from clv.ops.progress import Reporter, Stages

PURCHASES = {model.name: model.numerics for model in (BGNBD, MBGNBD, ParetoNBD)}
SPEND = "gammagamma"
DAYS = {"day": 1, "week": DAYS_PER_WEEK}


def fit_model(
    model: str, log: str, config: FitConfig, machine: Machine, reporter: Reporter
) -> Json:
    """Fit a model to every customer of a log as of a day.

    Returns
    -------
    {"model", "parameters": {name: {"value", "se"}}, "log_likelihood", "customers", "as_of",
    "unit"}; times are in the unit asked for, amounts in the log's currency

    Raises
    ------
    SettingError : no such model
    FitError : the model has no optimum on this log; says why
    """
    if model not in (*PURCHASES, SPEND):
        raise SettingError(f"model: {model!r} is none of {', '.join((*PURCHASES, SPEND))}.")
    # How often customers buy can be learned from dates alone.
    reading = replace(config.ingest_settings(machine.s3_endpoint), amount_needed=model == SPEND)
    settings = RunSettings(log, reading, machine=machine)
    stages = Stages(reporter)
    with (
        tempfile.TemporaryDirectory(prefix="clv-") as work,
        opened(settings, Path(work), stages) as held,
        stages.stage(f"fit {model}"),
    ):
        history = held.book.history(held.read.as_of, window=1)
        found = (
            _spend(history, config.spend)
            if model == SPEND
            else _purchases(model, history, DAYS[config.unit])
        )
    return {"model": model, **found, "as_of": str(held.read.as_of), "unit": config.unit}


def _purchases(model: str, history: History, days: int) -> Json:
    x, t_x, T = (history.frame[name].to_numpy() for name in ("x", "t_x", "T"))
    distinct = histories.group(x, t_x, T)
    fit = PURCHASES[model].fit(distinct.x, distinct.t_x / days, distinct.T / days, distinct.n)
    return _told(fit.params, fit.standard_errors, fit.loglik, fit.n_customers)


def _spend(history: History, orders: str) -> Json:
    frame = history.frame
    x = frame["x"].to_numpy(dtype=np.float64)
    spent = frame["total_value"].to_numpy(dtype=np.float64)
    if orders == "all":
        x = x + 1
    else:
        spent = spent - frame["first_value"].to_numpy(dtype=np.float64)
    seen = (x > 0) & (spent > 0)
    fit = gammagamma.fit(x[seen], spent[seen] / x[seen])
    return _told(fit.params, fit.standard_errors, fit.loglik, int(seen.sum()))


def _told(params: tuple[float, ...], errors: tuple[float, ...], loglik: float, n: int) -> Json:
    names = params._fields  # type: ignore[attr-defined]
    return {
        "parameters": {
            name: {"value": float(value), "se": float(error)}
            for name, value, error in zip(names, params, errors, strict=True)
        },
        "log_likelihood": float(loglik),
        "customers": n,
    }
