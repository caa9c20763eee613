"""The package's own names: what the commands do, as functions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from clv.apps.settings import settings
from clv.ops.config import (
    BacktestConfig,
    FeaturesConfig,
    FitConfig,
    ValidateConfig,
)
from clv.ops.jobconfig import JobConfig
from clv.ops.predictconfig import PredictConfig
from clv.ops.progress import Silent
from clv.ops.shopconfig import GenerateConfig

if TYPE_CHECKING:
    import pandas as pd

    from clv.core.types import Json
    from clv.ops.runs import Run


def run(log: str | Path | None = None, *, out: str | Path | None = None, **options: Any) -> Run:
    """Every customer's lifetime value from a log of orders, or a target's: `clv run`.

    Parameters
    ----------
    log : path, glob, address of a table, or "cdnow" for the bundled log; none with
        table="customers.csv", target="actual_clv", which learns that column from the others
    out : run folder; a new one in CLV_HOME unless given
    options : those of the command, as horizon=180, customer="client_no", margin=0.3

    Returns
    -------
    the run: `.forecasts()` is an Arrow table with one row a customer; `.manifest`,
    `.leaderboard` and `.readiness` are dictionaries; `.report` is the path of the page

    Raises
    ------
    clv.core.errors.ClvError : any of its tree, with what to do about it
    """
    from clv.ops.running import run_job

    if options.get("table") is not None:
        options["table"] = str(options["table"])
    config = JobConfig.checked(options)
    folder = Path(out) if out is not None else None
    source = str(log) if log is not None else None
    return run_job(source, config, settings().machine(), folder, Silent())


def backtest(log: str | Path, *, out: str | Path | None = None, **options: Any) -> Json:
    """Models on several past days of a log, against what came: `clv backtest`.

    Returns
    -------
    `rule`, `champion`, `origins` and `rows`: per model its figures over all days and on each
    """
    from clv.ops.backtesting import backtest as backtest_log

    config = BacktestConfig.checked(options)
    folder = Path(out) if out is not None else None
    return backtest_log(str(log), config, settings().machine(), folder, Silent())


def validate(log: str | Path, **options: Any) -> Json:
    """What a log holds and what it can support, without forecasting: `clv validate`."""
    from clv.ops.validation import validate as validate_log

    config = ValidateConfig.checked(options)
    return validate_log(str(log), config, settings().machine(), None, Silent())


def predict(run: Run | str | Path, log: str | Path, **options: Any) -> pd.DataFrame:
    """Forecasts for the customers of a log by a saved run, no fitting: `clv predict`.

    Parameters
    ----------
    options : those of the command; what is not given is the run's own

    Returns
    -------
    one row a customer, the columns of forecasts.parquet; of a run on a table, one row a row
    """
    from clv.features.book import to_frame
    from clv.ops.rescoring import rescore

    machine = settings().machine()
    found = open_run(run) if isinstance(run, (str, Path)) else run
    config = PredictConfig.anew(options)
    return to_frame(rescore(found, str(log), config, machine, Silent()).table)


def open_run(name: str | Path) -> Run:
    """A finished run by its folder, its id, or "latest"."""
    from clv.ops.runs import find

    return find(str(name), settings().machine().home)


def fit(model: str, log: str | Path, **options: Any) -> Json:
    """One purchase model's parameters with standard errors: `clv fit`."""
    from clv.ops.fitting import fit_model

    return fit_model(model, str(log), FitConfig.checked(options), settings().machine(), Silent())


def generate(out: str | Path, **options: Any) -> Json:
    """A made-up shop whose truth is known, written to a folder: `clv generate`.

    Parameters
    ----------
    out : folder to write; a shop made before is replaced
    options : those of the command, as customers=50_000, transactions=500_000, seed=1

    Returns
    -------
    what was written: files with their rows, orders, returns, expected and actual value
    """
    from clv.ops.generating import generate as generate_shop

    return generate_shop(GenerateConfig.checked(options), Path(out), Silent())


def build_features(log: str | Path, **options: Any) -> pd.DataFrame:
    """Every feature of every customer as of a day: `clv features`.

    Parameters
    ----------
    options : those of the command, as as_of="2025-06-30", customers="customers.csv"

    Returns
    -------
    one row a customer: customer_id, and a column for each feature of the data dictionary that
    the log and the files beside it have
    """
    from clv.features.book import to_frame
    from clv.ops import featuring

    config = FeaturesConfig.checked(options)
    built = featuring.build_features(str(log), config, settings().machine(), Silent())
    return to_frame(built.table)


def list_models() -> list[str]:
    """Names of the models that forecast value, yardsticks included: `clv models`."""
    from clv.models.registry import ENTRIES

    return [entry.name for entry in ENTRIES]
