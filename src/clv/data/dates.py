"""Dates as logs write them: one reading for the whole column, or a question.

The day is the calendar day as written, whatever time and zone follow it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb

from clv.core.errors import DateFormatError, SettingError
from clv.data.rules import is_missing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from clv.data.engine import Engine

_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?:\s*[AaPp]\.?[Mm]\.?)?"
_ZONE = r"\s*(?:Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?"
_TIME = rf"(?:(?:[Tt]|,? +)({_CLOCK}){_ZONE})?$"
_WEEKDAY = r"(?:[A-Za-z]{3,9}(?:,| |, ) *)?"
_ORDINAL = "(?i:st|nd|rd|th)?"
_YEAR_FIRST = r"^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2})" + _TIME
_COMPACT = r"^(\d{8})" + _TIME
_NUMERIC = r"^(\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2}))" + _TIME
_DAY_MONTH = (
    rf"^{_WEEKDAY}(\d{{1,2}}{_ORDINAL}[ ./-]*[A-Za-z]{{3,9}}[ ,./-]*(?:\d{{4}}|\d{{2}}))" + _TIME
)
_MONTH_DAY = rf"^{_WEEKDAY}([A-Za-z]{{3,9}}[ .]*\d{{1,2}}{_ORDINAL}(?:,| |, ) *\d{{4}})" + _TIME

#: Bit of each order in the mask of those that read a value.
_ORDERS = {"day-first": 1, "month-first": 2, "year-first": 4}
_PATTERNS = {
    ("day-first", 4): "%d/%m/%Y",
    ("month-first", 4): "%m/%d/%Y",
    ("day-first", 2): "%d/%m/%y",
    ("month-first", 2): "%m/%d/%y",
    ("year-first", 2): "%y/%m/%d",
}
#: Days counted from this one, as spreadsheets store them, here of the years 1954 to 2064.
_DAY_ZERO, _FIRST_NUMBER, _LAST_NUMBER = "1899-12-30", 20_000, 60_000
_DAY_NUMBER = r"^(\d{5})(?:[.,]\d+)?$"
_ALIKE = "split_part(head, '/', 1)::INT = split_part(head, '/', 2)::INT"
_NUMBERED = f"days counted from {_DAY_ZERO}, as spreadsheets store dates: 44562 is 2022-01-01"
#: Sign between the parts, and digits of the year: one reading for each such shape.
Shape = tuple[str, int]
#: Sum of the bits of the orders that read a value, and whether its day and month are the
#: same number.
Mask = tuple[int, bool]


@dataclass(frozen=True)
class DateReading:
    """How a column's dates are read, and why.

    Attributes
    ----------
    orders : shape -> order of day, month and year
    patterns : strptime patterns tried first
    why : what decided it, in words
    numbered : numbers of days, as spreadsheets store dates, are read too
    """

    orders: dict[Shape, str] = field(default_factory=dict)
    patterns: tuple[str, ...] = ()
    why: str = "dates are written year first or with the month's name"
    numbered: bool = False

    def day(self, text: str) -> str:
        """SQL for the day written in the SQL expression `text`; NULL where there is none."""
        head = f"regexp_extract({text}, '{_NUMERIC}', 1)"
        numeric = " ".join(
            f"WHEN {head} LIKE '%{sign}%' AND {_year_digits(head)} = {digits}"
            f" THEN {_strptime(_slashed(head), _PATTERNS[order, digits])}"
            for (sign, digits), order in self.orders.items()
        )
        year_first = _slashed(f"regexp_extract({text}, '{_YEAR_FIRST}', 1)")
        compact = f"regexp_extract({text}, '{_COMPACT}', 1)"
        automatic = f"""CASE
            WHEN regexp_full_match({text}, '\\d{{4}}-\\d\\d-\\d\\d') THEN TRY_CAST({text} AS DATE)
            WHEN length({text}) >= 16 AND {text}[5] = '-' AND {text}[8] = '-'
                AND {text}[10] BETWEEN '0' AND '9' AND regexp_matches({text}, '{_YEAR_FIRST}')
                THEN TRY_CAST(left({text}, 10) AS DATE)
            WHEN regexp_matches({text}, '{_YEAR_FIRST}') THEN {_strptime(year_first, "%Y/%m/%d")}
            WHEN regexp_matches({text}, '{_COMPACT}') THEN {_strptime(compact, "%Y%m%d")}
            WHEN regexp_matches({text}, '{_NUMERIC}')
                THEN CASE {numeric or "WHEN false THEN NULL"} END
            WHEN regexp_matches({text}, '{_DAY_MONTH}') THEN {_named(text, _DAY_MONTH, "%d %b %Y")}
            WHEN regexp_matches({text}, '{_MONTH_DAY}') THEN {_named(text, _MONTH_DAY, "%b %d %Y")}
            {f"WHEN {_is_day_number(text)} THEN {_numbered(text)}" if self.numbered else ""}
            END"""
        if not self.patterns:
            return automatic
        return f"coalesce({_given(text, self.patterns)}::DATE, {automatic})"

    def after(self, text: str, as_of: date) -> str:
        """SQL for whether the text is a day after `as_of` in whatever order it is read.

        For dates that the column's order does not read: they are late all the same.
        """
        head = f"regexp_extract({text}, '{_NUMERIC}', 1)"
        late = _after(_slashed(head), _year_digits(head), as_of)
        return f"CASE WHEN regexp_matches({text}, '{_NUMERIC}') THEN {late} ELSE false END"

    def moment(self, text: str) -> str:
        """SQL for day and time of day as written, without zone; midnight where no time is."""
        clock = rf"upper(replace(regexp_extract({text}, '({_CLOCK}){_ZONE}$', 1), '.M.', 'M'))"
        formats = "['%H:%M:%S', '%H:%M', '%H:%M:%S.%f', '%I:%M:%S %p', '%I:%M %p']"
        time = f"try_strptime(regexp_replace({clock}, '\\s*([AP])\\.?M\\.?$', ' \\1M'), {formats})"
        automatic = f"""CASE
            WHEN length({text}) >= 19 AND {text}[5] = '-' AND {text}[14] = ':' AND {text}[17] = ':'
                AND regexp_matches({text}, '{_YEAR_FIRST}')
                THEN TRY_CAST(replace(left({text}, 19), 'T', ' ') AS TIMESTAMP)
            ELSE ({self.day(text)}) + coalesce({time}::TIME, TIME '00:00:00') END"""
        if not self.patterns:
            return automatic
        return f"coalesce({_given(text, self.patterns)}, {automatic})"


def read_dates(
    engine: Engine,
    column: str,
    text: str,
    formats: Sequence[str],
    today: date,
    rows: str = "raw",
    as_of: date | None = None,
) -> DateReading:
    """Decide how the dates of a column are written, from all of its values.

    A value that only one order of day, month and year reads proves that order for its
    shape (sign and digits of the year), unless another value of the shape disproves it. A
    shape that nothing decides follows the column's others where those agree, or needs no
    decision where day and month are the same number in every value of it.

    Numbers such as 44562 are the days that spreadsheets store where every number of the column is
    one from 20,000 to 60,000 and no value of it is a date otherwise.

    A value that lies after `as_of` whatever its order has no say. One that lies after it in
    one order and not in another cannot be set apart before the order is known: it counts.

    Parameters
    ----------
    column : the column's name, for messages
    text : SQL expression of the trimmed text, over the table `rows`
    formats : "day-first", "month-first" or strptime patterns from the user
    today : no date of a two-digit year is taken to lie beyond it
    rows : table of the rows that decide
    as_of : last day that counts, where the user gave it

    Raises
    ------
    DateFormatError : undecidable or contradictory; gives examples and the flag to use
    SettingError : a pattern that is none
    """
    patterns = tuple(f for f in formats if f not in _ORDERS)
    order = next((f for f in formats if f in _ORDERS), None)
    _check_patterns(engine, patterns)
    masks = _masks(engine, text, patterns, today, rows, as_of)
    if not masks and _holds_day_numbers(engine, text, patterns, rows, as_of):
        return DateReading({}, patterns, _NUMBERED, numbered=True)
    if order is not None:
        return DateReading(dict.fromkeys(masks, order), patterns, f"{order} was asked for")
    orders: dict[Shape, str] = {}
    open_shapes: dict[Shape, list[str]] = {}
    for shape, seen in masks.items():
        viable = [o for o, bit in _ORDERS.items() if all(mask & bit for mask, _ in seen)]
        if not viable:
            raise DateFormatError(_contradictory(column, seen))
        if len(viable) == 1:
            orders[shape] = viable[0]
        else:
            open_shapes[shape] = viable
    proven = set(orders.values())
    for shape, viable in open_shapes.items():
        if len(proven) == 1 and (only := next(iter(proven))) in viable:
            orders[shape] = only
        elif masks[shape].keys() == {(3, True)}:
            orders[shape] = viable[0]
        else:
            raise DateFormatError(_undecidable(column, masks[shape]))
    return DateReading(orders, patterns, _why(orders, patterns))


def _masks(
    engine: Engine,
    text: str,
    patterns: tuple[str, ...],
    today: date,
    rows: str,
    as_of: date | None,
) -> dict[Shape, dict[Mask, str]]:
    """For each shape, which sets of orders read some of its values, with an example each."""
    head = f"regexp_extract({text}, '{_NUMERIC}', 1)"
    unread = f"AND {_given(text, patterns)} IS NULL" if patterns else ""
    late = f"DATE '{today.isoformat()}'"
    counts = "true" if as_of is None else f"NOT {_after('head', 'digits', as_of)}"
    found = engine.sql(f"""
        WITH heads AS (
            SELECT {head} AS head, any_value({text}) AS example FROM {rows}
            WHERE regexp_matches({text}, '{_NUMERIC}') {unread} GROUP BY 1),
        shaped AS (
            SELECT example, {_slashed("head")} AS head, {_year_digits("head")} AS digits,
                regexp_extract(head, '[-/.]') AS sign FROM heads),
        read AS (
            SELECT sign, digits, example, {_ALIKE} AS alike, CASE WHEN digits = 4 THEN
                {_bit("day-first", 4)} + {_bit("month-first", 4)}
            ELSE {_bit("day-first", 2, late)} + {_bit("month-first", 2, late)}
                + {_bit("year-first", 2, late)} END AS mask
            FROM shaped WHERE {counts})
        SELECT sign, digits, mask, alike, min(example) FROM read WHERE mask > 0
        GROUP BY ALL ORDER BY ALL
        """)
    masks: dict[Shape, dict[Mask, str]] = defaultdict(dict)
    for sign, digits, mask, alike, example in found:
        masks[sign, digits][mask, alike] = example
    return masks


def _holds_day_numbers(
    engine: Engine, text: str, patterns: tuple[str, ...], rows: str, as_of: date | None
) -> bool:
    """Whether the column's numbers are days counted as spreadsheets do, and it has no others."""
    number, told = _is_day_number(text), f"({DateReading({}, patterns).day(text)})"
    # Most logs have no such number at all, which is soon seen.
    if not engine.sql(f"SELECT 1 FROM {rows} WHERE {number} LIMIT 1"):
        return False
    late = "false" if as_of is None else f"coalesce({told} > DATE '{as_of.isoformat()}', false)"
    is_other = f"(NOT {number} AND TRY_CAST({text} AS DOUBLE) IS NOT NULL)"
    return not engine.sql(f"""
        SELECT 1 FROM {rows} WHERE NOT {is_missing(text)} AND NOT {late}
            AND ({told} IS NOT NULL OR {is_other}) LIMIT 1""")


