"""Every feature there is, by theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.features import (
    acquisition,
    calendar,
    interactions,
    product,
    rfm,
    rhythm,
    spending,
    sustainability,
    windows,
)
from clv.features.engagement import known_features
from clv.features.exogenous import series_columns, series_features

if TYPE_CHECKING:
    from clv.features.feature import Feature, Part
    from clv.features.reference import Reference
    from clv.features.seen import Seen

#: Theme -> its features; those of the table of customers and of series are as many as columns.
THEMES: dict[str, tuple[Feature, ...]] = {
    "Recency, frequency, monetary value": rfm.FEATURES,
    "Rhythm": rhythm.FEATURES,
    "Windows": windows.FEATURES,
    "Spending": spending.FEATURES,
    "Calendar": calendar.FEATURES,
    "Products and orders": product.FEATURES,
    "Acquisition": acquisition.FEATURES,
    "Sustainability": sustainability.FEATURES,
    "Interactions": interactions.FEATURES,
}
PARTS: tuple[Part, ...] = (
    *rhythm.PARTS,
    *windows.PARTS,
    *spending.PARTS,
    *calendar.PARTS,
    *product.PARTS,
    *acquisition.PARTS,
    *sustainability.PARTS,
)


def described() -> dict[str, tuple[Feature, ...]]:
    """Every feature by theme; those there are some of for each column stand under <column>."""
    column = "<column>"
    known = known_features({f"known_{column}": "number"})
    return {
        **THEMES,
        "What is known of customers": known,
        "Series by date": series_features((f"series_{column}",)),
    }


def offered(seen: Seen, reference: Reference) -> tuple[Feature, ...]:
    """The features that these sources have, in the catalogue's order."""
    static = [
        feature
        for features in THEMES.values()
        for feature in features
        if seen.has.issuperset(feature.needs)
    ]
    kinds = {name: kind for name, kind in reference.known.items() if name in seen.known_columns}
    return (*static, *known_features(kinds), *series_features(series_columns(seen)))


def of_the_day(seen: Seen) -> frozenset[str]:
    """Names of those features that tell the day and its country, and nothing of a customer."""
    static = (feature for features in THEMES.values() for feature in features)
    every = (*static, *series_features(series_columns(seen)))
    return frozenset(feature.name for feature in every if feature.of_day)
