"""Channels that bring customers and orders: their share, their cost, and whom they bring."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from clv.core.types import Bools, Floats, Ints


class Channel(NamedTuple):
    """A channel, and how its customers differ.

    Attributes
    ----------
    name : as in the log
    share : of new customers
    rate : factor on the purchase rate
    leaving : added to the log-odds of leaving, or to the logarithm of its rate
    value : factor on order value
    cost : mean cost of acquiring a customer, in currency
    again : share of the later orders that do not come by the customer's own channel
    paid : advertised in, so that its new customers follow the spend
    """

    name: str
    share: float
    rate: float
    leaving: float
    value: float
    cost: float
    again: float
    paid: bool


CHANNELS = (
    Channel("Meta Ads", 0.28, 0.85, 0.35, 0.95, 32.0, 0.08, True),
    Channel("Google Ads", 0.24, 0.95, 0.15, 1.05, 38.0, 0.12, True),
    Channel("Email", 0.08, 1.15, -0.20, 0.95, 5.0, 0.32, True),
    Channel("Organic", 0.20, 1.05, -0.15, 1.00, 2.5, 0.20, False),
    Channel("Referral", 0.10, 1.30, -0.40, 1.10, 9.0, 0.03, False),
    Channel("Direct", 0.10, 1.10, -0.25, 1.10, 2.2, 0.25, False),
)
NAMES = tuple(channel.name for channel in CHANNELS)
PAID = tuple(place for place, channel in enumerate(CHANNELS) if channel.paid)
META, GOOGLE, EMAIL = (NAMES.index(name) for name in ("Meta Ads", "Google Ads", "Email"))
#: Later orders that come by the channel that brought the customer.
LOYAL_TO_CHANNEL = 0.35
#: Cost of acquisition varies around its channel's mean: standard deviation of its logarithm.
COST_SPREAD = 0.35

CAMPAIGNS = ("Prospecting", "Retargeting", "Brand", "Newsletter")
NO_CAMPAIGN = -1
PROSPECTING, RETARGETING, BRAND, NEWSLETTER = range(len(CAMPAIGNS))
#: Of customers that advertisements bring: Prospecting, Retargeting, Brand.
CAMPAIGN_SHARES = (0.55, 0.2, 0.25)
_AGAIN_BY = {META: RETARGETING, GOOGLE: BRAND, EMAIL: NEWSLETTER}


def of_all(attribute: str) -> Floats:
    """An attribute of each channel, in the order of `CHANNELS`."""
    return np.array([getattr(channel, attribute) for channel in CHANNELS], dtype=np.float64)


def pick(shares: Floats, size: int, rng: np.random.Generator) -> Ints:
    """Places drawn with these shares, (size,)."""
    ends = np.cumsum(shares)
    drawn = np.searchsorted(ends, rng.random(size) * ends[-1], side="right")
    return np.asarray(np.minimum(drawn, len(ends) - 1))


def first_campaigns(source: Ints, rng: np.random.Generator) -> Ints:
    """Campaign that brought each customer; `NO_CAMPAIGN` where the channel is not one of ads."""
    drawn = pick(np.array(CAMPAIGN_SHARES), len(source), rng)
    return np.where(np.isin(source, (META, GOOGLE)), drawn, NO_CAMPAIGN)


def of_orders(
    source: Ints, first: Bools, campaign: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Channel and campaign of orders.

    Parameters
    ----------
    source, campaign : (m,) of the customer who orders
    first : (m,) whether it is the customer's first order, which its own channel brings

    Returns
    -------
    (m,) places in `CHANNELS`, and in `CAMPAIGNS` or `NO_CAMPAIGN`
    """
    own = first | (rng.random(len(source)) < LOYAL_TO_CHANNEL)
    channel = np.where(own, source, pick(of_all("again"), len(source), rng))
    later = np.array([_AGAIN_BY.get(place, NO_CAMPAIGN) for place in range(len(CHANNELS))])
    return channel, np.where(first, campaign, later[channel])
