"""Which customers are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

#: One name, or several of which one is enough.
Names = str | Sequence[str]


class Conditions(TypedDict, total=False):
    """Customers who meet all of these, and their order.

    Attributes
    ----------
    min_risk, max_risk : probability of no order within the horizon
    min_spent, max_spent : net spend so far
    search : beginning of the id
    sort : field; a minus before it puts the highest first
    """

    segment: Names
    tier: Names
    level: Names
    group: Names
    channel: Names
    mismatch: Names
    min_clv: float | None
    max_clv: float | None
    min_alive: float | None
    max_alive: float | None
    min_risk: float | None
    max_risk: float | None
    min_spent: float | None
    max_spent: float | None
    search: str | None
    sort: str | None
