"""What comparisons share: a folder, a seed, sizes, and what is slow to have and made once."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.biglog import write_big_log
from benchmarks.peer import INTERPRETER, SCRIPT, Peer
from benchmarks.population import Customers, customers

SEED = 20
CUSTOMERS, ROWS = 1_000_000, 10_000_000
#: Fewer would not determine every model.
LEAST = 500


class Bench:
    """A context manager; ends the peer it started.

    Parameters
    ----------
    work : folder for whatever is written
    smaller : factor by which all sizes are divided
    command : what to start as peer
    """

    def __init__(
        self,
        work: Path,
        smaller: int = 1,
        seed: int = SEED,
        command: tuple[str | Path, ...] = (INTERPRETER, SCRIPT),
    ) -> None:
        self.work, self.smaller, self.seed = work, smaller, seed
        self._command = command
        self._open = ExitStack()

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def customers(self, n: int, arrivals: str = "all along") -> Customers:
        """So many customers divided by `smaller`, but `LEAST` at least."""
        return customers(max(n // self.smaller, LEAST), self.seed, arrivals)

    def engine_folder(self) -> Path:
        """An empty folder for an engine's tables."""
        return Path(mkdtemp(prefix="engine-", dir=self.work))

    @cached_property
    def log(self) -> Path:
        """A shop's log as Parquet."""
        path = self.work / "log.parquet"
        write_big_log(path, CUSTOMERS // self.smaller, ROWS // self.smaller, self.seed)
        return path

    @cached_property
    def peer(self) -> Peer:
        """The other interpreter, started when first asked for."""
        return self._open.enter_context(Peer(self._command, self.work / "peer"))
