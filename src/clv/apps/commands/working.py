"""Commands of long work: a worker that does jobs, and the jobs themselves."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clv.apps.options import takes
from clv.core.errors import ClvError
from clv.ops.jobconfig import JobConfig

# Nothing heavy is imported before a command needs it: help answers at once.
if TYPE_CHECKING:
    from collections.abc import Iterator

    from clv.apps.settings import Settings
    from clv.core.types import Json
    from clv.ops.work.jobs import Job
    from clv.ops.work.queue import Queue
    from clv.ops.work.worker import Worker
    from clv.ops.work.workplace import Workplace

ACTOR = "cli"
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="Id of a job, as `clv jobs` lists it.")]

jobs_app = typer.Typer(
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def register(app: typer.Typer) -> None:
    app.command()(worker)
    app.add_typer(jobs_app, name="jobs")


def worker(
    at_once: Annotated[
        int, typer.Option("--at-once", min=1, max=64, help="Jobs done at the same time.")
    ] = 1,
) -> None:
    """Do the long work that was asked for: training, backtests, publishing.

    `clv serve` runs a worker by itself. Start more of them, here or on other machines that share
    CLV_HOME, with CLV_DATABASE_URL and CLV_REDIS_URL set to the same store and queue. Each job is
    done by one worker, in a process of its own that makes way for others.

    Stopped by Ctrl-C or SIGTERM, a worker puts its job back and ends within seconds. The job of a
    worker that was killed is begun again by the next; killed a second time, it fails and says so.

    [bold]Examples[/bold]

      clv worker

      CLV_DATABASE_URL=postgresql://clv@db/clv CLV_REDIS_URL=redis://cache:6379/0 clv worker
    """
    with _made(at_once) as made:
        made.run()


def spawn_worker(settings: Settings) -> subprocess.Popen[bytes]:
    """A worker as a child of this process, which ends when this process does, however it ends.

    It stops as on SIGTERM once its input closes: keep what is returned for as long as the worker
    shall live. To stop it before, terminate and wait for it.
    """
    from clv.apps.settings import environment

    return subprocess.Popen(  # noqa: S603 - of this program and nothing else
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        env={**os.environ, **environment(settings)},
        # Ctrl-C on a terminal is for its parent to hear.
        start_new_session=True,
    )


@jobs_app.callback(invoke_without_command=True)
def list_jobs(
    context: typer.Context,
    status: Annotated[
        str | None,
        typer.Option("--status", help="Only queued, running, done, failed or cancelled ones."),
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only of this kind.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="How many, the newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List jobs, the newest first; or follow one, cancel one, or ask for a run as a job.

    [bold]Examples[/bold]

      clv jobs

      clv jobs --status failed --json

      clv jobs show 5f3a9c01d2e4b678

      clv jobs cancel 5f3a9c01d2e4b678

      clv jobs train orders.csv --horizon 180
    """
    if context.invoked_subcommand is not None:
        return
    from clv.ops.work import jobs

    with _opened() as place, place.store.reading() as conn:
        found = jobs.listed(conn, status=status, kind=kind, limit=limit)
    _print_jobs(found, as_json)


@jobs_app.command()
def show(job_id: JobId, as_json: AsJson = False) -> None:
    """Tell how far a job is, and what came of it.

    [bold]Example[/bold]

      clv jobs show 5f3a9c01d2e4b678
    """
    from clv.ops.work import jobs

    with _opened() as place, place.store.reading() as conn:
        found = jobs.find(conn, job_id)
    _print_job(found, as_json)


@jobs_app.command()
def cancel(job_id: JobId, as_json: AsJson = False) -> None:
    """Stop a job: at once where it waits, within seconds where it runs. Nothing is published.

    [bold]Example[/bold]

      clv jobs cancel 5f3a9c01d2e4b678
    """
    from clv.ops.work import jobs

    with _opened() as place:
        found = jobs.ask_to_cancel(place.store, job_id, ACTOR)
    _print_job(found, as_json)


