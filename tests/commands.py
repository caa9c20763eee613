"""The command line, run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys


def clv(folder, *words):
    """Run a command in a folder of its own, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "clv", *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )
