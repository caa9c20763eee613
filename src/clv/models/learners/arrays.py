"""Arrays in a file that holds nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from clv.core.errors import RunError


def write(path: Path, arrays: Mapping[str, Any]) -> None:
    """Arrays by name, as npz."""
    np.savez(path, allow_pickle=False, **arrays)


def read(path: Path) -> dict[str, Any]:
    """What `write` wrote.

    Raises
    ------
    RunError : the file is missing or broken, or would have to run code
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, BadZipFile) as error:
        raise RunError(f"model: {path} cannot be read ({error}).") from None
