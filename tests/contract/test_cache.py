"""One suite for every cache; and Redis going and coming back."""

import os
import signal
import threading
import time

import pytest

from clv.core.errors import SettingError
from clv.ops.cache import MemoryCache, RedisCache
from clv.ops.redislink import PATIENCE

#: Between two looks whether Redis is back, in these tests.
EVERY = 0.05


@pytest.fixture(params=["memory", "redis"])
def cache(request):
    if request.param == "memory":
        made = MemoryCache()
    else:
        made = RedisCache(request.getfixturevalue("redis_server").url, every=EVERY)
    yield made
    made.close()


@pytest.fixture
def on_redis(redis_server):
    made = RedisCache(redis_server.url, every=EVERY)
    yield made
    made.close()


def until(told, seconds=5.0):
    """Wait for something that another thread does."""
    end = time.monotonic() + seconds
    while not told():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_was_put_is_there_and_counted(cache):
    assert cache.get("customers:7:all") is None
    cache.put("customers:7:all", b'{"n": 1}', 60)
    assert cache.get("customers:7:all") == b'{"n": 1}'
    stats = cache.stats()
    assert (stats["hits"], stats["misses"], stats["entries"]) == (1, 1, 1)
    assert stats["state"] == cache.state == "ok"


def test_another_revision_is_another_answer(cache):
    cache.put("customers:7:all", b"old", 60)
    assert cache.get("customers:8:all") is None


def test_the_newest_value_counts(cache):
    cache.put("a", b"1", 60)
    cache.put("a", b"2", 60)
    assert cache.get("a") == b"2"
    assert cache.stats()["entries"] == 1


def test_it_forgets_in_time(cache):
    cache.put("short", b"1", 0.05)
    cache.put("long", b"1", 60)
    time.sleep(0.1)
    assert cache.get("short") is None
    assert cache.get("long") == b"1"


def test_clearing_says_how_much_it_forgot(cache):
    for number in range(1200):
        cache.put(f"key:{number}", b"x", 60)
    assert cache.clear() == 1200
    assert cache.clear() == 0
    assert cache.get("key:7") is None


@pytest.mark.parametrize("value", [b"", b"\x00\xff", '{"é": 1}'.encode(), b"x" * 300_000])
def test_bytes_come_back_as_they_were(cache, value):
    cache.put("any", value, 60)
    assert cache.get("any") == value


def test_threads_share_it(cache):
    def work(own):
        for number in range(100):
            cache.put(f"{own}:{number}", own, 60)
            assert cache.get(f"{own}:{number}") == own

    failed = []

    def checked(own):
        try:
            work(own)
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=checked, args=(f"{n}".encode(),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert cache.stats()["entries"] == 800


def test_memory_lets_go_of_what_was_asked_for_longest_ago():
    cache = MemoryCache(3 * 500)
    for name in "abc":
        cache.put(name, b"1", 60)
    cache.get("a")
    cache.put("d", b"1", 60)
    assert [name for name in "abcd" if cache.get(name)] == ["a", "c", "d"]


def test_memory_stays_within_its_bytes():
    cache = MemoryCache(100_000)
    for number in range(500):
        cache.put(f"{number}", b"x" * 1000, 60)
    assert cache.stats()["bytes"] <= 100_000
    assert 50 < cache.stats()["entries"] < 100
    cache.put("huge", b"x" * 200_000, 60)
    assert cache.get("huge") is None
    assert cache.get("499") == b"x" * 1000


def test_processes_share_redis(on_redis, redis_server):
    other = RedisCache(redis_server.url, every=EVERY)
    on_redis.put("a", b"1", 60)
    assert other.get("a") == b"1"
    other.clear()
    assert on_redis.get("a") is None
    other.close()


def test_others_keys_in_redis_are_left_alone(on_redis):
    on_redis._redis.set("somebody:else", b"1")
    on_redis.put("a", b"1", 60)
    assert on_redis.stats()["entries"] == 1
    assert on_redis.clear() == 1
    assert on_redis._redis.get("somebody:else") == b"1"


def test_with_redis_gone_it_goes_on_in_memory_and_says_so(on_redis, redis_server):
    on_redis.put("before", b"1", 60)
    redis_server.stop()
    assert on_redis.get("before") is None
    assert on_redis.state == "degraded"
    on_redis.put("meanwhile", b"2", 60)
    assert on_redis.get("meanwhile") == b"2"
    assert on_redis.stats()["state"] == "degraded"
    redis_server.start()
    until(lambda: on_redis.state == "ok")
    assert on_redis.get("meanwhile") is None
    on_redis.put("after", b"3", 60)
    assert on_redis.get("after") == b"3"


def test_it_starts_without_redis_and_finds_it_later(redis_server):
    redis_server.stop()
    cache = RedisCache(redis_server.url, every=EVERY)
    cache.put("a", b"1", 60)
    assert (cache.get("a"), cache.state) == (b"1", "degraded")
    redis_server.start()
    until(lambda: cache.state == "ok")
    cache.close()


def test_what_was_cleared_while_redis_was_away_is_not_seen_again(on_redis, redis_server):
    on_redis.put("stale", b"1", 60)
    pid = redis_server._process.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        on_redis.clear()
        assert on_redis.state == "degraded"
    finally:
        os.kill(pid, signal.SIGCONT)
    until(lambda: on_redis.state == "ok")
    assert on_redis.get("stale") is None


def test_a_redis_that_hangs_holds_up_one_request_for_a_moment(on_redis, redis_server):
    pid = redis_server._process.pid
    on_redis.get("a")
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        on_redis.get("a")
        first = time.monotonic() - began
        began = time.monotonic()
        for _ in range(200):
            on_redis.get("a")
        rest = time.monotonic() - began
    finally:
        os.kill(pid, signal.SIGCONT)
    assert first < 4 * PATIENCE
    assert rest < PATIENCE


def test_an_address_that_cannot_be_is_named():
    with pytest.raises(SettingError, match="Write it as redis://host:6379/0"):
        RedisCache("http://cache")
