"""Types of fields that requests share: bounded, so that nothing overflows behind them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

LARGEST = 1e12
MOST_DAYS = 100_000
MOST_ORDERS = 1_000_000
LONGEST_ID = 256
LONGEST_TEXT = 200
EARLIEST, LATEST = date(1970, 1, 1), date(2200, 12, 31)


def _text_of(value: Any) -> Any:
    # Ids of other systems are often numbers.
    return str(value) if type(value) is int else value


def _day_of(value: Any) -> date:
    if isinstance(value, date):
        day = value
    else:
        try:
            # Of the many ways ISO 8601 has to write a day, the one all understand.
            plain = isinstance(value, str) and len(value) == 10 and value[4] == "-"
            day = date.fromisoformat(value if plain else "")
        except ValueError:
            raise ValueError("write the day as YYYY-MM-DD") from None
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"give a day from {EARLIEST} to {LATEST}")
    return day


def _scalar_of(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if 1 <= len(value) <= LONGEST_TEXT:
            return value
        raise ValueError(f"give text of 1 to {LONGEST_TEXT} characters")
    if isinstance(value, int | float):
        if -LARGEST <= value <= LARGEST:
            return float(value)
        raise ValueError(f"give a number from {-LARGEST:g} to {LARGEST:g}")
    raise ValueError("give a number, a text, true, false or null")


def _id_schema(longest: int) -> WithJsonSchema:
    text = {"type": "string", "minLength": 1, "maxLength": longest}
    return WithJsonSchema({"anyOf": [text, {"type": "integer"}]})


CustomerId = Annotated[
    str,
    BeforeValidator(_text_of),
    Field(strict=True, min_length=1, max_length=LONGEST_ID),
    _id_schema(LONGEST_ID),
]
OrderId = Annotated[
    str,
    BeforeValidator(_text_of),
    Field(strict=True, min_length=1, max_length=LONGEST_TEXT),
    _id_schema(LONGEST_TEXT),
]
Text = Annotated[str, Field(strict=True, min_length=1, max_length=LONGEST_TEXT)]
Day = Annotated[
    date,
    BeforeValidator(_day_of),
    WithJsonSchema({"type": "string", "format": "date"}),
]
#: In the run's currency.
Money = Annotated[float, Field(strict=True, ge=0, le=LARGEST)]
Number = Annotated[float, Field(strict=True, ge=-LARGEST, le=LARGEST)]
#: How many, without a fraction; 5.0 is 5.
Count = Annotated[float, Field(strict=True, ge=0, le=MOST_ORDERS, multiple_of=1)]
#: How many, or how many as good as.
Amount = Annotated[float, Field(strict=True, ge=0, le=MOST_ORDERS)]
Orders = Annotated[float, Field(strict=True, ge=1, le=MOST_ORDERS, multiple_of=1)]
Days = Annotated[float, Field(strict=True, ge=0, le=MOST_DAYS)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Age = Annotated[float, Field(strict=True, ge=0, le=150)]
#: A value of a column that no schema knows.
Scalar = Annotated[
    float | str | bool | None,
    PlainValidator(_scalar_of),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": -LARGEST, "maximum": LARGEST},
                {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT},
                {"type": "boolean"},
                {"type": "null"},
            ]
        }
    ),
]