def _is_day_number(text: str) -> str:
    """SQL for whether the text is a number of days that a spreadsheet may mean as a date."""
    whole = f"TRY_CAST(regexp_extract({text}, '{_DAY_NUMBER}', 1) AS INTEGER)"
    return (
        f"(length({text}) >= 5 AND {text}[1] BETWEEN '2' AND '6' AND {text}[5] BETWEEN '0' AND '9'"
        f" AND coalesce({whole} BETWEEN {_FIRST_NUMBER} AND {_LAST_NUMBER}, false))"
    )


def _numbered(text: str) -> str:
    return f"DATE '{_DAY_ZERO}' + left({text}, 5)::INTEGER"


def _bit(order: str, digits: int, late: str | None = None) -> str:
    day = _strptime("head", _PATTERNS[order, digits])
    good = f"{day} IS NOT NULL" if late is None else f"coalesce({day} <= {late}, false)"
    return f"CASE WHEN {good} THEN {_ORDERS[order]} ELSE 0 END"


def _after(head: str, digits: str, as_of: date) -> str:
    """SQL for whether a numeric date can be read, and lies after the day in every order."""
    lowest = {
        years: ", ".join(_strptime(head, p) for (_, n), p in _PATTERNS.items() if n == years)
        for years in (2, 4)
    }
    return (
        f"coalesce(CASE WHEN {digits} = 4 THEN least({lowest[4]}) ELSE least({lowest[2]}) END"
        f" > DATE '{as_of.isoformat()}', false)"
    )


