"""From any log to checked transactions: every row is accepted, quarantined or dropped."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from clv.core.errors import ClvError, LogError, SourceError, TooManyBadRowsError
from clv.core.types import AsOf
from clv.data.checking import check
from clv.data.columns import Mapping, map_columns, needed
from clv.data.notices import notices_of, without_purchase
from clv.data.rules import ACCEPTED, CODE, DROPPED_RETURN, LARGEST_TOTAL, RULES
from clv.data.settings import Columns, IngestSettings
from clv.data.sources import stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date
    from pathlib import Path

    import ibis.expr.types as ir

    from clv.data.engine import Engine
    from clv.data.staging import Origin, Staged

__all__ = ["Columns", "IngestSettings", "Ingested", "ingest"]


#: Most refused rows that an error carries with it.
_MOST_REFUSED = 1_000_000


@dataclass(frozen=True)
class Ingested:
    """A checked log.

    Attributes
    ----------
    transactions : accepted rows, `clv.core.schema.TRANSACTIONS` and the optional columns that
        the log has; `line` counts on from file to file, so that it names a row
    quarantine : refused rows, `clv.core.schema.QUARANTINE`, ordered by file and line
    rows_in, accepted, quarantined, dropped : rows; the last three sum to the first
    by_rule : rule -> rows quarantined under it, rules that caught none left out
    dropped_by : option -> rows it dropped
    mapping : field -> column of the log, and how it was found
    date_reading : how dates were read, and why
    as_of : last day that counts
    as_of_given : whether the user set it; else it is the last accepted date
    origins : files or tables read, with size, hash and rows
    currency : of the amounts, where the log says it
    notices : what a reader should know of the log, in sentences
    without_purchase : customers who gave back all that they bought, or only returned things
    """

    transactions: ir.Table
    quarantine: ir.Table
    rows_in: int
    accepted: int
    quarantined: int
    dropped: int
    by_rule: dict[str, int]
    dropped_by: dict[str, int]
    mapping: Mapping
    date_reading: str
    as_of: AsOf
    as_of_given: bool
    origins: tuple[Origin, ...]
    currency: str | None = None
    notices: tuple[str, ...] = field(default=())
    without_purchase: int = 0


def _quiet(_: str) -> None:
    return None


def ingest(
    source: str | Path,
    settings: IngestSettings,
    engine: Engine,
    progress: Callable[[str], None] = _quiet,
) -> Ingested:
    """Read a log and hold each of its rows to the rules.

    Parameters
    ----------
    source : file, folder, glob, `postgresql://...?table=...`, `sqlite:///...?table=...`,
        `s3://bucket/key`, or `cdnow` for the log that comes with the package
    settings : columns, formats and options; the defaults recognise what they can
    engine : holds the tables `transactions` and `quarantine` afterwards
    progress : told in a few words what is being done

    Returns
    -------
    the accepted and the refused rows, lazily, and how they were read

    Raises
    ------
    SourceError : the log cannot be read; ColumnError, DateFormatError, NumberFormatError where
        it can be read in more than one way
    TooManyBadRowsError : more than `max_bad` of the rows broke a rule. The table `quarantine`
        is in the engine all the same, and its first million rows are the error's `quarantine`
    LogError : no row, no accepted row, several currencies without rates, or amounts that add
        up to more than 90 million million
    StorageError : the working folder is full or may not be written
    """
    try:
        return _ingest(source, settings, engine, progress)
    finally:
        shutil.rmtree(engine.folder / "staged", ignore_errors=True)


def _ingest(
    source: str | Path, settings: IngestSettings, engine: Engine, progress: Callable[[str], None]
) -> Ingested:
    progress("reading the log")
    staged = stage(source, settings, engine)
    rows_in = sum(origin.rows for origin in staged.origins)
    if rows_in == 0 and staged.formulas:
        raise _unsaved(staged, staged.formulas)
    if rows_in == 0:
        raise LogError(
            f"log: {staged.origins[0].path} has no rows. Check that it is the right log."
        )
    mapping = map_columns(
        staged.names,
        settings.columns,
        staged.doubled,
        amount_needed=settings.amount_needed,
        may_lack=settings.may_lack,
    )
    taken = {staged.names[mapping[field].position] for field in needed(mapping)}
    if lost := taken & staged.formulas:
        raise _unsaved(staged, lost)
    progress(f"checking {rows_in:,} rows")
    checked = check(staged, mapping, settings, engine, settings.today or _today())
    counts = dict(engine.sql("SELECT rule, count(*) FROM checked GROUP BY rule"))
    [(broken,)] = engine.sql("SELECT count(*) FROM broken")
    staged.release(engine)
    counts[CODE["unreadable_line"]] = broken
    accepted = counts.get(ACCEPTED, 0)
    dropped = counts.get(DROPPED_RETURN, 0)
    by_rule = {rule.name: n for rule in RULES if (n := counts.get(CODE[rule.name], 0))}
    quarantined = sum(by_rule.values())
    if rows_in != accepted + quarantined + dropped:
        raise ClvError(
            f"log: {rows_in} rows were read, but {accepted} accepted + {quarantined} quarantined"
            f" + {dropped} dropped are {accepted + quarantined + dropped}. Please report this."
        )
    _refuse(engine, settings, rows_in, accepted, by_rule)
    _refuse_huge_total(engine)
    last = engine.sql("SELECT max(date) FROM transactions")[0][0]
    without = without_purchase(engine, settings.returns)
    return Ingested(
        transactions=engine.ibis.table("transactions"),
        quarantine=engine.ibis.table("quarantine"),
        rows_in=rows_in,
        accepted=accepted,
        quarantined=quarantined,
        dropped=dropped,
        by_rule=by_rule,
        dropped_by={"returns": dropped} if dropped else {},
        mapping=mapping,
        date_reading=checked.dates.why,
        as_of=settings.as_of or AsOf(last),
        as_of_given=settings.as_of is not None,
        origins=staged.origins,
        currency=checked.currency,
        notices=(*notices_of(engine, mapping, staged.names, without), *checked.notices),
        without_purchase=without,
    )


def _today() -> date:
    return datetime.now(tz=UTC).date()


def _unsaved(staged: Staged, names: Iterable[str]) -> SourceError:
    return SourceError(
        f"source: {', '.join(sorted(names))} of {staged.origins[0].path} has formulas whose results"
        " were not saved with the file. Open it in Excel or LibreOffice and save it again, or save"
        " it as .csv."
    )


def _refuse_huge_total(engine: Engine) -> None:
    """Stop where sums of the amounts may not be exact any more."""
    [(total,)] = engine.sql("SELECT sum(abs(amount)) FROM checked WHERE rule = 0")
    if total > LARGEST_TOTAL:
        raise LogError(
            f"log: its amounts add up to {total:,.0f}, and no more than {LARGEST_TOTAL:,} can be"
            " added exactly. Is the column the right one? If it is, give the amounts in thousands"
            " or millions of the currency."
        )


def _refuse(
    engine: Engine, settings: IngestSettings, rows_in: int, accepted: int, by_rule: dict[str, int]
) -> None:
    """Stop where too little is left to go on with."""
    counted = [rule.name for rule in RULES if rule.counts and rule.name in by_rule]
    bad = sum(by_rule[name] for name in counted)
    judged = rows_in - sum(n for name, n in by_rule.items() if name not in counted)
    found = ", ".join(f"{by_rule[name]:,} {name}" for name in counted)
    if judged and bad > settings.max_bad * judged:
        rows = engine.sql(
            "SELECT line, rule, row FROM quarantine WHERE rule <> 'after_as_of'"
            " ORDER BY source, line LIMIT 3"
        )
        shown = "; ".join(f"line {line} ({rule}): {row[:120]}" for line, rule, row in rows)
        error = TooManyBadRowsError(
            f"log: {bad:,} of {judged:,} rows ({bad / judged:.0%}) broke a rule, more than the"
            f" {settings.max_bad:.0%} that --max-bad allows: {found}. First of them: {shown}."
            " Check that the columns are the right ones, mend the log, or raise --max-bad."
        )
        raise _with_rows(error, engine)
    if accepted == 0:
        every = ", ".join(f"{n:,} {name}" for name, n in by_rule.items()) or "all dropped"
        unusable = LogError(f"log: none of its {rows_in:,} rows can be used: {every}.")
        raise _with_rows(unusable, engine)


def _with_rows(error: LogError, engine: Engine) -> LogError:
    error.quarantine = engine.ibis.table("quarantine").limit(_MOST_REFUSED).to_pyarrow()
    return error
