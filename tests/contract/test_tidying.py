"""What the store keeps for a while only: answers under a key of a client, refusals of strangers."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from clv.ops import audit, keys
from clv.ops.machine import Machine
from clv.ops.store import tables
from clv.ops.work import tidying
from clv.ops.work.workplace import Workplace

NOW = datetime.now(UTC)
OLD, NEW = NOW - timedelta(days=31), NOW - timedelta(days=29)


@pytest.fixture
def place(tmp_path):
    return Workplace(Machine(tmp_path / "home"))


def reply(key, at, actor="k1"):
    told = {"fingerprint": "f", "status": 200, "body": {"accepted": 1}}
    return {"key": key, "actor": actor, "at": at, **told}


def entry(actor, at, outcome="refused"):
    return {"at": at, "actor": actor, "action": "model.train", "outcome": outcome, "detail": {}}


def test_kept_answers_and_refusals_of_strangers_go_after_a_while(store, place, monkeypatch):
    monkeypatch.setattr(tidying, "_LOT", 3)
    replies = [reply(f"old-{n}", OLD) for n in range(7)]
    replies += [reply("new", NEW), reply("old-1", NEW, "k2")]
    entries = [entry(keys.STRANGER, OLD) for _ in range(6)]
    entries += [entry(keys.STRANGER, NEW), entry("k1", OLD), entry("cli", OLD, "done")]
    with store.writing() as conn:
        conn.execute(insert(tables.reply), replies)
        conn.execute(insert(tables.audit), entries)
    for _ in range(2):
        tidying.tidy(place, store)
        with store.reading() as conn:
            kept = conn.execute(select(tables.reply.c.key, tables.reply.c.actor)).all()
            told = audit.entries(conn)
        assert sorted(tuple(row) for row in kept) == [("new", "k1"), ("old-1", "k2")]
        assert sorted(one.actor for one in told) == ["cli", "k1", keys.STRANGER]


def test_with_nothing_old_nothing_is_written(store, place, monkeypatch):
    with store.writing() as conn:
        conn.execute(insert(tables.reply), [reply("new", NEW)])

    def written():
        raise AssertionError("a writer was held up")

    monkeypatch.setattr(store, "writing", written)
    tidying.tidy(place, store)
