"""Columns known of customers that know what came later: filled in after the days they stand for.

A table of customers has no dates: it is as of some day, and features as of an earlier one must
not be made of what was written into it since. Such columns give themselves away.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clv.evaluation import metrics
from clv.evaluation.hindsight.changed import Changed
from clv.evaluation.hindsight.figures import AGE, is_date, totals
from clv.evaluation.hindsight.finding import FEWEST, SAME, Hindsight
from clv.evaluation.hindsight.past import past_days
from clv.evaluation.leakage import LABEL, MOST_GROUPS, label_agreement
from clv.features.seen import plain_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv.core.types import Horizon
    from clv.evaluation.hindsight.past import PastDay
    from clv.features.book import Book, History

#: Share of customers whose date may lie after their first purchase, by a slip of the pen.
SLIPS = 0.01
#: A date may be told in another time zone than the log.
ZONE_DAYS = 1
#: Correlation with what came later, beyond what the log told by then, from which a column was
#: filled in later, and from which it is suspicious. On five made-up shops nothing known beforehand
#: reaches 0.17, though some is drawn with customers' true rates in mind; figures counted by the end
#: of the log reach 0.34 to 0.96, those few customers have (returns) 0.23.
KNOWS, SUSPICIOUS = 0.3, 0.2
#: Customers looked at, spread over all; more tell no more.
MOST = 50_000


def hindsight(book: Book, horizon: Horizon) -> list[Hindsight]:
    """What is suspected of each column known of customers, the plainest trace of it.

    Parameters
    ----------
    book : whose table of customers is looked at, in the light of its log up to as_of
    horizon : that will be asked ahead; past days are those which a backtest would stand on

    Returns
    -------
    at most one a column, in the table's order; nothing of columns that too few customers have
    """
    source = book.sources.known
    if source is None:
        return []
    history = book.history(book.as_of, horizon.n_days)
    if len(history) > MOST:
        history = history.of_rows(np.linspace(0, len(history) - 1, MOST).astype(np.int64))
    known = _known_of(book, history)
    days = past_days(book, history, horizon)
    # Features take their time, and mostly some column asks for them.
    changed = cache(lambda: Changed.since(book, days[-1], history))
    told = plain_names((name for name in source.columns if name != "customer_id"), "known_")
    found = []
    for name, plain in told.items():
        if plain in known:
            column = known[plain]
            found.append(
                _later(name, column, history)
                or _total(name, column, history)
                or _repeated(name, column, changed if days else None)
                or _outcome(name, column, days)
            )
    return [each for each in found if each is not None]


def _known_of(book: Book, history: History) -> dict[str, pd.Series]:
    """Columns known of the rows of a history: numbers, texts, or days as datetime64."""
    table = book.sources.seen(history.as_of).known
    assert table is not None
    frame = table.to_pyarrow().to_pandas(date_as_object=False).set_index("customer_id")
    frame = frame.reindex(pd.Index(history.frame["customer_id"].astype(object)))
    return {str(name): frame[name].reset_index(drop=True) for name in frame}


def _later(name: str, column: pd.Series, history: History) -> Hindsight | None:
    """Dates after the first purchase were not known on it."""
    if not is_date(column):
        return None
    days = column.to_numpy().astype("datetime64[D]")
    first = np.datetime64(history.as_of.day, "D") - history.frame["T"].to_numpy().astype(
        "timedelta64[D]"
    )
    after = np.flatnonzero(~np.isnat(days) & (days > first + np.timedelta64(ZONE_DAYS, "D")))
    if len(after) <= max(1.0, SLIPS * int(column.notna().sum())):
        return None
    row = int(after[0])
    return Hindsight(
        name,
        "later",
        f"{len(after):,} of {int(column.notna().sum()):,} customers have a date there that lies"
        f" after their first purchase ({history.frame['customer_id'].iloc[row]}: {days[row]}, first"
        f" purchase {first[row]}), so it was written down later",
    )


def _total(name: str, column: pd.Series, history: History) -> Hindsight | None:
    """A figure that the log adds up to by as_of was another on days before."""
    if is_date(column):
        return None
    known = column.notna().to_numpy()
    if known.sum() < FEWEST:
        return None
    number, label = pd.api.types.is_numeric_dtype(column), column.nunique() <= MOST_GROUPS
    for what, total in totals(history).items():
        if np.ptp(total[known]) == 0:
            continue
        if number:
            rank = abs(metrics.spearman(total[known], column[known].to_numpy(dtype=np.float64)))
            if rank >= SAME:
                return Hindsight(
                    name,
                    "total",
                    f"it tells {what} up to {history.as_of} (rank correlation {rank:.2f}), which"
                    " was another on earlier days, and which the log tells by itself",
                )
        # Groups by age of the customer, such as the year of the first purchase, are no secret.
        agreement = label_agreement(column, total) if label and what != AGE else 0.0
        if agreement >= LABEL:
            return Hindsight(
                name,
                "total",
                f"it parts customers by {what} up to {history.as_of} (agreement {agreement:.2f} of"
                " 1), which was another on earlier days, and which the log tells by itself",
            )
    return None


def _repeated(
    name: str, column: pd.Series, changed: Callable[[], Changed] | None
) -> Hindsight | None:
    """What follows a feature of the log to its value as of as_of."""
    if changed is None or is_date(column) or column.notna().sum() < FEWEST:
        return None
    return changed().told_by(name, column)


def _outcome(name: str, column: pd.Series, days: list[PastDay]) -> Hindsight | None:
    """What goes with the days after a past one, beyond all that the log told by then."""
    traces = [(abs(r), day) for day in days for r in day.traces(column)]
    if not traces:
        return None
    most, day = max(traces, key=lambda pair: pair[0])
    if most < SUSPICIOUS:
        return None
    return Hindsight(
        name,
        "outcome" if most >= KNOWS else "doubt",
        f"it goes with what customers bought after {day.cutoff} (rank correlation {most:.2f} beyond"
        " what the log told by then)"
        + (
            ", as nothing does that was known"
            if most >= KNOWS
            else ", more than what was known usually does"
        ),
    )
