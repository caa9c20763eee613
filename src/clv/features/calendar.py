"""When in the week and in the year a customer buys, and what lies ahead of the day asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from clv.features.feature import Feature, Part
from clv.features.festivals import RUN_UP, SOUTHERN
from clv.features.formulas import circle, largest, named, ratio

if TYPE_CHECKING:
    from ibis.common.deferred import Deferred

SEASONS = ("winter", "spring", "summer", "autumn")
#: Days from Monday that are a weekend's.
SATURDAY = 5

PARTS = (
    Part("month_of_first", "days", _.month.max(where=_.is_first)),
    Part("month_of_last", "days", _.month.max(where=_.is_last)),
    Part("value_in_run_up", "days", _.value.sum(where=_.in_run_up)),
    *(
        Part(f"days_in_season_{season}", "days", _.count(where=_.season == season))
        for season in range(len(SEASONS))
    ),
    *(
        Part(f"days_on_weekday_{weekday}", "days", _.count(where=_.weekday == weekday))
        for weekday in range(7)
    ),
)

_IN_SEASONS = [_[f"days_in_season_{season}"] for season in range(len(SEASONS))]
_ON_WEEKDAYS = [_[f"days_on_weekday_{weekday}"] for weekday in range(7)]
_FIRST_SINE, _FIRST_COSINE = circle(_.month_of_first, 12)
_LAST_SINE, _LAST_COSINE = circle(_.month_of_last, 12)
_NOW_SINE, _NOW_COSINE = circle(_.today.month(), 12)
_QUARTER_SINE, _QUARTER_COSINE = circle(_.today.quarter(), 4)


def _season_of(month: Deferred) -> Deferred:
    return ((month % 12) / 3).floor().cast("int64")


def _season(place: Deferred) -> Deferred:
    """Its name where the customer is: half a year on, south of the equator."""
    turned = ibis.ifelse(_.country.isin(sorted(SOUTHERN)), 2, 0)
    return named((place + turned) % 4, SEASONS)


FEATURES = (
    Feature(
        "first_season",
        "season of the first purchase, from the months; winter is December to February, south of"
        " the equator June to August",
        "",
        "",
        "S4; date",
        _season(_season_of(_.month_of_first)),
        kind="text",
    ),
    Feature(
        "last_season",
        "season of the last purchase",
        "",
        "",
        "S4; date",
        _season(_season_of(_.month_of_last)),
        kind="text",
    ),
    Feature(
        "peak_season",
        "season with the most purchase days; of equals the first from winter (December) on",
        "",
        "",
        "S4; date",
        _season(largest(_IN_SEASONS)),
        kind="text",
    ),
    Feature(
        "peak_season_share",
        "share of purchase days in that season",
        "share",
        "",
        "S4; date",
        ratio(ibis.greatest(*_IN_SEASONS), _.n),
    ),
    Feature(
        "first_weekday",
        "weekday of the first purchase",
        "0 Monday to 6 Sunday",
        "",
        "S3 S4; date",
        _.begun_weekday,
    ),
    Feature(
        "last_weekday",
        "weekday of the last purchase",
        "0 Monday to 6 Sunday",
        "",
        "S3 S4; date",
        _.weekday.max(where=_.is_last),
        grain="days",
    ),
    Feature(
        "favourite_weekday",
        "weekday with the most purchase days; of equals the first from Monday on",
        "0 Monday to 6 Sunday",
        "",
        "S3; date",
        largest(_ON_WEEKDAYS),
    ),
    Feature(
        "favourite_weekday_share",
        "share of purchase days on that weekday",
        "share",
        "",
        "own; date",
        ratio(ibis.greatest(*_ON_WEEKDAYS), _.n),
    ),
    Feature(
        "weekend_share",
        "share of purchase days on a Saturday or Sunday",
        "share",
        "",
        "S3 S4; date",
        ratio(sum(_ON_WEEKDAYS[SATURDAY + 1 :], _ON_WEEKDAYS[SATURDAY]), _.n),
    ),
    Feature(
        "first_month",
        "month of the first purchase",
        "1 to 12",
        "",
        "S3 S4; date",
        _.month_of_first,
    ),
    Feature(
        "last_month",
        "month of the last purchase",
        "1 to 12",
        "",
        "S3 S4; date",
        _.month_of_last,
    ),
    *(
        Feature(
            f"{which}_{wave}",
            f"{wave} of the {of} on the circle of the year, so that the last is near the first",
            "-1 to 1",
            "",
            source,
            expression,
            of_day=which.startswith("as_of"),
        )
        for which, of, source, waves in (
            (
                "first_month",
                "month of the first purchase",
                "S2; date",
                (_FIRST_SINE, _FIRST_COSINE),
            ),
            ("last_month", "month of the last purchase", "S2; date", (_LAST_SINE, _LAST_COSINE)),
            ("as_of_month", "month of as_of", "S2; as_of", (_NOW_SINE, _NOW_COSINE)),
            ("as_of_quarter", "quarter of as_of", "S2; as_of", (_QUARTER_SINE, _QUARTER_COSINE)),
        )
        for wave, expression in zip(("sine", "cosine"), waves, strict=True)
    ),
    Feature(
        "days_to_major_holiday",
        "days from as_of to the next major holiday of the customer's country",
        "days",
        "",
        "S4; as_of, country",
        _.to_major,
        of_day=True,
    ),
    Feature(
        "days_since_major_holiday",
        "days from the last major holiday to as_of",
        "days",
        "",
        "own; as_of, country",
        _.since_major,
        of_day=True,
    ),
    Feature(
        "days_to_public_holiday",
        "days from as_of to the next public holiday of the customer's country",
        "days",
        "countries whose calendar has none",
        "S4; as_of, country",
        _.to_public,
        of_day=True,
    ),
    Feature(
        "run_up_share",
        f"share of purchase days on a major holiday or in the {RUN_UP} days before one",
        "share",
        "",
        "S4; date, country",
        _.in_run_up.cast("float64").mean(),
        grain="days",
    ),
    Feature(
        "run_up_spend_share",
        "share of net spend on those days",
        "share",
        "nothing spent so far",
        "own; date, amount, country",
        ratio(_.value_in_run_up.fill_null(ibis.literal(0, "decimal(38, 4)")), _.total),
    ),
    Feature(
        "first_in_run_up",
        "1 where the first purchase was on one of those days, as gifts are, else 0",
        "0 or 1",
        "",
        "own; date, country",
        _.in_run_up.cast("int64").max(where=_.is_first),
        grain="days",
    ),
    Feature(
        "days_to_anniversary",
        "days from as_of to the next yearly return of the first purchase's day, in years of 365"
        " days",
        "days",
        "",
        "own; date",
        (365 - _["T"] % 365).cast("int64"),
    ),
)
