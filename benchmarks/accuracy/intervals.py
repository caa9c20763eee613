"""What intervals promised and what came: each aim reached or missed, by set of logs and by day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.accuracy import windows
from benchmarks.accuracy.judge import LEVEL, Verdict
from benchmarks.accuracy.shown import MISSED, NOTHING, REACHED, by_log, by_row, mean_of, table
from clv.evaluation import metrics

#: Part of the customers that is to lie above the upper end, or below the lower.
AIMS: dict[str, tuple[float, float]] = {
    "above": (0.03, 0.07),
    "below": (0.0, 0.07),
    **dict.fromkeys(
        ("one-timers", "repeaters", "low third", "middle third", "top third"), (0.02, 0.09)
    ),
}
PIT = 0.05
#: Part of the totals that is to be inside.
TOTALS = 0.8
#: A log of fewer days has not seen the time of year that comes.
YEAR = 365


class Aim(NamedTuple):
    """An aim, and how it went.

    Attributes
    ----------
    name, aim, reached : in words
    met : it was
    within : days that met it by themselves, in words
    """

    name: str
    aim: str
    reached: str
    met: bool
    within: str = NOTHING


def met(part: str, value: float) -> bool:
    """Of a single day; a day without such customers misses nothing."""
    low, high = AIMS[part]
    return not math.isfinite(value) or low <= value <= high


def aims(verdicts: Sequence[Verdict]) -> list[Aim]:
    """Every aim over a set of logs, no window counted twice."""
    each = windows.counted(verdicts)
    found = [_shares(part, each) for part in AIMS]
    pooled = metrics.pit_distance(np.concatenate([v.intervals["pit"] for v in each]))
    near = [v.intervals["pit_distance"] for v in each]
    worse = [
        log
        for log, some in by_log(each).items()
        if mean_of([v.intervals["crps"] for v in some])
        >= mean_of([v.crps_of_simulation for v in some])
    ]
    found.append(
        Aim(
            "transform's distance from uniform, all customers pooled",
            f"at most {PIT}",
            f"{pooled:.3f}",
            pooled <= PIT,
            _tally([d <= PIT for d in near], f"worst {max(near):.3f}"),
        )
    )
    found.append(
        Aim(
            "CRPS against simulation",
            "better on every log",
            f"not on {', '.join(worse)}" if worse else "better on every log",
            not worse,
        )
    )
    found.append(_inside("totals inside", *windows.totals(verdicts), TOTALS))
    alone = windows.apart(each)
    if len(alone) < len(each):
        inside = sum(v.intervals["total_inside"] for v in alone)
        found.append(_inside("of which share no day", inside, len(alone), TOTALS))
    if (segments := windows.segments(verdicts))[1]:
        found.append(_inside("segments' totals inside", *segments, TOTALS))
    return found


def _shares(part: str, each: Sequence[Verdict]) -> Aim:
    low, high = AIMS[part]
    values = [v.intervals[part] for v in each]
    known = [value for value in values if math.isfinite(value)]
    name = {"above": "above the upper end", "below": "below the lower end"}.get(
        part, f"above, {part}"
    )
    aim = f"{low:.0%} to {high:.0%}" if low else f"at most {high:.0%}"
    if not known:
        return Aim(name, aim, NOTHING, met=True)
    reached = mean_of(known)
    ends = f"{min(known):.1%} to {max(known):.1%}"
    within = _tally([met(part, value) for value in known], ends)
    return Aim(name, aim, f"{reached:.1%}", met(part, reached), within)


def _tally(each: Sequence[bool], ends: str) -> str:
    mark = "" if all(each) else f" {MISSED}"
    return f"{sum(each)} of {len(each)}{mark} ({ends})"


def _inside(name: str, inside: int, count: int, aim: float) -> Aim:
    return Aim(
        name,
        f"at least {aim:.0%}",
        f"{inside} of {count} ({inside / count:.0%})",
        inside >= aim * count,
    )


def aims_table(verdicts: Sequence[Verdict]) -> str:
    """The aims of a set of logs, those missed marked; and days that missed by themselves."""
    rows = [
        [a.name, a.aim, a.reached, REACHED if a.met else MISSED, a.within] for a in aims(verdicts)
    ]
    return table(["", "aim", "mean over days", "", "days that reach it by themselves"], rows)


def by_day(verdicts: Sequence[Verdict]) -> str:
    """Every day's figures, those outside their aim bold."""
    counted = windows.counted(verdicts)
    rows = []
    for v in verdicts:
        told = v.intervals
        low, _, high, came = told["total"]
        inside = sum(segment["inside"] for segment in v.segments)
        held = "" if v in counted else " (holds others, not counted)"
        rows.append(
            [
                f"{v.case.log} {v.case.cutoff}, {v.case.horizon}{held}",
                _share("above", told["above"]),
                f"{told['allowed']:.1%}",
                *(_share(part, told[part]) for part in AIMS if part != "above"),
                _bold(f"{told['pit_distance']:.3f}", told["pit_distance"] <= PIT),
                f"{told['crps']:.3f}",
                _bold(f"{v.crps_of_simulation:.3f}", told["crps"] < v.crps_of_simulation),
                f"{low:,.0f} to {high:,.0f}" if math.isfinite(low) else "none",
                f"{came:,.0f}" + ("" if told["total_inside"] else " **outside**"),
                f"{inside} of {len(v.segments)}" if v.segments else NOTHING,
            ]
        )
    head = ["", "above", "allowed", *(part for part in AIMS if part != "above"), "pit", "CRPS"]
    head += ["simulated", f"total, {LEVEL:.0%}", "came", "segments inside"]
    return table(head, rows)


