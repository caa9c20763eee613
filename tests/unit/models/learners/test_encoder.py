"""Tables of features become numbers the same way for everybody, whenever they come."""

import json
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv.core.errors import ColumnError
from clv.models.learners.encoder import Encoder, as_text

CHANNELS = ["web"] * 14 + ["shop"] * 12 + ["fair"] * 2 + [None] * 2


def table() -> pd.DataFrame:
    n = len(CHANNELS)
    return pd.DataFrame(
        {
            "spent": np.linspace(1.0, 9.0, n),
            "orders": pd.array([None, *range(1, n)], dtype="Int64"),
            "cost": [Decimal(k) / 4 for k in range(n)],
            "member": [True, False] * (n // 2),
            "since": [date(1970, 1, 1 + k) for k in range(n)],
            "channel": CHANNELS,
            "id": [f"C{k:03d}" for k in range(n)],
            "currency": ["EUR"] * n,
            "level": [3] * n,
            "nothing": [None] * n,
        }
    )


ENCODER = Encoder.learn(table())


def test_numbers_stay_and_frequent_texts_become_columns():
    assert ENCODER.names == (
        *("spent", "orders", "cost", "member", "since"),
        *("channel = web", "channel = shop", "channel = other"),
    )
    X = ENCODER.of(table())
    assert X.dtype == np.float64
    np.testing.assert_array_equal(X[1], [table()["spent"][1], 1, 0.25, 0, 1, 1, 0, 0])
    np.testing.assert_array_equal(X[27, 5:], [0, 0, 1])
    assert np.isnan(X[0, 1])
    assert np.isnan(X[28, 5:]).all()


def test_what_tells_nothing_is_dropped_and_told():
    assert ENCODER.dropped == {
        "id": "30 different texts, hardly any of them frequent",
        "currency": "the same for all",
        "level": "the same for all",
        "nothing": "empty for all",
    }


def test_a_constant_that_is_absent_for_some_is_kept():
    frame = pd.DataFrame({"card": [1.0, np.nan] * 10, "club": ["gold", None] * 10})
    assert Encoder.learn(frame).names == ("card", "club = gold")


def test_many_texts_keep_the_most_frequent():
    texts = [f"t{k:02d}" for k in range(25) for _ in range(40 - k)]
    learned = Encoder.learn(pd.DataFrame({"t": texts}))
    assert learned.levels == {"t": tuple(f"t{k:02d}" for k in range(20))}
    assert learned.others == ("t",)


def test_kinds_are_as_told():
    frame = pd.DataFrame({"code": [1, 2] * 10, "size": ["1.5", "2"] * 10})
    learned = Encoder.learn(frame, {"code": "text", "size": "number"})
    assert learned.names == ("size", "code = 1", "code = 2")
    np.testing.assert_array_equal(learned.of(frame)[:2], [[1.5, 1, 0], [2, 0, 1]])


def test_later_tables_may_lack_columns_and_bring_new_texts():
    later = pd.DataFrame({"channel": ["app", "web", None], "spent": [1, None, np.inf], "new": 1})
    X = ENCODER.of(later)
    assert X.shape == (3, len(ENCODER.names))
    np.testing.assert_array_equal(X[:2, 5:], [[0, 0, 1], [1, 0, 0]])
    np.testing.assert_array_equal(X[:, 0], [1.0, np.nan, np.nan])
    assert np.isnan(X[:, 1:5]).all()
    assert ENCODER.of(later[:0]).shape == (0, len(ENCODER.names))


def test_a_new_text_is_none_of_those_known_where_there_were_no_others():
    learned = Encoder.learn(pd.DataFrame({"sex": ["f", "m"] * 10}))
    np.testing.assert_array_equal(learned.of(pd.DataFrame({"sex": ["x", None]}))[0], [0, 0])


def test_days_are_counted_whatever_their_type():
    when = datetime(1970, 1, 11, 18)
    for values in ([date(1970, 1, 11), None], [when, None], pd.to_datetime([when, None])):
        np.testing.assert_array_equal(
            ENCODER.of(pd.DataFrame({"since": values}))[:, 4], [10, np.nan]
        )


def test_text_where_numbers_were_is_told():
    with pytest.raises(ColumnError, match=r"spent: 2 row\(s\) .* 'lots'"):
        ENCODER.of(pd.DataFrame({"spent": [1, "lots", "more"]}))


def test_written_as_json_it_says_the_same():
    again = Encoder.from_json(json.loads(json.dumps(ENCODER.to_json())))
    assert again == ENCODER
    np.testing.assert_array_equal(again.of(table()), ENCODER.of(table()))


@given(st.permutations(range(len(CHANNELS))), st.integers(1, len(CHANNELS)))
def test_neither_order_nor_company_changes_a_row(order, many):
    some = list(order)[:many]
    np.testing.assert_array_equal(ENCODER.of(table().iloc[some]), ENCODER.of(table())[some])
    shuffled = Encoder.learn(table().iloc[list(order)])
    assert shuffled == ENCODER


@pytest.mark.parametrize(
    ("told", "text"),
    [("web", "web"), (2.0, "2"), (2, "2"), (2.5, "2.5"), (True, "True"), (-0.0, "0")],
)
def test_a_value_that_is_told_is_the_text_that_a_file_has(told, text):
    assert as_text(told) == text


@pytest.mark.parametrize("known", [("true", "false"), ("TRUE", "n/a"), ("True",)])
def test_a_truth_is_the_text_that_says_it(known):
    assert as_text(True, known) == known[0]
