"""The log's book: what may be known of every customer, as of any day asked for."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

import ibis
import numpy as np
import pandas as pd
from ibis import _

from clv.core.errors import HistoryError
from clv.core.schema import HISTORY
from clv.core.types import AsOf, Floats, Horizon, Ints
from clv.features.catalogue import of_the_day
from clv.features.festivals import country_code
from clv.features.matrix import matrix
from clv.features.reference import Reference
from clv.features.seen import Sources
from clv.features.standing import Standing
from clv.features.summary import counted, outcome, repeats_by_day, summary
from clv.numerics.histories import Counted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import ibis.expr.types as ir
    import pyarrow as pa

    from clv.data.recipes import Recipes
    from clv.features.ledger import Ledger

Found = TypeVar("Found")

#: Gaps between purchases that are enough to tell a rhythm from chance.
MOST_GAPS = 500_000
#: Histories and features of so many customers are kept, to be asked again from other days.
MOST_REMEMBERED = 50_000


@dataclass(frozen=True)
class History:
    """Customers' histories as of a day: the table `clv.core.schema.HISTORY` and its frame of time.

    Attributes
    ----------
    frame : one row a customer, ordered by customer_id
    as_of : last day observed
    first_day : first day of the log
    window : days that recent columns reach back from as_of, as many as will be asked ahead
    book : where more can be looked up: features, earlier days and what followed them. Nothing
        after as_of can be had through it
    whole : every customer known by as_of is in the frame
    """

    frame: pd.DataFrame
    as_of: AsOf
    first_day: date
    window: int
    book: Book | None = None
    whole: bool = True

    @property
    def span(self) -> int:
        """Days observed, both ends included."""
        return (self.as_of.day - self.first_day).days + 1

    def __len__(self) -> int:
        return len(self.frame)

    def of_rows(self, rows: Ints) -> History:
        """Some of the customers, by their place in the frame."""
        some = self.frame.iloc[rows].reset_index(drop=True)
        return replace(self, frame=some, whole=False)

    def thinned(self, most: int, seed: int = 0) -> History:
        """Customers drawn by lot where there are more, with a book of theirs alone."""
        if len(self) <= most:
            return self
        rows = np.random.default_rng(seed).choice(len(self), most, replace=False)
        some = self.of_rows(np.sort(rows))
        return replace(some, book=self._book().only(some.frame["customer_id"]))

    def reference(self) -> Reference:
        """What features need to know of all customers known by as_of."""
        book = self._book()
        return book.remember(("reference", self.as_of), lambda: book.reference(self.as_of))

    def features(self, reference: Reference | None = None) -> pd.DataFrame:
        """The features of each row of the frame, without customer_id.

        Parameters
        ----------
        reference : what was learned of a population; unless given, of the one in the book
        """
        if reference is not None and reference is not self._book().remembered_reference(self.as_of):
            return self._features(reference)
        learned = self.reference()
        if self.whole and len(self) <= MOST_REMEMBERED:
            return self.remember(("features",), lambda: self._features(learned))
        return self._features(learned)

    def _features(self, learned: Reference) -> pd.DataFrame:
        some = None if self.whole else self.frame["customer_id"]
        found = self._book().features(self.as_of, learned, some)
        told, wanted = found.pop("customer_id"), self.frame["customer_id"]
        # Both are in the same order as a rule, and to reorder a million rows takes seconds.
        if not told.array.equals(wanted.array):
            found = found.set_index(pd.Index(told)).reindex(pd.Index(wanted))
        found.index = self.frame.index
        return found

    def of_the_day(self) -> frozenset[str]:
        """Names of features that tell the day and its country, and nothing of a customer."""
        return of_the_day(self._book().sources.seen(self.as_of))

    def remember(self, key: tuple[Hashable, ...], make: Callable[[], Found]) -> Found:
        """What was made of this history before under the key, or made now.

        Histories made without a book, and some rows of one, remember nothing.
        """
        if self.book is None or not self.whole:
            return make()
        return self.book.remember((*key, self.as_of, self.window), make)

    def rewind(self, cutoff: AsOf, window: Horizon) -> History:
        """The histories as they were on an earlier day.

        Raises
        ------
        HistoryError : the day is not before as_of, or there is no book to look it up in
        """
        if cutoff >= self.as_of:
            raise HistoryError(f"history: {cutoff} is not before {self.as_of}.")
        return self._book().history(cutoff, window.n_days)

    def followed(self, earlier: History, window: Horizon) -> Outcome:
        """What the customers of an earlier day bought in the window after it.

        Raises
        ------
        HistoryError : the window reaches beyond as_of
        """
        if earlier.as_of.plus(window.n_days) > self.as_of:
            raise HistoryError(
                f"history: {window} after {earlier.as_of} reach beyond {self.as_of}, and are not"
                " known yet."
            )
        book = self._book()
        if not earlier.whole or len(earlier) > MOST_REMEMBERED:
            return book.outcome(earlier, window)
        key = ("outcome", earlier.as_of, window)
        return book.remember(key, lambda: book.outcome(earlier, window))

    def _book(self) -> Book:
        if self.book is None:
            raise HistoryError(
                "history: this one was made without a log, so that features and earlier days"
                " cannot be looked up. Take it from Book.history."
            )
        return self.book


@dataclass(frozen=True)
class Outcome:
    """What customers did in the days after a history.

    Attributes
    ----------
    value : (n,) net spend, 0 for none
    purchases : (n,) purchase days
    """

    value: Floats
    purchases: Floats

    def of_rows(self, rows: Ints) -> Outcome:
        return Outcome(self.value[rows], self.purchases[rows])


@dataclass(frozen=True)
class Book:
    """The ledger with its first and last day, read as of any day between.

    Attributes
    ----------
    first_day : day of the first purchase
    as_of : last day observed
    sources : the ledger, and what is known of customers and of days besides
    recipes : statements written for other rows of the same engine; None writes each anew
    """

    ledger: Ledger
    first_day: date
    as_of: AsOf
    sources: Sources
    recipes: Recipes | None = field(default=None, compare=False, repr=False)
    memory: dict[tuple[Hashable, ...], Any] = field(default_factory=dict, compare=False, repr=False)

    def remember(self, key: tuple[Hashable, ...], make: Callable[[], Found]) -> Found:
        """What was made before under the key, or made now."""
        if key not in self.memory:
            self.memory[key] = make()
        return cast("Found", self.memory[key])

    @classmethod
    def open(
        cls,
        ledger: Ledger,
        as_of: AsOf,
        known: ir.Table | None = None,
        series: ir.Table | None = None,
        country: str = "US",
        recipes: Recipes | None = None,
    ) -> Book:
        """
        Parameters
        ----------
        known, series, country : as `clv.features.seen.Sources` takes them
        recipes : statements to be asked again, of the engine that holds the ledger

        Raises
        ------
        HistoryError : the log has no purchase left
        ColumnError : a table lacks its first column, or has a customer or a day twice
        SettingError : no such country
        """
        first = ledger.bought.agg(first=_.date.min()).to_pyarrow()["first"][0].as_py()
        if first is None:
            raise HistoryError(
                f"history: no purchase is left up to {as_of} once returns are taken off."
                " Is the sign of the amounts right?"
            )
        sources = Sources(ledger, known, series, country)
        return cls(ledger, first, as_of, sources, recipes)

    def only(self, customers: Iterable[str]) -> Book:
        """The book of some customers alone."""
        wanted = ibis.memtable({"customer_id": list(customers)}, schema={"customer_id": "str"})
        ledger = self.ledger.only(wanted)
        sources = replace(self.sources, ledger=ledger)
        return replace(self, ledger=ledger, sources=sources, recipes=None, memory={})

    def history(self, as_of: AsOf, window: int) -> History:
        """Every customer who had bought by as_of.

        Parameters
        ----------
        window : days that recent columns reach back
        """
        key = ("history", as_of, window)
        if key in self.memory:
            return cast("History", self.memory[key])
        known = self.ledger.bought.filter(_.date <= as_of.day).count().to_pyarrow().as_py()
        every = 1 + known // MOST_GAPS
        # Every seventh day would be one weekday.
        every += every % 7 == 0
        table = self._asked(
            ("history", window, every),
            lambda sources: summary(sources.ledger, as_of, window, every),
            as_of,
            as_of.minus(window),
        )
        frame = to_frame(table.select(HISTORY.names))
        found = History(frame, as_of, self.first_day, window, self)
        if len(found) <= MOST_REMEMBERED:
            self.memory[key] = found
        return found

    def remembered_reference(self, as_of: AsOf) -> Reference | None:
        """What `History.reference` found before."""
        return cast("Reference | None", self.memory.get(("reference", as_of)))

    def _asked(
        self,
        key: tuple[Hashable, ...],
        make: Callable[[Sources], ir.Table],
        as_of: AsOf,
        since: AsOf | None = None,
    ) -> pa.Table:
        """What an expression over the sources yields, by an earlier statement where there is one.

        Parameters
        ----------
        key : all that it depends on besides the sources and the days
        since : day before those that count as recent, where the expression asks for one
        """
        shape = self.sources.shape() if self.recipes is not None else None
        if self.recipes is None or shape is None:
            return make(self.sources).to_pyarrow()
        standing = Standing(self.recipes)
        country = str(country_code(self.sources.country))
        first, named = self.first_day, self.sources.countries()
        standing.set(as_of.day, (since or as_of).day, first, country, named)
        return self.recipes.ask((*key, shape), lambda: make(self.sources.again(standing)))

    def reference(self, as_of: AsOf) -> Reference:
        """What features need to know of the customers known as of a day.

        Raises
        ------
        HistoryError : nobody had bought by then
        """
        return Reference.learn(self.sources, as_of)

    def features(
        self,
        as_of: AsOf,
        reference: Reference | None = None,
        customers: Iterable[str] | None = None,
    ) -> pd.DataFrame:
        """Every feature of every customer who had bought by as_of, ordered as their history is.

        Parameters
        ----------
        reference : what was learned of the population; learned as of the same day unless given
        customers : those to look at; all unless given

        Returns
        -------
        one row a customer: customer_id and the columns of `clv.features.matrix.matrix`
        """
        learned = reference or self.reference(as_of)
        if customers is not None:
            return to_frame(matrix(self.sources, as_of, learned, customers).to_pyarrow())
        key = ("features", learned.digest)
        return to_frame(self._asked(key, lambda sources: matrix(sources, as_of, learned), as_of))

    def counted(self, as_of: AsOf) -> Counted:
        """Distinct histories with counts: no row a customer leaves the engine."""
        return to_counted(counted(self.ledger.as_of(as_of), as_of).to_pyarrow())

    def outcome(self, history: History, window: Horizon) -> Outcome:
        """What each row of a history bought in the days after its as_of."""
        bought = to_frame(outcome(self.ledger, history.as_of, window).to_pyarrow())
        each = history.frame[["customer_id"]].merge(bought, on="customer_id", how="left")
        value, purchases = (
            each[name].fillna(0.0).to_numpy(dtype=np.float64) for name in ("value", "purchases")
        )
        return Outcome(value, purchases)

    def repeats(self, cutoff: AsOf, end: AsOf) -> pd.DataFrame:
        """Repeat purchases a day (date, repeats), by customers known at the cut-off."""
        return to_frame(repeats_by_day(self.ledger, cutoff, end).to_pyarrow())


def to_counted(table: pa.Table) -> Counted:
    """What `clv.features.summary.counted` found, as arrays."""
    columns = (table[name].to_numpy().astype(np.float64) for name in Counted._fields)
    return Counted(*columns)


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Arrow to pandas: text and dates stay in Arrow's memory, absent whole numbers are NaN."""
    import pyarrow as pa

    def in_arrow(kind: pa.DataType) -> pd.ArrowDtype | None:
        stays = pa.types.is_string(kind) or pa.types.is_date(kind)
        return pd.ArrowDtype(kind) if stays else None

    frame: pd.DataFrame = table.to_pandas(types_mapper=in_arrow)
    return frame
