"""Holds a staged log to the rules: tables `checked` and `quarantine`, view `transactions`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from clv.core.errors import ColumnError, LogError, SettingError
from clv.core.schema import OPTIONAL_COLUMNS
from clv.data.columns import has_amount
from clv.data.fields import Field, Fields
from clv.data.rules import (
    CODE,
    FIRST_DAY,
    LARGEST_AMOUNT,
    detail_of,
    name_of,
    verdict,
)
from clv.data.staging import literal

if TYPE_CHECKING:
    from collections.abc import Mapping as Rates
    from datetime import date

    from clv.data.columns import Mapping
    from clv.data.dates import DateReading
    from clv.data.engine import Engine
    from clv.data.settings import IngestSettings
    from clv.data.staging import Staged

_MONEY = ("discount", "cost")
#: Words that mark a row as a return.
FLAGGED = (
    *("1", "true", "t", "yes", "y", "return", "returned", "refund", "refunded", "cancelled"),
    *("canceled", "credit", "c", "r", "x"),
)
_FLAGGED = ",".join(f"'{word}'" for word in FLAGGED)
_UNFLAGGED = (
    "'0','false','f','no','n','sale','sold','purchase','order','completed','complete','paid'"
)


@dataclass(frozen=True)
class Checked:
    """How the log was read while it was checked.

    Attributes
    ----------
    dates : how dates were read
    currency : of the amounts, where the log says it
    notices : what a reader should know, in sentences
    """

    dates: DateReading
    currency: str | None
    notices: tuple[str, ...]


def check(
    staged: Staged, mapping: Mapping, settings: IngestSettings, engine: Engine, today: date
) -> Checked:
    """Parse every row of `raw`, name the first rule each breaks, and part good from bad.

    Raises
    ------
    DateFormatError, NumberFormatError : a column can be read in more than one way
    LogError : several currencies and no rates; ColumnError : rates and no currency column
    """
    fields = Fields(staged, mapping, settings, engine, today)
    if settings.rates is not None and "currency" not in mapping:
        raise ColumnError(
            "currency: rates were given, but no column of the log names the currency. The log"
            f" has: {', '.join(staged.names)}. Name it with --currency, or leave the rates out."
        )
    if settings.rates is not None and not has_amount(mapping):
        raise ColumnError(
            "amount: rates were given, but the log has no amounts to convert. It has:"
            f" {', '.join(staged.names)}. Name the amount with --amount, or leave the rates out."
        )
    optional = _optional(fields, mapping)
    amount = fields.amount()
    _one_sign(fields, settings)
    _create_checked(engine, staged, fields, amount, optional, settings, today)
    currency, notices = _currency(engine, mapping, settings, fields)
    if settings.returns == "net":
        engine.sql(f"""
            UPDATE checked SET rule = {CODE["return_without_purchase"]}
            FROM (SELECT customer_id, min(date) FILTER (amount > 0) AS first FROM checked
                WHERE rule = 0 GROUP BY customer_id HAVING min(amount) < 0) AS buyers
            WHERE checked.rule = 0 AND checked.amount < 0
                AND checked.customer_id = buyers.customer_id
                AND (buyers.first IS NULL OR checked.date < buyers.first)""")
    _create_quarantine(engine, staged, fields)
    _create_transactions(engine, optional)
    if fields.dates.numbered:
        column = mapping["date"].column
        notices.append(f"date: {column!r} holds numbers, read as {fields.dates.why}")
    notices += _lost(engine, optional, mapping)
    return Checked(fields.dates, currency, tuple(notices))


def _optional(fields: Fields, mapping: Mapping) -> dict[str, Field]:
    """Optional columns of the contract that the log has, each as SQL."""
    found: dict[str, Field] = {}
    for name, kind in OPTIONAL_COLUMNS.items():
        if name == "timestamp":
            if (moment := fields.moment()) is not None:
                found[name] = moment
        elif name == "is_return":
            if "return_flag" in mapping:
                found[name] = _flag(fields)
        elif name in mapping:
            found[name] = fields.number(name) if str(kind) == "double" else fields.label(name)
    return found


def _flag(fields: Fields) -> Field:
    text = f"lower({fields.text('return_flag')})"
    value = (
        f"CASE WHEN {text} IN ({_FLAGGED}) THEN true WHEN {text} IN ({_UNFLAGGED}) THEN false END"
    )
    return Field(value, fields.missing("return_flag"))


def _one_sign(fields: Fields, settings: IngestSettings) -> None:
    marks = fields.currency_signs
    if len(marks) > 1 and settings.rates is None and "currency" not in fields.mapping:
        raise LogError(_several(marks))


def _several(counts: Rates[str, int]) -> str:
    shown = ", ".join(f"{name} in {n:,} rows" for name, n in sorted(counts.items()))
    return (
        f"currency: the log has {len(counts)} currencies ({shown}), and amounts in different"
        " ones cannot be added. Give the value of each in one base currency as rates in"
        " --config, or keep the rows of one currency."
    )


def _create_checked(
    engine: Engine,
    staged: Staged,
    fields: Fields,
    amount: Field,
    optional: dict[str, Field],
    settings: IngestSettings,
    today: date,
) -> None:
    rate = _rate(settings.rates) if settings.rates is not None else None
    broken = {
        "missing_customer": "customer_missing",
        "missing_date": "date_missing",
        "unreadable_date": "date IS NULL",
        "implausible_date": f"date < DATE '{FIRST_DAY}'",
        "missing_amount": "amount_missing",
        "unreadable_amount": "written IS NULL AND NOT huge",
        "implausible_amount": f"huge OR abs(written) > {LARGEST_AMOUNT}",
    }
    if settings.as_of is not None:
        # What its column's order does not read is late all the same where every order says so.
        broken["after_as_of"] = f"date > DATE '{settings.as_of}' OR (date IS NULL AND late)"
    else:
        # The day after today has begun somewhere already.
        broken["implausible_date"] += f" OR date > DATE '{today + timedelta(days=1)}'"
    if rate is not None:
        broken["missing_currency"] = "currency IS NULL"
        broken["unknown_currency"] = f"{rate} IS NULL"
    signed = "CASE WHEN is_return THEN -abs(written) ELSE written END"
    amounts = signed if "is_return" in optional else "written"
    replaced = ""
    if rate is not None:
        amounts = f"TRY_CAST(({amounts})::DECIMAL(19, 4) * {rate} AS DECIMAL(18, 4))"
        broken["implausible_amount"] += (
            f" OR ({rate} IS NOT NULL AND (amount IS NULL OR abs(amount) > {LARGEST_AMOUNT}))"
        )
        converted = [f"{name} * {rate}::DOUBLE AS {name}" for name in _MONEY if name in optional]
        replaced = f"REPLACE ({', '.join(converted)})" if converted else ""
    values = "".join(f"{field.value} AS {name}, " for name, field in optional.items())
    lost = " + ".join(
        f"CASE WHEN NOT {field.missing} AND ({field.value}) IS NULL THEN {1 << bit} ELSE 0 END"
        for bit, field in enumerate(optional.values())
    )
    kept = "".join(f"{name}, " for name in optional)
    every = ", ".join(f"c{i}" for i in range(len(staged.names)))
    customer, day, huge = fields.text("customer"), fields.day(), fields.amount_huge()
    engine.sql(f"""CREATE OR REPLACE TABLE checked AS
        SELECT file, line, customer_id, date, amount, {kept} lost, fingerprint,
            {verdict(broken, "amount < 0" if settings.returns == "drop" else None)} AS rule
        FROM (SELECT * {replaced}, {amounts} AS amount FROM (
            SELECT file, line, hash({every}) AS fingerprint,
                {customer} AS customer_id, {fields.missing("customer")} AS customer_missing,
                {day} AS date, {fields.late()} AS late, {fields.missing("date")} AS date_missing,
                {amount.value} AS written, {amount.missing} AS amount_missing,
                {huge} AS huge, {values} ({lost or "0"})::USMALLINT AS lost
            FROM raw {" ".join(fields.joins.values())}))""")


def _rate(rates: Rates[str, float]) -> str:
    cases = " ".join(
        f"WHEN {literal(code.upper())} THEN {rate:.8f}::DECIMAL(18, 8)"
        for code, rate in rates.items()
    )
    return f"(CASE currency {cases} END)"


def _currency(
    engine: Engine, mapping: Mapping, settings: IngestSettings, fields: Fields
) -> tuple[str | None, list[str]]:
    """The log's one currency, and what to say of it."""
    if settings.rates is not None:
        bases = [code.upper() for code, rate in settings.rates.items() if rate == 1]
        if len(bases) != 1:
            raise SettingError(
                f"rates: {len(bases)} currencies have the rate 1. Give the base currency, and"
                " only that, the rate 1."
            )
        return bases[0], [f"amounts were converted to {bases[0]} by the rates given"]
    if "currency" not in mapping:
        return next(iter(fields.currency_signs), None), []
    if not has_amount(mapping) and not any(name in mapping for name in _MONEY):
        return None, []
    rows = engine.sql("SELECT currency, count(*) FROM checked WHERE rule = 0 GROUP BY 1")
    counts = {name: n for name, n in rows if name is not None}
    if len(counts) > 1:
        raise LogError(_several(counts))
    unnamed = sum(n for name, n in rows if name is None)
    if counts and unnamed:
        only = next(iter(counts))
        return only, [f"currency: {unnamed:,} rows name none and were taken as {only}"]
    return next(iter(counts), None), []


