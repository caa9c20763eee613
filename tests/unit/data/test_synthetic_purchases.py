"""Purchases of made-up customers: what is expected is what is drawn, and fits find the truth."""

import numpy as np
import pytest

from clv.core.errors import SettingError
from clv.data.synthetic.purchases import draw_repeats, expected_purchases, rate_factor
from clv.data.synthetic.shop import DROPOUTS, Shop
from clv.data.synthetic.world import draw
from clv.numerics import histories, mbgnbd, paretonbd

DAYS = 120
#: Standard errors that a mean of draws may lie off.
OFF = 4.0


@pytest.fixture(scope="module")
def demand():
    days = np.arange(DAYS)
    return np.exp(0.5 * np.sin(days / 19.0) + 0.4 * (days % 7 == 5))


def some_customers(kind, n=60):
    rng = np.random.default_rng(8)
    rate = rng.gamma(0.8, 0.08, n) + 1e-4
    dropout = rng.beta(0.9, 2.5, n) if kind == "purchase" else rng.gamma(0.8, 1 / 100, n)
    return rate, np.maximum(dropout, 1e-6), rng.integers(-1, DAYS // 2, n)


@pytest.mark.parametrize("kind", DROPOUTS)
def test_many_futures_average_to_what_is_expected(kind, demand):
    rate, dropout, since = some_customers(kind)
    expected = expected_purchases(rate, dropout, since, demand, kind)
    futures = 4_000
    many = (np.repeat(column, futures) for column in (rate, dropout, since))
    drawn = draw_repeats(*many, demand, kind, np.random.default_rng(3))
    made = np.bincount(drawn.customer, minlength=len(rate) * futures).reshape(-1, futures)
    off = (made.mean(axis=1) - expected) / (made.std(axis=1) / np.sqrt(futures))
    # Sixty customers: all of them together, and no single one much further than chance takes it.
    assert abs(off.sum() / np.sqrt(len(off))) < OFF
    assert np.mean(off**2) == pytest.approx(1.0, abs=OFF * np.sqrt(2.0 / len(off)))


@pytest.mark.parametrize("kind", DROPOUTS)
def test_purchases_are_customer_days_between_since_and_leaving(kind, demand):
    rate, dropout, since = some_customers(kind, 400)
    drawn = draw_repeats(rate * 5, dropout, since, demand, kind, np.random.default_rng(4))
    key = drawn.customer * DAYS + drawn.day
    assert (np.diff(key) > 0).all()
    assert (drawn.day > since[drawn.customer]).all()
    assert drawn.day.max() < DAYS
    left = drawn.left[drawn.customer]
    assert (drawn.day[left >= 0] <= left[left >= 0]).all()
    if kind == "purchase":
        last = np.full(len(rate), -1)
        np.maximum.at(last, drawn.customer, drawn.day)
        gone = drawn.left >= 0
        np.testing.assert_array_equal(drawn.left[gone], last[gone])


@pytest.mark.parametrize("kind", DROPOUTS)
def test_who_hardly_ever_leaves_buys_at_the_rate_of_the_days(kind, demand):
    rate, since = np.array([0.01, 0.2, 2.0]), np.array([-1, 10, DAYS - 1])
    found = expected_purchases(rate, np.full(3, 1e-9), since, demand, kind)
    chance = -np.expm1(-rate[:, None] * demand)
    np.testing.assert_allclose(
        found, [row[s + 1 :].sum() for row, s in zip(chance, since, strict=True)], 1e-6
    )


def test_who_leaves_after_every_purchase_buys_once_at_most(demand):
    rate = np.array([0.01, 0.2])
    found = expected_purchases(rate, np.ones(2), np.array([-1, -1]), demand, "purchase")
    np.testing.assert_allclose(found, -np.expm1(-rate * demand.sum()))


@pytest.mark.parametrize("kind", DROPOUTS)
def test_rates_are_scaled_to_the_purchases_asked_for(kind, demand):
    rate, dropout, since = some_customers(kind, 300)
    stays = 1.0 - dropout if kind == "purchase" else 1.0
    factor = rate_factor(rate, dropout, since, demand, kind, repeats=350.0)
    found = stays * expected_purchases(rate * factor, dropout, since, demand, kind)
    assert found.sum() == pytest.approx(350.0, rel=1e-3)


def test_more_than_customers_can_give_is_refused(demand):
    rate, dropout, since = some_customers("purchase", 300)
    with pytest.raises(SettingError, match="orders a customer in 120 days are more than"):
        rate_factor(rate, dropout, since, demand, "purchase", repeats=300 * 100.0)


def plain_histories(dropout):
    """Of a shop without season, channels or growth: what the purchase models are made for.

    Slow enough that two purchases on a day, which would count as one, are rare.
    """
    world = draw(
        Shop(
            customers=6_000,
            transactions=24_000,
            days=2_500,
            horizon=1,
            seed=11,
            dropout=dropout,
            season=0.0,
            effects=0.0,
            growth=0.0,
            returns=0.0,
            lifetime=(0.8, 150.0),
        )
    )
    x = np.bincount(world.orders.customer) - 1
    last = world.orders.day[np.cumsum(x + 1) - 1]
    return world, (x, last - world.people.arrival, world.shop.days - 1 - world.people.arrival)


@pytest.mark.parametrize(("dropout", "model"), [("purchase", mbgnbd), ("anytime", paretonbd)])
def test_a_fit_finds_the_parameters_the_customers_were_drawn_with(dropout, model):
    world, history = plain_histories(dropout)
    fit = model.fit(*histories.tally(*history))
    leaving = world.shop.leaving if dropout == "purchase" else world.shop.lifetime
    true = np.array([world.shop.rate_shape, 1.0 / world.rate_scale, *leaving])
    assert (np.abs(np.array(fit.params) - true) < OFF * np.array(fit.standard_errors)).all()
    # A wide error would make that easy.
    assert (np.array(fit.standard_errors) < 0.35 * true).all()
