"""One purchase model fitted to a log: parameters, standard errors and likelihood, as papers do."""

from __future__ import annotations

import math
import tempfile
from dataclasses import replace
from pathlib import Path

from clv.core.errors import SettingError
from clv.core.types import DAYS_PER_WEEK, AsOf, Horizon, Json
from clv.data.customers import read_customers
from clv.evaluation.backtest import last_origin
from clv.features.book import History
from clv.models import pick
from clv.models.btyd import PurchaseModel
from clv.models.covariates import BGNBDCovariates, MBGNBDCovariates, ParetoNBDCovariates
from clv.models.spend import MANY_FREE, averaged, free_share, paid_share
from clv.numerics import gammagamma
from clv.numerics.paidshare import population_share
from clv.ops.config import FitConfig
from clv.ops.job import RunSettings
from clv.ops.machine import Machine
from clv.ops.pipeline import opened
from clv.ops.progress import Reporter, Stages

PURCHASES = {model.name: model for model in pick.CANDIDATES}
WITH_COVARIATES = {
    "bgnbd": BGNBDCovariates,
    "mbgnbd": MBGNBDCovariates,
    "paretonbd": ParetoNBDCovariates,
}
PICK = pick.BTYD.name
SPEND = "gammagamma"
NAMES = (*PURCHASES, PICK, SPEND)
DAYS = {"day": 1, "week": DAYS_PER_WEEK}
#: Of the interval of a total.
LEVEL = 0.9
#: Models are told apart by the last year, or by a third of a shorter log.
LONGEST_WINDOW = Horizon(365)


def fit_model(
    model: str, log: str, config: FitConfig, machine: Machine, reporter: Reporter
) -> Json:
    """Fit a model to every customer of a log as of a day.

    Returns
    -------
    {"model", "parameters": {name: {"value", "se"}}, "log_likelihood", "customers", "notes",
    "as_of", "unit"}; where the model was picked "reason" and "held", where there are covariates
    "effects", where a horizon is given "ahead"; times are in the unit asked for, amounts in the
    log's currency

    Raises
    ------
    SettingError : no such model
    FitError : the model has no optimum on this log; says why
    """
    if model not in NAMES:
        raise SettingError(f"model: {model!r} is none of {', '.join(NAMES)}.")
    if config.covariates and not config.customers:
        raise SettingError("covariates: say with --customers which file has these columns.")
    if model == SPEND and config.horizon is not None:
        raise SettingError(
            "horizon: gammagamma tells spend per order, not how many purchases. Take a purchase"
            " model, such as mbgnbd."
        )
    if config.prior_sd is not None and not config.prior_sd > 0:
        raise SettingError(f"prior-sd: {config.prior_sd:g} is not above 0. 2 is weak, 0.5 is firm.")
    # How often customers buy can be learned from dates alone.
    reading = replace(config.ingest_settings(machine.s3_endpoint), amount_needed=model == SPEND)
    settings = RunSettings(log, reading, machine=machine)
    stages = Stages(reporter)
    with (
        tempfile.TemporaryDirectory(prefix="clv-") as work,
        opened(settings, Path(work), stages) as held,
        stages.stage(f"fit {model}"),
    ):
        book, as_of = held.book, held.read.as_of
        window = 1
        if model == PICK:
            window = last_origin(AsOf(book.first_day), as_of, LONGEST_WINDOW).window.n_days
        history = book.history(as_of, window)
        if config.customers:
            found = _with_covariates(model, history, config)
        elif model == SPEND:
            found = _spend(history, config)
        elif model == PICK:
            found = _picked(history, config)
        else:
            found = _fitted(PURCHASES[model](prior_sd=config.prior_sd), history, config)
    return {"model": model, **found, "as_of": str(as_of), "unit": config.unit}


def _picked(history: History, config: FitConfig) -> Json:
    kind, held, reason = pick.pick(history)
    likely = {name: one._asdict() for name, one in held.items()}
    fitted = _fitted(kind(prior_sd=config.prior_sd), history, config)
    return {"reason": reason, "held": likely, **fitted}


def _fitted(model: PurchaseModel, history: History, config: FitConfig) -> Json:
    days = DAYS[config.unit]
    scaled = history.frame.copy()
    if days > 1:
        scaled[["t_x", "T"]] /= days
        scaled["log_gaps"] -= scaled["x"] * math.log(days)
    in_units = replace(history, frame=scaled)
    model.fit_purchases(in_units)
    told = _told(model.params_, model.standard_errors_, model.loglik_, model.n_customers_)
    told["notes"] = list(model.notes_)
    if config.horizon is not None:
        ahead = Horizon(config.horizon).n_days / days
        expected, ends = model.total_ahead(in_units, ahead, LEVEL)
        told["ahead"] = {
            "days": config.horizon,
            "purchases": expected,
            "lower": ends.lower,
            "upper": ends.upper,
            "level": LEVEL,
        }
    return told


def _with_covariates(name: str, history: History, config: FitConfig) -> Json:
    kind = WITH_COVARIATES.get(name)
    if kind is None:
        raise SettingError(
            f"customers: {name} takes no covariates; {', '.join(WITH_COVARIATES)} do."
        )
    known = read_customers(
        Path(str(config.customers)),
        config.customer,
        config.covariates,
        history.frame["customer_id"].tolist(),
    )
    joined = replace(history, frame=history.frame.assign(**known))
    model = kind(tuple(known), prior_sd=config.prior_sd)
    told = _fitted(model, joined, config)
    effects = {
        f"{on}: {column}": {"value": float(value), "se": float(error)}
        for on, values, errors in (
            ("purchases", model.effects_.purchase, model.effect_errors_.purchase),
            ("dropout", model.effects_.dropout, model.effect_errors_.dropout),
        )
        for column, value, error in zip(known, values, errors, strict=True)
    }
    return {**told, "effects": effects}


def _spend(history: History, config: FitConfig) -> Json:
    free = free_share(history)
    x, m = averaged(history, config.spend, paid_only=free > MANY_FREE)
    seen = (x > 0) & (m > 0)
    fit = gammagamma.fit(x[seen], m[seen], prior_sd=config.prior_sd)
    told = _told(fit.params, fit.standard_errors, fit.loglik, int(seen.sum()))
    return {**told, "notes": _of_free(history, free, config) if free > MANY_FREE else []}


def _of_free(history: History, free: float, config: FitConfig) -> list[str]:
    share, notes = paid_share(history, config.spend)
    return [
        f"{100 * free:.3g} % of the purchase days are worth nothing: this is what paid ones bring."
        f" The chance that one is paid is Beta({share.a:.4g}, {share.b:.4g}),"
        f" {100 * population_share(share):.3g} % on average.",
        *notes,
    ]


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
