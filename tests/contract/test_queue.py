"""What lies in the queue, and what somebody planted there: SQLite and its file, Redis."""

import json
import os
import pickle
import sqlite3

import pytest
import redis

from clv.core.errors import DependencyError, SettingError
from clv.ops.work import jobs
from clv.ops.work.queue import Queue
from tests.jobs import SHOP, found


def test_what_lies_in_the_queue_is_json(services):
    made = jobs.submit(services, "generate", SHOP, "tester")
    raw = raw_items(services)
    assert [json.loads(item) for item in raw] == [{"job_id": made.job_id}]
    assert services.queue.waiting() == {made.job_id}


class Planted:
    """A pickle of it runs code when it is read."""

    def __reduce__(self):
        return (exec, ("import os; os.environ['PLANTED'] = 'read'",))


PLANTED = (
    pickle.dumps(Planted()),
    b"\x80\x04.",
    b"",
    b"{",
    b"[" * 90,
    b"null",
    b'{"job_id": 7}',
    b'{"job_id": "../../etc"}',
    b'{"job_id": "ab", "retries": 3}',
    b'{"job_id": "' + b"a" * 1000 + b'"}',
    b"\xff\xfe",
)


def test_what_somebody_planted_in_the_queue_is_thrown_away_unread(services, monkeypatch):
    monkeypatch.setenv("PLANTED", "not read")
    pickle.loads(PLANTED[0])
    assert os.environ["PLANTED"] == "read"
    monkeypatch.setenv("PLANTED", "not read")
    for planted in PLANTED:
        services.queue.huey.storage.enqueue(planted)
    made = jobs.submit(services, "generate", SHOP, "tester")
    assert services.queue.waiting() == {made.job_id}
    taken = [services.queue.take() for _ in range(len(PLANTED) + 1)]
    assert [job_id for job_id in taken if job_id] == [made.job_id]
    assert services.queue.take() is None
    assert os.environ["PLANTED"] == "not read"


def raw_items(services):
    if services.place.redis_url:
        with redis.Redis.from_url(services.place.redis_url) as client:
            [key] = client.keys("*")
            return client.lrange(key, 0, -1)
    with sqlite3.connect(services.place.home / "queue.db") as connection:
        rows = connection.execute("SELECT data FROM task").fetchall()
    connection.close()
    return [bytes(data) for (data,) in rows]


def test_a_job_is_kept_when_the_queue_cannot_be_reached(services):
    if services.place.redis_url:
        gone = Queue(services.place.home, "redis://127.0.0.1:1/0")
    else:
        gone = Queue(services.place.home)
        gone.close()
        (services.place.home / "queue.db").unlink()
        (services.place.home / "queue.db").mkdir()
    services.queue.close()
    services.queue = gone
    made = jobs.submit(services, "generate", SHOP, "tester")
    assert found(services, made.job_id).status == jobs.QUEUED
    assert not gone.reachable()
    assert gone.take() is None


@pytest.mark.parametrize("address", ["http://localhost", "nonsense"])
def test_an_address_that_is_not_of_redis_is_refused(tmp_path, address):
    with pytest.raises(SettingError, match="redis://host"):
        Queue(tmp_path, address)


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "redis", None)
    with pytest.raises(DependencyError, match=r"clv\[redis\]"):
        Queue(tmp_path, "redis://localhost")
