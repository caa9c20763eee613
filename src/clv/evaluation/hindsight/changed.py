"""Figures of customers that changed after a past day: does a column tell them as they are now?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from clv.core.types import AsOf
from clv.evaluation import metrics
from clv.evaluation.hindsight.figures import is_text, numbers
from clv.evaluation.hindsight.finding import FEWEST, SAME, Hindsight

if TYPE_CHECKING:
    from clv.core.types import Ints
    from clv.evaluation.hindsight.past import PastDay
    from clv.features.book import Book, History

#: Features are compared of so many customers at most, of whom so many must have got another value.
MOST_COMPARED, FEWEST_CHANGED = 5_000, 30


@dataclass(frozen=True, eq=False)
class Changed:
    """Features of customers on a past day and as of as_of: which of the two does a column tell?

    Attributes
    ----------
    rows : (n,) of the table of columns
    before, now : by feature, (n,) numbers or texts
    days : the past one, and as_of
    """

    rows: Ints
    before: dict[str, pd.Series]
    now: dict[str, pd.Series]
    days: tuple[AsOf, AsOf]

    @classmethod
    def since(cls, book: Book, day: PastDay, whole: History) -> Self:
        rows = day.rows
        if len(rows) > MOST_COMPARED:
            rows = rows[np.linspace(0, len(rows) - 1, MOST_COMPARED).astype(np.int64)]
        ids = whole.frame["customer_id"].iloc[rows].astype(str).tolist()
        plain = replace(book, sources=replace(book.sources, known=None), memory={})
        before, now = (
            plain.features(each, customers=ids).set_index("customer_id").reindex(ids)
            for each in (day.cutoff, book.as_of)
        )
        return cls(rows, _columns(before), _columns(now), (day.cutoff, book.as_of))

    def told_by(self, name: str, column: pd.Series) -> Hindsight | None:
        """A column that follows a feature to its last value was written down after it changed."""
        here = column.iloc[self.rows]
        if here.notna().sum() < FEWEST:
            return None
        for feature, now in self.now.items():
            was = self.before.get(feature)
            if was is None or is_text(now) != is_text(here):
                continue
            changed = (
                here.notna().to_numpy()
                & (was.notna() & now.notna()).to_numpy()
                & (was.to_numpy() != now.to_numpy())
            )
            if changed.sum() < FEWEST_CHANGED:
                continue
            then, last = (_alike(here[changed], each[changed]) for each in (was, now))
            if last >= SAME and last - then > 1.0 - SAME:
                return Hindsight(
                    name,
                    "total",
                    f"it tells {feature} as it was on {self.days[1]}, not as on {self.days[0]}"
                    f" (agreement {last:.2f} against {then:.2f} where the two differ), and the log"
                    " tells that by itself",
                )
        return None


def _columns(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Texts as objects, so that nothing compares as unknown."""
    return {
        str(name): pd.Series([text if isinstance(text, str) else None for text in frame[name]])
        if is_text(frame[name])
        else frame[name].reset_index(drop=True)
        for name in frame
    }


def _alike(own: pd.Series, other: pd.Series) -> float:
    """Rank correlation of numbers, without sign; share of texts that are the same."""
    if is_text(own):
        return float(np.mean(own.to_numpy(dtype=object) == other.to_numpy(dtype=object)))
    return abs(metrics.spearman(numbers(other), numbers(own)))
