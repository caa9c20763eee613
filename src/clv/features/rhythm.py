"""How often and how regularly a customer comes, and how long the present silence is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from clv.features.feature import Feature, Part
from clv.features.formulas import change, deviation, number, ratio, slope

if TYPE_CHECKING:
    from ibis.common.deferred import Deferred

    from clv.features.reference import Reference

DAYS_PER_MONTH = 365.25 / 12
ONETIMERS = "one-timers"
FEW = "fewer than two gaps"

PARTS = (
    Part("gap_squares", "days", (_.gap * _.gap).sum()),
    Part("gap_weighted", "days", (_.gap * (_.number - 1)).sum()),
    Part("gap_middle", "days", _.gap.median()),
    Part("gap_longest", "days", _.gap.max()),
    Part("begun_weekday", "days", _.weekday.max(where=_.is_first)),
    Part("weeks", "days", _.is_new_week.cast("int64").sum()),
    Part("months", "days", _.is_new_month.cast("int64").sum()),
)


def _to_typical(reference: Reference) -> Deferred:
    typical = reference.typical_gap
    return number(_.quiet) / typical if typical else ibis.null("float64")


FEATURES = (
    Feature(
        "age_days",
        "days since the first purchase",
        "days",
        "",
        "S3 S4 S5; date",
        _["T"],
    ),
    Feature(
        "active_days",
        "days from the first purchase to the last",
        "days",
        "",
        "Fader, Hardie & Lee 2005; date",
        _.t_x,
    ),
    Feature(
        "maturity",
        "share of the days since the first purchase that had passed by the last",
        "share",
        "first purchase on the day of as_of",
        "S4; date",
        ratio(_.t_x, _["T"]),
    ),
    Feature(
        "gap_mean",
        "mean days between purchases",
        "days",
        ONETIMERS,
        "S2 S3 S4 S5; date",
        ratio(_.t_x, _.x),
    ),
    Feature(
        "gap_median",
        "median days between purchases",
        "days",
        ONETIMERS,
        "S3; date",
        number(_.gap_middle),
    ),
    Feature(
        "gap_std",
        "standard deviation of the days between purchases",
        "days",
        FEW,
        "S2 S3; date",
        deviation(_.x, _.t_x, _.gap_squares),
    ),
    Feature(
        "gap_variation",
        "gap_std over gap_mean: 0 for a clockwork, about 1 for chance",
        "ratio",
        FEW,
        "S2; date",
        ratio(_.gap_std, _.gap_mean),
        grain="features",
    ),
    Feature(
        "regularity",
        "1 / (1 + gap_variation): 1 for a clockwork",
        "0 to 1",
        FEW,
        "S3, as consistency; date",
        1.0 / (1.0 + ratio(_.gap_std, _.gap_mean)),
        grain="features",
    ),
    Feature(
        "gap_min",
        "fewest days between two purchases",
        "days",
        ONETIMERS,
        "own; date",
        _.gap.min(),
        grain="days",
    ),
    Feature(
        "gap_max",
        "most days between two purchases",
        "days",
        ONETIMERS,
        "own; date",
        _.gap_longest,
    ),
    Feature(
        "gap_first",
        "days from the first purchase to the second",
        "days",
        ONETIMERS,
        "own; date",
        _.gap.max(where=_.number == 2),
        grain="days",
    ),
    Feature(
        "gap_last",
        "days between the last two purchases",
        "days",
        ONETIMERS,
        "own; date",
        _.gap.max(where=_.is_last),
        grain="days",
    ),
    Feature(
        "gap_trend",
        "days by which gaps lengthen from one to the next (least squares)",
        "days per gap",
        FEW,
        "own; date",
        slope(_.x, _.t_x, _.gap_weighted),
    ),
    Feature(
        "quiet_to_gap_mean",
        "quiet_days over gap_mean: above 1 the customer is late",
        "ratio",
        ONETIMERS,
        "S4, as churn risk; date",
        ratio(_.quiet_days, _.gap_mean),
        grain="features",
    ),
    Feature(
        "quiet_to_gap_median",
        "quiet_days over gap_median",
        "ratio",
        ONETIMERS,
        "own; date",
        ratio(_.quiet_days, _.gap_median),
        grain="features",
    ),
    Feature(
        "quiet_to_gap_max",
        "quiet_days over gap_max: above 1 the silence is the longest so far",
        "ratio",
        ONETIMERS,
        "own; date",
        ratio(_.quiet_days, _.gap_max),
        grain="features",
    ),
    Feature(
        "quiet_to_typical_gap",
        "quiet_days over the population's typical gap (half of its repeat customers come back"
        " sooner on average)",
        "ratio",
        "everyone, where the population has no repeat customer",
        "own; date",
        _to_typical,
    ),
    Feature(
        "quiet_in_deviations",
        "(quiet_days - gap_mean) / gap_std: how unusual the silence is for this customer",
        "standard deviations",
        "fewer than two gaps, or all gaps equal",
        "own; date",
        ratio(_.quiet_days - _.gap_mean, _.gap_std),
        grain="features",
    ),
    Feature(
        "is_overdue",
        "1 where the silence is the longest so far, else 0",
        "0 or 1",
        ONETIMERS,
        "S4, as churn risk; date",
        (_.quiet_days > _.gap_max).cast("int64"),
        grain="features",
    ),
    Feature(
        "silence_change",
        "(quiet_days - active_days) / (quiet_days + active_days): 1 for long gone",
        "-1 to 1",
        "bought on the day of as_of only",
        "own; date",
        change(_.quiet, _.t_x),
    ),
    Feature(
        "purchases_per_month",
        "purchase days per month since the first",
        "days per month",
        "",
        "S3 S4 S5; date",
        number(_.n) / (number(_["T"]) + 1.0) * DAYS_PER_MONTH,
    ),
    Feature(
        "purchase_velocity",
        "repeat purchase days per month from the first purchase to the last",
        "days per month",
        ONETIMERS,
        "S4; date",
        ratio(_.x, _.t_x) * DAYS_PER_MONTH,
    ),
    Feature(
        "active_weeks",
        "weeks, from Monday, with a purchase",
        "weeks",
        "",
        "S3; date",
        _.weeks,
    ),
    Feature(
        "active_months",
        "calendar months with a purchase",
        "months",
        "",
        "S3; date",
        _.months,
    ),
    Feature(
        "active_months_share",
        "calendar months with a purchase, of all since the first purchase",
        "share",
        "",
        "S3, as consistency; date",
        number(_.months)
        / number(
            (_.today.year() - _["first"].year()) * 12 + _.today.month() - _["first"].month() + 1
        ),
    ),
    Feature(
        "active_weeks_share",
        "weeks, from Monday, with a purchase, of all since the first purchase",
        "share",
        "",
        "S3, as consistency; date",
        number(_.weeks) / ((number(_["T"] + _.begun_weekday) / 7.0).floor() + 1.0),
    ),
    Feature(
        "longest_week_streak",
        "most weeks in a row with a purchase in each",
        "weeks",
        "",
        "own; date",
        _.week_streak.max(),
        grain="days",
    ),
    Feature(
        "longest_month_streak",
        "most calendar months in a row with a purchase in each",
        "months",
        "",
        "own; date",
        _.month_streak.max(),
        grain="days",
    ),
)
