"""Numbers as logs write them: one decimal sign for the whole column, or a question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clv.core.errors import NumberFormatError

if TYPE_CHECKING:
    from clv.data.engine import Engine
    from clv.data.settings import Decimal

_CODES = (
    "USD|EUR|GBP|CHF|JPY|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|BRL|MXN|ARS|CLP"
    "|COP|ZAR|SGD|HKD|TWD|KRW|THB|IDR|MYR|PHP|VND|AED|SAR|ILS|EGP|NGN|KES|RUB|UAH"
)
_MARK = rf"(?:[A-Za-z]{{0,3}}\p{{Sc}}|(?i:{_CODES}|Kr|Rs)\.?)"
_GAP = "[ \u00a0\u202f]"
_MINUS = "[-\u2212]"
_SIGN = "[-+\u2212]"
_BLANKS = "[ \u00a0\u202f'\u2019]"
_BODY = {
    "point": rf"\d{{1,3}}(?:,\d{{2,3}})+(?:\.\d*)?|\d{{1,3}}(?:{_BLANKS}\d{{3}})+(?:\.\d*)?"
    r"|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+",
    "comma": rf"\d{{1,3}}(?:\.\d{{3}})+(?:,\d*)?|\d{{1,3}}(?:{_BLANKS}\d{{3}})+(?:,\d*)?"
    r"|\d+(?:,\d*)?|,\d+",
}
_LEAD = "[-+\u2212( \u00a0]*"
_MARKED = rf"^{_LEAD}({_MARK})?{_LEAD}[\d.,{_BLANKS[1:]}+({_MARK})?{_MINUS}?\)?$"
_PLAIN = r"^-?\d{1,13}(?:\.\d*)?$"

#: What the shape of a number proves, first match first.
_EVIDENCE = (
    ("none", r"^\d+(?:[eE][+-]?\d+)?$"),
    ("point", r"^(?:\d*\.(?:\d{0,2}|\d{4,})|0\d*\.\d{3}|\d{4,}\.\d{3}|\d+\.\d+[eE][+-]?\d+)$"),
    ("comma", r"^(?:\d*,(?:\d{0,2}|\d{4,})|0\d*,\d{3}|\d{4,},\d{3})$"),
    ("open point", r"^\d{1,3}\.\d{3}$"),
    ("open comma", r"^\d{1,3},\d{3}$"),
    ("point", r"^\d{1,3}(?:,\d{2,3})+(?:\.\d*)?$"),
    ("comma", r"^\d{1,3}(?:\.\d{3})+(?:,\d*)?$"),
)


@dataclass(frozen=True)
class NumberReading:
    """How a column's numbers are read.

    Attributes
    ----------
    decimal : sign between whole and part
    currencies : currency signs or codes written beside the numbers -> rows
    """

    decimal: Decimal = "point"
    currencies: dict[str, int] | None = None

    def value(self, text: str) -> str:
        """SQL for the exact number in the SQL expression `text`; NULL where there is none."""
        body = _BODY[self.decimal]
        whole = (
            rf"^\(?{_GAP}?(?:{_SIGN}?{_GAP}?(?:{_MARK})?|{_MARK}{_GAP}?{_SIGN}){_GAP}?({body})"
            rf"{_GAP}?(?:{_MARK})?{_GAP}?{_MINUS}?\)?$"
        ).replace("'", "''")
        digits = f"regexp_extract({text}, '{whole}', 1)"
        if self.decimal == "point":
            canonical = f"regexp_replace({digits}, '{_signs(',')}', '', 'g')"
        else:
            canonical = f"replace(regexp_replace({digits}, '{_signs('.')}', '', 'g'), ',', '.')"
        negative = f"regexp_matches({text}, '^[^0-9.,]*(?:{_MINUS}|\\()|{_MINUS}$')"
        plain = (
            f"WHEN regexp_matches({text}, '{_PLAIN}') THEN TRY_CAST({text} AS DECIMAL(18, 4))"
            if self.decimal == "point"
            else ""
        )
        return f"""CASE {plain}
            WHEN starts_with({text}, '(') <> ends_with({text}, ')') THEN NULL
            WHEN regexp_matches({text}, '{whole}') THEN
                CASE WHEN {negative} THEN -TRY_CAST({canonical} AS DECIMAL(18, 4))
                ELSE TRY_CAST({canonical} AS DECIMAL(18, 4)) END
            END"""


def _signs(thousands: str) -> str:
    return ("[" + thousands + _BLANKS[1:]).replace("'", "''")


def read_numbers(
    engine: Engine,
    field: str,
    column: str,
    text: str,
    decimal: Decimal | None,
    *,
    native: bool,
    rows: str = "raw",
) -> NumberReading:
    """Decide how the numbers of a column are written, from all of its values.

    "1,234.56" proves the point and "1.234,56" or "12,5" the comma; "1,234" alone could be
    either. Currency signs, blanks, brackets and trailing minus signs are read through.

    Parameters
    ----------
    field, column : what the numbers are, and the column's name, for messages
    text : SQL expression of the trimmed text, over the table `rows`
    decimal : the user's answer; None reads it off the values
    native : numbers were typed where they come from, so a point is a decimal point
    rows : table of the rows that decide

    Raises
    ------
    NumberFormatError : undecidable or contradictory; gives examples and the flag to use
    """
    core = "regexp_extract(text, '[0-9.,]+(?:[eE][+-]?[0-9]+)?')"
    marked = _MARKED.replace("'", "''")
    shapes = " ".join(
        f"WHEN regexp_matches(core, '{rule}') THEN '{name}'" for name, rule in _EVIDENCE
    )
    shaped = engine.sql(f"""
        WITH seen AS (
            SELECT CASE WHEN regexp_matches(text, '^-?\\d+(?:\\.\\d?\\d?)?$')
                THEN CASE WHEN contains(text, '.') THEN '1.1' ELSE '1' END ELSE {core} END AS core,
                CASE WHEN regexp_matches(text, '^-?[0-9.,]+$') THEN ''
                ELSE upper(concat(regexp_extract(text, '{marked}', 1),
                    regexp_extract(text, '{marked}', 2))) END AS mark,
                text AS example, n
            FROM (SELECT {text} AS text, count(*) AS n FROM {rows} GROUP BY 1)
            WHERE text IS NOT NULL)
        SELECT CASE {shapes} ELSE 'other' END, mark, sum(n)::BIGINT, min(example)
        FROM seen GROUP BY ALL
        """)
    examples: dict[str, str] = {}
    currencies: dict[str, int] = {}
    for evidence, mark, count, example in sorted(shaped):
        examples.setdefault(evidence, example)
        if mark:
            currencies[mark] = currencies.get(mark, 0) + count
    if decimal is None:
        decimal = _decide(field, column, examples, native)
    return NumberReading(decimal, currencies)


def _decide(field: str, column: str, examples: dict[str, str], native: bool) -> Decimal:
    ask = "Say which with --decimal point or --decimal comma."
    if "point" in examples and "comma" in examples:
        raise NumberFormatError(
            f"{field}: {column!r} has both {examples['point']!r}, where the point is the decimal"
            f" sign, and {examples['comma']!r}, where the comma is. {ask} The others go to"
            " quarantine."
        )
    if "point" in examples:
        return "point"
    if "comma" in examples:
        return "comma"
    unsure = [kind for kind in ("open comma", "open point") if kind in examples]
    if unsure and not (native and unsure == ["open point"]):
        raise NumberFormatError(
            f"{field}: {column!r} has numbers such as {examples[unsure[0]]!r}, and no row shows"
            f" whether its sign parts thousands or decimals. {ask}"
        )
    return "point"