def _strptime(text: str, pattern: str) -> str:
    return f"try_strptime({text}, '{pattern}')::DATE"


def _slashed(text: str) -> str:
    return f"translate({text}, '-.', '//')"


def _year_digits(head: str) -> str:
    return f"length(regexp_extract({head}, '\\d+$'))"


def _named(text: str, shape: str, pattern: str) -> str:
    # Brought to one form first, "12 mar 2024": DuckDB knows short and full month names.
    plain = f"regexp_replace(regexp_extract({text}, '{shape}', 1), '[ ,./-]+', ' ', 'g')"
    bare = f"regexp_replace({plain}, '(\\d)(?i:st|nd|rd|th)\\b', '\\1')"
    parted = f"regexp_replace({bare}, '(\\d)([A-Za-z])', '\\1 \\2')"
    spaced = f"regexp_replace({parted}, '([A-Za-z])(\\d)', '\\1 \\2')"
    short = pattern.replace("%Y", "%y")
    return (
        f"(CASE WHEN regexp_matches({spaced}, '\\d{{4}}$')"
        f" THEN try_strptime({spaced}, ['{pattern}', '{pattern.replace('%b', '%B')}'])"
        f" ELSE try_strptime({spaced}, ['{short}', '{short.replace('%b', '%B')}']) END)::DATE"
    )


