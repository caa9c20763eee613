"""What each feature is."""

from __future__ import annotations

from functools import cache

from fastapi import APIRouter
from starlette.responses import Response

from clv.apps.api.answers.encoding import encoded, of_bytes
from clv.apps.api.edge.declare import needs
from clv.apps.api.schemas.features import FeatureDictionary
from clv.ops.featuring import dictionary

router = APIRouter(tags=["models"])


@router.get(
    "/api/features",
    response_model=FeatureDictionary,
    operation_id="list_features",
    summary="The dictionary of features",
)
@needs("read")
async def list_features() -> Response:
    """What each feature means, its unit, and which columns of the log it needs."""
    return of_bytes(_made())


@cache
def _made() -> bytes:
    found = dictionary()
    return encoded({"features": found, "count": len(found)})
