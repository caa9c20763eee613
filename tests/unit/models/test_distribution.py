"""Distributions are true on populations whose truth is known."""

import numpy as np
import pytest

from clv.core.errors import HistoryError
from clv.evaluation import metrics
from clv.models.distribution import Distribution, PastDay

DAYS = 90


def population(n, seed, *, level=1.0, zero_orders=0.0):
    """Customers who buy with a known chance and spend a known mean; told chances are off."""
    draw = np.random.default_rng(seed)
    chance = draw.beta(0.6, 1.8, n)
    mean = draw.lognormal(3.0, 1.0, n)
    bought = draw.random(n) < chance
    free = draw.random(n) < zero_orders
    spent = np.where(bought & ~free, level * mean * draw.gamma(2.0, 0.5, n), 0.0)
    odds = np.log(chance / (1 - chance))
    told = 1 / (1 + np.exp(-(0.5 + 0.8 * odds)))
    return PastDay(draw.random(n) < 0.5, chance * mean, told, spent)


def spread_of(day, learned):
    return learned.of(day.onetimer, day.value, day.chance, DAYS)


@pytest.fixture(scope="module")
def learned():
    days = [population(10_000, seed) for seed in range(10, 18)]
    return Distribution.learn(days, float(np.mean([d.value.mean() for d in days])) / DAYS)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_a_share_of_outcomes_lies_above_the_upper_end(learned, level):
    new = population(40_000, 3)
    spread = spread_of(new, learned)
    _, upper = spread.interval(level)
    expected = np.minimum(spread.chance, (1 - level) / 2).mean()
    assert (new.actual > upper).mean() == pytest.approx(expected, rel=0.08)


def test_the_transform_of_new_outcomes_is_uniform(learned):
    new = population(40_000, 4)
    values = metrics.pit(*spread_of(new, learned).at_most(new.actual), seed=0)
    assert metrics.pit_distance(values) < 0.015


def test_chances_told_too_high_are_made_true(learned):
    new = population(40_000, 5)
    assert spread_of(new, learned).chance.mean() == pytest.approx((new.actual > 0).mean(), abs=0.01)
    assert new.chance.mean() > (new.actual > 0).mean() + 0.05


def test_orders_of_nothing_count_as_nothing_bought():
    days = [population(20_000, seed, zero_orders=0.4) for seed in (1, 2)]
    fitted = Distribution.learn(days, float(days[0].value.mean()) / DAYS)
    new = population(20_000, 3, zero_orders=0.4)
    values = metrics.pit(*spread_of(new, fitted).at_most(new.actual), seed=0)
    assert metrics.pit_distance(values) < 0.02


def test_days_that_missed_by_different_levels_widen_what_is_told():
    def width(levels):
        days = [population(20_000, seed, level=level) for seed, level in enumerate(levels)]
        fitted = Distribution.learn(days, float(days[0].value.mean()) / DAYS)
        new = population(2_000, 9)
        lower, upper = spread_of(new, fitted).interval(0.9)
        return float(np.mean(upper - lower))

    assert width((0.5, 2.0)) > 1.1 * width((1.0, 1.0))


def test_quantiles_and_chances_are_each_others_inverse(learned):
    new = population(500, 6)
    spread = spread_of(new, learned)
    for q in (0.6, 0.9, 0.97):
        at = spread.quantile(q)
        some = at > 0
        below, at_most = spread.at_most(at)
        np.testing.assert_allclose(at_most[some], q, atol=2e-3)
        assert (below <= at_most).all()
        # Whoever buys nothing with a chance above q has nothing at q.
        np.testing.assert_array_equal(some, spread.chance > 1 - q)


def test_the_variance_is_that_of_drawn_outcomes(learned):
    new = population(50, 7)
    spread = spread_of(new, learned)
    draws = np.array([spread.quantile(q) for q in (np.arange(4_000) + 0.5) / 4_000])
    likely = spread.chance > 0.1
    np.testing.assert_allclose(spread.variance()[likely], draws.var(axis=0)[likely], rtol=0.03)
    assert likely.sum() > 20


def test_a_currency_changes_nothing_but_the_unit(learned):
    days = [population(5_000, seed) for seed in (1, 2)]
    cents = [d._replace(value=d.value * 100, actual=d.actual * 100) for d in days]
    plain = Distribution.learn(days, 1.0)
    hundredfold = Distribution.learn(cents, 100.0)
    new = population(300, 8)
    upper = plain.of(new.onetimer, new.value, new.chance, DAYS).quantile(0.95)
    other = hundredfold.of(new.onetimer, new.value * 100, new.chance, DAYS).quantile(0.95)
    np.testing.assert_allclose(other, upper * 100, rtol=1e-9)


