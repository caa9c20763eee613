import base64
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv.core.errors import SettingError, StaleCursorError
from clv.ops.paging import CustomerQuery, Place, after_all, cursor, findable, place_of

PLACE = Place(12.5, "it's 😀")


def on(text, **asked):
    return place_of(7, CustomerQuery(cursor=text, **asked))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"limit": 0}, "limit: 0 is outside 1 to 1000"),
        ({"limit": 1001}, "limit: 1001"),
        ({"sort": "reasons"}, "sort: 'reasons' is not one of customer_id, clv"),
        ({"sort": "clv; DROP TABLE run"}, "sort: "),
        ({"min_clv": math.nan}, "min_clv: nan"),
        ({"max_p_alive": math.inf}, "max_p_alive: inf"),
        ({"min_churn_risk": 0.9, "max_churn_risk": 0.1}, "min_churn_risk: 0.9 is above"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(asked, said):
    with pytest.raises(SettingError) as refused:
        CustomerQuery(**asked)
    assert str(refused.value).startswith(said)


def test_the_most_valuable_come_first_unless_something_is_searched_for():
    assert CustomerQuery().order == ("clv", True)
    assert CustomerQuery(search="a").order == ("customer_id", False)
    assert CustomerQuery(sort="p_alive").order == ("p_alive", False)
    assert CustomerQuery(descending=False).order == ("clv", False)


def test_one_name_is_as_good_as_a_list_of_it():
    one = CustomerQuery(segment="Lost")  # type: ignore[arg-type]
    assert one == CustomerQuery(segment=["Lost", "Lost"])
    assert one.named == {"segment": ("Lost",)}


def test_a_cursor_leads_to_the_place_it_was_made_of():
    query = CustomerQuery(segment=["Lost"], min_clv=1)
    text = cursor(7, query, PLACE)
    assert on(text, segment=["Lost"], min_clv=1, limit=3) == PLACE
    assert text.isascii()
    assert not set("+/=&?# ") & set(text)


def test_a_cursor_of_another_query_or_run_is_refused():
    text = cursor(7, CustomerQuery(), PLACE)
    for asked in ({"segment": ["Lost"]}, {"sort": "p_alive"}, {"descending": False}):
        with pytest.raises(SettingError, match=r"^cursor: goes on with another sort"):
            on(text, **asked)
    with pytest.raises(StaleCursorError, match=r"^cursor: another run"):
        on(cursor(6, CustomerQuery(), PLACE))


@given(st.text(max_size=80))
def test_what_was_never_a_cursor_is_refused(text):
    with pytest.raises(SettingError, match=r"^cursor: is broken"):
        on(text)


@given(st.integers(0, 400), st.integers(1, 255))
def test_a_changed_cursor_is_refused(at, change):
    raw = bytearray(base64.urlsafe_b64decode(cursor(7, CustomerQuery(), PLACE) + "=="))
    raw[at % len(raw)] ^= change
    with pytest.raises(SettingError, match=r"^cursor: is broken"):
        on(base64.urlsafe_b64encode(raw).decode())


@pytest.mark.parametrize(
    ("sort", "value"),
    [("clv", "x"), ("clv", [1]), ("next_purchase_date", "soon"), ("customer_id", 1)],
)
def test_a_cursor_made_by_hand_must_fit_the_sort(sort, value):
    text = cursor(7, CustomerQuery(sort=sort), Place(value, "a"))
    with pytest.raises(SettingError, match=r"^cursor: is broken"):
        on(text, sort=sort)


@given(st.floats(0, 1), st.floats(0, 1))
def test_bounds_of_risk_are_exact(p, risk):
    low, high = CustomerQuery(min_churn_risk=risk).bounds["p_purchase"]
    assert low is None
    assert (p <= high) == (1 - p >= risk)
    low, high = CustomerQuery(max_churn_risk=risk).bounds["p_purchase"]
    assert high is None
    assert (p >= low) == (1 - p <= risk)


@given(st.text(min_size=1, max_size=4).filter(findable), st.text(max_size=4).filter(findable))
def test_all_that_begins_with_a_prefix_is_before_the_first_after_it(prefix, other):
    end = after_all(prefix)
    assert (prefix <= other and (end is None or other < end)) == other.startswith(prefix)
    assert end is None or findable(end)
