"""The service as a process, on a store and a queue of its own, and what is done to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clv.ops.machine import Machine
from clv.ops.promotion import promote
from clv.ops.runs import Run
from clv.ops.store.database import Store

STARTS_WITHIN = 60.0
ENDS_WITHIN = 45.0


@dataclass
class Served:
    """
    Attributes
    ----------
    home : CLV_HOME
    database_url, redis_url : None for SQLite, and for none
    prefix : words before the command, as those of a namespace of its own
    """

    home: Path
    database_url: str | None = None
    redis_url: str | None = None
    prefix: Sequence[str] = ()
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> float:
        """Start it, or start it again where it was.

        Returns
        -------
        seconds until it answered
        """
        self.port = self.port or _free_port()
        began = time.monotonic()
        command = [sys.executable, "-m", "clv", "serve", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, *command], env=self.environment, stdout=log, stderr=log
            )
        while time.monotonic() - began < STARTS_WITHIN:
            if self.process.poll() is not None:
                raise RuntimeError(f"clv serve ended: {self.log.read_text()[-2000:]}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.ask("GET", "/api/health/ready")[0] == 200:
                    return time.monotonic() - began
            time.sleep(0.05)
        raise RuntimeError(f"clv serve does not answer: {self.log.read_text()[-2000:]}")

    @property
    def log(self) -> Path:
        return self.home.parent / f"{self.home.name}.log"

    @property
    def environment(self) -> dict[str, str]:
        told = {name: text for name, text in os.environ.items() if not name.startswith("CLV_")}
        return {
            **told,
            "CLV_HOME": str(self.home),
            "CLV_DATABASE_URL": self.database_url or "",
            "CLV_REDIS_URL": self.redis_url or "",
            "CLV_LOG_LEVEL": "warning",
            "CLV_THREADS": "1",
            "OMP_WAIT_POLICY": "passive",
        }

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """One request on a connection of its own: the status, and the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            told = {"Content-Type": "application/json", **(headers or {})}
            connection.request(method, path, None if body is None else json.dumps(body), told)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text[:1] in b"{[" else text.decode()
        finally:
            connection.close()

    def got(self, method: str, path: str, body: Any = None) -> Any:
        """The same, where the answer must be a good one."""
        status, told = self.ask(method, path, body)
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {told}")
        return told

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(ENDS_WITHIN)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(ENDS_WITHIN)

    def kill_worker(self) -> int:
        """SIGKILL to the worker that runs beside it; the id of that process."""
        assert self.process is not None
        (worker,) = _children(self.process.pid)
        os.kill(worker, signal.SIGKILL)
        return worker

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                self.kill()

    def publishing(self, run: Run) -> subprocess.Popen[bytes]:
        """Publish a run from a process of its own, begun."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "clv", "publish", str(run.folder)],
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def publish(self, run: Run) -> None:
        """As by the command, and wait for its end."""
        if self.publishing(run).wait(120) != 0:
            raise RuntimeError(f"publishing failed: {self.log.read_text()[-2000:]}")

    def promote(self, run: Run) -> None:
        """Publish a run from this process: quicker, while nothing is counted."""
        store = Store.open(self.database_url, self.home)
        try:
            promote(store, Machine(self.home, threads=1), run)
        finally:
            store.close()

    def job(self, job_id: str) -> Any:
        return self.got("GET", f"/api/jobs/{job_id}")

    def wait_for_job(self, job_id: str, *states: str, seconds: float = 90) -> Any:
        """The job once it is in one of the states; asks again while the service is away."""
        until = time.monotonic() + seconds
        job: Any = None
        while time.monotonic() < until:
            with contextlib.suppress(OSError, http.client.HTTPException, RuntimeError):
                job = self.job(job_id)
                if job["status"] in states:
                    return job
            time.sleep(0.05)
        raise RuntimeError(f"{job} is not {' or '.join(states)} after {seconds:g} s")


@contextmanager
def serving(
    folder: Path,
    runs: Sequence[Run],
    database_url: str | None = None,
    redis_url: str | None = None,
) -> Iterator[Served]:
    """A service at work, all runs in its home and the first of them published."""
    home = folder / "home"
    for run in runs:
        shutil.copytree(run.folder, home / "runs" / run.manifest["run_id"])
    served = Served(home, database_url, redis_url)
    served.promote(run_in(home, runs[0]))
    try:
        served.start()
        yield served
    finally:
        served.close()


def run_in(home: Path, run: Run) -> Run:
    """A run as it lies in a home."""
    return Run(home / "runs" / run.manifest["run_id"])


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _children(pid: int) -> list[int]:
    # The kernel's own list; a process that just ended is not on it.
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(word) for task in tasks for word in task.read_text().split()]
