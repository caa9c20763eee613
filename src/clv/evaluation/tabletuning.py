"""Settings of learners of a table, searched within the rows that teach."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clv.core.types import Floats, Ints, Json
from clv.evaluation.folds import shuffled
from clv.evaluation.table import INNER_FOLDS
from clv.evaluation.tuning import Day, Search, search
from clv.models.learners.encoder import Encoder
from clv.models.learners.rows import Rows

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class TableSearch:
    """A search that can be asked for the settings best for some rows of a table.

    Attributes
    ----------
    frame : (n, features)
    target : (n,)
    groups : (n,) whose rows they are, where a customer has several
    learners : names
    seconds : for all of them together, each time it is asked
    seed : of folds and of what is tried
    folder : where what was tried is written, to be gone on with
    about : what besides the rows the search depends on
    """

    frame: pd.DataFrame
    target: Floats
    groups: Sequence[str] | None
    learners: tuple[str, ...]
    seconds: float
    seed: int
    folder: Path
    about: Json

    def on(self, rows: Ints, note: Callable[[str], None] = lambda _: None) -> list[Search]:
        """What is best for these rows, judged by folds within them: no other row is looked at."""
        groups = None if self.groups is None else [self.groups[row] for row in rows]
        if groups is not None and len(set(groups)) < INNER_FOLDS:
            return []
        inner = shuffled(len(rows), INNER_FOLDS, self.seed + 2, groups)
        days = [self._day(rows[fold.taught], rows[fold.asked]) for fold in inner]
        days = [day for day in days if (day.actual > 0).any()]
        if not days:
            return []
        found = []
        for name in self.learners:
            note(f"settings of {name}")
            seconds = self.seconds / len(self.learners)
            found.append(search(name, days, seconds, self.seed, self._journal(rows)))
        return found

    def _day(self, taught: Ints, asked: Ints) -> Day:
        some = self.frame.iloc[taught]
        encoder = Encoder.learn(some)
        rows = Rows.of(encoder.of(some), encoder.names, self.target[taught])
        return Day(rows, encoder.of(self.frame.iloc[asked]), self.target[asked], "inner fold")

    def _journal(self, rows: Ints) -> Path:
        about = {**self.about, "seed": self.seed, "columns": list(self.frame.columns)}
        text = json.dumps(about, sort_keys=True, default=str)
        mark = hashlib.sha256(text.encode() + rows.tobytes()).hexdigest()[:16]
        return self.folder / f"{mark}.log"
