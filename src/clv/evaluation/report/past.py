"""What past days say of promises made: intervals, totals, chances. Figures for charts and words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from clv.evaluation.metrics.value import mean_known
from clv.evaluation.report import wording

if TYPE_CHECKING:
    from clv.core.types import Json

GROUPS = {
    "onetimer": "One-time buyers",
    "repeater": "Repeat buyers",
    "low third": "Lowest third of forecasts",
    "middle third": "Middle third",
    "top third": "Highest third",
}
#: Shares above the upper end within these parts of what was to be expected count as kept.
KEPT = (0.6, 1.4)
#: Distance of the transform from uniform up to which distributions count as true.
NEAR_UNIFORM = 0.05


def _number(value: Any) -> float | None:
    """A finite float, or None."""
    if wording.absent(value) or not math.isfinite(value):
        return None
    return float(value)


def intervals(coverage: Json | None) -> Json | None:
    """Customers' intervals on past days: what was promised and what was reached.

    Parameters
    ----------
    coverage : of the manifest

    Returns
    -------
    promised, tail (half of what it leaves out), above, below, reached, expected_above,
    pit_distance, crps, how: means over days, None where not told; ``verdict``: "kept",
    "too narrow" or "too wide"; ``groups``: label, above, by_day; ``scale``: largest share to be
    drawn; ``days``; None where nothing was checked
    """
    told = coverage or {}
    above = _number(told.get("above"))
    if above is None:
        return None
    tail = (1.0 - told["promised"]) / 2.0
    days: list[Json] = told.get("origins") or []
    by_day = [_number(day.get("above")) for day in days]
    groups: list[Json] = [{"label": "All customers", "above": above, "by_day": by_day}]
    for key, label in GROUPS.items():
        by_day = [_number((d.get("above_within") or {}).get(key)) for d in days]
        share = mean_known(by_day)
        if share is not None:
            groups.append({"label": label, "above": share, "by_day": by_day})
    names = ("below", "reached", "expected_above", "pit_distance", "crps")
    figures = {name: _number(told.get(name)) for name in names}
    expected = figures["expected_above"]
    return {
        "promised": told["promised"],
        "tail": tail,
        "above": above,
        **figures,
        "how": told.get("how"),
        "verdict": _verdict(above, tail if expected is None else expected, days),
        "groups": groups,
        "scale": max(2.0 * tail, *(1.1 * group["above"] for group in groups)),
        "days": days,
        "width": mean_known([_number(day.get("width")) for day in days]),
    }


def _verdict(above: float, expected: float, days: list[Json]) -> str:
    """Whether as many lay above as had to, chance of few customers allowed for."""
    customers = mean_known([_number(day.get("customers")) for day in days])
    error = math.sqrt(expected * (1.0 - expected) / customers) if customers else 0.0
    if above > max(KEPT[1] * expected, expected + 2.0 * error):
        return "too narrow"
    if above < min(KEPT[0] * expected, expected - 2.0 * error):
        return "too wide"
    return "kept"


def pit(coverage: Json | None) -> Json | None:
    """Where outcomes fell in their distributions: share in each tenth, mean over days.

    Returns
    -------
    ``labels`` and ``share`` (10,); None where it is not told
    """
    days: list[Json] = (coverage or {}).get("origins") or []
    each = [day["pit"] for day in days if day.get("pit")]
    if not each:
        return None
    share = np.asarray(each, dtype=np.float64).mean(axis=0)
    n = len(share)
    labels = [f"{100 * i // n}–{100 * (i + 1) // n}{wording.SPACE}%" for i in range(n)]
    return {"labels": labels, "share": [round(float(v), 5) for v in share]}


def totals(total: Json) -> Json | None:
    """Past totals with the intervals they would have had.

    Parameters
    ----------
    total : of the manifest

    Returns
    -------
    ``days`` as ISO text, ``forecast``, ``lower``, ``upper``, ``actual``, ``inside`` (n_days,),
    ``n_inside``, and ``untaught``: days that had no past total to learn from; None without any
    """
    ends = ("forecast", "lower", "upper", "actual")
    past = [
        {**day, **{end: _number(day.get(end)) for end in ends}} for day in total.get("past") or ()
    ]
    past = [day for day in past if all(day[end] is not None for end in ends)]
    if not past:
        return None
    inside = [day["lower"] <= day["actual"] <= day["upper"] for day in past]
    return {
        "days": [str(day["cutoff"]) for day in past],
        **{end: [round(day[end], 2) for day in past] for end in ends},
        "inside": inside,
        "n_inside": sum(inside),
        "untaught": sum(day.get("past_totals") == 0 for day in past),
    }


def churn(told: Json | None) -> Json | None:
    """Chances told of no purchase beside the shares that made none.

    Parameters
    ----------
    told : "churn" of the manifest

    Returns
    -------
    ``chance``, ``share``, ``count`` (n_groups,) by rising chance; ``brier``, ``base`` and
    ``error``, None where not told; ``better``: the part of the base rate's score that is saved;
    ``how``: what chances were calibrated by; ``low``, ``high`` and ``step``: ends and ticks of
    both axes; None without groups
    """
    told = told or {}
    groups = [
        {"chance": float(g["chance"]), "share": float(g["share"]), "count": int(g["count"])}
        for g in told.get("reliability") or ()
        if _number(g.get("chance")) is not None and _number(g.get("share")) is not None
    ]
    if not groups:
        return None
    groups.sort(key=lambda group: group["chance"])
    ends = [group[end] for group in groups for end in ("chance", "share")]
    low, high = min(ends), max(ends)
    step = 0.2 if high - low > 0.5 else 0.1 if high - low > 0.2 else 0.05
    brier, base = _number(told.get("brier")), _number(told.get("brier_of_base_rate"))
    return {
        **{key: [round(g[key], 5) for g in groups] for key in ("chance", "share", "count")},
        "brier": brier,
        "base": base,
        "error": _number(told.get("error")),
        "better": 1.0 - brier / base if brier is not None and base else None,
        "customers": told.get("customers") or sum(group["count"] for group in groups),
        "days": told.get("days"),
        "how": told.get("how"),
        "low": round(step * math.floor(low / step + 1e-9), 2),
        "high": round(step * math.ceil(high / step - 1e-9), 2),
        "step": step,
    }
