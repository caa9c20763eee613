"""Waiting for a store that is gone for a while, so that hours of work are not lost to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from clv.core.errors import StoreError

Answer = TypeVar("Answer")

SECONDS = 120.0
BETWEEN = 0.5


def patiently(ask: Callable[[], Answer], seconds: float = SECONDS) -> Answer:
    """Ask again while the store cannot be reached.

    Raises
    ------
    StoreError : it cannot be reached for so long
    """
    until = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except StoreError:
            if time.monotonic() > until:
                raise
        time.sleep(BETWEEN)
