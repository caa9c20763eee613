"""Keys and the audit, on every store."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from clv.core.errors import SettingError
from clv.ops import audit, keys
from clv.ops.keys import Keyring
from clv.ops.store.database import FILE

SOON = timedelta(days=1)


def entries(store, **more):
    with store.reading() as conn:
        return audit.entries(conn, **more)


def test_a_key_is_told_once_and_found_by_its_secret(store):
    key, secret = keys.make(store, "dashboard", ["read", "predict"])
    assert re.fullmatch(rf"clv_{key.key_id}_[A-Za-z0-9_-]{{43}}", secret)
    found = keys.found(store, secret)
    assert (found.key_id, found.name) == (key.key_id, "dashboard")
    assert found.scopes == key.scopes == {"read", "predict"}


@pytest.mark.parametrize(
    "sent",
    [
        "{0}x",
        " {0}",
        "{0}\n",
        "",
        "clv__",
        "clv_' OR 1=1 --_" + "a" * 43,
        "é" * 60,
        "clv_{1}_" + "a" * 43,
        "clv_000000000000_{2}",
        "CLV_{1}_{2}",
        "{2}",
    ],
)
def test_what_is_not_the_key_finds_nothing(store, sent):
    key, secret = keys.make(store, "a", ["admin"])
    own = secret.removeprefix(f"clv_{key.key_id}_")
    assert keys.found(store, f"clv_{key.key_id}_{own}") is not None
    assert keys.found(store, sent.format(secret, key.key_id, own)) is None


def test_the_secret_cannot_be_read_back(sqlite_store, tmp_path):
    key, secret = keys.make(sqlite_store, "a", ["admin"])
    assert secret.rsplit("_", 1)[0] not in str([one.to_json() for one in keys.listed(sqlite_store)])
    sqlite_store.close()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").glob(FILE + "*"))
    assert key.key_id.encode() in kept
    own = secret.removeprefix(f"clv_{key.key_id}_")
    assert own.encode() not in kept
    assert secret.encode() not in kept
    assert own not in repr(key)


def test_every_key_has_a_hash_of_its_own(store):
    from clv.ops.store.tables import api_key

    secrets = [keys.make(store, "a", ["read"])[1] for _ in range(5)]
    with store.reading() as conn:
        hashes = [bytes(row.hash) for row in conn.execute(api_key.select())]
    assert len(set(hashes)) == len(set(secrets)) == 5
    assert {len(one) for one in hashes} == {32}


def test_a_revoked_key_is_found_no_more(store):
    key, secret = keys.make(store, "a", ["read"])
    assert keys.any_valid(store)
    revoked = keys.revoke(store, key.key_id)
    assert revoked.status == "revoked"
    assert keys.found(store, secret) is None
    assert not keys.any_valid(store)
    assert keys.revoke(store, key.key_id).revoked_at == revoked.revoked_at
    assert [entry.action for entry in entries(store)] == ["key.revoke", "key.make"]


def test_an_expired_key_is_found_no_more(store):
    now = datetime.now(UTC)
    _, secret = keys.make(store, "a", ["read"], now + SOON)
    assert keys.found(store, secret) is not None
    with store.writing() as conn:
        from clv.ops.store.tables import api_key

        conn.execute(api_key.update().values(expires_at=now - SOON))
    assert keys.found(store, secret) is None
    assert not keys.any_valid(store)
    assert [one.status for one in keys.listed(store)] == ["expired"]


def test_keys_are_listed_newest_first_with_what_they_may(store):
    for name in ("first", "second"):
        keys.make(store, name, ["read", "admin"])
    told = [one.to_json() for one in keys.listed(store)]
    assert [one["name"] for one in told] == ["second", "first"]
    assert told[0]["scopes"] == ["read", "admin"]
    assert told[0]["status"] == "valid"


@pytest.mark.parametrize(
    ("name", "scopes", "expires", "said"),
    [
        ("", ["read"], None, "needs one of 1 to 128 characters"),
        ("  ", ["read"], None, "needs one of 1 to 128 characters"),
        ("a" * 129, ["read"], None, "needs one of 1 to 128 characters"),
        ("a\nb", ["read"], None, "needs one of 1 to 128 characters"),
        ("a", [], None, "needs at least one"),
        ("a", ["write"], None, "'write' is not one. Scopes: read, predict, train, admin"),
        ("a", ["read"], datetime(2020, 1, 1, tzinfo=UTC), "is not ahead"),
    ],
)
def test_a_key_that_cannot_be_is_not_made(sqlite_store, name, scopes, expires, said):
    with pytest.raises(SettingError, match=said):
        keys.make(sqlite_store, name, scopes, expires)
    assert keys.listed(sqlite_store) == []
    assert entries(sqlite_store) == []


def test_an_unknown_key_cannot_be_revoked(sqlite_store):
    with pytest.raises(SettingError, match="there is none with the id 'x'"):
        keys.revoke(sqlite_store, "x")


def test_the_day_of_use_only_moves_on(store):
    key, _ = keys.make(store, "a", ["read"])
    today = datetime.now(UTC).date()
    for day in (today, today - SOON):
        with store.writing() as conn:
            keys.used(conn, key.key_id, day)
    assert keys.listed(store)[0].used_on == today


class Counting:
    """A store that counts how often it is read."""

    def __init__(self, store):
        self._store, self.reads = store, 0

    def reading(self):
        self.reads += 1
        return self._store.reading()


def test_a_keyring_asks_the_store_once_in_a_while(sqlite_store):
    key, secret = keys.make(sqlite_store, "a", ["read"])
    store = Counting(sqlite_store)
    ring = Keyring(store, seconds=60)
    assert ring.remembered(secret) is None
    assert ring.find(secret).key_id == key.key_id
    for _ in range(100):
        assert ring.remembered(secret)[0].key_id == key.key_id
    assert store.reads == 1


def test_a_keyring_believes_no_longer_than_it_says(sqlite_store):
    key, secret = keys.make(sqlite_store, "a", ["read"])
    ring = Keyring(sqlite_store, seconds=0)
    ring.find(secret)
    keys.revoke(sqlite_store, key.key_id)
    assert ring.remembered(secret) is None
    assert ring.find(secret) is None
    assert keys.BELIEVED_SECONDS <= 1


def test_a_keyring_keeps_no_secret_and_forgets_strangers(sqlite_store, monkeypatch):
    monkeypatch.setattr(keys, "_REMEMBERED", 10)
    _, secret = keys.make(sqlite_store, "a", ["read"])
    ring = Keyring(sqlite_store, seconds=60)
    ring.find(secret)
    assert secret not in str(ring._found)
    for number in range(50):
        ring.find(f"clv_000000000000_{number:043d}")
    assert len(ring._found) <= 10
    assert ring.remembered(f"clv_000000000000_{49:043d}") == (None,)
    # Nor do they push out who is none.
    assert ring.remembered(secret)[0].name == "a"


def test_the_audit_is_read_in_pages(store):
    with store.writing() as conn:
        for number in range(25):
            audit.write(conn, actor="cli", action="run.publish", target=f"run-{number}")
    first = entries(store, limit=10)
    assert [entry.target for entry in first] == [f"run-{n}" for n in range(24, 14, -1)]
    second = entries(store, limit=10, before=first[-1].entry_no)
    assert [entry.target for entry in second] == [f"run-{n}" for n in range(14, 4, -1)]
    assert len(entries(store, limit=10, before=second[-1].entry_no)) == 5


def test_an_entry_stands_or_falls_with_its_write(store):
    def broken():
        with store.writing() as conn:
            audit.write(conn, actor="cli", action="run.publish")
            raise RuntimeError("broke")

    with pytest.raises(RuntimeError, match="broke"):
        broken()
    assert entries(store) == []


def test_an_entry_tells_who_what_and_how_it_ended(store):
    with store.writing() as conn:
        audit.write(
            conn,
            actor="0a1b",
            action="model.train",
            outcome=audit.REFUSED,
            request_id="r-1",
            detail={"code": "forbidden"},
        )
    told = entries(store)[0].to_json()
    assert told.pop("entry_no") > 0
    assert datetime.fromisoformat(told.pop("at")).tzinfo is not None
    assert told == {
        "actor": "0a1b",
        "action": "model.train",
        "target": None,
        "outcome": "refused",
        "request_id": "r-1",
        "detail": {"code": "forbidden"},
    }
