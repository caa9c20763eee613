"""Many items in requests the service takes: so many at once, and so large."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from clv.client.answers import Forecast, IndexedPrediction, ItemProblem
from clv.client.errors import ClvApiError

Item = TypeVar("Item")

#: What the service takes in one batch unless set otherwise: items, and bytes with some to spare.
MOST_ITEMS, _MOST_BYTES = 1000, 900_000
_TOO_LARGE = 413


@dataclass(frozen=True)
class Predicted:
    """Forecasts of many profiles.

    Attributes
    ----------
    predictions : one a profile, in their order; None of a profile that could not be used
    problems : why, by the index of the profile
    """

    predictions: list[IndexedPrediction | None]
    problems: list[ItemProblem]

    @property
    def total_clv(self) -> float:
        return sum(each["predicted_clv"] for each in self.predictions if each is not None)


@dataclass(frozen=True)
class Added:
    """What became of orders.

    Attributes
    ----------
    accepted, duplicates, failed : orders kept, known before, and refused
    problems : why orders were refused, by their index
    forecasts : of the customers concerned, as they are now, by customer_id
    without_purchase : customers of whom no purchase is left, and so no forecast
    """

    accepted: int
    duplicates: int
    failed: int
    problems: list[ItemProblem]
    forecasts: dict[str, Forecast]
    without_purchase: list[str]


def lots(items: Sequence[Item], most: int) -> Iterator[tuple[int, Sequence[Item]]]:
    """Where each lot starts, and its items."""
    start = size = 0
    for place, item in enumerate(items):
        one = len(json.dumps(item, ensure_ascii=False).encode()) + 2
        if place > start and (place - start == most or size + one > _MOST_BYTES):
            yield start, items[start:place]
            start, size = place, 0
        size += one
    if start < len(items):
        yield start, items[start:]


def sent(
    items: Sequence[Item], most: int, send: Callable[[int, Sequence[Item]], Any]
) -> Iterator[tuple[int, Any]]:
    """Where each lot starts, and what was answered; what is too large goes in halves."""
    for start, lot in lots(items, most):
        yield from _halved(start, lot, send)


def _halved(
    start: int, lot: Sequence[Item], send: Callable[[int, Sequence[Item]], Any]
) -> Iterator[tuple[int, Any]]:
    try:
        answer = send(start, lot)
    except ClvApiError as error:
        if error.status != _TOO_LARGE or len(lot) == 1:
            raise
        half = len(lot) // 2
        yield from _halved(start, lot[:half], send)
        yield from _halved(start + half, lot[half:], send)
    else:
        yield start, answer


def moved(problems: Sequence[Any], start: int) -> list[Any]:
    """Problems of a lot, by the index among all items."""
    return [{**problem, "index": problem["index"] + start} for problem in problems]
