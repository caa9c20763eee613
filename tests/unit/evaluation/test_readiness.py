"""What a log supports is told of the days with orders, not of those after them."""

from types import SimpleNamespace

import pandas as pd
import pytest

from clv.core.types import Horizon
from clv.evaluation import readiness

SPEND = SimpleNamespace(
    paid_=None,
    method_="gamma-gamma",
    tested_="repeat buyers",
    independence_=SimpleNamespace(
        repeaters=50, verdict="told", spearman=SimpleNamespace(coefficient=0.0, p_value=0.9)
    ),
)


def checks(quiet, span=2_920, horizon=90):
    """Of a log whose last order came so many days before its last day."""
    frame = pd.DataFrame({"x": [3, 0], "T": [span, span - 100], "t_x": [span - quiet, 0]})
    history = SimpleNamespace(frame=frame, span=span, __len__=lambda _: len(frame))
    days = Horizon(horizon)
    told = readiness.assess(history, days, days, SPEND, bought=True)
    return {check["name"]: check for check in told["checks"]}


@pytest.mark.parametrize(
    ("quiet", "years", "status", "moved"),
    [
        (0, "8.0 years with orders", "ok", True),
        (1_825, "3.0 years with orders", "ok", False),
        (2_300, "1.7 years with orders", "limited", False),
    ],
)
def test_seasons_are_counted_in_days_with_orders(quiet, years, status, moved):
    season = checks(quiet)["season"]
    assert (season["found"], season["status"]) == (years, status)
    assert ("a year ago" in (season["instead"] or "")) is moved


def test_the_span_ends_with_the_last_order():
    told = checks(quiet=2_800)
    assert (told["span"]["found"], told["span"]["status"]) == (
        "120 days with orders, from the first to the last",
        "limited",
    )
    assert told["freshness"]["found"].startswith("the last order came 2,800 days before")
