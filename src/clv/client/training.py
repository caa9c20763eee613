"""What a client asks of models in the making: files, training, jobs, and which run is served."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from clv.client.errors import JobEndedError
from clv.client.sending import Sender
from clv.client.state import Job, JobPage, JobStatus, Moved, Runs, Upload

#: Fields by the names the service takes.
Fields = Mapping[str, Any]

_CHAMPION = "champion"
#: Seconds between two looks at a job: at first, and at most.
_FIRST_LOOK, _LAST_LOOK = 0.2, 2.0


class Training:
    """Runs and the jobs that make them; a part of `Client`."""

    _sender: Sender

    def runs(self, limit: int = 50) -> Runs:
        """Published runs, the newest first."""
        return cast("Runs", self._sender.get("/api/runs", {"limit": limit}))

    def upload(self, path: str | Path) -> Upload:
        """Send a file to learn from."""
        path = Path(path)
        with path.open("rb") as file:
            return cast("Upload", self._sender.send_file("/api/uploads", {"name": path.name}, file))

    def train(
        self,
        log: str | Path | None = None,
        *,
        sample: int | None = None,
        model_type: str | None = None,
        settings: Fields | None = None,
        publish: bool | None = None,
    ) -> Job:
        """Have models compared on a log and the best one served; answers at once with a job.

        Parameters
        ----------
        log : a file here, sent in first. Default: the log of the run now served
        sample : instead, a made-up shop with so many customers
        model_type : train this model only, and serve it where it is asked for by name
        settings : as in a configuration file of `clv run`
        publish : serve the outcome. Default: yes, unless it learned from a made-up shop and would
            take the place of a run that did not
        """
        body = self._asked(log, sample, settings)
        if model_type is not None:
            body["model_type"] = model_type
        if publish is not None:
            body["publish"] = publish
        return cast("Job", self._sender.post("/api/model/train", body=body))

    def backtest(
        self,
        log: str | Path | None = None,
        *,
        sample: int | None = None,
        settings: Fields | None = None,
    ) -> Job:
        """Have models held against past days of a log; answers at once with a job.

        Parameters
        ----------
        log, sample : as for `train`
        settings : as in a configuration file of `clv backtest`
        """
        body = {"kind": "backtest", "params": self._asked(log, sample, settings)}
        return cast("Job", self._sender.post("/api/jobs", body=body))

    def jobs(
        self,
        *,
        status: JobStatus | None = None,
        kind: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> JobPage:
        """Jobs, the newest first."""
        query = {"status": status, "kind": kind, "limit": limit, "before": before}
        return cast("JobPage", self._sender.get("/api/jobs", query))

    def job(self, job: Job | str) -> Job:
        """How far a job is."""
        return cast("Job", self._sender.get(_job(job)))

    def wait(
        self,
        job: Job | str,
        progress: Callable[[Job], None] | None = None,
        timeout: float | None = None,
    ) -> Job:
        """A job once it is done.

        Parameters
        ----------
        progress : called with the job at first and whenever it got on
        timeout : seconds; the job goes on by itself

        Raises
        ------
        JobEndedError : it failed or was cancelled
        TimeoutError : it is not over yet
        """
        until = None if timeout is None else time.monotonic() + timeout
        look, seen = _FIRST_LOOK, None
        while True:
            now = self.job(job)
            told = (now["status"], now["stage"], now["progress"])
            if progress is not None and told != seen:
                progress(now)
            seen = told
            if now["status"] == "done":
                return now
            if now["status"] in ("failed", "cancelled"):
                raise JobEndedError(now)
            if until is not None and time.monotonic() + look > until:
                raise TimeoutError(f"job {now['job_id']} is not over: {now['progress']:.0%} done")
            time.sleep(look)
            look = min(look * 1.5, _LAST_LOOK)

    def cancel(self, job: Job | str) -> Job:
        """Have a job stopped: at once where it waits, within seconds where it runs."""
        return cast("Job", self._sender.post(f"{_job(job)}/cancel", again=True))

    def publish(self, run: str, name: str = _CHAMPION) -> Job:
        """Serve a finished run; answers at once with a job."""
        path = f"/api/runs/{quote(run, safe='')}/publish"
        return cast("Job", self._sender.post(path, {"name": name}))

    def rollback(self, name: str = _CHAMPION) -> Moved:
        """Serve the run before the one that is served."""
        return cast("Moved", self._sender.post("/api/runs/rollback", {"name": name}))

    def _asked(
        self, log: str | Path | None, sample: int | None, settings: Fields | None
    ) -> dict[str, Any]:
        """Where the log is, sent in first if it is a file here, and the settings."""
        if log is not None and sample is not None:
            raise ValueError("log: give either a log or a sample, not both")
        source: dict[str, Any] = {"log": _CHAMPION}
        if log is not None:
            source = {"upload": self.upload(log)["upload_id"]}
        elif sample is not None:
            source = {"sample": sample}
        return {"source": source, "settings": dict(settings or {})}


def _job(job: Job | str) -> str:
    return f"/api/jobs/{quote(job if isinstance(job, str) else job['job_id'], safe='')}"
