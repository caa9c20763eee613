"""The container's training: data in, a run out. `python -m clv.apps.sagemaker train`."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clv.apps.sagemaker.layout import Layout
from clv.core.errors import ClvError, SettingError
from clv.data.engine import storage_errors
from clv.ops.jobconfig import JobConfig
from clv.ops.progress import Silent
from clv.ops.running import run_job

if TYPE_CHECKING:
    from clv.ops.machine import Machine
    from clv.ops.progress import Reporter
    from clv.ops.runs import Run

#: Channels by the usual names for what to learn from, best first.
CHANNELS = ("training", "train", "data", "input")
#: Added by SageMaker's own kits to what a user sets.
_FOREIGN = "sagemaker_"
#: So much of a failure is shown.
_SHOWN = 1_024


def learn(source: str, config: JobConfig, machine: Machine, place: Path, reporter: Reporter) -> Run:
    """A run on a log of orders, or, where a target is set, on a table of customers.

    Raises
    ------
    ClvError : any of its tree
    """
    if not config.of_table:
        return run_job(source, config, machine, place, reporter)
    of_table = JobConfig.checked({**config.asked, "table": source})
    return run_job(None, of_table, machine, place, reporter)


def train(layout: Layout) -> Run:
    """Learn from what is in the channel, and leave the run as the model.

    Hyperparameters are the settings of `clv run`, as texts; lists and objects as JSON.

    Raises
    ------
    SettingError : no data, several channels to choose from, or a setting that is none
    ClvError : any other of its tree
    """
    told = {
        name: _value(text)
        for name, text in layout.hyperparameters.items()
        if not name.startswith(_FOREIGN)
    }
    config = JobConfig.checked(told)
    place = layout.root / "work" / "run"
    run = learn(_source(layout), config, layout.machine, place, Silent())
    with storage_errors(layout.model):
        # The folder is SageMaker's own: what is in it is what it takes.
        shutil.copytree(run.folder, layout.model, dirs_exist_ok=True)
        shutil.rmtree(layout.root / "work", ignore_errors=True)
    return type(run).open(layout.model)


def main() -> None:
    """Train; a failure is told in output/failure, and by the exit code."""
    # The first process of a container has to say itself that it can be stopped.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    layout = Layout.here()
    try:
        if not layout.leads:
            sys.stdout.write(f"clv: {layout.hosts[0]} trains; there is nothing to do here\n")
            return
        run = train(layout)
    except Exception as error:  # noqa: BLE001 whatever it is, SageMaker shows what is written
        told = str(error) if isinstance(error, ClvError) else traceback.format_exc()
        with suppress(OSError):
            layout.failure.parent.mkdir(parents=True, exist_ok=True)
            layout.failure.write_text(told[-_SHOWN:] if "Traceback" in told else told[:_SHOWN])
        sys.stderr.write(f"clv: {told}\n")
        # SageMaker takes any other code than 0 for a failure.
        sys.exit(error.exit_code if isinstance(error, ClvError) else 1)
    counts = run.manifest["counts"]
    sys.stdout.write(
        f"clv: {counts['customers']:,} customers, champion"
        f" {run.manifest['champion']['label']}, model in {layout.model}\n"
    )


def _source(layout: Layout) -> str:
    channels = layout.channels
    named = next((name for name in CHANNELS if name in channels), None)
    if named is None and len(channels) == 1:
        named = next(iter(channels))
    if named is None:
        there = ", ".join(channels) or "none"
        raise SettingError(
            f"sagemaker: the log is expected in a channel called training; there is {there}. Name"
            " the channel so."
        )
    files = _files(channels[named])
    if not files:
        raise SettingError(f"sagemaker: the channel {named} holds no file.")
    return str(files[0]) if len(files) == 1 else str(channels[named])


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith((".", "_")))


def _value(text: str) -> Any:
    """A hyperparameter as the setting takes it: JSON where it is some, else the text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, int | float) and not isinstance(value, bool) else value
