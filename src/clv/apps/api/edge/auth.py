"""Who asks, and whether they may. Decided before the body is read."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.types import Scope

from clv.apps.api.edge.problems import ProblemError
from clv.apps.api.services.behind import Refusal
from clv.apps.api.services.limits import TooMany, address_of
from clv.ops import keys

if TYPE_CHECKING:
    from clv.apps.api.edge.declare import Declared
    from clv.apps.api.services.wiring import Services
    from clv.ops.keys import Key

#: Says that the request came through a proxy, from somebody who may be anywhere.
_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-real-ip")
_MAKE_KEY = "Make one with `clv keys make --name NAME --scope {scope}`."


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks.

    Attributes
    ----------
    name : a key's id, or "loopback" for anybody at this machine
    """

    name: str
    scopes: frozenset[str]

    def allows(self, scope: str) -> bool:
        return scope in self.scopes or keys.ADMIN in self.scopes


LOOPBACK = Actor("loopback", frozenset({keys.ADMIN}))
NOBODY = Actor(keys.STRANGER, frozenset())


def actor(request: Request) -> Actor:
    """Who asks; NOBODY on routes that anybody may ask."""
    found: Actor = request.scope.get("clv.actor", NOBODY)
    return found


async def admit(scope: Scope, said: Declared, services: Services) -> None:
    """Let a request in to a route, and note who asks in its scope.

    Raises
    ------
    ProblemError : no valid key (401), one without the scope (403), too many requests (429)
    StoreError : the store cannot be asked for the key
    """
    if said.scope is None:
        return
    try:
        who = await _identified(scope, said.scope, services)
        scope["clv.actor"] = who
        if not who.allows(said.scope):
            raise _forbidden(who, said.scope)
        if who is not LOOPBACK:
            _count(who.name, services)
    except ProblemError as error:
        if said.action is not None:
            # What was done is put into the audit by the write itself.
            name = scope.get("clv.actor", NOBODY).name
            services.behind.refused(
                Refusal(name, said.action, error.code, error.status_code), scope["clv.request_id"]
            )
        raise


async def _identified(scope: Scope, needed: str, services: Services) -> Actor:
    """
    Raises
    ------
    ProblemError : no valid key (401), too many requests without one (429)
    """
    headers = scope["clv.headers"]
    token = _token(headers)
    if token is None:
        _count(address_of(_client(scope)), services)
        if not services.open_door:
            raise _unauthorized("key: none was sent.", needed)
        if any(name in headers for name in _FORWARDED) or not _is_here(_client(scope)):
            raise _unauthorized(
                "key: none was sent, and the request came from another machine or through a proxy."
                " Only who sits at this machine needs none.",
                needed,
            )
        return LOOPBACK
    known = services.keyring.remembered(token)
    key = known[0] if known is not None else await _found(token, services)
    if key is None:
        # Only now: whoever shares an address with somebody who guesses is let in by a valid key.
        if (too_many := services.guesses.take(address_of(_client(scope)))) is not None:
            raise _rate("keys: more than {} unknown, expired or revoked came from here", too_many)
        raise _unauthorized(
            "key: the one sent is unknown, expired or revoked.", needed, 'error="invalid_token"'
        )
    return Actor(key.key_id, key.scopes)


async def _found(token: str, services: Services) -> Key | None:
    key = await services.ask(services.keyring.find, token)
    if key is not None:
        today = datetime.now(UTC).date()
        if key.used_on != today:
            services.behind.put(partial(keys.used, key_id=key.key_id, day=today))
    return key


def _count(name: str, services: Services) -> None:
    """
    Raises
    ------
    ProblemError : too many requests by that key, or from that address without one
    """
    if services.limiter.limited and (too_many := services.limiter.take(name)) is not None:
        raise _rate("requests: more than {}", too_many)


def _token(headers: dict[bytes, bytes]) -> str | None:
    """What was sent as a key."""
    authorization = headers.get(b"authorization")
    if authorization is not None:
        scheme, _, sent = authorization.partition(b" ")
        if scheme.lower() == b"bearer":
            return sent.strip().decode("latin-1")
    sent = headers.get(b"x-api-key", b"").strip()
    return sent.decode("latin-1") if sent else None


def _client(scope: Scope) -> str | None:
    client = scope.get("client")
    return client[0] if client else None


@lru_cache(maxsize=1024)
def _is_here(client: str | None) -> bool:
    """Whether a client is at this machine, whatever the settings say of where it listens."""
    if client is None:
        # A socket of the file system.
        return True
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _unauthorized(what: str, needed: str, more: str = "") -> ProblemError:
    return ProblemError(
        401,
        "unauthorized",
        f"{what} Send one of scope {needed} as Authorization: Bearer KEY, or as X-API-Key: KEY."
        f" {_MAKE_KEY.format(scope=needed)}",
        headers={"www-authenticate": 'Bearer realm="clv"' + (f", {more}" if more else "")},
    )


def _forbidden(who: Actor, needed: str) -> ProblemError:
    has = ", ".join(scope for scope in keys.SCOPES if scope in who.scopes) or "none"
    return ProblemError(
        403,
        "forbidden",
        f"key: this needs the scope {needed}; key {who.name} has {has}."
        f" {_MAKE_KEY.format(scope=needed)}",
        headers={
            "www-authenticate": f'Bearer realm="clv", error="insufficient_scope", scope="{needed}"'
        },
    )


def _rate(what: str, too_many: TooMany) -> ProblemError:
    return ProblemError(
        429,
        "rate-limit",
        f"{what.format(too_many.allowed)} in {too_many.window} s. Ask again in {too_many.wait} s.",
        headers=too_many.headers(),
    )
