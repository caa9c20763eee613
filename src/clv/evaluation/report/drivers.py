"""What drives forecasts: what weighs most, how forecasts go with it, whose word counts."""

from __future__ import annotations

import math
from itertools import pairwise
from numbers import Real
from typing import TYPE_CHECKING, Any

from clv.evaluation.report import wording

if TYPE_CHECKING:
    from clv.core.types import Json

MOST_BARS = 12
MOST_PICTURES = 6
#: Units that say nothing beside the figures.
UNSAID = ("text", "share", "number", "count", "ratio")
#: Steps of a feature so uneven that they are drawn side by side: smallest part of the range.
CROWDED = 0.1


def insight(told: Json | None, currency: str | None) -> Json | None:
    """What is to be said of the champion's reasons.

    Parameters
    ----------
    told : "insight" of the manifest
    currency : code of the log's currency, where it is known

    Returns
    -------
    ``importance``: label, code, share, width (of the longest bar), the heaviest first, with
    ``n_others`` and ``others``, number and share of all that weigh anything and are not shown
    (0 where it is not told how many there are); ``weights``: label, share, width;
    ``dependence``: the pictures; ``highest``: forecast at the top of their common scale.
    None where there is none of them
    """
    told = told or {}
    importance = _bars(told.get("importance"), "share", ("meaning", "feature"))
    weights = _bars(told.get("weights"), "weight", ("label", "member"))
    n_others = max(0, (told.get("features") or 0) - len(importance))
    pictures = [
        p for each in told.get("partial_dependence") or () if (p := _picture(each, currency))
    ]
    pictures = pictures[:MOST_PICTURES]
    if not (importance or weights or pictures):
        return None
    return {
        "importance": importance,
        "n_others": n_others,
        "others": max(0.0, 1.0 - sum(bar["share"] for bar in importance)) if n_others else 0.0,
        "weights": weights,
        "dependence": pictures,
        "highest": max((v for p in pictures for v in p["forecast"]), default=0.0),
    }


def _bars(told: Any, key: str, names: tuple[str, str]) -> list[Json]:
    """Rows of a bar chart, the longest first, as many as have a place."""
    known = [(float(row[key]), row) for row in told or () if _finite(row.get(key))]
    known.sort(key=lambda pair: -pair[0])
    longest = max((abs(share) for share, _ in known), default=0.0) or 1.0
    label, code = names
    return [
        {
            "label": row.get(label) or row[code],
            "code": row[code],
            "share": share,
            "width": max(0.0, share / longest),
        }
        for share, row in known[:MOST_BARS]
    ]


def _finite(value: Any) -> bool:
    return not wording.absent(value) and math.isfinite(value)


def _picture(told: Json, currency: str | None) -> Json | None:
    """One partial dependence: what it takes to draw it and to write it down.

    Returns
    -------
    label, code, unit; ``values`` (n,) numbers or texts; ``labels`` (n,) as written; ``forecast``
    and ``share`` (n,), None where not told; ``percent``: whether values are shares;
    ``ordered``: whether they are numbers, which a line may join; ``even``: whether steps are
    drawn at equal distances; None where fewer than two steps are told
    """
    values, forecast = list(told.get("values") or ()), list(told.get("forecast") or ())
    share = list(told.get("share") or ()) or [None] * len(values)
    kept = [
        (v, float(f), float(s) if _finite(s) else None)
        for v, f, s in zip(values, forecast, share, strict=False)
        if not wording.absent(v) and _finite(f)
    ]
    if len(kept) < 2:
        return None
    numeric = all(isinstance(v, Real) and math.isfinite(v) for v, _, _ in kept)
    if numeric:
        kept.sort(key=lambda step: step[0])
    steps, unit = [v for v, _, _ in kept], str(told.get("unit") or "")
    share_of = numeric and unit == "share"
    return {
        "label": told.get("meaning") or told["feature"],
        "code": told["feature"],
        "unit": _unit(unit, currency),
        "percent": share_of,
        "values": [float(v) for v in steps] if numeric else [str(v) for v in steps],
        "labels": _labels(steps, percent=share_of) if numeric else [str(v) for v in steps],
        "forecast": [round(f, 4) for _, f, _ in kept],
        "share": [s if s is None else round(s, 5) for _, _, s in kept],
        "has_share": any(s is not None for _, _, s in kept),
        "ordered": numeric,
        "even": not numeric or _crowded(steps),
    }


def _crowded(steps: list[Any]) -> bool:
    """Half of the steps or more lie within a small part of the range."""
    middle = steps[len(steps) // 2]
    whole = steps[-1] - steps[0]
    return bool(whole > 0 and min(middle - steps[0], steps[-1] - middle) < CROWDED * whole)


def _unit(unit: str, currency: str | None) -> str:
    if unit.startswith("currency"):
        # Some units go on to say how they came about.
        return unit.split(" by ")[0].replace("currency", currency or "the log’s currency", 1)
    # Nor does a scale, such as 1 to 12, whose values stand there.
    return "" if unit in UNSAID or unit.lstrip("-")[:1].isdigit() else unit


def _labels(steps: list[Any], *, percent: bool) -> list[str]:
    """Numbers with no more decimals than tell neighbours apart."""
    if percent:
        return [wording.percent(float(v)) for v in steps]
    gaps = [b - a for a, b in pairwise(steps) if b > a]
    places = 0 if all(float(v).is_integer() for v in steps) else 1
    if gaps and places:
        places = min(4, max(1, -math.floor(math.log10(min(gaps)))))
    return [wording.number(v, places) for v in steps]
