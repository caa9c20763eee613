"""What a customer spends on a purchase day, how much that varies, and where it is going."""

from __future__ import annotations

from ibis import _

from clv.features.feature import Feature, Part
from clv.features.formulas import deviation, log1p, number, ratio, slope

ONETIMERS = "one-timers"
NOTHING = "nothing spent so far"

PARTS = (
    # The square of a decimal of 18 digits takes more of them.
    Part("value_squares", "days", (_.value.cast("decimal(38, 4)") * _.value).sum()),
    Part("value_weighted", "days", (_.value * _.number).sum()),
    Part("value_most", "days", _.value.max()),
    Part("value_first", "days", _.value.max(where=_.is_first)),
    Part("value_last", "days", _.value.max(where=_.is_last)),
)

FEATURES = (
    Feature(
        "spend_mean",
        "mean net spend of a purchase day",
        "currency",
        "",
        "S2 S3 S4 S5; amount",
        ratio(_.total, _.n),
    ),
    Feature(
        "spend_median",
        "median net spend of a purchase day",
        "currency",
        "",
        "S3; amount",
        _.value.cast("float64").median(),
        grain="days",
    ),
    Feature(
        "spend_max",
        "net spend of the largest purchase day",
        "currency",
        "",
        "S3 S4; amount",
        number(_.value_most),
    ),
    Feature(
        "spend_min",
        "net spend of the smallest purchase day",
        "currency",
        "",
        "S3 S4; amount",
        _.value.min().cast("float64"),
        grain="days",
    ),
    Feature(
        "spend_first",
        "net spend of the first purchase day",
        "currency",
        "",
        "own; date, amount",
        number(_.value_first),
    ),
    Feature(
        "spend_last",
        "net spend of the last purchase day",
        "currency",
        "",
        "own; date, amount",
        number(_.value_last),
    ),
    Feature(
        "spend_std",
        "standard deviation of net spend between purchase days",
        "currency",
        ONETIMERS,
        "S2 S3 S4; amount",
        deviation(_.n, _.total, _.value_squares),
    ),
    Feature(
        "spend_variation",
        "spend_std over spend_mean",
        "ratio",
        "one-timers, and where nothing was spent",
        "S2 S4; amount",
        ratio(_.spend_std, _.spend_mean),
        grain="features",
    ),
    Feature(
        "spend_trend",
        "currency by which purchase days grow from one to the next (least squares)",
        "currency per purchase day",
        ONETIMERS,
        "S4; date, amount",
        slope(_.n, _.total, _.value_weighted),
    ),
    Feature(
        "spend_trend_relative",
        "spend_trend over spend_mean",
        "share per purchase day",
        "one-timers, and where nothing was spent",
        "own; date, amount",
        ratio(_.spend_trend, _.spend_mean),
        grain="features",
    ),
    Feature(
        "spend_last_to_mean",
        "spend_last over spend_mean",
        "ratio",
        NOTHING,
        "own; date, amount",
        ratio(_.spend_last, _.spend_mean),
        grain="features",
    ),
    Feature(
        "spend_first_share",
        "share of all net spend that the first purchase day brought",
        "share",
        NOTHING,
        "own; date, amount",
        ratio(_.spend_first, _.spend_total),
        grain="features",
    ),
    Feature(
        "spend_largest_share",
        "share of all net spend that the largest purchase day brought",
        "share",
        NOTHING,
        "own; amount",
        ratio(_.spend_max, _.spend_total),
        grain="features",
    ),
    Feature(
        "spend_repeat",
        "net spend after the first purchase day",
        "currency",
        "",
        "Fader, Hardie & Lee 2005; date, amount",
        number(_.total) - number(_.value_first),
    ),
    Feature(
        "spend_repeat_mean",
        "mean net spend of the purchase days after the first",
        "currency",
        ONETIMERS,
        "Fader & Hardie 2013; date, amount",
        ratio(_.spend_repeat, _.repeat_days),
        grain="features",
    ),
    Feature(
        "spend_per_month",
        "net spend per month since the first purchase",
        "currency per month",
        "",
        "S3; date, amount",
        number(_.total) / (number(_["T"]) + 1.0) * (365.25 / 12),
    ),
    Feature(
        "spend_mean_log",
        "log(1 + spend_mean)",
        "log currency",
        "",
        "S4; amount",
        log1p(_.spend_mean),
        grain="features",
    ),
    Feature(
        "free_days_share",
        "share of purchase days on which nothing was paid",
        "share",
        "",
        "own; amount",
        (_.value == 0).cast("float64").mean(),
        grain="days",
    ),
)
