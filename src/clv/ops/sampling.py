"""Made-up customers as profiles, to try things with."""

from __future__ import annotations

from dataclasses import dataclass

from clv.core.types import AsOf, Json
from clv.data.synthetic import tables
from clv.data.synthetic.shop import CURRENCY, Shop
from clv.data.synthetic.world import draw

#: A shop of fewer is none.
FEWEST_DRAWN = 10
#: Order lines for each customer.
LINES = 5


@dataclass(frozen=True)
class Sample:
    """
    Attributes
    ----------
    rows : one a customer, with the columns of `clv.data.synthetic.tables.PROFILES`
    as_of : day on which they hold
    """

    rows: list[Json]
    as_of: AsOf
    currency: str = CURRENCY


def sampled(customers: int, seed: int) -> Sample:
    """Customers of a made-up shop, the same for the same seed.

    Raises
    ------
    SettingError : a number out of its range
    """
    drawn = max(customers, FEWEST_DRAWN)
    world = draw(Shop(customers=drawn, transactions=LINES * drawn, seed=seed))
    rows = tables.profiles(world).slice(0, customers).to_pylist()
    return Sample(rows, world.shop.as_of)