def test_saved_and_loaded_it_says_the_same(learned, tmp_path):
    learned.save(tmp_path / "d.json")
    new = population(300, 10)
    again = Distribution.load(tmp_path / "d.json")
    np.testing.assert_array_equal(
        spread_of(new, again).quantile(0.9), spread_of(new, learned).quantile(0.9)
    )


def test_a_past_in_which_nobody_bought_is_refused():
    day = population(100, 1)
    with pytest.raises(HistoryError, match="nobody bought"):
        Distribution.learn([day._replace(actual=np.zeros(100))], 1.0)


def test_customers_forecast_alike_share_one_distribution():
    """As where the past tells nobody apart: there is no size to cut cells by."""
    rng = np.random.default_rng(6)
    n = 2_000
    bought = rng.random(n) < 0.5
    spent = np.where(bought, rng.gamma(2.0, 30.0, n), 0.0)
    day = PastDay(rng.random(n) < 0.5, np.full(n, 30.0), np.full(n, 0.5), spent)
    learned = Distribution.learn([day], 30.0 / 90)
    spread = learned.of(day.onetimer, day.value, day.chance, 90)
    assert len(np.unique(spread.cell)) == 2
    _, upper = spread.interval(0.9)
    assert np.mean(spent > upper) == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize("level", [30.0, 1_234.567, 1e-7])
def test_customers_forecast_alike_but_for_the_last_digit_do_too(level):
    """As where each fold forecasts its own mean, which rounding makes a little more or less."""
    rng = np.random.default_rng(9)
    n = 3_000
    days = []
    for _ in range(5):
        value = np.nextafter(np.full(n, level), rng.choice([0.0, np.inf], n))
        spent = np.where(rng.random(n) < 0.9, level * rng.gamma(2.0, 0.5, n), 0.0)
        days.append(PastDay(np.zeros(n, dtype=bool), value, np.full(n, 0.9), spent))
    learned = Distribution.learn(days, level)
    spread = learned.of(days[0].onetimer, days[0].value, days[0].chance, 1)
    assert len(np.unique(spread.cell)) == 1
    assert np.mean(days[0].actual > spread.interval(0.9)[1]) == pytest.approx(0.05, abs=0.01)


def test_few_sizes_make_few_cells_none_of_them_empty():
    rng = np.random.default_rng(10)
    n = 6_000
    value = rng.choice([1.0, 1.0, 1.0, 2.0, 5.0], n)
    spent = value * rng.gamma(2.0, 0.5, n)
    day = PastDay(np.zeros(n, dtype=bool), value, np.full(n, 0.9), spent)
    learned = Distribution.learn([day], 1.0)
    spread = learned.of(day.onetimer, value, day.chance, 1)
    assert [len(np.unique(spread.cell[value == each])) for each in (1.0, 2.0, 5.0)] == [1, 1, 1]
    assert np.isfinite(learned.ratios).all()


def test_delivered_ends_hold_the_forecast_and_are_else_the_quantiles(learned):
    new = population(3_000, 11)
    spread = spread_of(new, learned)
    lower, upper = spread.interval(0.9)
    low, high = spread.around(new.value, 0.9)
    assert ((low <= new.value) & (new.value <= high)).all()
    kept = (lower <= new.value) & (new.value <= upper)
    np.testing.assert_array_equal(low[kept], lower[kept])
    np.testing.assert_array_equal(high[kept], upper[kept])
    # Who hardly ever buys has no quantile above 0; the upper end is the forecast.
    seldom = upper == 0
    assert 50 < seldom.sum() < 2_000
    np.testing.assert_array_equal(high[seldom], new.value[seldom])


def test_delivered_ends_go_with_the_margin(learned):
    new = population(500, 12)
    spread = spread_of(new, learned)
    plain, thirds = spread.around(new.value, 0.9), spread.around(new.value * 0.3, 0.9, margin=0.3)
    for one, other in zip(plain, thirds, strict=True):
        np.testing.assert_allclose(other, one * 0.3, rtol=1e-12)
    assert (thirds[1] >= new.value * 0.3).all()
