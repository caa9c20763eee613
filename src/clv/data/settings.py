"""What the user says about a log before it is read."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal

from clv.core.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from clv.core.types import AsOf

Returns = Literal["net", "drop", "keep"]
Decimal = Literal["point", "comma"]


@dataclass(frozen=True)
class Columns:
    """Names of the log's columns. None: recognised by its usual names, or absent."""

    customer: str | None = None
    date: str | None = None
    amount: str | None = None
    unit_price: str | None = None
    quantity: str | None = None
    order_id: str | None = None
    timestamp: str | None = None
    channel: str | None = None
    category: str | None = None
    product: str | None = None
    discount: str | None = None
    cost: str | None = None
    currency: str | None = None
    return_flag: str | None = None
    campaign: str | None = None
    customer_country: str | None = None
    eco_share: str | None = None
    impact_score: str | None = None

    @classmethod
    def fields(cls) -> tuple[str, ...]:
        return tuple(field.name for field in fields(cls))


@dataclass(frozen=True)
class IngestSettings:
    """How a log is read and judged.

    Attributes
    ----------
    columns : names of the columns where the usual ones do not do
    as_of : last day that counts; None takes the last accepted date of the log
    date_formats : "day-first", "month-first" or strptime patterns, tried in order
    decimal : sign between whole and part of a number; None reads it off the whole column
    returns : "net" and "keep" leave negative rows in, "drop" takes them out. "net" also
        refuses a return by a customer without an earlier purchase
    max_bad : share of rows that may break a rule before the log is refused, 0 to 1
    header : column names of a log whose first line is data already
    delimiter : sign between columns; None reads it off the file; "space" for runs of blanks
    sheet : Excel sheet; None takes the first
    rates : value of one unit of each currency in the base currency
    s3_endpoint : address of an S3-compatible store; None is Amazon's
    today : day that dates may lie at most one day beyond where no as_of is given; None is today
    amount_needed : whether a log without any amount is refused; if not, each of its rows counts
        as one purchase of the amount 1
    may_lack : fields whose column, though named, the log need not have
    """

    columns: Columns = field(default_factory=Columns)
    as_of: AsOf | None = None
    date_formats: tuple[str, ...] = ()
    decimal: Decimal | None = None
    returns: Returns = "net"
    max_bad: float = 0.5
    header: tuple[str, ...] | None = None
    delimiter: str | None = None
    sheet: str | None = None
    rates: Mapping[str, float] | None = None
    s3_endpoint: str | None = None
    today: date | None = None
    amount_needed: bool = True
    may_lack: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not 0 <= self.max_bad <= 1:
            raise SettingError(f"max-bad: {self.max_bad:g} is outside 0 to 1. Write 5 % as 0.05.")
        if self.returns not in ("net", "drop", "keep"):
            raise SettingError(f"returns: {self.returns!r} is none of net, drop, keep.")
        if self.decimal not in (None, "point", "comma"):
            raise SettingError(f"decimal: {self.decimal!r} is neither point nor comma.")
        for currency, rate in (self.rates or {}).items():
            if not 0 < rate < 1e9:
                raise SettingError(
                    f"rates: {rate:g} for {currency} is no rate. Give the value of one"
                    f" {currency} in the base currency, above 0."
                )
