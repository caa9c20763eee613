"""Fields of a row as SQL over the staged log, text and typed columns alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from clv.core.errors import ColumnError, DateFormatError, NumberFormatError
from clv.data.columns import has_amount
from clv.data.dates import DateReading, read_dates
from clv.data.numbers import NumberReading, read_numbers
from clv.data.rules import LARGEST_AMOUNT, is_missing
from clv.data.staging import TEXT

if TYPE_CHECKING:
    from datetime import date

    from clv.data.columns import Mapping
    from clv.data.engine import Engine
    from clv.data.settings import IngestSettings
    from clv.data.staging import Staged

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT")
_WHOLE_TYPES = (*_WHOLE, "UINTEGER", "UBIGINT", "UHUGEINT")
_FLOAT_TYPES = ("FLOAT", "DOUBLE")
#: Rows from which it pays to parse distinct values only.
_MANY = 100_000
#: What is trimmed from texts.
BLANKS = " \t\r\n\u00a0\u2007\u202f\u3000\ufeff\u200b"


@dataclass(frozen=True)
class Field:
    """A field as SQL.

    Attributes
    ----------
    value : its value; NULL where missing or unreadable
    missing : whether the log has nothing there
    """

    value: str
    missing: str


class Fields:
    """The fields of a mapped log, each decided over its whole column.

    Parameters
    ----------
    staged, mapping, settings : the log, its columns and the user's options
    engine : holds the view `raw`
    today : no date of a two-digit year lies beyond it
    """

    def __init__(
        self,
        staged: Staged,
        mapping: Mapping,
        settings: IngestSettings,
        engine: Engine,
        today: date,
    ) -> None:
        self.mapping = mapping
        self.currency_signs: dict[str, int] = {}
        self.joins: dict[str, str] = {}
        self._staged = staged
        self._settings = settings
        self._engine = engine
        self._today = today

    @cached_property
    def counted(self) -> str:
        """Table of the rows that have a say in how the others are read.

        With an as-of day those up to it, once their dates are settled; else every row.
        """
        if self._settings.as_of is None:
            return "raw"
        day = self.day()
        joins = " ".join(self.joins.values())
        used = sorted({source.position for source in self.mapping.values()})
        # A table, not a view, as every question asked of it would parse the dates anew.
        self._engine.sql(
            f"CREATE OR REPLACE TABLE counted AS SELECT {', '.join(f'c{i}' for i in used)}"
            f" FROM raw {joins} WHERE {day} <= DATE '{self._settings.as_of}'"
        )
        return "counted"

    def late(self) -> str:
        """SQL for whether the row's date is after the as-of day in whatever order it is read."""
        as_of = self._settings.as_of
        if as_of is None or self._is_dated("date"):
            return "false"
        return self.dates.after(self.text("date"), as_of.day)

    def text(self, field: str) -> str:
        """SQL for the trimmed text of a field's column."""
        place = self.mapping[field].position
        kind = self._staged.types[place]
        if kind == TEXT:
            return f"trim(c{place}, '{BLANKS}')" if self._padded(place) else f"c{place}"
        if kind in _FLOAT_TYPES and self._all_whole(place):
            return f"CAST(TRY_CAST(c{place} AS BIGINT) AS VARCHAR)"
        # Not with ::, after which [1] would be taken for a part of the type.
        return f"CAST(c{place} AS VARCHAR)"

    def missing(self, field: str) -> str:
        """SQL for whether the log has nothing for the field."""
        column = f"c{self.mapping[field].position}"
        kind = self._type(field)
        if kind in _FLOAT_TYPES:
            return f"({column} IS NULL OR isnan({column}))"
        if kind == TEXT:
            return is_missing(self.text(field))
        return f"({column} IS NULL)"

    @cached_property
    def dates(self) -> DateReading:
        if self._is_dated("date"):
            return DateReading(why="the column holds dates already")
        self._refuse_binary("date")
        return self._read_dates("date")

    def day(self) -> str:
        place = self.mapping["date"].position
        if self._is_dated("date"):
            return f"TRY_CAST(c{place} AS DATE)"
        return self._looked_up("date", self.dates, "day")

    def moment(self) -> Field | None:
        """Day and time of day, where the log writes a time at all."""
        field = "timestamp" if "timestamp" in self.mapping else "date"
        place = self.mapping[field].position
        missing = self.missing(field)
        if self._is_dated(field):
            if field == "date" and self._type(field) == "DATE":
                return None
            return Field(f"TRY_CAST(c{place} AS TIMESTAMP)", missing)
        [(timed,)] = self._engine.sql(
            f"SELECT count(*) FROM (SELECT 1 FROM {self.counted}"
            f" WHERE contains({self.text(field)}, ':') LIMIT 1)"
        )
        if not timed:
            return None
        reading = self.dates
        if field != "date":
            try:
                reading = self._read_dates(field)
            except DateFormatError:
                if self._is_dated("date"):
                    return None
        return Field(self._looked_up(field, reading, "moment"), missing)

    def amount(self) -> Field:
        """The amount as DECIMAL(18, 4), from its column or quantity x unit price, or 1."""
        if not has_amount(self.mapping):
            return Field("1::DECIMAL(18, 4)", "false")
        if "amount" in self.mapping:
            return self._exact("amount")
        quantity, price = self._exact("quantity"), self._exact("unit_price")
        product = (
            f"TRY_CAST(({quantity.value})::DECIMAL(19, 4) * ({price.value})::DECIMAL(19, 4)"
            " AS DECIMAL(18, 4))"
        )
        return Field(product, f"({quantity.missing} OR {price.missing})")

    def amount_huge(self) -> str:
        """SQL for whether a number was written that is beyond any plausible amount."""
        if not has_amount(self.mapping):
            return "false"
        parts = ["amount"] if "amount" in self.mapping else ["quantity", "unit_price"]
        huge = " * ".join(
            f"TRY_CAST(c{self.mapping[part].position} AS DOUBLE)"
            if self._is_number(part)
            else f"TRY_CAST({self.text(part)} AS DOUBLE)"
            for part in parts
        )
        return f"coalesce(isfinite({huge}) AND abs({huge}) > {LARGEST_AMOUNT}, false)"

    def number(self, field: str) -> Field:
        """An optional number as DOUBLE."""
        exact = self._exact(field, optional=True)
        place = self.mapping[field].position
        if self._is_number(field):
            finite = f"CASE WHEN isfinite(c{place}::DOUBLE) THEN c{place}::DOUBLE END"
            return Field(finite, exact.missing)
        return Field(f"({exact.value})::DOUBLE", exact.missing)

    def label(self, field: str) -> Field:
        """An optional text; currencies in capitals."""
        text = self.text(field)
        shown = f"upper({text})" if field == "currency" else text
        missing = self.missing(field)
        return Field(f"CASE WHEN NOT {missing} THEN {shown} END", missing)

    def shown(self) -> dict[str, str]:
        """Rule -> SQL of the text that broke it, for the quarantine's detail."""
        if "amount" in self.mapping:
            amount = self.text("amount")
        elif has_amount(self.mapping):
            amount = f"concat({self.text('quantity')}, ' x ', {self.text('unit_price')})"
        else:
            amount = "'1'"
        shown = {
            "unreadable_date": self.text("date"),
            "implausible_date": self.text("date"),
            "after_as_of": self.text("date"),
            "unreadable_amount": amount,
            "implausible_amount": amount,
            "return_without_purchase": amount,
        }
        if "currency" in self.mapping:
            shown["unknown_currency"] = self.text("currency")
        return shown

    def _exact(self, field: str, *, optional: bool = False) -> Field:
        place = self.mapping[field].position
        missing = self.missing(field)
        if self._is_number(field):
            return Field(f"TRY_CAST(c{place} AS DECIMAL(18, 4))", missing)
        self._refuse_binary(field)
        reading = self._numbers(field, optional=optional)
        return Field(self._looked_up(field, reading, "value"), missing)

    def _numbers(self, field: str, *, optional: bool) -> NumberReading:
        known: dict[str, NumberReading] = self.__dict__.setdefault("_readings", {})
        if field not in known:
            try:
                known[field] = read_numbers(
                    self._engine,
                    field,
                    self.mapping[field].column,
                    self.text(field),
                    self._settings.decimal,
                    native=self._staged.native,
                    rows=self.counted,
                )
            except NumberFormatError:
                if not optional:
                    raise
                known[field] = known.get("amount", NumberReading())
            if field in ("amount", "unit_price"):
                self.currency_signs |= known[field].currencies or {}
        return known[field]

    def _looked_up(self, field: str, reading: DateReading | NumberReading, part: str) -> str:
        """SQL for a parsed text: by a join on its distinct values where those are few."""
        text = self.text(field)
        parsed = getattr(reading, part)(text)
        place = self.mapping[field].position
        alias = f"{part}_{place}"
        if alias in self.joins:
            return f"{alias}.parsed"
        if not self._repetitive(place):
            return str(parsed)
        self._engine.sql(
            f"CREATE OR REPLACE TEMP TABLE {alias} AS SELECT text, {getattr(reading, part)('text')}"
            f" AS parsed FROM (SELECT DISTINCT {text} AS text FROM raw) WHERE text IS NOT NULL"
        )
        self.joins[alias] = f"LEFT JOIN {alias} ON {alias}.text = {text}"
        return f"{alias}.parsed"

    def _repetitive(self, place: int) -> bool:
        known: dict[int, bool] = self.__dict__.setdefault("_repeats", {})
        if place not in known:
            [(rows, values)] = self._engine.sql(
                f"SELECT count(*), approx_count_distinct(c{place}) FROM raw"
            )
            known[place] = rows > _MANY and values < rows / 10
        return known[place]

    def _padded(self, place: int) -> bool:
        """Whether any text of the column may begin or end with a blank."""
        known: dict[int, bool] = self.__dict__.setdefault("_pads", {})
        if place not in known:
            [(padded,)] = self._engine.sql(
                f"SELECT coalesce(bool_or(NOT (ascii(c{place}) BETWEEN 33 AND 126 AND"
                f" right(c{place}, 1) BETWEEN '!' AND '~')), false) FROM raw WHERE c{place} <> ''"
            )
            known[place] = padded
        return known[place]

    def _read_dates(self, field: str) -> DateReading:
        column = self.mapping[field].column
        formats, as_of = self._settings.date_formats, self._settings.as_of
        settled = field != "date"
        return read_dates(
            self._engine,
            column,
            self.text(field),
            formats,
            self._today,
            rows=self.counted if settled else "raw",
            as_of=None if settled or as_of is None else as_of.day,
        )

    def _type(self, field: str) -> str:
        return self._staged.types[self.mapping[field].position]

    def _is_dated(self, field: str) -> bool:
        return self._type(field).startswith(("DATE", "TIMESTAMP"))

    def _is_number(self, field: str) -> bool:
        kind = self._type(field)
        return kind in _WHOLE_TYPES or kind in _FLOAT_TYPES or kind.startswith("DECIMAL")

    def _refuse_binary(self, field: str) -> None:
        kind = self._type(field)
        if kind.startswith(("STRUCT", "MAP", "UNION", "BLOB")) or kind.endswith("[]"):
            raise ColumnError(
                f"{field}: column {self.mapping[field].column!r} holds {kind}, not single values."
                f" Name another with --{field.replace('_', '-')}."
            )

    def _all_whole(self, place: int) -> bool:
        known: dict[int, bool] = self.__dict__.setdefault("_whole", {})
        if place not in known:
            dated = place == self.mapping["date"].position
            rows = "raw" if dated else self.counted
            [(parts,)] = self._engine.sql(
                f"SELECT count(*) FROM {rows} WHERE isfinite(c{place}) AND"
                f" (c{place} <> trunc(c{place}) OR abs(c{place}) >= 9e15)"
            )
            known[place] = parts == 0
        return known[place]
