"""A run that kills itself: `python -m tests.service.dying_run LOG OUT STAGE`.

STAGE is a stage of the run, or a step of publishing: flush, move, moved.
"""

import os
import signal
import sys
from pathlib import Path

from clv.ops import runs
from clv.ops.job import RunSettings
from clv.ops.pipeline import run
from clv.ops.progress import Silent


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Reaper(Silent):
    """Dies when the stage begins, or, for "after STAGE", when it ends."""

    def __init__(self, stage: str) -> None:
        self.stage = stage

    def started(self, stage: str) -> None:
        if stage == self.stage:
            die()

    def finished(self, stage: str, seconds: float) -> None:  # noqa: ARG002
        if f"after {stage}" == self.stage:
            die()


#: Enough of a run to be killed in.
QUICK = ("mbgnbd", "naive_rate")


def main() -> None:
    log, out, stage = sys.argv[1:]
    if stage == "flush":
        runs._flush = die
    if stage == "move":
        runs._move = die
    if stage == "moved":
        # The former run has been exchanged for the new one, and is about to be removed.
        move = runs._move
        runs._move = lambda *folders: (move(*folders), die())
    settings = RunSettings(log, out=Path(out), models=QUICK)
    run(settings, Reaper(stage))


if __name__ == "__main__":
    main()
