"""What customers did after a past day, beyond all that the log told of them by then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clv.core.errors import HistoryError
from clv.core.types import AsOf, Horizon
from clv.evaluation.backtest.origins import rolling
from clv.evaluation.hindsight.figures import floats, is_text, numbers, ranks, totals
from clv.evaluation.hindsight.finding import FEWEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clv.core.types import Bools, Floats, Ints
    from clv.features.book import Book, History

#: Buyers among the customers of a past day below which nothing is said.
FEWEST_BUYERS = 20
#: Standard errors that a correlation must be away from 0.
SURE = 4.0
#: Past days looked at are the first and last of so many.
ORIGINS = 5
#: Parts of the customers; what a group of them did is told to each by the others.
PARTS = 5
#: Numbers with more values than this are grouped into so many; customers that each group is
#: thought to have besides its own, who did as all do.
MOST_VALUES, GROUPS, PRIOR = 32, 16, 5


@dataclass(frozen=True, eq=False)
class PastDay:
    """Customers known by a past day, and what they bought from then to as_of.

    Attributes
    ----------
    rows : (n,) of the table of columns
    basis : (n, k) orthonormal: what the log told by then, in ranks, and a constant
    ranks : (n,) of what each bought after
    counts : (n,) repeat purchases by then, 3 for more
    """

    cutoff: AsOf
    rows: Ints
    basis: Floats
    ranks: Floats
    counts: Ints

    def traces(self, column: pd.Series) -> Iterator[float]:
        """Correlations with the column, those that are sure alone: of ranks, and of groups."""
        here = column.iloc[self.rows]
        known = here.notna().to_numpy()
        if is_text(here):
            codes, _ = pd.factorize(here.fillna(""))
        else:
            values = numbers(here).copy()
            codes = _groups(values)
            if known.any():
                values[known] = ranks(values[known])
                yield from self._sure(values, known)
        everybody = np.ones(len(known), dtype=np.bool_)
        # Groups that tell nothing go slightly against what their own customers did.
        yield from (r for r in self._sure(self._others(codes), everybody) if r > 0)

    def _others(self, codes: Ints) -> Floats:
        """(n,) what others of the same group, who had come as often, did beyond the log's word."""
        by_count = self.counts + 4 * (codes + 1)
        beyond = _beyond(self.ranks, self.basis)
        beyond = beyond - _told_by_others(self.counts, beyond)
        return _told_by_others(by_count, beyond)

    def _sure(self, values: Floats, known: Bools) -> Iterator[float]:
        if known.sum() < FEWEST or np.ptp(values[known]) == 0:
            return
        basis = self.basis if known.all() else _span(self.basis[known])
        own, later = _beyond(values[known], basis), _beyond(self.ranks[known], basis)
        norm = float(np.linalg.norm(own) * np.linalg.norm(later))
        # A column that the log tells altogether leaves nothing but rounding.
        if norm <= 1e-9 * int(known.sum()):
            return
        r = float(own @ later) / norm
        if abs(r) * np.sqrt(known.sum()) >= SURE:
            yield r


def past_days(book: Book, whole: History, horizon: Horizon) -> list[PastDay]:
    """The first and the last day a backtest would stand on, where enough is known of them."""
    try:
        origins = rolling(AsOf(book.first_day), book.as_of, horizon, ORIGINS)
    except HistoryError:
        return []
    place = pd.Index(whole.frame["customer_id"].astype(object))
    found = []
    for origin in dict.fromkeys((origins[0], origins[-1])):
        earlier = book.history(origin.cutoff, origin.window.n_days)
        at = place.get_indexer(pd.Index(earlier.frame["customer_id"].astype(object)))
        earlier = earlier.of_rows(np.flatnonzero(at >= 0))
        after = Horizon((book.as_of.day - origin.cutoff.day).days)
        value = book.outcome(earlier, after).value
        if len(value) < FEWEST or (value > 0).sum() < FEWEST_BUYERS or np.ptp(value) == 0:
            continue
        more = ("t_x", "recent_value", "recent_purchases")
        told = [*totals(earlier).values(), *(floats(earlier, name) for name in more)]
        columns = np.column_stack([np.ones(len(value)), *(ranks(each) for each in told)])
        counts = np.minimum(earlier.frame["x"].to_numpy(dtype=np.int64), 3)
        found.append(PastDay(origin.cutoff, at[at >= 0], _span(columns), ranks(value), counts))
    return found


def _groups(values: Floats) -> Ints:
    """(n,) groups of equal or, where there are many, of like numbers; -1 where absent."""
    known = ~np.isnan(values)
    found = np.full(len(values), -1)
    if not known.any():
        return found
    distinct, place = np.unique(values[known], return_inverse=True)
    if len(distinct) > MOST_VALUES:
        at = np.linspace(0.0, 1.0, GROUPS + 1)[1:-1]
        cuts = np.unique(np.quantile(values[known], at, method="inverted_cdf"))
        # A value that is a cut is frequent, and a group of its own.
        place = 2 * np.searchsorted(cuts, values[known]) + np.isin(values[known], cuts)
    found[known] = place
    return found


def _told_by_others(groups: Ints, values: Floats) -> Floats:
    """(n,) mean of the group among customers of the other parts, drawn toward 0 where few."""
    part = np.arange(len(values)) % PARTS
    found = np.zeros(len(values))
    for one in range(PARTS):
        others, most = part != one, int(groups.max()) + 1
        n = np.bincount(groups[others], minlength=most)
        total = np.bincount(groups[others], values[others], minlength=most)
        found[~others] = (total / (n + PRIOR))[groups[~others]]
    return found


def _span(columns: Floats) -> Floats:
    """Orthonormal basis of what columns span."""
    basis, strength, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(basis[:, strength > 1e-9 * strength[0]])


def _beyond(values: Floats, basis: Floats) -> Floats:
    """What of the values the basis does not tell."""
    return np.asarray(values - basis @ (basis.T @ values))
