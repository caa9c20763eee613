"""Rate limits: kept to, told, and shared over processes where there is Redis."""

import time

import pytest

from clv.apps.api.services.limits import Limiter, address_of
from clv.core.errors import SettingError


def taken(limiter, who, times):
    return sum(limiter.take(who) is None for _ in range(times))


@pytest.mark.parametrize(("rate", "allowed"), [("5/hour", 5), ("600/hour", 600), ("1/day", 1)])
def test_so_many_may_come_and_no_more(rate, allowed):
    limiter = Limiter(rate)
    assert taken(limiter, "a", allowed + 50) == allowed
    assert taken(limiter, "b", allowed + 50) == allowed


def test_who_is_too_many_hears_when_to_come_again():
    limiter = Limiter("2/minute")
    taken(limiter, "a", 2)
    told = limiter.take("a")
    assert (told.allowed, told.window) == (2, 60)
    assert 1 <= told.wait <= 60
    assert told.headers() == {
        "retry-after": str(told.wait),
        "ratelimit-policy": '"requests";q=2;w=60',
        "ratelimit": f'"requests";r=0;t={told.wait}',
    }


def test_after_the_window_one_may_come_again():
    limiter = Limiter("1/second")
    assert taken(limiter, "a", 5) == 1
    time.sleep(2.1)
    assert taken(limiter, "a", 5) == 1


def test_without_a_rate_all_may_come():
    limiter = Limiter(None)
    assert not limiter.limited
    assert taken(limiter, "a", 1000) == 1000


def test_a_rate_that_is_none_is_named():
    with pytest.raises(SettingError, match="'sometimes' is none"):
        Limiter("sometimes")


def test_processes_count_together_in_redis(redis_server):
    one, two = (Limiter("50/hour", redis_server.url) for _ in range(2))
    assert taken(one, "a", 30) + taken(two, "a", 60) == 50
    one.close()
    two.close()


def test_what_a_process_takes_at_once_is_a_hundredth(redis_server):
    one, two = (Limiter("600/hour", redis_server.url) for _ in range(2))
    assert taken(one, "a", 1) == 1
    assert 600 - 6 <= taken(two, "a", 700) + 1 <= 600
    one.close()
    two.close()


def test_with_redis_gone_each_process_counts_on_its_own(redis_server):
    limiter = Limiter("5/hour", redis_server.url)
    assert taken(limiter, "a", 3) == 3
    redis_server.stop()
    assert taken(limiter, "a", 20) == 5
    assert limiter.degraded
    limiter.close()


@pytest.mark.parametrize(
    ("client", "name"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        (None, "local"),
        ("odd", "odd"),
    ],
)
def test_one_household_is_one_asker(client, name):
    assert address_of(client) == name
