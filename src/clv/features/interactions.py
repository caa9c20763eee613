"""Two things at once, which trees find slowly and straight lines never do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from clv.features.feature import Feature
from clv.features.formulas import number, ratio

if TYPE_CHECKING:
    from ibis.common.deferred import Deferred

    from clv.features.reference import Reference

#: Between the two texts of a pair.
AND = " / "


def _faded(reference: Reference) -> Deferred:
    typical = reference.typical_gap
    if not typical:
        return ibis.null("float64")
    return _.spend_total * (-number(_.quiet_days) / typical).exp()


FEATURES = (
    Feature(
        "recency_x_frequency",
        "rfm_r times rfm_f",
        "1 to 25",
        "",
        "S4; date",
        _.rfm_r * _.rfm_f,
        grain="features",
    ),
    Feature(
        "recency_x_value",
        "rfm_r times rfm_m",
        "1 to 25",
        "",
        "S4; date, amount",
        _.rfm_r * _.rfm_m,
        grain="features",
    ),
    Feature(
        "frequency_x_value",
        "rfm_f times rfm_m",
        "1 to 25",
        "",
        "S4; date, amount",
        _.rfm_f * _.rfm_m,
        grain="features",
    ),
    Feature(
        "value_x_regularity",
        "spend_mean times regularity",
        "currency",
        "fewer than two gaps",
        "own; date, amount",
        _.spend_mean / (1.0 + ratio(_.gap_std, _.gap_mean)),
        grain="features",
    ),
    Feature(
        "value_x_rate",
        "spend_mean times purchases_per_month",
        "currency per month",
        "",
        "S3; date, amount",
        _.spend_mean * _.purchases_per_month,
        grain="features",
    ),
    Feature(
        "value_x_lateness",
        "spend_mean times quiet_to_gap_mean",
        "currency",
        "one-timers",
        "own; date, amount",
        _.spend_mean * ratio(_.quiet_days, _.gap_mean),
        grain="features",
    ),
    Feature(
        "spend_faded",
        "spend_total times exp(-quiet_days / typical gap of the population)",
        "currency",
        "everyone, where the population has no repeat customer",
        "own; date, amount",
        _faded,
        grain="features",
    ),
    Feature(
        "maturity_x_frequency",
        "maturity times purchase_days",
        "days",
        "first purchase on the day of as_of",
        "S4; date",
        _.maturity * _.purchase_days,
        grain="features",
    ),
    Feature(
        "source_x_category",
        "source and favourite category, side by side",
        "",
        "one of them not known",
        "S4; channel, category",
        _.source + AND + _.category_favourite,
        ("source", "category"),
        "text",
        grain="features",
    ),
    Feature(
        "source_x_frequency",
        "source_quality times purchase_days",
        "days",
        "no source known",
        "S4; channel, date, amount",
        _.source_quality * _.purchase_days,
        ("source",),
        grain="features",
    ),
    Feature(
        "campaign_x_value",
        "first_campaign_quality times spend_mean",
        "currency",
        "no first campaign known",
        "S4; campaign, amount",
        _.first_campaign_quality * _.spend_mean,
        ("first_campaign",),
        grain="features",
    ),
    Feature(
        "category_x_value",
        "first_category_quality times spend_mean",
        "currency",
        "no first category known",
        "own; category, amount",
        _.first_category_quality * _.spend_mean,
        ("category",),
        grain="features",
    ),
    Feature(
        "discount_x_frequency",
        "discount_share times purchase_days",
        "days",
        "no purchase that says its discount",
        "S3; discount, date",
        _.discount_share * _.purchase_days,
        ("discount",),
        grain="features",
    ),
    Feature(
        "return_x_value",
        "return_rate times spend_mean",
        "currency",
        "nothing bought that was paid for",
        "S4; amount",
        _.return_rate * _.spend_mean,
        ("returns",),
        grain="features",
    ),
    Feature(
        "cost_x_frequency",
        "acquisition_cost over purchase_days",
        "currency per purchase day",
        "acquisition cost not known",
        "S4; table of customers, date",
        _.acquisition_cost / number(_.purchase_days),
        ("acquisition_cost",),
        grain="features",
    ),
    Feature(
        "eco_x_value",
        "eco_share_mean times spend_mean",
        "currency",
        "no purchase with an eco share",
        "S2; eco_share, amount",
        _.eco_share_mean * _.spend_mean,
        ("eco_share",),
        grain="features",
    ),
)
