"""The customers: when and by which channel they come, who they are, how they will behave."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import expit, logit

from clv.data.synthetic import channels
from clv.data.synthetic.products import of_kinds
from clv.data.synthetic.purchases import rate_factor

if TYPE_CHECKING:
    from clv.core.types import Floats, Ints
    from clv.data.synthetic.seasons import Market
    from clv.data.synthetic.shop import Shop

COUNTRIES = ("US", "CA", "GB", "DE", "FR")
COUNTRY_SHARES = (0.62, 0.13, 0.12, 0.08, 0.05)
GENDERS = ("female", "male", "other")
GENDER_SHARES = (0.56, 0.42, 0.02)
YOUNGEST, OLDEST = 18, 85
AGE, AGE_SPREAD = 41.0, 13.0
ECO = (2.0, 3.5)
BARGAINS = (1.2, 4.0)
#: Share of customers who buy on the day they sign up, and mean days that the others wait.
AT_ONCE, WAIT_DAYS = 0.6, 12.0
#: How strongly return rates differ between customers: larger is less.
RETURNS_ALIKE = 8.0
#: Logarithms of rate, leaving and value by what is known of a customer.
LEAVING_BY_ECO, VALUE_BY_AGE = -0.9, 0.12
EMAIL_LEVEL, EMAIL_BY_RATE, EMAIL_NOISE, EMAIL_OWN = -0.5, 0.35, 0.8, 0.6
#: Rows a customer buys beyond the first: half of them new orders, half further lines of orders.
NEW_ORDERS = 0.5


class Population(NamedTuple):
    """Customers in the order they come, (n,) each.

    Attributes
    ----------
    arrival : day of the first purchase, from the first day of the log
    waited : days from signing up to the first purchase
    source, campaign : places in `channels.CHANNELS`, `channels.CAMPAIGNS`
    cost : of acquiring the customer, in currency
    age : in years
    gender, country : places in `GENDERS`, `COUNTRIES`
    eco : eco-mindedness, 0 to 1
    bargains : chance that an order has a discount
    category : preferred one, a place in `products.CATEGORIES`
    email : share of e-mails opened, 0 to 1
    rate : purchases a day at demand 1
    dropout : chance to leave after a purchase, or rate of leaving a day
    value : mean order value in currency, before returns
    returns : chance that an order line is sent back
    """

    arrival: Ints
    waited: Ints
    source: Ints
    campaign: Ints
    cost: Floats
    age: Ints
    gender: Ints
    country: Ints
    eco: Floats
    bargains: Floats
    category: Ints
    email: Floats
    rate: Floats
    dropout: Floats
    value: Floats
    returns: Floats


def draw_population(
    shop: Shop, market: Market, rng: np.random.Generator
) -> tuple[Population, float]:
    """Draw the customers of a shop.

    Returns
    -------
    the customers, and the scale in days**-1 of the gamma distribution of their rates

    Raises
    ------
    SettingError : more transactions were asked for than so many customers can make
    """
    n, effects = shop.customers, shop.effects
    arrival, source = _arrivals(shop, market, rng)
    spread = channels.COST_SPREAD
    cost = channels.of_all("cost")[source] * rng.lognormal(-(spread**2) / 2.0, spread, n)
    known = rng.standard_normal(n)
    age = np.clip(np.rint(AGE + AGE_SPREAD * known), YOUNGEST, OLDEST).astype(np.int64)
    eco = rng.beta(*ECO, n)
    away = eco - ECO[0] / sum(ECO)
    leaving = effects * (channels.of_all("leaving")[source] + LEAVING_BY_ECO * away)
    dropout = _dropout(shop, leaving, rng)
    q = shop.spend[1]
    value = shop.order_value * (q - 1.0) / rng.gamma(q, size=n)
    value *= channels.of_all("value")[source] ** effects
    value *= np.exp(effects * VALUE_BY_AGE * (age - AGE) / AGE_SPREAD)
    rate = rng.gamma(shop.rate_shape, size=n)
    # A rate of exactly 0 would have no logarithm.
    rate = np.maximum(rate, 1e-12) * channels.of_all("rate")[source] ** effects
    lines = shop.transactions / (1.0 + shop.returns)
    repeats = max(NEW_ORDERS * (lines - n), 1e-3 * n)
    demand = market.demand[: shop.days]
    scale = rate_factor(rate, dropout, arrival, demand, shop.dropout, repeats)
    eager = np.clip(np.log(rate / rate.mean()), -3.0, 3.0)
    opens = EMAIL_LEVEL + effects * EMAIL_BY_RATE * eager + EMAIL_NOISE * rng.standard_normal(n)
    opens += effects * EMAIL_OWN * (source == channels.EMAIL)
    alike = RETURNS_ALIKE
    returns = np.zeros(n)
    if shop.returns > 0:
        returns = rng.beta(alike * shop.returns, alike * (1.0 - shop.returns), n)
    people = Population(
        arrival=arrival,
        waited=np.where(rng.random(n) < AT_ONCE, 0, rng.geometric(1.0 / WAIT_DAYS, n)),
        source=source,
        campaign=channels.first_campaigns(source, rng),
        cost=np.maximum(np.round(cost, 2), 0.01),
        age=age,
        gender=channels.pick(np.array(GENDER_SHARES), n, rng),
        country=channels.pick(np.array(COUNTRY_SHARES), n, rng),
        eco=eco,
        bargains=rng.beta(*BARGAINS, n),
        category=channels.pick(of_kinds("share"), n, rng),
        email=np.round(expit(opens), 3),
        rate=rate * scale,
        dropout=dropout,
        value=value,
        returns=returns,
    )
    return people, scale


def _arrivals(shop: Shop, market: Market, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Day and channel of each new customer, in the order they come."""
    intensity = market.arrivals[: shop.days] * channels.of_all("share")
    ends = np.cumsum(intensity.ravel())
    cell = np.searchsorted(ends, np.sort(rng.random(shop.customers)) * ends[-1], side="right")
    day, source = np.divmod(np.minimum(cell, len(ends) - 1), len(channels.CHANNELS))
    return day, source


def _dropout(shop: Shop, leaving: Floats, rng: np.random.Generator) -> Floats:
    if shop.dropout == "anytime":
        s, beta = shop.lifetime
        return np.maximum(rng.gamma(s, 1.0 / beta, shop.customers), 1e-9) * np.exp(leaving)
    chance = np.clip(rng.beta(*shop.leaving, shop.customers), 1e-6, 1.0 - 1e-9)
    return np.asarray(expit(logit(chance) + leaving)) if leaving.any() else chance
