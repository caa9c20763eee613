"""A process that runs beside the service, and is begun anew where it ends by itself."""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)
#: Seconds before the first new beginning, and the most between two.
_FIRST, _MOST = 1.0, 60.0


class Companion:
    """
    Parameters
    ----------
    begin : starts the process
    patience : seconds it may take to end
    """

    def __init__(self, begin: Callable[[], subprocess.Popen[bytes]], patience: float) -> None:
        self._begin = begin
        self._patience = patience
        self._ending = threading.Event()
        self._process = begin()
        self._watch = threading.Thread(target=self._keep, name="companion-watch", daemon=True)
        self._watch.start()

    def close(self) -> None:
        """End it: kindly, then not."""
        self._ending.set()
        self._watch.join()
        self._process.terminate()
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(self._patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _keep(self) -> None:
        wait = _FIRST
        while not self._ending.wait(wait):
            if self._process.poll() is None:
                wait = _FIRST
                continue
            _log.error("the worker ended (exit code %s); beginning anew", self._process.returncode)
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process = self._begin()
            wait = min(wait * 2, _MOST)
