import numpy as np
import pytest

from clv.core.errors import SettingError
from clv.models.intervals import RatioIntervals, cross_fitted


def population(n, seed):
    """Value of customers whose true mean is known: none with some probability, else gamma."""
    rng = np.random.default_rng(seed)
    onetimer = rng.random(n) < 0.6
    mean = rng.gamma(2, 30, n) * np.where(onetimer, 0.3, 1.0)
    p_buy = np.where(onetimer, 0.3, 0.8)
    actual = (rng.random(n) < p_buy) * rng.gamma(1.5, mean / p_buy / 1.5)
    return onetimer, mean, actual


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_each_side_misses_what_it_may_on_new_customers(level):
    learned = RatioIntervals().fit(*population(20_000, 1), days=100)
    onetimer, predicted, actual = population(40_000, 2)
    lower, upper = learned.predict(onetimer, predicted, 100, level)
    side = (1 - level) / 2
    for group in (onetimer, ~onetimer):
        above = np.mean(actual[group] > upper[group])
        below = np.mean(actual[group] < lower[group])
        assert above == pytest.approx(side, abs=0.006)
        # An atom at zero of more than the side's share leaves nothing below.
        assert below <= side + 0.006


def test_ends_hold_the_forecast_and_widen_with_the_level():
    learned = RatioIntervals().fit(*population(5_000, 3), days=100)
    onetimer, predicted, _ = population(500, 4)
    narrow = learned.predict(onetimer, predicted, 100, 0.5)
    wide = learned.predict(onetimer, predicted, 100, 0.99)
    assert (wide[0] <= narrow[0]).all()
    assert (narrow[0] <= predicted).all()
    assert (predicted <= narrow[1]).all()
    assert (narrow[1] <= wide[1]).all()


def test_scale_of_the_currency_carries_through():
    onetimer, predicted, actual = population(3_000, 5)
    cents = RatioIntervals().fit(onetimer, 100 * predicted, 100 * actual, 100)
    euros = RatioIntervals().fit(onetimer, predicted, actual, 100)
    np.testing.assert_allclose(
        cents.predict(onetimer, 100 * predicted, 100, 0.9),
        100 * np.array(euros.predict(onetimer, predicted, 100, 0.9)),
    )


def test_a_group_that_was_not_there_borrows_from_all():
    _, predicted, actual = population(2_000, 6)
    learned = RatioIntervals().fit(np.zeros(2_000, bool), predicted, actual, 100)
    lower, upper = learned.predict(np.ones(2_000, bool), predicted, 100, 0.9)
    assert np.isfinite(lower).all()
    assert np.isfinite(upper).all()


def test_saved_and_loaded_they_are_the_same(tmp_path):
    onetimer, predicted, actual = population(2_000, 7)
    learned = RatioIntervals().fit(onetimer, predicted, actual, 100)
    learned.save(tmp_path / "intervals.json")
    loaded = RatioIntervals.load(tmp_path / "intervals.json")
    np.testing.assert_array_equal(
        learned.predict(onetimer, predicted, 80, 0.95),
        loaded.predict(onetimer, predicted, 80, 0.95),
    )


def test_a_level_that_was_not_learned_is_refused_by_name():
    learned = RatioIntervals().fit(*population(300, 8), days=100)
    with pytest.raises(SettingError, match=r"0\.85 was not learned.*0\.9"):
        learned.predict(np.array([True]), np.array([1.0]), 100, 0.85)


def test_cross_fitted_ends_come_from_other_customers():
    onetimer, predicted, actual = population(8_000, 9)
    _, upper = cross_fitted(onetimer, predicted, actual, 100, 0.9, seed=0)
    assert np.mean(actual > upper) == pytest.approx(0.05, abs=0.012)
    actual[0] = 1e12  # an outlier moves the ends of the other half only
    again = cross_fitted(onetimer, predicted, actual, 100, 0.9, seed=0)[1]
    assert again[0] == upper[0]


def test_a_cell_too_small_for_the_level_promises_no_lower_end():
    rng = np.random.default_rng(10)
    predicted, actual = np.ones(60), rng.exponential(1, 60)
    learned = RatioIntervals().fit(np.zeros(60, bool), predicted, actual, 10)
    lower, upper = learned.predict(np.zeros(1, bool), np.ones(1), 10, 0.99)
    assert lower[0] == 0
    assert upper[0] == pytest.approx(actual.max())