@jobs_app.command()
@takes(JobConfig)
def train(
    log: Annotated[
        str,
        typer.Argument(
            metavar="LOG",
            help="As for `clv run`; champion for the log of the run now published, with the"
            " orders that came in since.",
        ),
    ],
    model_type: Annotated[
        str | None,
        typer.Option("--model-type", help="Train this model only, published beside the champion."),
    ] = None,
    publish: Annotated[
        bool,
        typer.Option("--publish/--no-publish", help="Let readers see the run once it is made."),
    ] = True,
    as_json: AsJson = False,
    *,
    config: JobConfig,
) -> None:
    """Ask a worker for what `clv run` and `clv publish` do.

    [bold]Examples[/bold]

      clv jobs train orders.csv --horizon 180

      clv jobs train champion

      clv jobs train orders.csv --model-type xgboost
    """
    from clv.ops.store.publishing import CHAMPION
    from clv.ops.work import jobs
    from clv.ops.work.params import FILES

    source = {"log": log} if log == CHAMPION else {"path": _absolute(log)}
    settings = config.asked
    beside = {name: _absolute(settings[name]) for name in FILES if name in settings}
    asked: Json = {"source": source, "settings": settings | beside, "publish": publish}
    if model_type is not None:
        asked["model_type"] = model_type
    with _opened() as place:
        found = jobs.submit(place, "train", asked, ACTOR, local=True)
    _print_job(found, as_json)


@contextmanager
def _made(at_once: int) -> Iterator[Worker]:
    from clv.apps.api.services.logs import capture
    from clv.apps.settings import settings
    from clv.ops.work.worker import Worker

    found = settings()
    capture(found)
    made = Worker(found.workplace(), at_once)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def _opened() -> Iterator[_Place]:
    from clv.apps.settings import settings

    place = _Place(settings().workplace())
    try:
        yield place
    finally:
        place.store.close()


class _Place:
    """The store, and the queue where it is needed."""

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self.store = place.store()

    @cached_property
    def queue(self) -> Queue:
        return self._place.queue()


def _absolute(log: str) -> str:
    """A file by where it is seen from anywhere: the worker runs in a folder of its own."""
    from clv.data.bundled import CDNOW

    if "://" in log or log.startswith("sqlite:") or log == CDNOW:
        return log
    return str(Path(log).absolute())


def _print_jobs(found: list[Job], as_json: bool) -> None:
    from clv.apps.printing import open_console, print_json

    if as_json:
        print_json([job.to_json() for job in found])
        return
    from rich.table import Table

    if not found:
        open_console().print("No jobs. Ask for one with `clv jobs train LOG`.")
        return
    table = Table("job", "kind", "status", "done", "asked", "stage", box=None, pad_edge=False)
    for job in found:
        at = job.created_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        stage = job.problem["message"] if job.problem else _stage(job)
        table.add_row(job.job_id, job.kind, job.status, f"{job.progress:.0%}", at, stage or "")
    open_console().print(table)


def _print_job(job: Job, as_json: bool) -> None:
    from clv.apps.printing import open_console, print_json

    if as_json:
        print_json(job.to_json())
        return
    console = open_console()
    console.print(f"Job {job.job_id} ({job.kind}): {job.status}, {job.progress:.0%} done")
    if not job.over and (stage := _stage(job)):
        console.print(f"At: {stage}")
    if job.cancel_asked and not job.over:
        console.print("It will stop within seconds.")
    if job.problem:
        console.print(f"Problem: {job.problem['message']}")
    for name, value in (job.result or {}).items():
        console.print(f"{name}: {value}")


def _stage(job: Job) -> str | None:
    """What a job does now, or why it waits."""
    from clv.apps.settings import settings
    from clv.ops.work import jobs, liveness

    if job.status == jobs.QUEUED and not liveness.anybody(settings().home):
        return liveness.NOBODY
    return job.stage


def _work_for_parent() -> None:
    """A worker that stops once its input closes: what `spawn_worker` starts."""
    from clv.apps.settings import settings
    from clv.ops.work.patience import patiently

    # Its parent goes on without a store for a while, and so does it.
    patiently(settings().workplace().store).close()
    with _made(1) as made:

        def wait() -> None:
            while os.read(0, 1024):
                pass
            made.stop()

        threading.Thread(target=wait, daemon=True).start()
        made.run()


if __name__ == "__main__":
    try:
        _work_for_parent()
    except ClvError as error:
        sys.stderr.write(f"clv: {error}\n")
        sys.exit(error.exit_code)
