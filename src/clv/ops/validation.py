"""The rules and the readiness of a log alone: what it holds, and what it can support."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from clv.core.errors import HistoryError, LogError
from clv.core.types import AsOf, Horizon, Json
from clv.data.engine import storage_errors
from clv.evaluation import readiness
from clv.evaluation.backtest import last_origin
from clv.features.book import Book
from clv.models.spend import SpendModel
from clv.ops import manifest as manifests
from clv.ops.config import ValidateConfig
from clv.ops.job import RunSettings
from clv.ops.machine import Machine
from clv.ops.pipeline import opened
from clv.ops.progress import Reporter, Stages


def validate(
    log: str, config: ValidateConfig, machine: Machine, quarantine: Path | None, reporter: Reporter
) -> Json:
    """Read and check a log without forecasting.

    Parameters
    ----------
    quarantine : where to write the bad rows; None writes none

    Returns
    -------
    what `clv.ops.manifest.of_log` and `counts` tell, with `as_of` and `readiness`; where no
    forecast could be honest, readiness has the reason as its verdict and no checks

    Raises
    ------
    ClvError : the log cannot be read, or too many of its rows are bad
    """
    stages, horizon = Stages(reporter), Horizon(config.horizon)
    settings = RunSettings(log, config.ingest_settings(machine.s3_endpoint), machine=machine)
    with tempfile.TemporaryDirectory(prefix="clv-") as work:
        try:
            with opened(settings, Path(work), stages) as held:
                if quarantine is not None:
                    held.engine.write_parquet(held.read.quarantine, quarantine)
                return {
                    **manifests.of_log(held.read),
                    "as_of": str(held.read.as_of),
                    "counts": manifests.counts(held.read),
                    "readiness": _readiness(held.book, horizon),
                }
        except LogError as error:
            if quarantine is not None and error.quarantine is not None:
                with storage_errors(quarantine.parent):
                    pq.write_table(error.quarantine, quarantine)
            raise


def _readiness(book: Book, horizon: Horizon) -> Json:
    history = book.history(book.as_of, horizon.n_days)
    try:
        readiness.require(history)
    except HistoryError as error:
        return {"verdict": str(error), "checks": []}
    checked = last_origin(AsOf(book.first_day), book.as_of, horizon)
    bought = bool(book.outcome(book.history(checked.cutoff, 1), checked.window).value.any())
    spend = SpendModel().fit(history)
    return readiness.assess(history, horizon, checked.window, spend, bought=bought)
