"""What each route says of itself: who may ask, what it takes, which problems it may answer.

    @router.get("/api/customers/{customer_id}", response_model=Customer)
    @needs("read", problems=(404,))
    async def customer(request: Request, customer_id: str) -> Response: ...

    @router.post("/api/cache/clear", response_model=Cleared)
    @needs("admin", action="cache.clear")
    async def clear(request: Request) -> Response: ...

Whoever may not ask is turned away before the body is read or the function called. Both the check
and the OpenAPI document are made from these words; a route without them stops the service from
starting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from clv.ops.keys import SCOPES

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_SAID = "clv_declared"


@dataclass(frozen=True, slots=True)
class Declared:
    """
    Attributes
    ----------
    scope : a key must have it; None lets everybody ask
    problems : statuses besides those any route may answer
    takes : body, for a route that reads it by `bodies.read`
    upload : the body is a file, and may be large
    action : name in the audit of a write, so that one that was refused is found there
    quiet : probes ask often; logged for debugging only
    """

    scope: str | None
    problems: tuple[int, ...] = ()
    takes: type[BaseModel] | None = None
    upload: bool = False
    action: str | None = None
    quiet: bool = False


def needs(scope: str | None, **more: Any) -> Callable[[Endpoint], Endpoint]:
    """Declare a route; the attributes of `Declared` by name."""
    if scope is not None and scope not in SCOPES:
        raise ValueError(f"{scope!r} is no scope")
    said = Declared(scope, **more)

    def decorate(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _SAID, said)
        return endpoint

    return decorate


def declared(endpoint: Callable[..., Any]) -> Declared:
    """
    Raises
    ------
    TypeError : nothing was declared, so nobody knows who may ask
    """
    said = getattr(endpoint, _SAID, None)
    if not isinstance(said, Declared):
        raise TypeError(f"{endpoint.__module__}.{endpoint.__name__} does not say what it needs")
    return said
