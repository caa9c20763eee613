"""Scores and segments worked out by hand."""

import json

import numpy as np
import pytest

from clv.core.errors import HistoryError, LogError, RunError
from clv.segments.rfm import RFMScorer, segment


@pytest.fixture
def ten() -> RFMScorer:
    """Ten customers, each measure 1 to 10: the quintiles are 2, 4, 6 and 8."""
    values = np.arange(1, 11)
    return RFMScorer().fit(values, values, values * 10.0)


def test_two_of_ten_distinct_customers_fall_into_each_score(ten: RFMScorer) -> None:
    values = np.arange(1, 11)
    scores = ten.score(values, values, values * 10.0)
    assert scores.f.tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert scores.m.tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert scores.r.tolist() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert scores.total.tolist() == [7, 7, 8, 8, 9, 9, 10, 10, 11, 11]


def test_scores_are_whole_numbers_of_one_byte(ten: RFMScorer) -> None:
    scores = ten.score([3], [3], [30.0])
    assert {part.dtype for part in (*scores, scores.total)} == {np.dtype(np.int8)}


def test_a_customer_alone_is_scored_by_the_population(ten: RFMScorer) -> None:
    scores = ten.score([1], [10], [100.0])
    assert (int(scores.r[0]), int(scores.f[0]), int(scores.m[0])) == (5, 5, 5)


def test_most_buy_once_and_none_of_them_scores_above_one() -> None:
    frequency = np.array([1] * 60 + [2] * 20 + [3] * 15 + [9] * 5)
    scorer = RFMScorer().fit(np.zeros(100), frequency, np.zeros(100))
    scored = scorer.score(np.zeros(4), [1, 2, 3, 9], np.zeros(4))
    # 60 % are strictly below two purchases, 80 % strictly below three
    assert scored.f.tolist() == [1, 4, 5, 5]


def test_all_alike_score_one() -> None:
    scorer = RFMScorer().fit([30, 30, 30], [2, 2, 2], [50.0, 50.0, 50.0])
    scores = scorer.score([30], [2], [50.0])
    assert scores.total.tolist() == [3]


def test_segments_begin_where_the_published_ranges_do() -> None:
    assert segment(np.arange(3, 16)).tolist() == (
        ["Lost"]
        + ["At Risk"] * 3
        + ["Potential Loyalists"] * 3
        + ["Loyal Customers"] * 3
        + ["Champions"] * 3
    )


def test_saved_cut_points_score_alike(ten: RFMScorer) -> None:
    again = RFMScorer.from_json(json.loads(json.dumps(ten.to_json())))
    values = np.linspace(0, 12, 50)
    for ours, theirs in zip(
        ten.score(values, values, values), again.score(values, values, values), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_nobody_to_learn_from_is_told() -> None:
    with pytest.raises(HistoryError, match="no customer to learn"):
        RFMScorer().fit([], [], [])


def test_a_missing_value_is_told_with_its_measure_and_row(ten: RFMScorer) -> None:
    with pytest.raises(LogError, match=r"monetary value is missing .* for 1 customer.* row 1"):
        ten.score([1, 2], [1, 2], [10.0, np.nan])


@pytest.mark.parametrize("content", [{}, {"recency_cuts": ["a"]}])
def test_a_damaged_file_is_told(content: dict[str, object]) -> None:
    with pytest.raises(RunError, match="cannot be read"):
        RFMScorer.from_json(content)
