"""What a page needs at a glance, in one answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.apps.api.answers import modeling, segmenting
from clv.apps.api.answers.keeping import kept
from clv.apps.api.answers.serving import of_current
from clv.ops import forecasts
from clv.ops.forecasts import CustomerQuery

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from clv.apps.api.services.wiring import Services
    from clv.core.types import Json
    from clv.ops.store.publishing import Current

MOST_CHANNELS = 20
TOP = 10


def summary(services: Services) -> bytes:
    """`schemas.dashboard.Dashboard`."""

    def made(conn: Connection, now: Current) -> Json:
        found = forecasts.summary(conn, now.run_no)
        run = services.champions.loaded(now.run_no, now.folder).run
        return {
            **of_current(now),
            "totals": found["totals"],
            "level": now.level,
            "segments": segmenting.told("segment", found["segments"]),
            "value_tiers": segmenting.told("value_tier", found["value_tiers"]),
            "clv_levels": segmenting.told("clv_level", found["clv_levels"]),
            "channels": segmenting.told("channel", found["channels"][:MOST_CHANNELS]),
            "top_customers": forecasts.page(conn, now.run_no, CustomerQuery(limit=TOP)).customers,
            "metrics": modeling.figures(run),
            "readiness": modeling.verdict(run),
            "warnings": run.manifest.get("warnings", []),
            "published_at": now.published_at,
        }

    return kept(services, "dashboard", made)
