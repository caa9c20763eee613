import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv.core.errors import HistoryError
from clv.numerics import histories

X, T_X, T = [2, 0, 2, 0, 1], [30, 0, 30, 0, 7], [60, 60, 60, 10, 60]


@pytest.mark.parametrize("unit", [1, 7, 0.1], ids=["days", "sevens", "tenths"])
def test_group_counts_each_history_once_and_finds_every_customer_again(unit):
    t_x, T_ = np.array(T_X) * unit, np.array(T) * unit
    found = histories.group(X, t_x, T_)
    np.testing.assert_array_equal(found.x, [0, 0, 1, 2])
    np.testing.assert_array_equal(found.n, [1, 1, 1, 2])
    for column, whole in zip(found[:3], (X, t_x, T_), strict=True):
        np.testing.assert_array_equal(column[found.inverse], whole)


def test_group_of_nobody_is_empty():
    found = histories.group([], [], [])
    assert [len(column) for column in found] == [0] * 5


def test_group_survives_numbers_too_wide_for_one_key():
    wide = np.array([0, 2**40, 2**40, 5], dtype=np.int64)
    found = histories.group(wide, np.minimum(wide, 2**41), np.full(4, 2**41))
    np.testing.assert_array_equal(found.x, [0, 5, 2**40])
    np.testing.assert_array_equal(found.n, [1, 1, 2])


def test_distinct_rows_of_fractions_do_not_merge():
    first, inverse, n = histories.distinct([0.1, 0.2, 0.1], [1.0, 1.0, 1.0 + 1e-12])
    np.testing.assert_array_equal(first, [0, 2, 1])
    np.testing.assert_array_equal(inverse, [0, 2, 1])
    np.testing.assert_array_equal(n, [1, 1, 1])


@pytest.mark.parametrize(
    ("x", "t_x", "T_", "rule"),
    [
        ([1, 2], [5, 9], [4, 9], r"after the end of observation.* in 1 row\(s\) \(0\)"),
        ([1.5], [5], [9], "not a whole number"),
        ([-1], [5], [9], "not a whole number"),
        ([1], [-5], [9], "before the first"),
        ([0], [5], [9], "x is 0, yet t_x is not"),
        ([1], [np.nan], [9], "empty or infinite"),
        ([1, 2], [5], [9], "shapes"),
        ([0] * 7, [5] * 7, [9] * 7, r"in 7 row\(s\) \(0, 1, 2, 3, 4, \.\.\.\)"),
    ],
)
def test_histories_that_cannot_be_are_refused(x, t_x, T_, rule):
    with pytest.raises(HistoryError, match=rule):
        histories.group(x, t_x, T_)


def test_systematic_sample_stands_for_everybody():
    n = np.arange(1.0, 5_001.0)
    rows, weights = histories.systematic_sample(n, 500)
    assert len(rows) <= 500
    assert (np.diff(rows) > 0).all()
    assert weights.sum() == pytest.approx(n.sum())
    # A systematic sample keeps the mean row of the customers to within a stride.
    assert weights @ rows / n.sum() == pytest.approx(n @ np.arange(5_000) / n.sum(), rel=1e-3)


def test_systematic_sample_of_few_is_all():
    rows, weights = histories.systematic_sample(np.array([3.0, 1.0]), 500)
    np.testing.assert_array_equal(rows, [0, 1])
    np.testing.assert_array_equal(weights, [3.0, 1.0])


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30
    )
)
def test_a_tally_is_a_group_that_does_not_tell_whose_row_is_whose(rows):
    x = np.array([row[0] for row in rows])
    t_x = np.where(x > 0, np.array([row[1] for row in rows]), 0)
    T = t_x + np.array([row[2] for row in rows])
    for columns in ((x, t_x, T), (x, t_x / 7, T / 7)):
        for tallied, grouped in zip(
            histories.tally(*columns), histories.group(*columns)[:4], strict=True
        ):
            np.testing.assert_array_equal(tallied, grouped)


def test_many_columns_of_many_values_do_not_run_together():
    # Codes of these columns multiply to far beyond 64 bits.
    region = np.repeat(np.arange(1_024), 2)
    figures = [np.random.default_rng(i).permutation(1_024)[region] + 0.5 for i in range(7)]
    x = np.tile([0, 7], 1_024)
    first, inverse, n = histories.distinct(*figures, x)
    assert len(first) == 2_048
    assert (n == 1).all()
    np.testing.assert_array_equal(x[first][inverse], x)
    assert (np.diff(figures[0][first]) >= 0).all()


def test_lone_numbers_are_no_histories():
    with pytest.raises(HistoryError, match="shapes"):
        histories.tally(3, 2, 5)
