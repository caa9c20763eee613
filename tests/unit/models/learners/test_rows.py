"""What a learner learns from is checked once, where it is made."""

from dataclasses import replace

import numpy as np
import pytest

from clv.core.errors import FitError
from clv.models.learners.rows import Rows

ROWS = Rows.of(np.arange(8.0).reshape(4, 2), ("a", "b"), [0.0, 3.0, 0.0, 9.0])


def test_whoever_spent_bought_and_all_weigh_the_same_unless_told():
    assert ROWS.bought.tolist() == [False, True, False, True]
    assert ROWS.weight.tolist() == [1.0, 1.0, 1.0, 1.0]
    told = Rows.of(ROWS.X, ROWS.names, ROWS.y, [True, True, False, True], [1, 2, 3, 4])
    assert told.bought.tolist() == [True, True, False, True]
    assert told.mean() == pytest.approx((2 * 3 + 4 * 9) / 10)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"y": np.array([0.0, -3.0, 0.0, 9.0])}, "target is negative.* in 1 of 4"),
        ({"y": np.array([0.0, np.nan, np.inf, 9.0])}, "target is negative.* in 2 of 4"),
        ({"weight": np.array([1.0, 1.0, 1.0, -1.0])}, "weight is negative.* in 1 of 4"),
        ({"bought": np.zeros(4, bool)}, "2 of 4 row.s. spent without having bought"),
        ({"X": np.array([[np.inf, 1.0]] * 4)}, r"1 feature.s. are infinite somewhere \(a\)"),
        ({"X": np.zeros((4, 3))}, "but 2 names"),
        ({"X": np.zeros((3, 2))}, "4 targets, but {'X': 3}"),
    ],
)
def test_what_cannot_be_is_refused(change, told):
    with pytest.raises(FitError, match=told):
        replace(ROWS, **change)


def test_rows_are_taken_whole():
    some = ROWS.take([3, 1])
    assert some.X.tolist() == [[6.0, 7.0], [2.0, 3.0]]
    assert some.y.tolist() == [9.0, 3.0]
    assert len(replace(ROWS, weight=np.array([0.0, 1.0, 0.0, 2.0])).that_weigh()) == 2


def test_another_unit_leaves_the_rest_alone():
    scaled = replace(ROWS, weight=np.array([1.0, 2.0, 3.0, 4.0])).in_units_of(3.0)
    assert scaled.y.tolist() == [0.0, 1.0, 0.0, 3.0]
    assert scaled.weight.mean() == pytest.approx(1.0)
    assert scaled.X is ROWS.X
