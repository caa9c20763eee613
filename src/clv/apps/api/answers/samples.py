"""Made-up customers as bodies that POST /api/predict takes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from clv.apps.api.answers.encoding import encoded
from clv.apps.api.schemas.profile import ProfileBody
from clv.ops.sampling import sampled

if TYPE_CHECKING:
    from clv.apps.api.services.wiring import Services
    from clv.core.types import Json

#: Customers at once.
MOST = 1000


def made(services: Services, customers: int, seed: int) -> bytes:
    """`schemas.samples.Samples`, kept: the same seed makes the same customers."""
    key = f"samples:{customers}:{seed}"
    kept = services.cache.get(key)
    if kept is None:
        kept = encoded(_sample(customers, seed))
        services.cache.put(key, kept, services.settings.cache_seconds)
    return kept


def _sample(customers: int, seed: int) -> Json:
    drawn = sampled(customers, seed)
    day = str(drawn.as_of)
    profiles = [_body(row, day) for row in drawn.rows]
    return {
        "profiles": profiles,
        "count": len(profiles),
        "seed": seed,
        "as_of": day,
        "currency": drawn.currency,
    }


def _body(row: Json, day: str) -> Json:
    """Known fields by their names, and all else among the features."""
    told = {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in row.items()
        if value is not None
    }
    known = {name: value for name, value in told.items() if name in ProfileBody.model_fields}
    more = {name: value for name, value in told.items() if name not in known}
    return {**known, "snapshot_date": day, "features": more}