def _share(part: str, value: float) -> str:
    return NOTHING if not math.isfinite(value) else _bold(f"{value:.1%}", met(part, value))


def _bold(text: str, good: bool) -> str:
    return text if good else f"**{text}**"


def outside(verdicts: Sequence[Verdict]) -> list[str]:
    """Each total that was outside its interval: how far off, and what the log had not seen."""
    lines = []
    for v in verdicts:
        if v.intervals["total_inside"]:
            continue
        low, said, high, came = v.intervals["total"]
        line = f"- {v.case.log} {v.case.cutoff}, {v.case.horizon}: {came / said - 1.0:+.0%}"
        line += " came against the forecast"
        if math.isfinite(low):
            line += f", where {low / said - 1.0:+.0%} to {high / said - 1.0:+.0%} was allowed for"
        if v.span < YEAR:
            line += f"; in {v.span} days the log has not seen that time of year before"
        lines.append(line + ".")
    return ["Outside their interval:\n\n" + "\n".join(lines)] if lines else []


def segments(verdicts: Sequence[Verdict]) -> str:
    """Of each row the segments whose totals were inside, below and above their ends."""
    rows = []
    for row, some in by_row(windows.counted(verdicts)).items():
        each = [segment for v in some for segment in v.segments]
        if not each:
            continue
        below = [s for s in each if s["actual"] < s["lower"]]
        above = [s for s in each if s["actual"] > s["upper"]]
        inside = 1.0 - (len(below) + len(above)) / len(each)
        rows.append(
            [
                row,
                str(len(each)),
                _bold(f"{inside:.0%}", inside >= TOTALS),
                _named(below) or NOTHING,
                _named(above) or NOTHING,
            ]
        )
    return table(["log", "totals", "inside", "came below", "came above"], rows)


def _named(segments: Sequence[dict[str, str]]) -> str:
    names = [segment["segment"] for segment in segments]
    counts = ((name, names.count(name)) for name in dict.fromkeys(names))
    return ", ".join(name if count == 1 else f"{name} ({count})" for name, count in counts)


def longer(verdicts: Sequence[Verdict]) -> list[str]:
    """Horizons longer than the windows intervals are learned from: counted apart."""
    inside, count = windows.totals(verdicts)
    rows = []
    for v in verdicts:
        low, said, high, came = v.intervals["total"]
        missed = "" if v.intervals["total_inside"] else " **outside**"
        within = sum(segment["inside"] for segment in v.segments)
        rows.append(
            [
                f"{v.case.log} {v.case.cutoff}",
                str(v.case.horizon),
                str(v.window),
                f"{said:,.0f}",
                f"{low:,.0f} to {high:,.0f}" if math.isfinite(low) else "none",
                f"{came:,.0f}{missed}",
                f"{said / came - 1.0:+.1%}",
                f"{within} of {len(v.segments)}" if v.segments else NOTHING,
                _share("above", v.intervals["above"]),
            ]
        )
    head = ["", "horizon", "window, days", "forecast", f"{LEVEL:.0%}", "came", "bias"]
    told = table([*head, "segments inside", "customers above"], rows)
    good = REACHED if inside >= TOTALS * count else MISSED
    return [told, f"Totals inside: {inside} of {count} (aim {TOTALS:.0%}): {good}."]
