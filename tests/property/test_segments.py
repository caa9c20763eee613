"""Laws of scores and levels, whatever the population."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clv.segments.levels import LEVELS, TIERS, LevelCuts, recommended_cac
from clv.segments.rfm import SEGMENT_FLOORS, RFMScorer, segment

MONEY = st.floats(0, 1e7, allow_nan=False) | st.sampled_from([0.0, 10.0, 10.0, 99.99])
CUSTOMER = st.tuples(st.integers(0, 4000), st.integers(1, 400) | st.just(1), MONEY)
POPULATION = st.lists(CUSTOMER, min_size=1, max_size=60)
WORTH = st.lists(MONEY, min_size=1, max_size=60)


def measures(customers: list[tuple[int, int, float]]) -> tuple[np.ndarray, ...]:
    recency, frequency, monetary = (np.array(column) for column in zip(*customers, strict=True))
    return recency, frequency, monetary


@given(POPULATION)
def test_scores_lie_within_one_and_five_and_sums_have_a_segment(customers) -> None:
    columns = measures(customers)
    scores = RFMScorer().fit(*columns).score(*columns)
    for part in scores:
        assert part.min() >= 1
        assert part.max() <= 5
    assert set(segment(scores.total)) <= set(SEGMENT_FLOORS)


@given(POPULATION, POPULATION)
def test_better_never_scores_lower_and_ties_score_alike(population, customers) -> None:
    scorer = RFMScorer().fit(*measures(population))
    columns = measures(customers)
    better = (-columns[0], columns[1], columns[2])
    for value, score in zip(better, scorer.score(*columns), strict=True):
        for i in range(len(value)):
            assert (score[value > value[i]] >= score[i]).all()
            assert (score[value == value[i]] == score[i]).all()


@given(POPULATION)
def test_a_score_says_how_many_fifths_are_strictly_worse(customers) -> None:
    columns = measures(customers)
    scores = RFMScorer().fit(*columns).score(*columns)
    for value, score in zip((-columns[0], columns[1], columns[2]), scores, strict=True):
        for i in range(len(value)):
            assert (value < value[i]).sum() >= (score[i] - 1) / 5 * len(value) - 1e-9


@given(POPULATION, st.randoms())
def test_the_order_of_customers_changes_nothing(customers, random) -> None:
    shuffled = random.sample(customers, len(customers))
    scorer, again = RFMScorer().fit(*measures(customers)), RFMScorer().fit(*measures(shuffled))
    assert scorer.to_json() == again.to_json()


@given(POPULATION, st.data())
def test_a_lone_customer_scores_as_in_the_population(customers, data) -> None:
    columns = measures(customers)
    scorer = RFMScorer().fit(*columns)
    i = data.draw(st.integers(0, len(customers) - 1))
    alone = scorer.score(*measures([customers[i]]))
    together = scorer.score(*columns)
    assert [int(part[0]) for part in alone] == [int(part[i]) for part in together]


@given(POPULATION, st.integers(2, 4))
def test_a_population_repeated_learns_the_same_cut_points(customers, copies) -> None:
    once = RFMScorer().fit(*measures(customers)).to_json()
    assert RFMScorer().fit(*measures(customers * copies)).to_json() == once


@given(WORTH)
def test_more_clv_is_never_a_lower_level(clv) -> None:
    values = np.sort(np.array(clv))
    cuts = LevelCuts().fit(values)
    for names, order in ((cuts.level(values), LEVELS), (cuts.value_tier(values), TIERS)):
        ranks = np.array([order.index(name) for name in names])
        assert (np.diff(ranks) >= 0).all()
        assert (np.diff(ranks)[np.diff(values) == 0] == 0).all()


@given(WORTH)
def test_no_more_than_their_share_reach_a_level(clv) -> None:
    values = np.array(clv)
    cuts = LevelCuts().fit(values)
    level, tier = cuts.level(values), cuts.value_tier(values)
    assert (level == "Top").mean() <= 0.05 + 1e-12
    assert np.isin(level, ["Top", "High"]).mean() <= 0.20 + 1e-12
    assert (level != "Low").mean() <= 0.50 + 1e-12
    assert (tier == "High-CLV").mean() <= 0.20 + 1e-12
    # both cut at 80 %
    np.testing.assert_array_equal(tier == "High-CLV", np.isin(level, ["Top", "High"]))


@given(WORTH, st.floats(0.01, 100))
def test_the_currency_does_not_change_the_level(clv, rate) -> None:
    # powers of two scale a float exactly, so that ties stay ties
    factor = 2.0 ** np.round(np.log2(rate))
    values = np.array(clv)
    here, there = LevelCuts().fit(values), LevelCuts().fit(values * factor)
    assert here.level(values).tolist() == there.level(values * factor).tolist()


@given(WORTH)
def test_a_customer_never_costs_more_than_they_bring(clv) -> None:
    cac = recommended_cac(clv)
    assert (cac >= 0).all()
    assert (cac <= np.array(clv)).all()
