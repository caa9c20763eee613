"""Made-up shops: the same for the same seed, as big as asked for, and true to their truth."""

from datetime import date

import numpy as np
import pytest

from clv.core.errors import SettingError
from clv.data.synthetic import channels, tables
from clv.data.synthetic.shop import DROPOUTS, PARTS, Shop
from clv.data.synthetic.truth import parameters, truth
from clv.data.synthetic.world import draw

OFF = 4.0
#: Orders, returns and orders ahead of the shop without any option, and cents in its log.
PINNED = (5_680, 494, 1_883, 33_790_619)


@pytest.fixture(scope="module")
def world():
    return draw(Shop())


@pytest.fixture(scope="module", params=DROPOUTS)
def big(request):
    """Customers enough to tell a bias from chance."""
    return draw(Shop(customers=8_000, transactions=40_000, dropout=request.param, seed=3))


def mean_is_zero(differences):
    return abs(differences.mean()) < OFF * differences.std() / np.sqrt(len(differences))


def test_the_same_seed_draws_the_same_shop_and_another_another(world):
    log = tables.transactions(world)
    assert tables.transactions(draw(Shop())).equals(log)
    assert truth(draw(Shop())).equals(truth(world))
    other = draw(Shop(seed=1))
    assert not tables.transactions(other).equals(log)
    assert parameters(other)["demand"] != parameters(world)["demand"]


def test_a_seed_draws_the_same_shop_on_every_machine(world):
    # Whoever changes what a seed draws, changes what others have published of it.
    log = tables.transactions(world)
    amounts = np.rint(log["amount"].to_numpy() * 100).astype(int)
    assert (len(world.orders.day), len(world.sent_back), len(world.ahead.day)) == PINNED[:3]
    assert int(amounts.sum()) == PINNED[3]


@pytest.mark.parametrize("asked", [(2_000, 6_000), (500, 12_345), (3_000, 9_001)])
@pytest.mark.parametrize("dropout", DROPOUTS)
def test_the_log_has_exactly_the_rows_asked_for(asked, dropout):
    drawn = draw(Shop(customers=asked[0], transactions=asked[1], dropout=dropout, returns=0.2))
    assert drawn.rows == asked[1]
    assert tables.transactions(drawn).num_rows == asked[1]
    assert len(np.unique(drawn.orders.customer)) == asked[0]


def test_where_every_customer_buys_once_there_are_hardly_more_rows_than_customers():
    drawn = draw(Shop(customers=1_000, transactions=1_000))
    assert 1_000 <= drawn.rows <= 1_100


def test_purchases_ahead_are_as_many_as_expected(big):
    made, kept = big.made_ahead()
    expected = big.expected_ahead()
    assert expected.sum() > 1_000
    assert mean_is_zero(made - expected)
    for group in (expected > np.median(expected[expected > 0]), expected > 0):
        assert mean_is_zero((made - expected)[group])
    assert (made[~big.active] == 0).all()
    value = truth(big)["expected_value"].to_numpy()
    assert mean_is_zero(kept - value)
    assert mean_is_zero((kept - value)[value > np.median(value[value > 0])])


def test_parameters_are_drawn_from_the_distributions_told():
    plain = draw(Shop(customers=8_000, transactions=30_000, effects=0.0, seed=5))
    told, people = parameters(plain), plain.people
    rate = told["purchase_rate"]
    assert mean_is_zero(people.rate - rate["shape"] * rate["scale"])
    assert mean_is_zero(people.dropout - told["dropout"]["a"] / sum(plain.shop.leaving))
    assert mean_is_zero(people.returns - told["returns"])
    spend = told["order_value"]
    assert mean_is_zero(people.value - spend["p"] * spend["gamma"] / (spend["q"] - 1.0))
    paid = plain.orders.value - people.value[plain.orders.customer]
    assert mean_is_zero(paid)


