"""Recency, frequency and monetary value: as they are, scored, on a log scale, normalised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibis import _

from clv.features.feature import Feature
from clv.features.formulas import log1p, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from ibis.common.deferred import Deferred

    from clv.features.reference import Cuts, Reference

#: Shares of the three scores in the weighted one. What was spent tells most of what will be.
WEIGHTS = {"r": 0.2, "f": 0.3, "m": 0.5}
#: Standard deviations smaller than this are those of a population of equals.
EQUALS = 1e-9


def score(value: Deferred, cuts: Cuts) -> Deferred:
    """1 to 5: one more than the number of cut points strictly below the value."""
    return 1 + sum((number(value) > cut).cast("int64") for cut in cuts)


def _normalised(name: str, value: Deferred) -> Callable[[Reference], Deferred]:
    def expression(reference: Reference) -> Deferred:
        mean, deviation = reference.scales[name]
        return (log1p(value) - mean) / (deviation if deviation > EQUALS else 1.0)

    return expression


FEATURES = (
    Feature(
        "quiet_days",
        "days since the last purchase",
        "days",
        "",
        "S1 S2 S3 S4 S5; date",
        _.quiet,
    ),
    Feature(
        "purchase_days",
        "days with a purchase so far",
        "days",
        "",
        "S1 S2 S3 S4 S5; date",
        _.n,
    ),
    Feature(
        "repeat_days",
        "days with a purchase after the first such day",
        "days",
        "",
        "Fader, Hardie & Lee 2005; date",
        _.x,
    ),
    Feature(
        "is_onetimer",
        "1 for who bought on one day only, 0 for others",
        "0 or 1",
        "",
        "S1; date",
        (_.x == 0).cast("int64"),
    ),
    Feature(
        "spend_total",
        "net spend so far",
        "currency",
        "",
        "S1 S2 S3 S4 S5; amount",
        number(_.total),
    ),
    Feature(
        "rfm_r",
        "recency score: 5 for the most recent fifth of the population",
        "1 to 5",
        "",
        "S1 S4; Hughes 1994; date",
        lambda reference: score(-_.quiet, reference.recency_cuts),
    ),
    Feature(
        "rfm_f",
        "frequency score, from purchase days",
        "1 to 5",
        "",
        "S1 S4; Hughes 1994; date",
        lambda reference: score(_.n, reference.frequency_cuts),
    ),
    Feature(
        "rfm_m",
        "monetary score, from net spend so far",
        "1 to 5",
        "",
        "S1 S4; Hughes 1994; amount",
        lambda reference: score(_.total, reference.monetary_cuts),
    ),
    Feature(
        "rfm_sum",
        "sum of the three scores",
        "3 to 15",
        "",
        "S1; date, amount",
        _.rfm_r + _.rfm_f + _.rfm_m,
        grain="features",
    ),
    Feature(
        "rfm_weighted",
        "weighted mean of the three scores: 0.2 recency, 0.3 frequency, 0.5 monetary",
        "1 to 5",
        "",
        "S4; date, amount",
        WEIGHTS["r"] * number(_.rfm_r)
        + WEIGHTS["f"] * number(_.rfm_f)
        + WEIGHTS["m"] * number(_.rfm_m),
        grain="features",
    ),
    Feature(
        "rfm_cell",
        "the three scores side by side, as 545",
        "",
        "",
        "S4; Hughes 1994; date, amount",
        _.rfm_r.cast("string") + _.rfm_f.cast("string") + _.rfm_m.cast("string"),
        kind="text",
        grain="features",
    ),
    Feature(
        "quiet_days_log",
        "log(1 + quiet_days)",
        "log days",
        "",
        "S4; date",
        log1p(_.quiet),
    ),
    Feature(
        "purchase_days_log",
        "log(1 + purchase_days)",
        "log days",
        "",
        "S4; date",
        log1p(_.n),
    ),
    Feature(
        "spend_total_log",
        "log(1 + spend_total)",
        "log currency",
        "",
        "S4; amount",
        log1p(_.total),
    ),
    Feature(
        "quiet_days_normalised",
        "quiet_days_log less the population's mean, over its standard deviation",
        "standard deviations",
        "",
        "S2 S4; date",
        _normalised("quiet_days", _.quiet),
    ),
    Feature(
        "purchase_days_normalised",
        "purchase_days_log less the population's mean, over its standard deviation",
        "standard deviations",
        "",
        "S2 S4; date",
        _normalised("purchase_days", _.n),
    ),
    Feature(
        "spend_total_normalised",
        "spend_total_log less the population's mean, over its standard deviation",
        "standard deviations",
        "",
        "S2 S4; amount",
        _normalised("spend_total", _.total),
    ),
)
