"""Another package in an environment of its own: an interpreter that answers JSON by JSON."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.population import Customers
    from clv.core.types import Json

#: The interpreter that has pymc-marketing, and what it runs; `make bench` installs the first.
INTERPRETER = Path(".venv/peers/bin/python")
SCRIPT = Path(__file__).with_name("peers") / "pymc_bgnbd.py"
PACKAGES = ("pymc-marketing", "pymc", "pytensor", "numpy")
#: Lines of a failed peer's complaint that are passed on.
LAST_WORDS = 15
#: Seconds it may take to end.
PATIENCE = 10


class Peer:
    """Another interpreter that answers a line of JSON with a line of JSON, one job at a time.

    Parameters
    ----------
    command : what to start, the interpreter first
    work : folder for customers and for what PyTensor compiles; empty, so its first fit compiles

    Raises
    ------
    FileNotFoundError : there is no such interpreter
    """

    def __init__(self, command: Sequence[str | Path], work: Path) -> None:
        _stop_if_absent(command[0])
        self.work = work
        work.mkdir(parents=True, exist_ok=True)
        self._said = (work / "said.txt").open("w+")
        self._process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env={**os.environ, "PYTENSOR_FLAGS": f"base_compiledir={work / 'compiled'}"},
        )

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # It may have ended already, or be in the middle of a fit nobody waits for any more.
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._said.close()

    def ask(self, **request: Any) -> Json:
        """The answer to one request.

        Raises
        ------
        RuntimeError : it ended instead; with the last it said
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            ended = self._process.wait()
            self._said.seek(0)
            words = "".join(self._said.readlines()[-LAST_WORDS:])
            raise RuntimeError(f"The peer ended with {ended}: {words}")
        answer: Json = json.loads(line)
        return answer

    def hand_over(self, seen: Customers) -> str:
        """Write customers where the peer can read them; the file's path."""
        path = self.work / f"{len(seen.x)}.npz"
        np.savez(path, x=seen.x, t_x=seen.t_x, T=seen.T)
        return str(path)


def versions(interpreter: Path = INTERPRETER, packages: Sequence[str] = PACKAGES) -> str:
    """What an environment holds, in a line.

    Raises
    ------
    FileNotFoundError : there is no such environment
    """
    _stop_if_absent(interpreter)
    asked = f"from importlib.metadata import version\nfor n in {packages!r}: print(n, version(n))"
    told = subprocess.run([interpreter, "-c", asked], capture_output=True, text=True, check=True)
    return ", ".join(told.stdout.splitlines())


def _stop_if_absent(interpreter: str | Path) -> None:
    if not Path(interpreter).exists():
        raise FileNotFoundError(
            f"{interpreter}: no such interpreter. `make .venv/.peers` installs it."
        )
