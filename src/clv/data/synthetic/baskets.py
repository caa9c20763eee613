"""What is in an order: lines with products, prices and discounts, and what is sent back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from clv.data.synthetic import channels, products

if TYPE_CHECKING:
    from clv.core.types import Floats, Ints
    from clv.data.synthetic.population import Population
    from clv.data.synthetic.seasons import Market

#: Lines share an order's value as this gamma distribution says: larger is more evenly.
EVENNESS = 2.0
#: Days until a return: 1 and up, geometric with this mean, at most `LATEST_RETURN`.
RETURN_DAYS, LATEST_RETURN = 9.0, 45
PREFERRED = 0.55
ECO_LOW, ECO_SLOPE = 0.05, 0.85
MOST_UNITS, UNITS_SPREAD, COST_SPREAD = 24, 0.45, 0.05
RATES = (0.05, 0.10, 0.15, 0.20, 0.25)
RATE_SHARES = (0.2, 0.35, 0.2, 0.2, 0.05)
#: Discounts are so much more frequent on peak days.
PEAK_DISCOUNTS = 1.6
NOON, EVENING, LAST_SECOND = 12.5 * 3600, 20.0 * 3600, 86_399


class Orders(NamedTuple):
    """Orders by customer, then by day; (m,) each.

    Attributes
    ----------
    customer : row of the customer
    day : of the order
    value : what is paid for it, in currency, before returns
    """

    customer: Ints
    day: Ints
    value: Floats


class Lines(NamedTuple):
    """Lines of orders, (l,) each.

    Attributes
    ----------
    order : row of the order
    value : what is paid for the line, in currency
    returned : day on which it is sent back; -1 for never
    """

    order: Ints
    value: Floats
    returned: Ints


class Details(NamedTuple):
    """What else a line tells, (l,) each; money in cents.

    Attributes
    ----------
    product : place in `products.Products`
    quantity : units
    unit_price, discount, cost : of one unit; given on the line; of the goods of the line
    amount : paid: quantity x unit price - discount
    """

    product: Ints
    quantity: Ints
    unit_price: Ints
    discount: Ints
    cost: Ints
    amount: Ints


def draw_orders(
    people: Population, customer: Ints, day: Ints, p: float, rng: np.random.Generator
) -> Orders:
    """Orders with their values, gamma-distributed with shape p around the customer's mean."""
    value = people.value[customer] * rng.gamma(p, size=len(customer)) / p
    return Orders(customer, day, value)


def draw_lines(
    people: Population, orders: Orders, last_day: int, rows: int, rng: np.random.Generator
) -> Lines:
    """Part orders into lines, so that lines and their returns by the last day are so many rows.

    Every order has a line, and further ones fall on orders at random. Where the orders alone
    are more than the rows asked for, each keeps its one line.
    """
    m = len(orders.customer)
    order = np.concatenate([np.arange(m), rng.integers(m, size=max(rows - m, 0))])
    returned = _returns(people, orders, order, rng)
    back = (returned >= 0) & (returned <= last_day)
    made = np.cumsum(1 + back)
    n = max(int(np.searchsorted(made, rows, side="right")), m)
    if n < len(order) and made[n - 1] == rows - 1:
        # One row is left, and the next line would take two.
        returned[n], n = -1, n + 1
    return Lines(order[:n], _parted(orders, order[:n], rng), returned[:n])


def draw_lines_ahead(
    people: Population, orders: Orders, further: float, rng: np.random.Generator
) -> Lines:
    """Part orders into lines, with so many further ones an order on average."""
    m = len(orders.customer)
    extra = rng.integers(m, size=rng.poisson(further * m)) if m else np.zeros(0, dtype=np.int64)
    order = np.concatenate([np.arange(m), extra])
    returned = _returns(people, orders, order, rng)
    return Lines(order, _parted(orders, order, rng), returned)


def _returns(people: Population, orders: Orders, order: Ints, rng: np.random.Generator) -> Ints:
    sent_back = rng.random(len(order)) < people.returns[orders.customer[order]]
    after = np.minimum(rng.geometric(1.0 / RETURN_DAYS, len(order)), LATEST_RETURN)
    return np.where(sent_back, orders.day[order] + after, -1)


def _parted(orders: Orders, order: Ints, rng: np.random.Generator) -> Floats:
    part = rng.gamma(EVENNESS, size=len(order))
    whole = np.bincount(order, part, minlength=len(orders.value))
    return np.asarray(orders.value[order] * part / whole[order])


def draw_details(
    people: Population, orders: Orders, lines: Lines, market: Market, rng: np.random.Generator
) -> Details:
    """Products, quantities, prices, discounts and costs of lines."""
    n = len(lines.order)
    who = orders.customer[lines.order]
    rate = _discount_rates(people, orders, market, rng)[lines.order]
    full = np.maximum(lines.value, 0.01) / (1.0 - rate)
    category = _categories(people.category[who], full, rng)
    is_eco = rng.random(n) < ECO_LOW + ECO_SLOPE * people.eco[who]
    about = products.of_kinds("price")[category] * rng.lognormal(0.0, UNITS_SPREAD, n)
    quantity = np.clip(np.rint(full / about), 1, MOST_UNITS).astype(np.int64)
    unit_price = np.maximum(np.rint(100.0 * full / quantity), 1.0).astype(np.int64)
    whole = quantity * unit_price
    discount = np.rint(whole * rate).astype(np.int64)
    share = products.of_kinds("cost")[category] * rng.lognormal(0.0, COST_SPREAD, n)
    cost = np.rint(whole * share).astype(np.int64)
    product = products.product_of(category, is_eco, unit_price / 100.0)
    return Details(product, quantity, unit_price, discount, cost, whole - discount)


def _categories(preferred: Ints, full: Floats, rng: np.random.Generator) -> Ints:
    """The preferred category or another, as long as the line can pay for its cheapest product."""
    popular = products.of_kinds("share")
    usual, another = (channels.pick(popular, len(full), rng) for _ in range(2))
    first = np.where(rng.random(len(full)) < PREFERRED, preferred, usual)
    least = products.of_kinds("price") / products.PRICE_RANGE
    fits = [full >= least[chosen] for chosen in (first, usual, another)]
    return np.select(fits, [first, usual, another], default=int(np.argmin(least)))


def _discount_rates(
    people: Population, orders: Orders, market: Market, rng: np.random.Generator
) -> Floats:
    m = len(orders.customer)
    chance = people.bargains[orders.customer]
    chance = chance * np.where(market.peak[orders.day], PEAK_DISCOUNTS, 1.0)
    rate = np.array(RATES)[channels.pick(np.array(RATE_SHARES), m, rng)]
    return np.where(rng.random(m) < chance, rate, 0.0)


def draw_seconds(m: int, rng: np.random.Generator) -> Ints:
    """Time of day of m orders, in seconds: most of them about noon or in the evening."""
    evening = rng.random(m) < 0.6
    around = np.where(evening, EVENING, NOON)
    second = around + 2.3 * 3600 * rng.standard_normal(m)
    return np.clip(second, 0, LAST_SECOND).astype(np.int64)


def kept_value(orders: Orders, lines: Lines, n: int) -> Floats:
    """What each of n customers pays for the lines they keep, (n,) in currency."""
    kept = np.where(lines.returned < 0, np.round(lines.value, 2), 0.0)
    return np.asarray(np.bincount(orders.customer[lines.order], kept, minlength=n), np.float64)


def kept_by(people: Population, purchases: Floats) -> Floats:
    """What customers are expected to pay for what they keep, of so many purchases, (n,)."""
    return np.asarray(purchases * people.value * (1.0 - people.returns))
