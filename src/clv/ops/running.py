"""What `clv run` does: forecasts from a log of orders, or from a table with a target."""

from __future__ import annotations

from pathlib import Path

from clv.core.errors import SettingError
from clv.ops.jobconfig import JobConfig
from clv.ops.machine import Machine
from clv.ops.progress import Reporter
from clv.ops.runs import Run


def run_job(
    log: str | None, config: JobConfig, machine: Machine, out: Path | None, reporter: Reporter
) -> Run:
    """Run on whichever of the two is given.

    Raises
    ------
    SettingError : none is given, or both
    ClvError : any of its tree; the former run, if there is one, is left whole
    """
    if config.of_table:
        if log is not None:
            raise SettingError(
                f"log: {log} and settings of a table of customers are given. Give a log, or --table"
                " with --target."
            )
        from clv.ops.tables import run_table

        return run_table(config.table_settings(machine, out), reporter)
    if log is None:
        raise SettingError(
            "log: say which log of orders to read, as `clv run orders.csv`; or --table FILE with"
            " --target COLUMN for a table of customers."
        )
    from clv.ops.pipeline import run

    return run(config.run_settings(log, machine, out), reporter)
