"""A run that many tests read, made once however many processes they run in."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

import clv
from tests.logs import write_log

#: Last day of the log, and how far the run looks ahead.
AS_OF, HORIZON = "2024-06-23", 90


@pytest.fixture(scope="session")
def one_run(tmp_path_factory, worker_id) -> Path:
    """Folder of a run on the small log of `tests.logs`. Not to be written into."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    folder = shared / "one-run"
    with (shared / "one-run.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not folder.exists():
            log = write_log(shared / "one-run.csv")
            clv.run(log, out=folder, horizon=HORIZON, budget="fast", models=["ensemble", "mbgnbd"])
    return folder
