"""The command that serves the API."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clv.core.errors import SettingError

# Nothing heavy is imported before a command needs it: help answers at once.
if TYPE_CHECKING:
    import socket

    from starlette.types import ASGIApp
    from uvicorn import Config

    from clv.apps.settings import Settings

#: Seconds an idle connection is kept: longer than a proxy keeps it, so that none is cut off
#: between two requests.
_KEEP_ALIVE = 75
#: Seconds a process may say nothing before it is taken for hung and begun anew. Loading a large
#: run on a busy machine takes some.
_HUNG = 60
_APP = "clv.apps.api.app:from_environment"


def register(app: typer.Typer) -> None:
    app.command()(serve)


def serve(
    host: Annotated[
        str | None,
        typer.Option(
            "--host",
            help="Address to listen on, or unix:/path/of/a/socket. Default: CLV_HOST, else"
            " 127.0.0.1, which only this machine can reach.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", help="Default: CLV_PORT, else 8000.", show_default=False),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            help="Processes that answer. Default: CLV_WORKERS, else 1.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Answer questions over HTTP: customers, predictions, segments, training, all of /api.

    On this machine nobody needs a key. On any other address the service starts only once a key
    exists, and then asks everybody for one. Settings come from CLV_* and from the YAML file that
    CLV_CONFIG names; docs/settings.md lists them.

    [bold]Examples[/bold]

      clv serve

      clv keys make --name shop --scope read --scope predict && clv serve --host 0.0.0.0

      clv serve --host unix:/run/clv.sock --workers 4
    """
    from clv.apps.settings import checked

    given = {"host": host, "port": port, "workers": workers}
    run(checked({name: value for name, value in given.items() if value is not None}))


def run(settings: Settings) -> None:
    """Serve until stopped; requests in flight are finished.

    Raises
    ------
    SettingError : off loopback without a key, or an address that cannot be listened on
    StoreError : the store cannot be opened
    """
    from clv.apps.api.services import logs
    from clv.apps.listening import listening

    require_keys(settings)
    with ExitStack() as stack:
        stack.enter_context(_ending_cleanly())
        sockets = stack.enter_context(listening(settings.host, settings.port))
        logs.capture(settings)
        if settings.embedded_worker:
            stack.enter_context(_beside(settings))
        if settings.workers > 1:
            _say(settings, sockets)
            _run_several(settings, sockets)
        else:
            _run_one(settings, sockets)


def require_keys(settings: Settings) -> None:
    """
    Raises
    ------
    SettingError : others can reach the address, and nobody has a key
    """
    from clv.ops import keys

    if settings.open_door:
        return
    with closing(settings.store()) as store:
        if keys.any_valid(store):
            return
    why = (
        "CLV_REQUIRE_KEYS is set"
        if settings.on_loopback
        else f"{settings.host} can be reached from other machines"
    )
    raise SettingError(
        f"host: {why}, and there is no valid key, so nobody could be let in. Make one first:"
        " clv keys make --name NAME --scope read --scope predict"
    )


def configured(app: ASGIApp | str, settings: Settings, **more: Any) -> Config:
    """How uvicorn is to serve an application."""
    from uvicorn import Config

    return Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        workers=settings.workers,
        # The edge logs requests, knows proxies, and says who it is to nobody.
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        timeout_worker_healthcheck=_HUNG,
        **more,
    )


def _run_one(settings: Settings, sockets: list[socket.socket]) -> None:
    import asyncio

    from uvicorn import Server

    from clv.apps.api.app import create_app
    from clv.apps.api.services.wiring import Services

    # Opened here, so that what is wrong with a setting is said in a sentence.
    services = Services.open(settings)
    try:
        _say(settings, sockets)
        Server(configured(create_app(settings, services), settings)).run(sockets)
    finally:
        asyncio.run(services.close())


def _run_several(settings: Settings, sockets: list[socket.socket]) -> None:
    from uvicorn.supervisors import Multiprocess

    from clv.apps.settings import environment

    # The processes read what this one was told from the environment.
    os.environ.update(environment(settings))
    with tempfile.TemporaryDirectory(prefix="clv-metrics-") as folder:
        # Where they leave their counts for each other.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        Multiprocess(configured(_APP, settings, factory=True), sockets).run()


@contextmanager
def _ending_cleanly() -> Iterator[None]:
    """Let SIGTERM and Ctrl-C end the process the way its end is written."""

    def end(_number: int, _frame: Any) -> None:
        raise SystemExit(0)

    former = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, former)


@contextmanager
def _beside(settings: Settings) -> Iterator[None]:
    """A worker for jobs for as long as the service runs, begun anew where it ends."""
    from clv.apps.commands.working import spawn_worker
    from clv.apps.companion import Companion

    worker = Companion(lambda: spawn_worker(settings), settings.shutdown_seconds)
    try:
        yield
    finally:
        worker.close()


def _say(settings: Settings, sockets: list[socket.socket]) -> None:
    """Tell in words what is served, and where."""
    from clv.apps.api.services.health import published
    from clv.apps.listening import addresses

    with closing(settings.store()) as store:
        run = published(store)
    where = addresses(sockets)
    lines = [f"Serving {settings.home.resolve()} at {', '.join(where)}"]
    if run is None:
        lines.append("Nothing is published yet: clv publish RUN, or POST /api/model/train")
    else:
        lines.append(f"Run {run.run_id}: {run.customers:,} customers by {run.model}")
    if where[0].startswith("http"):
        lines.append(f"Docs: {where[0]}/api/docs to try it, {where[0]}/api/redoc to read")
    lines.append(
        "Keys: none is needed on this machine"
        if settings.open_door
        else "Keys: every request needs one; clv keys make"
    )
    lines.append("Stop with Ctrl-C")
    typer.echo("\n".join(lines))
