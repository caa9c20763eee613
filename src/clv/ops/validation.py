"""The rules and the readiness of a log alone: what it holds, and what it can support."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from clv.core.errors import HistoryError, TooManyBadRowsError
from clv.core.types import AsOf, Horizon, Json
from clv.evaluation import readiness
from clv.evaluation.backtest import last_origin
from clv.models.spend import SpendModel
from clv.ops import manifest as manifests
from clv.ops.config import LogConfig
from clv.ops.job import RunSettings
from clv.ops.machine import Machine
from clv.ops.pipeline import opened
from clv.ops.progress import Reporter, Stages

USUAL_HORIZON = Horizon(365)


def validate(
    log: str, config: LogConfig, machine: Machine, quarantine: Path | None, reporter: Reporter
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
    stages = Stages(reporter)
    settings = RunSettings(log, config.ingest_settings(machine.s3_endpoint), machine=machine)
    with tempfile.TemporaryDirectory(prefix="clv-") as work:
        try:
            with opened(settings, Path(work), stages) as held:
                read, book = held.read, held.book
                if quarantine is not None:
                    held.engine.write_parquet(read.quarantine, quarantine)
                found = {
                    **manifests.of_log(read),
                    "as_of": str(read.as_of),
                    "counts": manifests.counts(read),
                }
                history = book.history(read.as_of, USUAL_HORIZON.n_days)
                try:
                    readiness.require(history)
                except HistoryError as error:
                    return {**found, "readiness": {"verdict": str(error), "checks": []}}
                checked = last_origin(AsOf(book.first_day), read.as_of, USUAL_HORIZON).window
                spend = SpendModel().fit(history)
                ready = readiness.assess(history, USUAL_HORIZON, checked, spend)
                return {**found, "readiness": ready}
        except TooManyBadRowsError as error:
            bad = getattr(error, "quarantine", None)
            if quarantine is not None and bad is not None:
                pq.write_table(bad, quarantine)
            raise