def _given(text: str, patterns: Sequence[str]) -> str:
    quoted = ", ".join("'" + pattern.replace("'", "''") + "'" for pattern in patterns)
    return f"try_strptime({text}, [{quoted}])"


def _check_patterns(engine: Engine, patterns: Sequence[str]) -> None:
    for pattern in patterns:
        if "%" not in pattern or "%z" in pattern.lower():
            raise SettingError(
                f"date-format: {pattern!r} is neither day-first, month-first nor a pattern of"
                " day, month and year as %d-%m-%Y. Zones need no pattern."
            )
        try:
            engine.sql(f"SELECT {_given(chr(39) * 2, [pattern])}")
        except duckdb.Error:
            raise SettingError(
                f"date-format: {pattern!r} is no pattern. Write day, month and year as"
                " %d-%m-%Y, and a time as %H:%M:%S."
            ) from None


def _undecidable(column: str, seen: dict[Mask, str]) -> str:
    return (
        f"date: {column!r} has dates such as {_examples(seen)}, and no row shows whether the"
        " day, the month or the year comes first. Say it with --date-format day-first,"
        " --date-format month-first, or a pattern as --date-format %d-%m-%Y."
    )


def _contradictory(column: str, seen: dict[Mask, str]) -> str:
    return (
        f"date: {column!r} has dates such as {_examples(seen)}, which no one order of day,"
        " month and year reads. Say which is right with --date-format day-first or"
        " --date-format month-first; the others go to quarantine."
    )


def _examples(seen: dict[Mask, str]) -> str:
    telling = [text for (_, alike), text in seen.items() if not alike] or list(seen.values())
    return " and ".join(repr(text) for text in telling[:3])


def _why(orders: dict[Shape, str], patterns: Sequence[str]) -> str:
    parts = [f"pattern {pattern} was asked for" for pattern in patterns]
    for order in sorted(set(orders.values())):
        signs = ", ".join(
            f"d{s}m{s}{'y' * n}" for (s, n), o in sorted(orders.items()) if o == order
        )
        parts.append(f"{order} for dates like {signs}: the only order that reads every value")
    return "; ".join(parts) or DateReading.why
