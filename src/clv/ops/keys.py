"""Keys of those who may ask: made, found, listed, revoked. The secret itself is kept nowhere."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, or_, select, update

from clv.core.errors import SettingError
from clv.ops import audit
from clv.ops.store.tables import api_key

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from clv.core.types import Json
    from clv.ops.store.database import Store

READ, PREDICT, TRAIN, ADMIN = SCOPES = ("read", "predict", "train", "admin")
#: Who has no valid key, in the audit.
STRANGER = "nobody"
#: Longest name of a key.
NAME_LENGTH = 128
#: How long a key found in the store is believed without asking again: a revoked key works no
#: longer than that.
BELIEVED_SECONDS = 1.0
#: Most secrets remembered at once, known and unknown.
_REMEMBERED = 10_000
_TOKEN = re.compile(r"clv_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
#: What the secret of an unknown key is compared with.
_NOBODY = bytes(32)


@dataclass(frozen=True, slots=True)
class Key:
    """
    Attributes
    ----------
    key_id : public part, which logs and the audit name
    scopes : what it allows; admin allows all
    expires_at : None never
    used_on : last day it was used, to find keys nobody needs
    """

    key_id: str
    name: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    used_on: date | None = None

    @property
    def status(self) -> str:
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= datetime.now(UTC):
            return "expired"
        return "valid"

    def to_json(self) -> Json:
        dates = ("created_at", "expires_at", "revoked_at", "used_on")
        told = {name: getattr(self, name) for name in dates}
        return {
            "key_id": self.key_id,
            "name": self.name,
            "scopes": [scope for scope in SCOPES if scope in self.scopes],
            "status": self.status,
            **{name: value.isoformat() if value else None for name, value in told.items()},
        }


def make(
    store: Store,
    name: str,
    scopes: Sequence[str],
    expires: datetime | None = None,
    actor: str = "cli",
) -> tuple[Key, str]:
    """A new key, and its secret, which is told this once.

    Raises
    ------
    SettingError : a name, scope or end that cannot be
    StoreError : it could not be written
    """
    _require(name, scopes, expires)
    secret = secrets.token_urlsafe(32)
    key = Key(
        key_id=secrets.token_hex(6),
        name=name.strip(),
        scopes=frozenset(scopes),
        created_at=datetime.now(UTC),
        expires_at=expires,
    )
    told = key.to_json()
    with store.writing() as conn:
        conn.execute(
            insert(api_key).values(
                key_id=key.key_id,
                name=key.name,
                hash=_hash(secret),
                scopes=told["scopes"],
                created_at=key.created_at,
                expires_at=expires,
            )
        )
        audit.write(
            conn,
            actor=actor,
            action="key.make",
            target=key.key_id,
            detail={"scopes": told["scopes"], "expires_at": told["expires_at"]},
        )
    return key, f"clv_{key.key_id}_{secret}"


def found(store: Store, token: str) -> Key | None:
    """The valid key of what a client sent; None where there is none.

    Raises
    ------
    StoreError : the store cannot be asked
    """
    parts = _TOKEN.fullmatch(token)
    if parts is None:
        return None
    key_id, secret = parts.groups()
    with store.reading() as conn:
        row = conn.execute(select(api_key).where(api_key.c.key_id == key_id)).one_or_none()
    # An unknown key costs the same comparison as a known one: time tells nothing.
    same = hmac.compare_digest(_hash(secret), bytes(row.hash) if row else _NOBODY)
    if row is None or not same:
        return None
    key = _of(row)
    return key if key.status == "valid" else None


def listed(store: Store) -> list[Key]:
    """Every key ever made, newest first."""
    with store.reading() as conn:
        rows = conn.execute(select(api_key).order_by(api_key.c.created_at.desc())).all()
    return [_of(row) for row in rows]


def any_valid(store: Store) -> bool:
    """Whether somebody has a key that works now."""
    valid = (
        select(api_key.c.key_id)
        .where(api_key.c.revoked_at.is_(None))
        .where(or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > datetime.now(UTC)))
        .limit(1)
    )
    with store.reading() as conn:
        return conn.execute(valid).one_or_none() is not None


def revoke(store: Store, key_id: str, actor: str = "cli") -> Key:
    """End a key, now and for good; done twice, the first time counts.

    Raises
    ------
    SettingError : there is no such key
    """
    with store.writing() as conn:
        row = conn.execute(select(api_key).where(api_key.c.key_id == key_id)).one_or_none()
        if row is None:
            raise SettingError(f"key: there is none with the id {key_id!r}. See `clv keys list`.")
        if row.revoked_at is None:
            now = datetime.now(UTC)
            own = api_key.c.key_id == key_id
            conn.execute(update(api_key).where(own).values(revoked_at=now))
            audit.write(conn, actor=actor, action="key.revoke", target=key_id)
            row = conn.execute(select(api_key).where(own)).one()
    return _of(row)


def used(conn: Connection, key_id: str, day: date) -> None:
    """Note the day a key was used."""
    own = api_key.c.key_id == key_id
    older = or_(api_key.c.used_on.is_(None), api_key.c.used_on < day)
    conn.execute(update(api_key).where(own, older).values(used_on=day))


class Keyring:
    """Keys found of late, so that requests need no read of the store.

    Parameters
    ----------
    seconds : how long what was found is believed
    """

    def __init__(self, store: Store, seconds: float = BELIEVED_SECONDS) -> None:
        self._store = store
        self._seconds = seconds
        #: Digest of the token, never the token: (believed until, key or none).
        self._found: dict[bytes, tuple[float, Key | None]] = {}

    def remembered(self, token: str) -> tuple[Key | None] | None:
        """What is known of a token, in a tuple; None where the store has to be asked."""
        known = self._found.get(_hash(token))
        if known is None or known[0] < time.monotonic():
            return None
        return (known[1],)

    def find(self, token: str) -> Key | None:
        """The valid key of a token, from the store, remembered for a moment.

        Raises
        ------
        StoreError : the store cannot be asked
        """
        # The moment begins before the read: a key revoked meanwhile is not believed for longer.
        until = time.monotonic() + self._seconds
        key = found(self._store, token)
        if len(self._found) >= _REMEMBERED:
            # Keys that were made up push none out that is one, unless those alone are too many.
            # Others may remember one meanwhile.
            known = self._found.copy()
            kept = {digest: one for digest, one in known.items() if one[1] is not None}
            self._found = kept if len(kept) < _REMEMBERED else {}
        self._found[_hash(token)] = (until, key)
        return key


def _hash(secret: str) -> bytes:
    # A slow, salted hash is for passwords, which people choose and reuse. This secret has 256
    # random bits: nobody finds it by trying, however quick one try is.
    return hashlib.sha256(secret.encode()).digest()


def _of(row: Any) -> Key:
    return Key(
        key_id=row.key_id,
        name=row.name,
        scopes=frozenset(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        used_on=row.used_on,
    )


def _require(name: str, scopes: Sequence[str], expires: datetime | None) -> None:
    if not name.strip() or len(name) > NAME_LENGTH or not name.isprintable():
        raise SettingError(
            f"name: a key needs one of 1 to {NAME_LENGTH} characters, as 'dashboard': it says who"
            " has the key when you want to revoke it."
        )
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        what = f"{unknown[0]!r} is not one" if unknown else "a key needs at least one"
        raise SettingError(f"scope: {what}. Scopes: {', '.join(SCOPES)}; admin allows all.")
    if expires is not None and expires <= datetime.now(UTC):
        raise SettingError(f"expires: {expires:%Y-%m-%d %H:%M} is not ahead. Give a later moment.")
