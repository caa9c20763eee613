"""How green a customer buys, and whether that is growing."""

from __future__ import annotations

from ibis import _

from clv.features.feature import Feature, Part
from clv.features.formulas import number, ratio, slope

ECO, IMPACT = ("eco_share",), ("impact_score",)
NO_ECO, NO_IMPACT = "no purchase with an eco share", "no purchase with an impact score"


def _parts(prefix: str, column: str, needs: tuple[str, ...]) -> tuple[Part, ...]:
    value = _[column]
    return (
        Part(f"{prefix}_days", "eco", value.count(), needs),
        Part(f"{prefix}_sum", "eco", value.sum(), needs),
        Part(f"{prefix}_weighted", "eco", (value * _[f"{column}_number"]).sum(), needs),
        Part(f"{prefix}_latest", "eco", value.max(where=_[f"{column}_is_last"]), needs),
    )


def _features(
    prefix: str, name: str, unit: str, absent: str, needs: tuple[str, ...]
) -> tuple[Feature, ...]:
    days, total, weighted = _[f"{prefix}_days"], _[f"{prefix}_sum"], _[f"{prefix}_weighted"]
    reads = f"S2; {needs[0]}"
    return (
        Feature(
            f"{prefix}_mean",
            f"mean {name} of a purchase day",
            unit,
            absent,
            reads,
            ratio(total, days),
            needs,
        ),
        Feature(
            f"{prefix}_last",
            f"{name} of the last purchase day that has one",
            unit,
            absent,
            f"{reads}, date",
            number(_[f"{prefix}_latest"]),
            needs,
        ),
        Feature(
            f"{prefix}_trend",
            f"{name} by which purchase days grow from one to the next (least squares)",
            f"{unit} per purchase day",
            f"{absent}, or on one day only",
            f"{reads}, date",
            slope(days, total, weighted),
            needs,
        ),
    )


PARTS = (
    *_parts("eco_share", "eco_share", ECO),
    *_parts("impact", "impact_score", IMPACT),
    Part("eco_money", "eco", _.eco_amount.sum(), ECO),
    Part("eco_known_money", "eco", _.amount.sum(), ECO),
)
FEATURES = (
    *_features("eco_share", "share of eco products", "share", NO_ECO, ECO),
    Feature(
        "eco_days_share",
        "share of the purchase days that say their eco share on which it was above 0",
        "share",
        NO_ECO,
        "S2, as engagement; eco_share",
        (_.eco_share > 0).cast("float64").mean(),
        ECO,
        grain="eco",
    ),
    Feature(
        "eco_spend",
        "amount times eco share, summed over purchases",
        "currency",
        NO_ECO,
        "S2; eco_share, amount",
        number(_.eco_money),
        ECO,
    ),
    Feature(
        "eco_spend_share",
        "eco_spend over the amounts of the purchases that say their eco share",
        "share",
        f"{NO_ECO}, or a free one",
        "S2; eco_share, amount",
        ratio(_.eco_money, _.eco_known_money),
        ECO,
    ),
    *_features("impact", "impact score", "score", NO_IMPACT, IMPACT),
)
