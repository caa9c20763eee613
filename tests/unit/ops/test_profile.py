"""Profiles: customers told by counts, sums and days."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv.core.errors import ProfileError
from clv.ops.profile import Profile


def test_all_is_told():
    profile = Profile.of(orders=8, total=1250.5, first_days=180, last_days=15)
    assert (profile.x, profile.t_x, profile.T, profile.total) == (7, 165, 180, 1250.5)
    assert profile.notices == ()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"orders": 5, "order_value": 90, "first_days": 180, "last_days": 15}, (4, 165, 180, 450)),
        ({"orders": 5, "total": 450, "gap_days": 36, "last_days": 30}, (4, 144, 174, 450)),
        ({"orders": 5, "total": 450, "gap_days": 36, "first_days": 180}, (4, 144, 180, 450)),
        ({"orders": 1, "total": 45, "first_days": 12}, (0, 0, 12, 45)),
        ({"orders": 1, "total": 45, "last_days": 12}, (0, 0, 12, 45)),
    ],
)
def test_what_is_missing_follows_from_the_rest(told, expected):
    profile = Profile.of(**told)
    assert (profile.x, profile.t_x, profile.T, profile.total) == expected


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"orders": None, "total": 10}, "orders"),
        ({"orders": 0, "total": 10}, "orders"),
        ({"orders": 2, "first_days": 10, "last_days": 1}, "total"),
        ({"orders": 2, "total": 10, "last_days": 1}, "first_days"),
        ({"orders": 2, "total": 10, "first_days": 9}, "last_days"),
        ({"orders": 2, "total": 10, "first_days": 9, "last_days": 10}, "last_days"),
        ({"orders": 1, "total": 10, "first_days": 9, "last_days": 1}, "orders"),
        ({"orders": 2, "total": -10, "first_days": 9, "last_days": 1}, "total"),
        ({"orders": 2, "total": float("nan"), "first_days": 9, "last_days": 1}, "total"),
        ({"orders": 2, "total": 10, "first_days": float("inf"), "last_days": 1}, "first_days"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(told, field):
    with pytest.raises(ProfileError, match=field) as refused:
        Profile.of(**told)
    assert refused.value.field == field


def test_more_orders_than_days_are_fewer_purchases_and_told():
    profile = Profile.of(orders=9, total=90, first_days=10, last_days=7)
    assert profile.x == 3
    assert "4 purchase days" in profile.notices[0]


def test_a_mean_that_does_not_fit_the_total_is_told():
    profile = Profile.of(orders=4, total=400, order_value=90, first_days=90, last_days=7)
    assert profile.total == 400
    assert "order_value" in profile.notices[0]


@given(
    orders=st.integers(1, 500),
    total=st.floats(0, 1e9),
    last=st.integers(0, 4_000),
    span=st.integers(0, 4_000),
)
def test_a_profile_is_always_a_history(orders, total, last, span):
    if orders == 1:
        span = 0
    profile = Profile.of(orders=orders, total=total, first_days=last + span, last_days=last)
    assert 0 <= profile.x <= profile.t_x <= profile.T or profile.x == profile.t_x == 0
    assert profile.x <= orders - 1
