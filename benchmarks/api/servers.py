"""Servers in processes of their own, on loopback, one worker each."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

HOST = "127.0.0.1"
#: Seconds a server may take to answer, and to end.
STARTS_WITHIN, ENDS_WITHIN = 60.0, 30.0


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    port: int
    client: httpx.Client

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


@contextmanager
def bare(folder: Path) -> Iterator[Server]:
    """`benchmarks.api.bare` with the answers of a folder."""
    port = _free_port()
    command = [sys.executable, "-m", "benchmarks.api.bare", str(folder), str(port)]
    with _started(command, {}, port, "/bare/0", folder / "bare.log") as server:
        yield server


@contextmanager
def service(home: Path, database_url: str | None, log: Path) -> Iterator[Server]:
    """`clv serve`, as it is unless told otherwise: its log is written, its figures are kept.

    Parameters
    ----------
    log : file to write what it says into
    """
    port = _free_port()
    command = [sys.executable, "-m", "clv", "serve", "--port", str(port)]
    settings = {"CLV_HOME": str(home)}
    if database_url is not None:
        settings["CLV_DATABASE_URL"] = database_url
    with _started(command, settings, port, "/api/health/live", log) as server:
        yield server


@contextmanager
def _started(
    command: Sequence[str], settings: Mapping[str, str], port: int, path: str, log: Path
) -> Iterator[Server]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLV_")}
    with (
        log.open("wb") as said,
        httpx.Client(base_url=f"http://{HOST}:{port}", timeout=60) as client,
    ):
        process = subprocess.Popen(command, env=kept | settings, stdout=said, stderr=said)
        try:
            _wait(process, client, path, log)
            yield Server(port, client)
        finally:
            process.terminate()
            try:
                process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], client: httpx.Client, path: str, log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            client.get(path).raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError(f"the server does not answer: {log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        return int(taken.getsockname()[1])
