"""Levels, tiers and mismatch worked out by hand."""

import json

import numpy as np
import pytest

from clv.core.errors import HistoryError, LogError, RunError
from clv.segments.levels import (
    ABOVE,
    ALIGNED,
    BELOW,
    EXPECTED_LEVEL,
    LevelCuts,
    mismatch,
    recommended_cac,
)
from clv.segments.rfm import SEGMENT_FLOORS


@pytest.fixture
def hundred() -> LevelCuts:
    return LevelCuts().fit(np.arange(1.0, 101.0))


def test_levels_split_a_hundred_customers_50_30_15_5(hundred: LevelCuts) -> None:
    level = hundred.level(np.arange(1.0, 101.0))
    assert level.tolist() == ["Low"] * 50 + ["Mid"] * 30 + ["High"] * 15 + ["Top"] * 5


def test_tiers_split_a_hundred_customers_50_30_20(hundred: LevelCuts) -> None:
    tier = hundred.value_tier(np.arange(1.0, 101.0))
    assert tier.tolist() == ["Low-CLV"] * 50 + ["Growth-Potential"] * 30 + ["High-CLV"] * 20


def test_cut_points_are_the_populations_quantiles(hundred: LevelCuts) -> None:
    np.testing.assert_array_equal(hundred.level_cuts_, [50, 80, 95])
    np.testing.assert_array_equal(hundred.tier_cuts_, [50, 80])


@pytest.mark.parametrize("worth", [0.0, 12.5])
def test_where_all_are_worth_the_same_nobody_stands_out(worth: float) -> None:
    cuts = LevelCuts().fit(np.full(7, worth))
    assert set(cuts.level(np.full(7, worth))) == {"Low"}
    assert set(cuts.value_tier(np.full(7, worth))) == {"Low-CLV"}


def test_the_worthless_majority_is_low_and_the_rest_rank_above() -> None:
    clv = np.array([0.0] * 90 + list(range(1, 11)))
    level = LevelCuts().fit(clv).level(clv)
    assert set(level[:90]) == {"Low"}
    # 90 % are strictly below any of them: above the 80 % cut; five above the 95 % cut
    assert level[90:].tolist() == ["High"] * 5 + ["Top"] * 5


def test_a_customer_alone_gets_the_populations_level(hundred: LevelCuts) -> None:
    assert hundred.level([96.0]).tolist() == ["Top"]
    assert hundred.level([1e9]).tolist() == ["Top"]
    assert hundred.level([-5.0]).tolist() == ["Low"]


def test_every_segment_has_an_expected_level() -> None:
    assert set(EXPECTED_LEVEL) == set(SEGMENT_FLOORS)


def test_a_potential_loyalist_of_level_mid_is_aligned() -> None:
    assert mismatch(["Potential Loyalists"], ["Mid"]).tolist() == ["Aligned"]


@pytest.mark.parametrize(
    ("segment", "level", "expected"),
    [
        ("Champions", "Top", ALIGNED),
        ("Champions", "High", BELOW),
        ("Loyal Customers", "High", ALIGNED),
        ("Loyal Customers", "Top", ABOVE),
        ("Potential Loyalists", "Low", BELOW),
        ("At Risk", "Low", ALIGNED),
        ("Lost", "Low", ALIGNED),
        ("Lost", "Top", ABOVE),
    ],
)
def test_mismatch_says_which_way_they_differ(segment: str, level: str, expected: str) -> None:
    assert mismatch([segment], [level]).tolist() == [expected]


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(LogError, match=r"1 segment.*'Heroes'.*Known are Lost"):
        mismatch(["Lost", "Heroes"], ["Low", "Low"])
    with pytest.raises(LogError, match=r"1 clv level.*'Huge'.*Known are Low"):
        mismatch(["Lost"], ["Huge"])


def test_a_new_customer_may_cost_thirty_percent_of_their_value() -> None:
    np.testing.assert_allclose(recommended_cac([892.50, 0.0, -10.0]), [267.75, 0.0, 0.0])


def test_saved_cut_points_place_alike(hundred: LevelCuts) -> None:
    again = LevelCuts.from_json(json.loads(json.dumps(hundred.to_json())))
    clv = np.linspace(-1, 120, 77)
    assert again.level(clv).tolist() == hundred.level(clv).tolist()
    assert again.value_tier(clv).tolist() == hundred.value_tier(clv).tolist()


def test_nobody_to_learn_from_is_told() -> None:
    with pytest.raises(HistoryError, match="no customer to learn"):
        LevelCuts().fit([])


def test_a_missing_clv_is_told_with_its_row(hundred: LevelCuts) -> None:
    with pytest.raises(LogError, match=r"for 2 customer\(s\), the first in row\s1"):
        hundred.level([1.0, np.nan, np.inf])


def test_a_damaged_file_is_told() -> None:
    with pytest.raises(RunError, match="cannot be read"):
        LevelCuts.from_json({"level_cuts": [1, 2, 3]})