def _create_quarantine(engine: Engine, staged: Staged, fields: Fields) -> None:
    cells = ", ".join(f"{literal(name)}, c{i}" for i, name in enumerate(staged.names))
    files = "[" + ", ".join(literal(origin.path) for origin in staged.origins) + "]"
    code = "checked.rule"
    unreadable = str(CODE["unreadable_line"])
    engine.sql(f"""CREATE OR REPLACE TABLE quarantine AS
        SELECT {files}[checked.file + 1] AS source, checked.line AS line, {name_of(code)} AS rule,
            {detail_of(code, fields.shown())} AS detail, json_object({cells})::VARCHAR AS row
        FROM (SELECT file, line, rule FROM checked WHERE rule BETWEEN 1 AND 254) AS checked
            JOIN raw ON raw.file = checked.file AND raw.line = checked.line
        UNION ALL
        SELECT {files}[file + 1], line, {name_of(unreadable)}, {detail_of(unreadable, {})}, text
        FROM broken ORDER BY source, line""")


def _create_transactions(engine: Engine, optional: dict[str, Field]) -> None:
    lasts = engine.sql("SELECT file, max(line) FROM checked GROUP BY file ORDER BY file")
    before, offsets = 0, []
    for file, last in lasts:
        offsets.append(f"WHEN {file} THEN {before}")
        before += last
    line = f"line + CASE file {' '.join(offsets)} ELSE 0 END" if len(lasts) > 1 else "line"
    names = ["customer_id", "date", "amount", *optional]
    engine.sql(
        f"CREATE OR REPLACE VIEW transactions AS SELECT {line} AS line, {', '.join(names)}"
        " FROM checked WHERE rule = 0"
    )


def _lost(engine: Engine, optional: dict[str, Field], mapping: Mapping) -> list[str]:
    """Sentences on optional values that could not be read and were left empty."""
    if not optional:
        return []
    counts = ", ".join(f"count(*) FILTER (lost & {1 << bit} > 0)" for bit in range(len(optional)))
    [row] = engine.sql(f"SELECT {counts} FROM checked WHERE rule = 0")
    notices = []
    for name, n in zip(optional, row, strict=True):
        source = mapping.get("return_flag" if name == "is_return" else name)
        if n:
            column = f" ({source.column})" if source is not None else ""
            notices.append(f"{name}{column}: {n:,} values could not be read and were left empty")
    return notices
