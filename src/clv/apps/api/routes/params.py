"""Parameters of the query that several routes take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Query
from pydantic import AfterValidator

from clv.apps.api.edge.faults import Fault
from clv.apps.api.edge.problems import invalid
from clv.apps.api.schemas.filters import Given
from clv.ops.store.publishing import CHAMPION

if TYPE_CHECKING:
    from clv.apps.api.services.wiring import Services

ModelType = Annotated[
    str,
    Query(
        min_length=1,
        max_length=64,
        description=f"Model to answer with: {CHAMPION} (the run served to everybody), or the name"
        " of one trained by POST /api/train/{model_type}; bg_nbd and other usual names are known.",
        examples=[CHAMPION, "xgboost", "bg_nbd"],
    ),
]
IntervalLevel = Annotated[
    float | None,
    Query(
        ge=0.5,
        le=0.99,
        description="How often what comes shall lie within the intervals; write 95 % as 0.95."
        " Default: the run's own.",
        examples=[0.95],
    ),
]
Limit = Annotated[
    int,
    AfterValidator(Given),
    Query(ge=1, description="Most to give; at most CLV_PAGE_LIMIT (1,000 unless set)."),
]


def within_page(services: Services, limit: int) -> int:
    """As many as were asked for; where nobody asked, the default, or a page if that is less.

    Raises
    ------
    ProblemError : more than one page may have
    """
    most = services.settings.page_limit
    if limit > most and isinstance(limit, Given):
        raise invalid([Fault("query", "limit", f"is {limit}; give at most {most}.")])
    return min(limit, most)
