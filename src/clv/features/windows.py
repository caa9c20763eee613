"""What the last days brought, and whether that is more than the days before them did."""

from __future__ import annotations

import ibis
from ibis import _

from clv.features.feature import Feature, Part
from clv.features.formulas import change, number, ratio

#: Days that the windows reach back from as_of, as_of included.
WINDOWS = (7, 14, 30, 60, 90, 180, 365)
_NOTHING = ibis.literal(0, "decimal(38, 4)")


def _parts(days: int) -> tuple[Part, ...]:
    inside, before = _.ago < days, (_.ago >= days) & (_.ago < 2 * days)
    return (
        Part(f"n_in_{days}", "days", _.count(where=inside)),
        Part(f"n_before_{days}", "days", _.count(where=before)),
        Part(f"total_in_{days}", "days", _.value.sum(where=inside).fill_null(_NOTHING)),
        Part(f"total_before_{days}", "days", _.value.sum(where=before).fill_null(_NOTHING)),
    )


def _features(days: int) -> tuple[Feature, ...]:
    n, n_before = _[f"n_in_{days}"], _[f"n_before_{days}"]
    total, total_before = _[f"total_in_{days}"], _[f"total_before_{days}"]
    return (
        Feature(
            f"purchase_days_{days}d",
            f"days with a purchase among the last {days}",
            "days",
            "",
            "S2 S3 S4; date",
            n,
        ),
        Feature(
            f"spend_{days}d",
            f"net spend in the last {days} days",
            "currency",
            "",
            "S2 S3 S4; date, amount",
            number(total),
        ),
        Feature(
            f"purchase_days_change_{days}d",
            f"change of purchase days from the {days} days before to the last {days}, over their"
            " sum",
            "-1 to 1",
            f"no purchase in the last {2 * days} days",
            "own; date",
            change(n, n_before),
        ),
        Feature(
            f"spend_change_{days}d",
            f"change of net spend from the {days} days before to the last {days}, over their sum",
            "-1 to 1",
            f"nothing spent in the last {2 * days} days",
            "own; date, amount",
            change(total, total_before),
        ),
        Feature(
            f"purchase_days_share_{days}d",
            f"share of all purchase days that are among the last {days}",
            "share",
            "",
            "own; date",
            ratio(n, _.n),
        ),
        Feature(
            f"spend_share_{days}d",
            f"share of all net spend that the last {days} days brought",
            "share",
            "nothing spent so far",
            "own; date, amount",
            ratio(total, _.total),
        ),
    )


PARTS = tuple(part for days in WINDOWS for part in _parts(days))
FEATURES = tuple(feature for days in WINDOWS for feature in _features(days))
