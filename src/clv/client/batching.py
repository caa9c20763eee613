"""Many items in requests the service takes: so many at once, and so large."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Sequence
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


def sent(
    items: Sequence[Item],
    most: int,
    send: Callable[[Sequence[int], Sequence[Item]], Any],
    together: Callable[[Item], Hashable] | None = None,
) -> Iterator[tuple[Sequence[int], Any]]:
    """Places of the items of each request, and its answer; what is too large goes in parts.

    Parameters
    ----------
    most : items a request, as far as those that belong together are not more
    together : items for which it tells the same are never parted; those it tells None for may be
    """
    units: dict[Hashable, list[int]] = {}
    for place, item in enumerate(items):
        key = None if together is None else together(item)
        units.setdefault(("alone", place) if key is None else ("with", key), []).append(place)
    for lot in _lots(items, list(units.values()), most):
        yield from _parted(items, lot, send)


def _lots(
    items: Sequence[Item], units: Sequence[list[int]], most: int
) -> Iterator[list[list[int]]]:
    lot: list[list[int]] = []
    count = size = 0
    for unit in units:
        more = sum(len(json.dumps(items[i], ensure_ascii=False).encode()) + 2 for i in unit)
        if lot and (count + len(unit) > most or size + more > _MOST_BYTES):
            yield lot
            lot, count, size = [], 0, 0
        lot.append(unit)
        count, size = count + len(unit), size + more
    if lot:
        yield lot


def _parted(
    items: Sequence[Item],
    lot: Sequence[list[int]],
    send: Callable[[Sequence[int], Sequence[Item]], Any],
) -> Iterator[tuple[Sequence[int], Any]]:
    places = [place for unit in lot for place in unit]
    try:
        answer = send(places, [items[place] for place in places])
    except ClvApiError as error:
        if error.status != _TOO_LARGE or len(lot) == 1:
            raise
        half = len(lot) // 2
        yield from _parted(items, lot[:half], send)
        yield from _parted(items, lot[half:], send)
    else:
        yield places, answer


def moved(answers: Sequence[Any], places: Sequence[int]) -> list[Any]:
    """What was told of items of a request, by their index among all."""
    return [{**answer, "index": places[answer["index"]]} for answer in answers]
