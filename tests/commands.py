"""The command line, run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys


def clv(folder, *words):
    """Run a command in a folder of its own, without a terminal."""
    return _run(folder, "clv", *words)


def train_all(folder, *words):
    """The same of the other command."""
    return _run(folder, "clv.apps.sagemaker.train_all", *words)


def _run(folder, module, *words):
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )
