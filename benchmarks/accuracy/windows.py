"""Windows that are counted: none twice."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.accuracy.judge import Verdict
from benchmarks.accuracy.shown import by_log


def counted(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Those whose windows hold no other window of the same log."""
    cases = [v.case for v in verdicts]
    return [v for v in verdicts if not any(v.case.holds(other) for other in cases)]


def apart(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Of each log as many as share no day: whichever ends first, then the next to begin."""
    kept: list[Verdict] = []
    for days in by_log(verdicts).values():
        last = None
        for verdict in sorted(days, key=lambda v: (v.case.end, v.case.cutoff)):
            if last is None or verdict.case.cutoff >= last:
                kept.append(verdict)
                last = verdict.case.end
    return kept


def totals(verdicts: Sequence[Verdict]) -> tuple[int, int]:
    """How many of the totals counted were inside their interval, and of how many."""
    each = counted(verdicts)
    return sum(v.intervals["total_inside"] for v in each), len(each)


def segments(verdicts: Sequence[Verdict]) -> tuple[int, int]:
    """How many segments' totals were inside their interval, and of how many."""
    each = [segment for v in counted(verdicts) for segment in v.segments]
    return sum(segment["inside"] for segment in each), len(each)
