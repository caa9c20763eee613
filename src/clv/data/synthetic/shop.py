"""What a made-up shop is asked to be: its size, its days, and how its customers behave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np

from clv.core.errors import SettingError
from clv.core.types import AsOf, Horizon

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clv.core.types import Ints

Dropout = Literal["purchase", "anytime"]
DROPOUTS = ("purchase", "anytime")
#: Each part draws from a stream of its own, so that a change of one leaves the others alone.
PARTS = (
    *("market", "population", "purchases", "baskets", "ahead", "products", "channels", "returns"),
    *("sessions", "defects"),
)
EARLIEST, LATEST = date(1971, 1, 1), date(2098, 12, 31)
CURRENCY = "USD"


@dataclass(frozen=True)
class Shop:
    """A shop, and the distributions its customers come from.

    Attributes
    ----------
    customers : who buy at least once within the log
    transactions : rows of the log, returns included, planted defects not
    start, days : first day of the log, and how many there are
    horizon : days after the log whose purchases are drawn, and told as truth alone
    seed : the same seed gives the same shop
    dropout : customers leave after a purchase, with a chance of their own (MBG/NBD), or at any
        time, at a rate of their own (Pareto/NBD)
    season : how strongly demand follows the market, 1 as usual: year, weekday, holidays,
        marketing and prices; 0 not at all
    effects : how much channel, age and eco-mindedness say of rate, dropout and spend, 1 as
        usual; 0 nothing
    growth : yearly growth of new customers, 0.2 for 20 %
    returns : mean share of order lines sent back
    rate_shape : of the gamma distribution of purchase rates; its scale follows from transactions
    leaving : (a, b) of the beta distribution of the chance to leave after a purchase
    lifetime : (s, beta) of the gamma distribution of the rate of leaving at any time, beta in days
    spend : (p, q) of the Gamma-Gamma distribution of order values
    order_value : mean value of an order over all customers, in currency, before effects
    """

    customers: int = 2_000
    transactions: int = 10_000
    start: date = date(2022, 1, 1)
    days: int = 1_095
    horizon: int = 365
    seed: int = 0
    dropout: Dropout = "purchase"
    season: float = 1.0
    effects: float = 1.0
    growth: float = 0.2
    returns: float = 0.05
    rate_shape: float = 0.8
    leaving: tuple[float, float] = (0.9, 2.5)
    lifetime: tuple[float, float] = (0.8, 250.0)
    spend: tuple[float, float] = (5.0, 4.0)
    order_value: float = 60.0

    def __post_init__(self) -> None:
        _within("customers", self.customers, 10, 50_000_000)
        _within("transactions", self.transactions, self.customers, 500_000_000)
        _within("days", self.days, 30, 20_000)
        Horizon(self.horizon)
        _within("seed", self.seed, 0, 2**63 - 1)
        _within("season", self.season, 0, 3)
        _within("effects", self.effects, 0, 3)
        _within("growth", self.growth, -0.9, 20)
        _within("returns", self.returns, 0, 0.8)
        if self.dropout not in DROPOUTS:
            raise SettingError(f"dropout: {self.dropout!r} is neither {' nor '.join(DROPOUTS)}.")
        if self.start < EARLIEST or self.ends > LATEST:
            raise SettingError(
                f"start: the shop's days and those after them, {self.start} to {self.ends}, reach"
                f" beyond {EARLIEST} to {LATEST}. Choose another --start, or fewer --days."
            )

    @property
    def as_of(self) -> AsOf:
        """Last day of the log."""
        return AsOf(self.start + timedelta(days=self.days - 1))

    @property
    def ends(self) -> date:
        """Last day whose purchases are drawn."""
        return self.start + timedelta(days=self.days + self.horizon - 1)

    def rng(self, part: str) -> np.random.Generator:
        """The stream of a part of `PARTS`."""
        return np.random.default_rng((self.seed, PARTS.index(part)))

    def dates(self, days: Ints | int) -> NDArray[np.datetime64]:
        """Dates of days counted from the first day of the log."""
        return np.asarray(
            np.datetime64(self.start, "D") + np.asarray(days).astype("timedelta64[D]")
        )


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        beyond = " (each customer buys at least once)" if name == "transactions" else ""
        raise SettingError(f"{name}: {value:,} is outside {low:,} to {high:,}{beyond}.")
