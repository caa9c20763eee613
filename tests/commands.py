"""The command line, as a user runs it."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import warnings
from pathlib import Path
from unittest import mock

from clv.apps import cli
from clv.apps.settings import settings

#: Wide enough that no sentence is broken.
_WIDE = {"COLUMNS": "200"}


def clv(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder of its own, without a terminal.

    In this process, as starting another takes longer than most commands do.
    """
    command = ["clv", *map(str, words)]
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
    settings.cache_clear()
    code = 0
    with (
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, _WIDE),
        mock.patch.object(sys, "argv", command),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(action="ignore"),
    ):
        try:
            cli.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            settings.cache_clear()
    return subprocess.CompletedProcess(command, code, _text(out), _text(err))


def clv_alone(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    return _run(folder, "clv", *words)


def train_all(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """The same of the other command."""
    return _run(folder, "clv.apps.sagemaker.train_all", *words)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


def _run(folder: Path, module: str, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, **_WIDE},
    )
