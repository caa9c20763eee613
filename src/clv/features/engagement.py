"""What is known of customers besides their orders: age, gender, country, engagement, anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from clv.features.feature import Feature
from clv.features.formulas import whole_days

if TYPE_CHECKING:
    from ibis.common.deferred import Deferred

#: How the dictionary names what there is one of for each column.
PATTERN = "known_<column>"
SOURCE = "S2 S4 S5; table of customers"


def known_features(kinds: dict[str, str]) -> tuple[Feature, ...]:
    """A feature for each column known of customers.

    Parameters
    ----------
    kinds : column, as known_...; number, text or date
    """
    return tuple(_feature(name, kind) for name, kind in kinds.items())


def _feature(name: str, kind: str) -> Feature:
    column = _[name]
    told = name.removeprefix("known_")
    if kind == "text":
        return Feature(name, f"{told}, as told", "", "not told", SOURCE, column, kind="text")
    if kind == "date":
        return Feature(
            name, f"days from {told} to as_of", "days", "not told, or later", SOURCE, _since(column)
        )
    return Feature(name, f"{told}, as told", "as told", "not told", SOURCE, column)


def _since(day: Deferred) -> Deferred:
    days = whole_days(_.today, day)
    return ibis.ifelse(days >= 0, days, ibis.null("int64"))
