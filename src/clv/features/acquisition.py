"""How a customer came, what that cost, and whether it has paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from clv.features.feature import Feature
from clv.features.formulas import number, ratio
from clv.features.product import spread_features, spread_parts
from clv.features.quality import KINDS

if TYPE_CHECKING:
    from ibis.common.deferred import Deferred

CHANNEL, CAMPAIGN, COST = ("channel_group",), ("campaign",), ("acquisition_cost",)
NO_COST = "acquisition cost not known, or 0"

PARTS = spread_parts("channel", "channels", CHANNEL)


def _quality(kind: str) -> Deferred:
    """Of the customer's level; of one that the population does not have, average."""
    learned = _[f"{kind}_learned"].fill_null(1.0)
    return ibis.ifelse(_[kind].isnull(), ibis.null("float64"), learned)


_COST = _.acquisition_cost

FEATURES = (
    Feature(
        "first_channel",
        "channel group of the first purchase",
        "",
        "no channel known",
        "S1 S4; channel",
        _.first_channel,
        CHANNEL,
        "text",
    ),
    Feature(
        "channel_favourite",
        "channel group of most purchase days; of equals the one with more spend",
        "",
        "no channel known",
        "S2; channel",
        _.level.max(where=_.place == 0),
        CHANNEL,
        "text",
        "channels",
    ),
    *spread_features(
        "channel", "channel groups", "purchase days", "no channel known", "S2; channel", CHANNEL
    ),
    Feature(
        "first_campaign",
        "campaign that brought the customer: as the table of customers says, else that of the"
        " first purchase with one",
        "",
        "no campaign known",
        "S4; campaign",
        _.first_campaign,
        ("first_campaign",),
        "text",
    ),
    Feature(
        "first_country",
        "country of the first purchase with one",
        "",
        "no country known",
        "S5; customer_country",
        _.first_country,
        ("customer_country",),
        "text",
    ),
    Feature(
        "campaign_share",
        "share of purchase lines that a campaign brought",
        "share",
        "",
        "S2 S4; campaign",
        _.campaign.notnull().cast("float64").mean(),
        CAMPAIGN,
        grain="lines",
    ),
    *(
        Feature(
            f"{kind}_quality",
            f"what customers of the same {named} spent so far, over what all customers of their"
            " ages did, drawn toward 1 where they are few; learned from the population",
            "ratio",
            f"no {named} known",
            f"S4, there a table by hand; {reads}, date, amount",
            _quality(kind),
            (kind if kind != "first_category" else "category",),
        )
        for kind, named, reads in zip(
            KINDS,
            (
                "source (as the table of customers says, else channel group)",
                "first campaign",
                "first category",
            ),
            ("channel", "campaign", "category"),
            strict=True,
        )
    ),
    Feature(
        "acquisition_cost",
        "what acquiring the customer cost",
        "currency",
        "acquisition cost not known",
        "S4; table of customers",
        number(_COST),
        COST,
    ),
    Feature(
        "cac_efficiency",
        "net spend so far over acquisition cost",
        "ratio",
        NO_COST,
        "S4; table of customers, amount",
        ratio(_.total, _COST),
        COST,
    ),
    Feature(
        "cac_return",
        "net spend so far less acquisition cost, over acquisition cost",
        "ratio",
        NO_COST,
        "S4, as CAC ROI; table of customers, amount",
        ratio(number(_.total) - _COST, _COST),
        COST,
    ),
    Feature(
        "cac_to_first_spend",
        "acquisition cost over the net spend of the first purchase day",
        "ratio",
        "acquisition cost not known, or a free first purchase",
        "own; table of customers, amount",
        ratio(_COST, _.value_first),
        COST,
    ),
    Feature(
        "cac_paid_back",
        "1 where net spend so far has reached acquisition cost, else 0",
        "0 or 1",
        "acquisition cost not known",
        "S4; table of customers, amount",
        (number(_.total) >= _COST).cast("int64"),
        COST,
    ),
    Feature(
        "cac_payback_days",
        "days from the first purchase until net spend reached acquisition cost",
        "days",
        "acquisition cost not known, or not reached yet",
        "S4; table of customers, date, amount",
        _.days_in.min(where=_.value_so_far >= _.acquisition_cost),
        COST,
        grain="days",
    ),
)
