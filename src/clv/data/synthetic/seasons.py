"""The market, day by day: season, holidays, marketing and prices, and the demand they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.signal import lfilter

from clv.core.types import DAYS_PER_YEAR
from clv.data.synthetic.channels import CHANNELS, PAID

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clv.core.types import Bools, Floats, Ints
    from clv.data.synthetic.shop import Shop

COUNTRY = "US"
#: Logarithms of factors on demand.
WEEKDAYS = (0.08, 0.03, 0.0, 0.0, -0.03, -0.12, 0.04)  # Monday first
WINTER, SUMMER_DAY = 0.12, 197
ADVENT, ADVENT_DAY, ADVENT_WIDTH = 0.6, 342, 14.0
SALES_DAYS = 0.7  # Black Friday to the Monday after
HOLIDAY = -0.2
#: Logarithms of demand by logarithms of these.
BY_MARKETING, BY_PRICE = 0.25, 0.8
NEW_BY_MARKETING, NEW_BY_SEASON = 0.8, 0.7
#: Part of an advertisement's effect left the next day.
CARRIED_OVER = 0.7
BURSTS_PER_YEAR, BURST_DAYS, BURST = 8.0, 10, 0.7
SPEND_NOISE, PRICE_NOISE, PRICE_MEMORY, INFLATION = 0.15, 0.004, 0.97, 0.025
#: Visits for each order.
VISITS = 30.0


class Market(NamedTuple):
    """Days of the log and of the horizon after it, (m,) each unless said otherwise.

    Attributes
    ----------
    date : of the day
    holiday : whether it is a public one
    peak : whether it is in the weeks before Christmas or in the sales at the end of November
    effort : (m, paid channels) marketing around its level, 1 on average
    price, competitor : indices, 100 on the first day
    demand : factor on every customer's purchase rate, 1 on average over the log's days
    arrivals : (m, channels) intensity of new customers, without the channels' shares
    """

    date: NDArray[np.datetime64]
    holiday: Bools
    peak: Bools
    effort: Floats
    price: Floats
    competitor: Floats
    demand: Floats
    arrivals: Floats


def draw_market(shop: Shop, rng: np.random.Generator) -> Market:
    """The market of a shop's days and of those after them."""
    m = shop.days + shop.horizon
    date = shop.dates(np.arange(m))
    holiday = _holidays(date)
    season, peak = _season(date, holiday)
    effort = _effort(season, rng)
    price, competitor = _prices(m, rng)
    lift = lfilter([1.0 - CARRIED_OVER], [1.0, -CARRIED_OVER], effort, axis=0)
    lift[0] = np.maximum(lift[0], effort[0])
    demand = season + BY_MARKETING * np.log(lift.mean(axis=1))
    demand += BY_PRICE * np.log(competitor / price)
    demand = np.exp(shop.season * demand)
    demand /= demand[: shop.days].mean()
    grown = np.log1p(shop.growth) * np.arange(m) / DAYS_PER_YEAR
    arrivals = np.repeat((grown + shop.season * NEW_BY_SEASON * season)[:, None], len(CHANNELS), 1)
    arrivals[:, list(PAID)] += shop.season * NEW_BY_MARKETING * np.log(lift)
    return Market(date, holiday, peak, effort, price, competitor, demand, np.exp(arrivals))


def sessions(demand: Floats, orders: Floats, rng: np.random.Generator) -> Ints:
    """Visits of each day: more where demand is, and some for each order.

    Parameters
    ----------
    demand : (m,) factor on purchase rates
    orders : (m,) orders of the day
    """
    level = VISITS * (0.8 * orders.mean() * demand + 0.2 * orders)
    return np.asarray(rng.poisson(level * rng.lognormal(0.0, 0.08, len(demand))))


def _season(date: NDArray[np.datetime64], holiday: Bools) -> tuple[Floats, Bools]:
    """Logarithm of the factor that the calendar puts on demand, and which days are peak ones."""
    in_year = (date - date.astype("datetime64[Y]")).astype(np.int64) + 1
    weekday = (date.astype(np.int64) + 3) % 7
    advent = np.exp(-0.5 * ((in_year - ADVENT_DAY) / ADVENT_WIDTH) ** 2)
    advent[in_year > 358] *= 0.25
    sales = np.zeros(len(date), dtype=bool)
    for year in np.unique(date.astype("datetime64[Y]")):
        november = year.astype("datetime64[M]") + np.timedelta64(10, "M")
        thursday = np.busday_offset(november, 3, roll="forward", weekmask="Thu")
        since = (date - thursday).astype(np.int64)
        sales |= (since >= 1) & (since <= 4)
    factor = -WINTER * np.cos(2.0 * np.pi * (in_year - SUMMER_DAY) / DAYS_PER_YEAR)
    factor += np.array(WEEKDAYS)[weekday] + ADVENT * advent + SALES_DAYS * sales
    return factor + HOLIDAY * holiday, sales | (advent > 0.5)


def _holidays(date: NDArray[np.datetime64]) -> Bools:
    from holidays import country_holidays

    years = np.unique(date.astype("datetime64[Y]").astype(np.int64) + 1970)
    known = np.array(sorted(country_holidays(COUNTRY, years=years.tolist())), "datetime64[D]")
    return np.isin(date, known)


def _effort(season: Floats, rng: np.random.Generator) -> Floats:
    """Marketing of each paid channel around its level: planned by season, in bursts, with noise."""
    m = len(season)
    logs = 0.5 * season[:, None] + SPEND_NOISE * rng.standard_normal((m, len(PAID)))
    starts = rng.random((m, len(PAID))) < BURSTS_PER_YEAR / DAYS_PER_YEAR
    under_way = lfilter(np.ones(BURST_DAYS), [1.0], starts.astype(np.float64), axis=0) > 0.5
    effort = np.exp(logs + BURST * under_way)
    return np.asarray(effort / effort.mean(axis=0))


def _prices(m: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    inflation = INFLATION * np.arange(m) / DAYS_PER_YEAR
    noise = PRICE_NOISE * rng.standard_normal((m, 2))
    around = lfilter([1.0], [1.0, -PRICE_MEMORY], noise, axis=0)
    both = 100.0 * np.exp(inflation[:, None] + around - around[0])
    return both[:, 0], both[:, 1]
