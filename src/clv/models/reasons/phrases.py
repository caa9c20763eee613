"""How each feature is told to who reads a forecast, and which of them say almost the same."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from clv.features.catalogue import THEMES
from clv.features.windows import WINDOWS
from clv.models.companion import OUTPUTS


class Phrase(NamedTuple):
    """A feature in a reader's words.

    Attributes
    ----------
    family : of those that say almost the same, of which one is named at most
    words : that its value can follow in brackets
    """

    family: str
    words: str


#: Stands where it is told how far a purchase model looks ahead.
_AHEAD = "{ahead}"
_WHOSE = "by one purchase model"
_BY_FAMILY: dict[str, dict[str, str]] = {
    "silence": {
        "quiet_days": "days since the last purchase",
        "quiet_to_gap_mean": "days quiet over the usual gap",
        "quiet_to_gap_median": "days quiet over the usual gap",
        "quiet_to_gap_max": "days quiet over the longest gap so far",
        "quiet_to_typical_gap": "days quiet over the gap usual in this shop",
        "quiet_in_deviations": "how unusual the silence is for this customer",
        "silence_change": "silence against the time as an active customer",
        "maturity": "part of the time since the first purchase up to the last",
        "model_alive": f"chance of still being a customer {_WHOSE}",
    },
    "frequency": {
        "purchase_days": "days with a purchase so far",
        "purchases_per_month": "purchase days a month",
        "purchase_velocity": "purchase days a month while active",
        "active_weeks": "weeks with a purchase",
        "active_months": "months with a purchase",
        "active_weeks_share": "share of weeks with a purchase",
        "active_months_share": "share of months with a purchase",
        "longest_week_streak": "most weeks in a row with a purchase",
        "longest_month_streak": "most months in a row with a purchase",
        "orders_count": "orders so far",
        "orders_per_purchase_day": "orders a purchase day",
        "maturity_x_frequency": "days with a purchase combined with how recent they are",
        "model_purchases": f"purchase days expected{_AHEAD} {_WHOSE}",
        "model_chance": f"chance of a purchase{_AHEAD} {_WHOSE}",
    },
    "rhythm": {
        "gap_mean": "days between purchases",
        "gap_median": "median days between purchases",
        "gap_std": "spread of the days between purchases",
        "gap_variation": "irregularity of purchases",
        "regularity": "regularity of purchases",
        "gap_min": "shortest gap between purchases in days",
        "gap_max": "longest gap between purchases in days",
        "gap_first": "days from the first purchase to the second",
        "gap_last": "days between the last two purchases",
        "gap_trend": "days by which gaps lengthen from one to the next",
        "model_next_days": f"days to the next purchase {_WHOSE}",
    },
    "recent": {
        name.format(d=days): words.format(d=days)
        for days in WINDOWS
        for name, words in (
            ("purchase_days_{d}d", "days with a purchase in the last {d} days"),
            ("spend_{d}d", "spend in the last {d} days"),
            ("purchase_days_change_{d}d", "change of purchase days over the last {d} days"),
            ("spend_change_{d}d", "change of spend over the last {d} days"),
            ("purchase_days_share_{d}d", "share of purchase days in the last {d} days"),
            ("spend_share_{d}d", "share of all spend in the last {d} days"),
        )
    },
    "spend": {
        "spend_total": "spend so far",
        "spend_repeat": "spend after the first purchase day",
        "spend_per_month": "spend a month",
        "spend_faded": "spend so far, faded with the silence since",
        "margin_total": "margin so far",
        "value_x_rate": "spend a month at the usual rate",
    },
    "expectation": {"model_value": f"spend expected{_AHEAD} {_WHOSE}"},
    "order value": {
        "spend_mean": "mean spend a purchase day",
        "spend_median": "median spend a purchase day",
        "spend_max": "largest spend on a day",
        "spend_min": "smallest spend on a day",
        "spend_first": "spend on the first purchase day",
        "spend_last": "spend on the last purchase day",
        "spend_repeat_mean": "mean spend a purchase day after the first",
        "free_days_share": "share of purchase days without payment",
        "order_value_mean": "mean order value",
        "unit_price_mean": "amount paid a piece",
        "value_x_regularity": "mean spend combined with regularity",
        "value_x_lateness": "mean spend combined with lateness",
        "model_order_value": f"spend a purchase day expected {_WHOSE}",
    },
    "course of spend": {
        "spend_std": "spread of spend between purchase days",
        "spend_variation": "unevenness of spend",
        "spend_trend": "growth of spend from one purchase day to the next",
        "spend_trend_relative": "growth of spend from one purchase day to the next, over its mean",
        "spend_last_to_mean": "last spend over the mean",
        "spend_first_share": "share of all spend on the first purchase day",
        "spend_largest_share": "share of all spend on the largest purchase day",
    },
    "age": {
        "age_days": "days since the first purchase",
        "active_days": "days from the first purchase to the last",
    },
    "scores": {
        "rfm_sum": "RFM score",
        "rfm_weighted": "weighted RFM score",
        "rfm_cell": "RFM cell",
        "recency_x_frequency": "recency score combined with frequency score",
        "recency_x_value": "recency score combined with monetary score",
        "frequency_x_value": "frequency score combined with monetary score",
    },
    "season": {
        "first_season": "season of the first purchase",
        "last_season": "season of the last purchase",
        "peak_season": "season with the most purchases",
        "peak_season_share": "share of purchases in the peak season",
        "first_month": "month of the first purchase",
        "last_month": "month of the last purchase",
        "days_to_anniversary": "days to the anniversary of the first purchase",
    },
    "weekday": {
        "first_weekday": "weekday of the first purchase",
        "last_weekday": "weekday of the last purchase",
        "favourite_weekday": "favourite weekday",
        "favourite_weekday_share": "share of purchases on the favourite weekday",
        "weekend_share": "share of purchases at weekends",
    },
    "holidays": {
        "run_up_share": "share of purchases just before major holidays",
        "run_up_spend_share": "share of spend just before major holidays",
        "first_in_run_up": "first purchase just before a major holiday",
    },
    "category": {
        "category_favourite": "favourite category",
        "category_count": "categories bought from",
        "category_entropy": "spread over categories",
        "category_concentration": "concentration on few categories",
        "category_favourite_share": "share of the favourite category",
        "first_category_quality": "worth of customers who began with the same category",
        "category_x_value": "mean spend combined with the first category",
    },
    "products": {
        "product_count": "different products bought",
        "product_entropy": "spread over products",
        "product_concentration": "concentration on few products",
        "product_favourite_share": "share of the favourite product",
        "product_repeat_share": "share of products bought again",
    },
    "basket": {
        "basket_lines_mean": "lines an order",
        "quantity_total": "pieces so far",
        "quantity_mean": "pieces a purchase day",
        "margin_share": "margin as a share of spend",
    },
    "discounts": {
        "discount_total": "discounts taken so far",
        "discount_share": "discounts as a share of prices",
        "discounted_share": "share of lines with a discount",
        "discount_mean": "mean discount",
        "discount_x_frequency": "purchase days combined with discounts",
    },
    "returns": {
        "return_value": "value sent back",
        "return_rate": "share of spend sent back",
        "return_days": "days with a return",
        "return_days_rate": "returns a purchase day",
        "days_since_return": "days since the last return",
        "return_x_value": "mean spend combined with returns",
    },
    "hours": {
        "night_share": "share bought at night",
        "morning_share": "share bought in the morning",
        "afternoon_share": "share bought in the afternoon",
        "evening_share": "share bought in the evening",
    },
    "channel": {
        "first_channel": "channel of the first purchase",
        "channel_favourite": "favourite channel",
        "channel_count": "channels used",
        "channel_entropy": "spread over channels",
        "channel_concentration": "concentration on few channels",
        "channel_favourite_share": "share of the favourite channel",
        "source_quality": "worth of customers from the same source",
        "source_x_category": "source and favourite category",
        "source_x_frequency": "purchase days combined with source",
    },
    "country": {"first_country": "country"},
    "campaign": {
        "first_campaign": "campaign that brought the customer",
        "campaign_share": "share of purchases that campaigns brought",
        "first_campaign_quality": "worth of customers from the same campaign",
        "campaign_x_value": "mean spend combined with the first campaign",
    },
    "acquisition cost": {
        "acquisition_cost": "acquisition cost",
        "cac_efficiency": "spend so far over acquisition cost",
        "cac_to_first_spend": "acquisition cost over the first spend",
        "cac_payback_days": "days until acquisition cost was earned",
        "cost_x_frequency": "acquisition cost a purchase day",
    },
    "sustainability": {
        "eco_share_mean": "share of eco products",
        "eco_share_last": "share of eco products in the last purchase",
        "eco_share_trend": "growth of the share of eco products",
        "eco_days_share": "share of purchase days with eco products",
        "eco_spend": "spend on eco products",
        "eco_spend_share": "share of spend on eco products",
        "eco_x_value": "mean spend on eco products",
        "impact_mean": "mean impact score",
        "impact_last": "impact score of the last purchase",
        "impact_trend": "growth of the impact score",
    },
}
#: Another form of a feature, which says nothing else than the plain one.
FORM_OF = {
    "quiet_days_log": "quiet_days",
    "quiet_days_normalised": "quiet_days",
    "rfm_r": "quiet_days",
    "purchase_days_log": "purchase_days",
    "purchase_days_normalised": "purchase_days",
    "repeat_days": "purchase_days",
    "is_onetimer": "purchase_days",
    "rfm_f": "purchase_days",
    "spend_total_log": "spend_total",
    "spend_total_normalised": "spend_total",
    "rfm_m": "spend_total",
    "is_overdue": "quiet_to_gap_max",
    "spend_mean_log": "spend_mean",
    "first_month_sine": "first_month",
    "first_month_cosine": "first_month",
    "last_month_sine": "last_month",
    "last_month_cosine": "last_month",
    "cac_return": "cac_efficiency",
    "cac_paid_back": "cac_efficiency",
}
#: Features whose value says nothing to a reader.
UNSPOKEN = frozenset(
    {
        *("quiet_in_deviations", "maturity_x_frequency", "spend_faded"),
        *("value_x_regularity", "value_x_lateness"),
        *("recency_x_frequency", "recency_x_value", "frequency_x_value"),
        *("category_x_value", "discount_x_frequency", "return_x_value"),
        *("source_x_frequency", "campaign_x_value"),
        *("category_entropy", "product_entropy", "channel_entropy"),
    }
)
#: What has the same value for a one-timer, and is told instead.
OF_THE_ONE_DAY = {
    **dict.fromkeys(
        ("spend_mean", "spend_median", "spend_max", "spend_min", "spend_last"), "spend_first"
    ),
    **dict.fromkeys(("last_season", "peak_season"), "first_season"),
    **dict.fromkeys(("last_weekday", "favourite_weekday"), "first_weekday"),
    "last_month": "first_month",
}
#: What cannot be said of a one-timer: it takes a second day.
OF_REPEATERS = frozenset(
    {
        *("quiet_to_gap_mean", "quiet_to_gap_median", "quiet_to_gap_max", "quiet_in_deviations"),
        *("silence_change", "maturity", "maturity_x_frequency", "purchase_velocity"),
        *("active_weeks", "active_months", "active_weeks_share", "active_months_share"),
        *("longest_week_streak", "longest_month_streak", "active_days"),
        *(name for name in _BY_FAMILY["rhythm"] if name not in OUTPUTS),
        *_BY_FAMILY["course of spend"],
        *("spend_repeat", "spend_repeat_mean", "value_x_regularity", "value_x_lateness"),
        *("peak_season_share", "favourite_weekday_share", "eco_share_trend", "impact_trend"),
    }
)
_OF_SERIES = re.compile(r"_(mean_\d+d|change|at_first)$")
_PHRASES = {
    name: Phrase(family, words)
    for family, told in _BY_FAMILY.items()
    for name, words in told.items()
}


def phrase(name: str, days: int | None = None) -> Phrase:
    """How a feature is told; one that is a column of the user's, by the column's name.

    Parameters
    ----------
    days : that the purchase model among the features looks ahead, where it shall be told
    """
    if told := _PHRASES.get(name):
        ahead = "" if days is None else f" over {days:,} days"
        return told._replace(words=told.words.replace(_AHEAD, ahead))
    return of_column(name.removeprefix("known_").removeprefix("series_"), name)


def of_column(column: str, feature: str = "") -> Phrase:
    """How a column of the user's is told: by its own name.

    Parameters
    ----------
    feature : made of it; several of a series are one family
    """
    family = _OF_SERIES.sub("", column) if feature.startswith("series_") else column
    return Phrase(family, column.replace("_", " "))


def unit(name: str) -> str:
    """Of a feature's values; nothing where it is not known."""
    if name in OUTPUTS:
        return OUTPUTS[name][2]
    return _units().get(name, "")


@cache
def _units() -> dict[str, str]:
    return {feature.name: feature.unit for features in THEMES.values() for feature in features}
