"""The runs that answer, each loaded once, found by what the store points to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread, local
from typing import TYPE_CHECKING, Self

from clv.core.errors import ClvError
from clv.ops.champion import Champion
from clv.ops.runs import Run, served
from clv.ops.store.publishing import CHAMPION, current, current_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from clv.ops.machine import Machine
    from clv.ops.store.database import Store
    from clv.ops.store.publishing import Current

#: Runs kept in memory: the one in charge, the one before it, and models asked for by name.
MOST_LOADED = 6
#: Seconds between two looks at which run is in charge.
PAUSE = 1.0


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


class NotLoadedError(Exception):
    """A run would have to be read from its folder, and whoever asks may not wait for that."""


class Champions:
    """Runs in memory, for as long as they are asked for.

    Which one is meant is looked up in the store each time, so that every process answers by a
    newly published run from its next request on, and none by half of two.

    Parameters
    ----------
    warm : load the champion as soon as it is published, and make each run that is loaded ready for
        orders, in threads
    """

    def __init__(self, store: Store, machine: Machine, *, warm: bool = False) -> None:
        self.store, self.machine, self._warm = store, machine, warm
        #: The one asked last comes last.
        self._loaded: OrderedDict[int, Champion] = OrderedDict()
        self._champion: int | None = None
        self._lock, self._loading = Lock(), Lock()
        self._mine, self._closed = local(), Event()
        self._appending = Lock()
        if warm:
            Thread(target=self._follow, name="clv-champion", daemon=True).start()

    def current(self, name: str = CHAMPION) -> Serving:
        """The run that a name means.

        Raises
        ------
        RunError : nothing is published under it
        LostRunError : its folder cannot be read
        StoreError : the store cannot be asked
        """
        return self._serving(current_of(self.store, name))

    def seen(self, conn: Connection, name: str = CHAMPION) -> Serving:
        """As `current`, in the same snapshot as what else is read by the connection."""
        return self._serving(current(conn, name))

    @contextmanager
    def at_hand(self) -> Iterator[None]:
        """Have this thread ask only for runs that are in memory.

        Raises
        ------
        NotLoadedError : one was asked for that is not
        """
        self._mine.only = True
        try:
            yield
        finally:
            self._mine.only = False

    @contextmanager
    def appending(self) -> Iterator[None]:
        """Score customers with new orders and keep these in the block: one after the other.

        Customers are scored one after the other anyway, and two who score the same one at once
        would find each other's orders only when it comes to writing. Of several locks this is the
        first to take, then that of the desk, then the store's.
        """
        with self._appending:
            yield

    def loaded(self, run_no: int, folder: str) -> Champion:
        """What a published run learned; read from its folder once.

        Raises
        ------
        LostRunError : its folder cannot be read
        """
        if (champion := self._found(run_no)) is not None:
            return champion
        if getattr(self._mine, "only", False):
            raise NotLoadedError
        with self._loading:
            # Another thread may have been first.
            if (champion := self._found(run_no)) is not None:
                return champion
            with served():
                champion = Champion.load(Run.open(Path(folder)), self.machine)
            self._keep(run_no, champion)
        if self._warm:
            Thread(target=champion.warm, daemon=True).start()
        return champion

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all."""
        self._closed.set()
        with self._lock:
            loaded = list(self._loaded.values())
            self._loaded.clear()
        for champion in loaded:
            champion.close()

    def _serving(self, found: Current) -> Serving:
        if found.name == CHAMPION:
            self._champion = found.run_no
        return Serving(found, self.loaded(found.run_no, found.folder))

    def _found(self, run_no: int) -> Champion | None:
        with self._lock:
            champion = self._loaded.get(run_no)
            if champion is not None:
                self._loaded.move_to_end(run_no)
            return champion

    def _keep(self, run_no: int, champion: Champion) -> None:
        with self._lock:
            self._loaded[run_no] = champion
            while len(self._loaded) > MOST_LOADED:
                # Whoever still asks it keeps it alive; its engine goes with it.
                del self._loaded[next(no for no in self._loaded if no != self._champion)]

    def _follow(self) -> None:
        """Load the champion before anybody has to wait for it."""
        while not self._closed.wait(PAUSE):
            # Nothing may be published, or be there to read: whoever asks is told.
            with suppress(ClvError):
                self.current()
