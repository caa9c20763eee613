"""Names in a query that its route does not take: told as unknown fields of a body are."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from pydantic import BaseModel

from clv.apps.api.edge.faults import names_of, unknown
from clv.apps.api.edge.problems import invalid

if TYPE_CHECKING:
    from fastapi.dependencies.models import Dependant


def taken(dependant: Dependant) -> frozenset[str]:
    """Names that a route, and what it depends on, take from the query."""
    names: set[str] = set()
    for field in dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names |= names_of(kind)
        else:
            names.add(field.alias)
    return frozenset(names).union(*map(taken, dependant.dependencies))


def require_known(query: bytes, names: frozenset[str]) -> None:
    """
    Raises
    ------
    ProblemError : the query has other names than these
    """
    asked = dict.fromkeys(name for name, _ in parse_qsl(query.decode("latin-1"), True))
    if others := [name for name in asked if name not in names]:
        raise invalid(unknown(others, names))
