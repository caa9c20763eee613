"""The runs that answer, each loaded once, found by what the store points to."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Self

from clv.ops.champion import Champion
from clv.ops.runs import Run
from clv.ops.store.publishing import CHAMPION, current, current_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from clv.ops.machine import Machine
    from clv.ops.store.database import Store
    from clv.ops.store.publishing import Current

#: Runs kept in memory: the one in charge, the one before it, and models asked for by name.
MOST_LOADED = 6


@dataclass(frozen=True)
class Serving:
    """A run in charge: what the store says of it, and what it learned."""

    current: Current
    champion: Champion

    @property
    def run_no(self) -> int:
        return self.current.run_no

    @property
    def revision(self) -> int:
        return self.current.revision


class Champions:
    """Runs in memory, for as long as they are asked for.

    Which one is meant is looked up in the store each time, so that every process answers by a
    newly published run from its next request on, and none by half of two.

    Parameters
    ----------
    warm : make each run ready for the orders of today, in a thread, once it is loaded
    """

    def __init__(self, store: Store, machine: Machine, *, warm: bool = False) -> None:
        self.store, self.machine, self._warm = store, machine, warm
        self._loaded: OrderedDict[int, Champion] = OrderedDict()
        self._lock = Lock()

    def current(self, name: str = CHAMPION) -> Serving:
        """The run that a name means.

        Raises
        ------
        RunError : nothing is published under it, or its folder cannot be read
        StoreError : the store cannot be asked
        """
        found = current_of(self.store, name)
        return Serving(found, self.loaded(found.run_no, found.folder))

    def seen(self, conn: Connection, name: str = CHAMPION) -> Serving:
        """As `current`, in the same snapshot as what else is read by the connection."""
        found = current(conn, name)
        return Serving(found, self.loaded(found.run_no, found.folder))

    def loaded(self, run_no: int, folder: str) -> Champion:
        """What a published run learned; read from its folder once."""
        champion = self._loaded.get(run_no)
        if champion is not None:
            return champion
        with self._lock:
            champion = self._loaded.get(run_no)
            if champion is None:
                champion = Champion.load(Run.open(Path(folder)), self.machine)
                self._loaded[run_no] = champion
                if self._warm:
                    today = datetime.now(UTC).date()
                    Thread(target=champion.warm, args=(today,), daemon=True).start()
                while len(self._loaded) > MOST_LOADED:
                    # Whoever still asks it keeps it alive; its engine goes with it.
                    self._loaded.popitem(last=False)
            return champion

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all."""
        with self._lock:
            for champion in self._loaded.values():
                champion.close()
            self._loaded.clear()
