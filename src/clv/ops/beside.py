"""What is known besides the log: of customers, of days, of the country."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from ibis import _

from clv.core.errors import ColumnError
from clv.core.types import Json
from clv.data.customers import customers_table
from clv.data.engine import storage_errors
from clv.data.series import series_table
from clv.evaluation.hindsight import hindsight
from clv.features.seen import USUAL, plain_names
from clv.ops.keptfiles import CUSTOMERS, KEPT, SERIES, GivenFile, KeptFile

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

    from clv.core.types import Horizon
    from clv.data.engine import Engine
    from clv.data.recipes import Recipes
    from clv.features.book import Book
    from clv.models.groundwork import Groundwork

#: Names of their tables in the engine.
_TABLES = {CUSTOMERS: "known", SERIES: "series"}
#: So much larger a share of customers of whom nothing is known is told when a run is used again.
MORE_ABSENT = 0.05
UNREAD = (
    "{given}: not used, as none of the models named learns from such a file. Name the ensemble or"
    " a learner among --models (`clv models` lists them), or leave it out"
)


@dataclass(frozen=True)
class Beside:
    """Files beside the log.

    Attributes
    ----------
    customers : a file with a row a customer, whose id is in the column `customer`
    columns : those of it to use, whatever is found against them; all unless given
    series : a file with a row a day
    country : whose holidays count where a customer's is not known
    without : columns of customers not to use
    kept : customers and series of an earlier run, where no file is given anew
    unread : no model that was named learns from such files
    """

    customers: str | None = None
    customer: str | None = None
    columns: tuple[str, ...] = ()
    series: str | None = None
    country: str = "US"
    without: tuple[str, ...] = ()
    kept: tuple[KeptFile, ...] = ()
    unread: bool = False

    def read(self, engine: Engine, recipes: Recipes | None = None) -> Files:
        """Both files as tables of the engine.

        Parameters
        ----------
        recipes : statements of the engine, which stays; tables kept of a run are read into it once

        Raises
        ------
        SourceError : a file cannot be read
        ColumnError : a file lacks what it must have
        RunError : a file kept of a run is gone or broken
        """
        given = [
            self._given(what, Path(path))
            for what, path in ((CUSTOMERS, self.customers), (SERIES, self.series))
            if path
        ]
        anew = {each.told["what"] for each in given}
        used: list[GivenFile | KeptFile] = [*given]
        used += [kept for kept in self.kept if kept.told["what"] not in anew]
        tables = {each.told["what"]: self._table(each, engine, recipes) for each in used}
        notices = tuple(notice for each in given for notice in each.read.notices)
        named = " and ".join(f"--{each.told['what']}" for each in given)
        return Files(
            known=tables.get(CUSTOMERS),
            series=tables.get(SERIES),
            inputs=tuple(each.told for each in used),
            notices=notices,
            warnings=(UNREAD.format(given=named),) if self.unread and named else (),
            rows={each.told["what"]: each.rows() for each in given},
        )

    def _given(self, what: str, path: Path) -> GivenFile:
        if what == SERIES:
            return GivenFile.of(what, path, series_table(path))
        return GivenFile.of(what, path, customers_table(path, self.customer, list(self.columns)))

    def _table(
        self, source: GivenFile | KeptFile, engine: Engine, recipes: Recipes | None
    ) -> ir.Table | None:
        """Its rows as a table of the engine, if there is more to it than who the customers are."""

        def rows() -> pa.Table:
            table = source.rows()
            return table.drop_columns([n for n in without if n in table.column_names])

        what = source.told["what"]
        name, without = _TABLES[what], self.without if what == CUSTOMERS else ()
        if recipes is None:
            table = engine.ibis.create_table(name, rows(), temp=True, overwrite=True)
        else:
            recipes.hold(name, (source.key, self.customer, self.columns, without), rows)
            table = engine.ibis.table(name)
        return table if len(table.columns) > 1 else None


@dataclass(frozen=True)
class Files:
    """The files beside the log, as they were read.

    Attributes
    ----------
    known, series : as `clv.features.seen.Sources` takes them; None where there is no such file
    inputs : a file each: "what" (customers or series), "path", "bytes", "sha256", "rows",
        "columns" (all it has, those too that hold nothing); of customers also "left_out" (column
        -> why features are not made of it) and "absent" (share of the log's customers it lacks)
    notices, warnings : what a reader should know, in sentences; warnings may spoil forecasts
    rows : those of the files given, by kind of file, with all columns
    """

    known: ir.Table | None = None
    series: ir.Table | None = None
    inputs: tuple[Json, ...] = ()
    notices: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    rows: Mapping[str, pa.Table] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write into a run's folder what `KeptFile` reads."""
        with storage_errors(folder):
            for what, rows in self.rows.items():
                pq.write_table(rows, folder / KEPT[what])

    def of(self, what: str) -> Json | None:
        """The entry of `inputs` of that kind of file, if there is one."""
        return next((each for each in self.inputs if each["what"] == what), None)

    def counted(self, book: Book) -> Files:
        """The same, with the share of customers of whom nothing is known."""
        told = self.of(CUSTOMERS)
        if told is None or self.known is None:
            return self
        bought = book.sources.seen(book.as_of).days.select("customer_id").distinct()
        named = self.known.select(customer_id=_.customer_id.cast("string"))
        n, missing = (
            int(table.count().to_pyarrow().as_py())
            for table in (bought, bought.anti_join(named, "customer_id"))
        )
        notices = self.notices
        if missing:
            notices += (
                f"customers: {missing:,} of {n:,} customers of the log are not in {told['path']},"
                " so nothing is known of them. If these are too many, compare how both files write"
                " customers, zeros included",
            )
        counted = {**told, "absent": missing / max(n, 1), "left_out": {}}
        return replace(self, inputs=self._with(counted), notices=notices)

    def vetted(self, book: Book, horizon: Horizon, insisted: tuple[str, ...]) -> tuple[Files, Book]:
        """The same without columns that know what came later, and the book that looks at them.

        Parameters
        ----------
        insisted : columns that stay whatever is found
        """
        told = self.of(CUSTOMERS)
        if told is None or self.known is None:
            return self, book
        notices, warnings, left_out = [*self.notices], [*self.warnings], {}
        for found in hindsight(book, horizon):
            name = found.column
            if name in insisted:
                warnings.append(
                    f"customers: {name} was kept as --known names it, though {found.why}. If it"
                    " was not known beforehand, figures of past days flatter and forecasts are off"
                )
            elif found.left_out:
                left_out[name] = found.why
                told_in = warnings if found.trace == "outcome" else notices
                told_in.append(f"customers: {name} was left out: {found.why}")
            else:
                warnings.append(
                    f"customers: {found.why.replace('it goes', f'{name} goes', 1)}. If it was"
                    " filled in later, leave it out: name the columns to use with --known"
                )
        if left_out:
            notices.append(
                "customers: to use a column all the same that was left out, because it was known"
                " beforehand, name all columns to use with --known"
            )
        files = replace(
            self,
            inputs=self._with({**told, "left_out": left_out}),
            notices=tuple(notices),
            warnings=tuple(warnings),
        )
        if not left_out:
            return files, book
        known = self.known.drop(*left_out)
        files = replace(files, known=known if len(known.columns) > 1 else None)
        # What the former book remembers was made of all columns.
        return files, replace(book, sources=replace(book.sources, known=files.known), memory={})

    def _with(self, told: Json) -> tuple[Json, ...]:
        return tuple(told if each["what"] == told["what"] else each for each in self.inputs)


def require_learned(files: Files, learned: list[Json], ground: Groundwork) -> tuple[str, ...]:
    """Whether files beside another log tell what a model learned from.

    Parameters
    ----------
    learned : `Files.inputs` of the run that it learned in

    Returns
    -------
    what a reader should know, in sentences

    Raises
    ------
    ColumnError : a column it learned from is missing altogether, or holds text for numbers
    """
    told = {then["what"] for then in learned}
    notices = tuple(
        f"--{each['what']}: not used, as the run learned from no such file. Leave it out, or run"
        " again with it"
        for each in files.inputs
        if each["what"] not in told
    )
    for then in learned:
        now = files.of(then["what"])
        needed = _needed(then, ground)
        there = () if now is None else now["columns"]
        where = "nothing" if now is None else now["path"]
        if missing := [name for name in needed if name not in there]:
            raise ColumnError(
                f"{then['what']}: {where} lacks {len(missing)} of {len(needed)} column(s) that the"
                f" run learned from: {', '.join(missing)}. Add them; where a value is not known,"
                " leave it empty."
            )
        if now is None or then["what"] != CUSTOMERS:
            continue
        for name in needed:
            _require_kind(files, name, ground.reference.known.get(needed[name]))
        absent = now.get("absent", 0.0)
        if needed and absent > then["absent"] + MORE_ABSENT:
            notices += (
                f"customers: of {absent:.0%} of them nothing is known besides their orders; when"
                f" the run learned it was {then['absent']:.0%}. Forecasts of these know less than"
                " they could: give a file with their rows as --customers",
            )
    return notices


def _needed(then: Json, ground: Groundwork) -> dict[str, str]:
    """Columns of a file that a model learned from, and their names among features."""
    features = ground.encoder.features
    if then["what"] == SERIES:
        names = plain_names(then["columns"], "series_")
        return {
            name: plain
            for name, plain in names.items()
            if any(feature.startswith(f"{plain}_") for feature in features)
        }
    usual = {f"known_{name}" for names in USUAL.values() for name in names}
    names = plain_names(then["columns"], "known_")
    return {
        name: plain
        for name, plain in names.items()
        if name not in then["left_out"] and (plain in features or plain in usual)
    }


def _require_kind(files: Files, name: str, kind: str | None) -> None:
    """A column of numbers or dates still is one."""
    if files.known is None or name not in files.known.columns or kind in (None, "text"):
        return
    if not files.known[name].type().is_string():
        return
    shown = (
        files.known.filter(_[name].notnull()).select(name).limit(1).to_pyarrow()[name].to_pylist()
    )
    raise ColumnError(
        f"customers: {name} was a {kind} when the run learned, and now holds text such as"
        f" {shown[0]!r}. Mend it, or leave it empty where it is not known."
    )