def test_what_is_known_of_customers_tells_of_their_buying(big):
    people = big.people
    source, active = people.source, big.active
    assert active[source == channels.NAMES.index("Referral")].mean() > (
        active[source == channels.META].mean() + 0.05
    )
    assert active[people.eco > 0.5].mean() > active[people.eco < 0.2].mean() + 0.02
    cost = [people.cost[source == place].mean() for place in range(len(channels.CHANNELS))]
    np.testing.assert_allclose(cost, channels.of_all("cost"), rtol=0.1)
    repeats = np.bincount(big.orders.customer)
    assert np.corrcoef(np.log(repeats), people.email)[0, 1] > 0.1


def test_without_effects_nothing_known_tells_of_anything():
    plain = draw(Shop(customers=8_000, transactions=30_000, effects=0.0, seed=6))
    people = plain.people
    for known in (people.source == channels.META, people.eco, people.age, people.email):
        for hidden in (people.rate, people.dropout, people.value):
            found = np.corrcoef(known, hidden)[0, 1]
            assert abs(found) < OFF / np.sqrt(len(hidden))


def test_orders_follow_demand(big):
    people, left = big.people, big.left
    days = np.arange(big.shop.days - 365, big.shop.days)
    demand = big.market.demand[days]
    here = (people.arrival[:, None] < days) & ((left[:, None] < 0) | (left[:, None] >= days))
    chance = (here * -np.expm1(-people.rate[:, None] * demand)).sum(axis=0)
    repeat = big.orders.day > people.arrival[big.orders.customer]
    made = np.bincount(big.orders.day[repeat], minlength=big.shop.days)[days]
    for some in (demand > np.quantile(demand, 0.9), demand < np.quantile(demand, 0.1)):
        assert abs(made[some].sum() - chance[some].sum()) < OFF * np.sqrt(chance[some].sum())
    high = demand > np.quantile(demand, 0.9)
    assert made[high].mean() > 2 * made[~high].mean()


def test_the_market_knows_season_weekdays_and_holidays(world):
    market = world.market
    date_of = market.date.astype(object)
    november = np.array([day.month == 11 and day.day > 22 for day in date_of])
    july = np.array([day.month == 7 for day in date_of])
    assert market.demand[november].mean() > 1.5 * market.demand[july].mean()
    assert market.demand[: world.shop.days].mean() == pytest.approx(1.0)
    assert market.holiday[date_of == date(2023, 12, 25)].all()
    assert 9 <= market.holiday[:365].sum() <= 15
    flat = draw(Shop(season=0.0)).market
    np.testing.assert_allclose(flat.demand, 1.0)


def test_new_customers_come_more_often_where_the_shop_grows():
    counts = {}
    for growth in (0.0, 1.0):
        drawn = draw(Shop(customers=3_000, transactions=9_000, growth=growth, season=0.0))
        third = drawn.shop.days // 3
        years = np.bincount(drawn.people.arrival // third, minlength=3)
        counts[growth] = years[2] / years[0]
    assert counts[0.0] == pytest.approx(1.0, abs=0.2)
    assert counts[1.0] == pytest.approx(4.0, rel=0.2)


def test_every_part_draws_from_a_stream_of_its_own():
    first = [Shop().rng(part).random() for part in PARTS]
    assert len(set(first)) == len(PARTS)


@pytest.mark.parametrize(
    ("wrong", "say"),
    [
        ({"customers": 3}, "customers: 3 is outside 10"),
        ({"transactions": 1_999}, "each customer buys at least once"),
        ({"days": 10}, "days: 10 is outside 30"),
        ({"horizon": 0}, "horizon: 0 days is outside"),
        ({"seed": -1}, "seed: -1 is outside"),
        ({"returns": 5}, "returns: 5 is outside 0 to 0.8"),
        ({"growth": -2.0}, "growth: -2.0 is outside"),
        ({"dropout": "never"}, "neither purchase nor anytime"),
        ({"start": date(2098, 6, 1)}, "reach beyond 1971-01-01 to 2098-12-31"),
    ],
)
def test_settings_out_of_range_are_told(wrong, say):
    with pytest.raises(SettingError, match=say):
        Shop(**wrong)
