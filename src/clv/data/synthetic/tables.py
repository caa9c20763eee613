"""The files of a made-up shop as tables: orders, customers, sustainability, market and truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clv.data.synthetic import channels, population, seasons
from clv.data.synthetic.baskets import draw_seconds
from clv.data.synthetic.products import CATEGORIES
from clv.data.synthetic.shop import CURRENCY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.types import Floats, Ints
    from clv.data.synthetic.world import World

DAYS_PER_MONTH = 30.4375
#: Part of the spend on a channel that ends up as the cost of customers it brought.
ATTRIBUTED = 0.7

TRANSACTIONS = pa.schema(
    [
        ("order_id", pa.string()),
        ("customer_id", pa.string()),
        ("date", pa.date32()),
        ("timestamp", pa.timestamp("s")),
        ("amount", pa.float64()),
        ("quantity", pa.int64()),
        ("unit_price", pa.float64()),
        ("product", pa.string()),
        ("category", pa.string()),
        ("channel", pa.string()),
        ("campaign", pa.string()),
        ("discount", pa.float64()),
        ("cost", pa.float64()),
        ("currency", pa.string()),
        ("is_return", pa.bool_()),
        ("eco_share", pa.float64()),
        ("impact_score", pa.float64()),
        ("customer_country", pa.string()),
    ]
)
CUSTOMERS = pa.schema(
    [
        ("customer_id", pa.string()),
        ("age", pa.int64()),
        ("gender", pa.string()),
        ("country", pa.string()),
        ("acquisition_date", pa.date32()),
        ("acquisition_source", pa.string()),
        ("campaign_type", pa.string()),
        ("acquisition_cost", pa.float64()),
        ("email_engagement_rate", pa.float64()),
    ]
)
#: What is known of customers before their orders, and what the log adds up to by its last day.
PROFILES = pa.schema(
    [
        *CUSTOMERS,
        ("first_purchase_date", pa.date32()),
        ("last_purchase_date", pa.date32()),
        ("days_since_first_purchase", pa.int64()),
        ("days_since_last_purchase", pa.int64()),
        ("total_orders", pa.int64()),
        ("total_spent", pa.float64()),
        ("avg_order_value", pa.float64()),
        ("purchase_frequency", pa.float64()),
        ("monthly_spending", pa.float64()),
        ("num_categories", pa.int64()),
        ("category_diversity", pa.float64()),
        ("preferred_category", pa.string()),
        ("return_rate", pa.float64()),
        ("discount_usage_rate", pa.float64()),
        ("eco_share", pa.float64()),
        ("impact_score", pa.float64()),
    ]
)
TARGET = pa.field("actual_clv", pa.float64())
SUSTAINABILITY = pa.schema(
    [
        ("product", pa.string()),
        ("category", pa.string()),
        ("is_eco", pa.bool_()),
        ("eco_share", pa.float64()),
        ("carbon_kg", pa.float64()),
        ("packaging_recycled", pa.float64()),
        ("impact_score", pa.float64()),
    ]
)
MARKET = pa.schema(
    [
        ("date", pa.date32()),
        ("marketing_spend", pa.float64()),
        *(
            (f"spend_{channels.NAMES[place].lower().replace(' ', '_')}", pa.float64())
            for place in channels.PAID
        ),
        ("price_index", pa.float64()),
        ("competitor_index", pa.float64()),
        ("is_holiday", pa.bool_()),
        ("sessions", pa.int64()),
    ]
)


def customer_ids(world: World) -> pa.Array:
    """Names of all customers, in the order they came."""
    return _numbered("C", np.arange(1, world.shop.customers + 1), world.shop.customers)


def transactions(world: World) -> pa.Table:
    """The log in the order of time: a row a line, and a row with the signs turned a return."""
    shop, lines, details = world.shop, world.lines, world.details
    back = world.sent_back
    line = np.concatenate([np.arange(len(lines.order)), back])
    sign = np.repeat([1, -1], [len(lines.order), len(back)])
    day = np.concatenate([world.orders.day[lines.order], lines.returned[back]])
    at_desk = draw_seconds(len(back), shop.rng("returns"))
    moment = day * 86_400 + np.concatenate([world.second[lines.order], at_desk])
    in_time = np.argsort(moment, kind="stable")
    line, sign, moment, day = (part[in_time] for part in (line, sign, moment, day))
    order = lines.order[line]
    customer = world.orders.customer[order]
    number = np.empty(len(world.second), dtype=np.int64)
    placed = np.argsort(world.orders.day * 86_400 + world.second, kind="stable")
    number[placed] = np.arange(1, len(placed) + 1)
    product = details.product[line]
    start = np.datetime64(shop.start, "s")
    return pa.table(
        [
            _numbered("O", number, len(number)).take(pa.array(order)),
            customer_ids(world).take(pa.array(customer)),
            pa.array(shop.dates(day)),
            pa.array(start + moment.astype("timedelta64[s]")),
            sign * details.amount[line] / 100.0,
            sign * details.quantity[line],
            details.unit_price[line] / 100.0,
            pa.array(world.products.name).take(pa.array(product)),
            named(CATEGORIES, world.products.category[product]),
            named(channels.NAMES, world.channel[order]),
            named(channels.CAMPAIGNS, world.campaign[order]),
            sign * details.discount[line] / 100.0,
            sign * details.cost[line] / 100.0,
            pa.repeat(CURRENCY, len(line)),
            pa.array(sign < 0),
            world.products.eco_share[product],
            world.products.impact_score[product],
            named(population.COUNTRIES, world.people.country[customer]),
        ],
        schema=TRANSACTIONS,
    )


def customers(world: World) -> pa.Table:
    """What is known of each customer besides their orders, from the start."""
    shop, people = world.shop, world.people
    return pa.table(
        [
            customer_ids(world),
            people.age,
            named(population.GENDERS, people.gender),
            named(population.COUNTRIES, people.country),
            pa.array(shop.dates(people.arrival - people.waited)),
            named(channels.NAMES, people.source),
            named(channels.CAMPAIGNS, people.campaign),
            people.cost,
            people.email,
        ],
        schema=CUSTOMERS,
    )


def profiles(world: World) -> pa.Table:
    """Customers with what they did by the end of the log, all of it counted from the log."""
    shop, people, orders = world.shop, world.people, world.orders
    lines, details, n = world.lines, world.details, world.shop.customers
    who, back = orders.customer[lines.order], world.sent_back
    placed = np.bincount(orders.customer, minlength=n)
    last = orders.day[np.cumsum(placed) - 1]
    sold = np.bincount(who, details.amount, minlength=n)
    spent = sold - np.bincount(who[back], details.amount[back], minlength=n)
    discounted = np.bincount(lines.order, details.discount, minlength=len(orders.day)) > 0
    age = shop.days - 1 - people.arrival
    months = np.maximum(age, DAYS_PER_MONTH) / DAYS_PER_MONTH
    category = world.products.category[details.product]
    kinds = np.bincount(who * len(CATEGORIES) + category, minlength=n * len(CATEGORIES))
    kinds = kinds.reshape(n, len(CATEGORIES))

    def mean_by_value(measure: Floats) -> Floats:
        weight = details.amount.astype(np.float64)
        total = np.bincount(who, weight * measure[details.product], minlength=n)
        return np.round(total / sold, 4)

    return pa.table(
        [
            *customers(world).columns,
            pa.array(shop.dates(people.arrival)),
            pa.array(shop.dates(last)),
            age,
            shop.days - 1 - last,
            placed,
            spent / 100.0,
            np.round(sold / placed / 100.0, 4),
            np.round(placed / months, 4),
            np.round(spent / 100.0 / months, 4),
            (kinds > 0).sum(axis=1),
            np.round(_effective(kinds), 4),
            named(CATEGORIES, kinds.argmax(axis=1)),
            np.round(np.bincount(who[back], minlength=n) / np.bincount(who, minlength=n), 4),
            np.round(np.bincount(orders.customer, discounted, minlength=n) / placed, 4),
            mean_by_value(world.products.eco_share),
            mean_by_value(world.products.impact_score),
        ],
        schema=PROFILES,
    )


def with_target(table: pa.Table, actual: pa.ChunkedArray) -> pa.Table:
    """Profiles with what each customer really brought after the log."""
    return table.append_column(TARGET, actual)


def sustainability(world: World) -> pa.Table:
    """What each product costs the planet."""
    made = world.products
    kinds = named(CATEGORIES, made.category)
    return pa.table([pa.array(made.name), kinds, *made[2:]], schema=SUSTAINABILITY)


def market(world: World) -> pa.Table:
    """Each day of the log: marketing, prices, holidays and visits."""
    shop, days = world.shop, slice(0, world.shop.days)
    cost = np.bincount(world.people.source, world.people.cost, minlength=len(channels.CHANNELS))
    level = cost[list(channels.PAID)] / shop.days / ATTRIBUTED
    spend = np.round(level * world.market.effort[days], 2)
    placed = np.bincount(world.orders.day, minlength=shop.days).astype(np.float64)
    demand = world.market.demand[days]
    return pa.table(
        [
            pa.array(world.market.date[days]),
            np.round(spend.sum(axis=1), 2),
            *spend.T,
            np.round(world.market.price[days], 3),
            np.round(world.market.competitor[days], 3),
            pa.array(world.market.holiday[days]),
            seasons.sessions(demand, placed, shop.rng("sessions")),
        ],
        schema=MARKET,
    )


def _effective(counts: Ints) -> Floats:
    """Effective number of kinds: the exponential of the entropy of each row's shares."""
    share = counts / counts.sum(axis=1, keepdims=True)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    return np.asarray(np.exp(-(share * logs).sum(axis=1)))


def named(names: Sequence[str], place: Any) -> pa.Array:
    """Names by place; null where the place is negative."""
    places = np.asarray(place)
    return pa.array(names, pa.string()).take(pa.array(places, mask=places < 0))


def _numbered(letter: str, number: Ints, most: int) -> pa.Array:
    digits = pc.utf8_lpad(pa.array(number).cast(pa.string()), max(6, len(str(most))), "0")
    return pc.binary_join_element_wise(letter, digits, "")
