"""A whole shop drawn at once: its market, its customers, what they bought and will buy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from clv.data.synthetic import channels
from clv.data.synthetic.baskets import (
    Details,
    Lines,
    Orders,
    draw_details,
    draw_lines,
    draw_lines_ahead,
    draw_orders,
    draw_seconds,
    kept_value,
)
from clv.data.synthetic.population import Population, draw_population
from clv.data.synthetic.products import Products, draw_products
from clv.data.synthetic.purchases import draw_repeats, expected_purchases, stays_after_first
from clv.data.synthetic.seasons import Market, draw_market

if TYPE_CHECKING:
    from clv.core.types import Bools, Floats, Ints
    from clv.data.synthetic.shop import Shop


class World(NamedTuple):
    """All there is to know of a made-up shop.

    Attributes
    ----------
    shop : what was asked for
    market, products, people : its days, products and n customers
    rate_scale : of the gamma distribution of purchase rates, in purchases a day at demand 1
    orders, lines, details : of the log's days
    second : (m,) time of day of each order, in seconds
    channel, campaign : (m,) that brought each order, places in `channels`
    ahead, lines_ahead : orders of the days after the log; `ahead.day` counts on from the log's
    left : (n,) day on which a customer left; -1 for who has not by the last day drawn
    """

    shop: Shop
    market: Market
    products: Products
    people: Population
    rate_scale: float
    orders: Orders
    lines: Lines
    details: Details
    second: Ints
    channel: Ints
    campaign: Ints
    ahead: Orders
    lines_ahead: Lines
    left: Ints

    @property
    def active(self) -> Bools:
        """Customers who have not left by the end of the log, (n,)."""
        return (self.left < 0) | (self.left >= self.shop.days)

    @property
    def sent_back(self) -> Ints:
        """Rows of the lines that came back within the log."""
        returned = self.lines.returned
        return np.flatnonzero((returned >= 0) & (returned < self.shop.days))

    @property
    def rows(self) -> int:
        """Rows of the log: lines, and returns of them."""
        return len(self.lines.order) + len(self.sent_back)

    def expected_ahead(self) -> Floats:
        """Purchase days expected within the horizon after the log, (n,); 0 for who has left.

        Exact, given each customer's parameters and whether they have left.
        """
        expected = np.zeros(self.shop.customers)
        here = np.flatnonzero(self.active)
        expected[here] = expected_purchases(
            self.people.rate[here],
            self.people.dropout[here],
            np.full(len(here), -1),
            self.market.demand[self.shop.days :],
            self.shop.dropout,
        )
        return expected

    def made_ahead(self) -> tuple[Ints, Floats]:
        """Purchase days within the horizon as they were drawn, and what was kept of them, (n,)."""
        n = self.shop.customers
        made = np.bincount(self.ahead.customer, minlength=n)
        return made, kept_value(self.ahead, self.lines_ahead, n)


def draw(shop: Shop) -> World:
    """Draw a shop; the same settings and seed give the same one.

    Raises
    ------
    SettingError : more transactions were asked for than so many customers can make
    """
    market = draw_market(shop, shop.rng("market"))
    people, rate_scale = draw_population(shop, market, shop.rng("population"))
    customer, day, left = _purchases(shop, market, people)
    rng = shop.rng("baskets")
    log = day < shop.days
    orders = draw_orders(people, customer[log], day[log], shop.spend[0], rng)
    lines = draw_lines(people, orders, shop.days - 1, shop.transactions, rng)
    details = draw_details(people, orders, lines, market, rng)
    second = draw_seconds(len(orders.customer), rng)
    channel, campaign = channels.of_orders(
        people.source[orders.customer],
        orders.day == people.arrival[orders.customer],
        people.campaign[orders.customer],
        shop.rng("channels"),
    )
    rng = shop.rng("ahead")
    ahead = draw_orders(people, customer[~log], day[~log], shop.spend[0], rng)
    further = len(lines.order) / len(orders.customer) - 1.0
    lines_ahead = draw_lines_ahead(people, ahead, further, rng)
    products = draw_products(shop.rng("products"))
    return World(
        shop, market, products, people, rate_scale, orders, lines, details, second, channel,
        campaign, ahead, lines_ahead, left,
    )  # fmt: skip


def _purchases(shop: Shop, market: Market, people: Population) -> tuple[Ints, Ints, Ints]:
    """Customer and day of every purchase by customer, then day; and when customers leave."""
    rng = shop.rng("purchases")
    stays = stays_after_first(people.dropout, shop.dropout, rng)
    left = np.where(stays, -1, people.arrival)
    here = np.flatnonzero(stays)
    again = draw_repeats(
        people.rate[here],
        people.dropout[here],
        people.arrival[here],
        market.demand,
        shop.dropout,
        rng,
    )
    left[here] = again.left
    customer = np.concatenate([np.arange(shop.customers), here[again.customer]])
    day = np.concatenate([people.arrival, again.day])
    order = np.argsort(customer * len(market.demand) + day)
    return customer[order], day[order], left
