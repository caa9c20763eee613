"""The process that does a job's work, as its worker sees it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clv.core.types import Json
    from clv.ops.work.jobs import Job
    from clv.ops.work.workplace import Workplace

#: Seconds that a process gets to remove what it leaves unfinished.
GRACE = 2.0

_log = logging.getLogger(__name__)


class Task:
    """Begins a job's work, listens to it, and can stop it.

    What libraries print meanwhile may name customers: it is logged, line by line, for debugging
    only, and else nobody sees it.

    Attributes
    ----------
    told : stage and progress as last heard
    outcome : what came of it, as `clv.ops.work.child` says it; None before, or where it died
    """

    def __init__(self, place: Workplace, job: Job) -> None:
        self.told: tuple[str | None, float] = (None, 0.0)
        self.outcome: Json | None = None
        self._job_id = job.job_id
        heard = _log.isEnabledFor(logging.DEBUG)
        # The address of the store has a password in it: it goes by the pipe, not by arguments.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "clv.ops.work.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if heard else subprocess.DEVNULL,
            # Ctrl-C on a terminal is the worker's to hear.
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        if heard:
            name = f"job-{job.job_id}-prints"
            threading.Thread(target=self._overhear, name=name, daemon=True).start()
        order: Json = {
            "job_id": job.job_id,
            "worker": job.worker,
            "attempts": job.attempts,
            "place": place.to_json(),
        }
        self._tell(order)

    def ended(self, timeout: float) -> bool:
        """Whether it has ended, waiting for that so many seconds at most."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        self._close()
        return True

    def stop(self) -> None:
        """End it, wherever it is; what it has not published nobody will see."""
        self._process.terminate()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close()

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    def _tell(self, order: Json) -> None:
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            # It is dead already, which its return code will tell.
            return

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told: dict[str, Any] = json.loads(line)
            if "stage" in told:
                self.told = (told["stage"], told["progress"])
            elif "error" in told:
                place = ", ".join(told["where"])
                _log.error("job %s: %s at %s", self._job_id, told["error"], place)
            else:
                self.outcome = told

    def _overhear(self) -> None:
        # Processes of its own may hold the pipe for longer than it lives: nobody waits for this.
        assert self._process.stderr is not None
        with self._process.stderr as printed:
            for line in printed:
                _log.debug(
                    "job %s prints: %s", self._job_id, line.decode(errors="replace").rstrip()
                )

    def _close(self) -> None:
        # Whatever it said last is heard before its pipes are closed.
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue
