"""What the README says of results, from the same figures as the page."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy import asides, intervals, misses, page, windows
from benchmarks.accuracy.judge import LEVEL, LIFETIMES, OURS, Verdict
from benchmarks.accuracy.shown import SHOWN, by_log, by_row, form, listed, mean_of
from benchmarks.accuracy.timing import AIM_SECONDS, Timed

README = Path("README.md")
WIDTH = 118


def put(text: str, told: str) -> str:
    """The README with what is told between its markers."""
    block = f"<!-- results -->\n{told}\n<!-- /results -->"
    return re.sub(r"<!-- results -->.*<!-- /results -->", lambda _: block, text, flags=re.DOTALL)


def told(verdicts: Sequence[Verdict], timed: Sequence[Timed] = ()) -> str:
    """A paragraph, and a line for each aim that was missed."""
    real, fresh, seen, silent, longer = (
        [v for v in verdicts if v.case.kind == kind]
        for kind in ("real", "fresh", "seen", "silent", "long")
    )
    lines = [_paragraph(real, fresh, longer, timed)]
    missed = [
        *_missed_forecasts("real logs", real),
        *_missed_at_once(real),
        *_missed_forecasts("shops only scored", fresh),
        *_missed_forecasts("shops looked at", seen),
        *_missed_intervals("real logs", real),
        *_missed_intervals("shops only scored", fresh),
        *_missed_intervals("shops looked at", seen),
        *_missed_longer(longer),
        *_missed_s2([*real, *fresh, *seen]),
        *_missed_silent(silent),
        *_missed_time(timed),
    ]
    if missed:
        lines += ["", "<details><summary>Aims that it misses; the page says why</summary>", ""]
        lines += [_wrapped(f"- {line}", "  ") for line in missed]
        lines += ["", "</details>"]
    return "\n".join(lines)


def _paragraph(
    real: Sequence[Verdict],
    fresh: Sequence[Verdict],
    longer: Sequence[Verdict],
    timed: Sequence[Timed],
) -> str:
    sets = []
    if real:
        sets.append(f"{len(by_log(real))} real logs")
    if fresh:
        sets.append(f"{len(by_log(fresh))} made-up shops that were scored and nothing else")
    said = (
        "How right forecasts are is measured by `make results` ([all of it](docs/results.md)):"
        f" {listed(sets or ['no log'])}, each cut at several days, beside naive rules, lifetimes'"
        " BG/NBD and Gamma-Gamma, boosting on five RFM columns, and ZILN."
    )
    for name, some in (("real logs", real), ("shops", fresh)):
        if not some:
            continue
        rows = len(by_row(some))
        good = rows - sum(m.figure == "gini" for m in misses.misses(some))
        inside, totals = windows.totals(some)
        held, segments = windows.segments(some)
        above = mean_of([v.intervals["above"] for v in windows.counted(some)])
        churn, plain = (
            mean_of([v.churn[figure] for v in some]) for figure in ("brier", "brier_of_base_rate")
        )
        said += (
            f" On the {name} `{OURS}` ranks customers (normalised Gini) best, or within"
            f" {misses.NOISE['gini']:.0%} of the best, in {good} of {rows} rows of log and horizon,"
            f" {page.gain(some):+.3f} against {LIFETIMES} on average; {above:.1%} of customers"
            f" spent more than the upper end of their {LEVEL:.0%} interval, where 5% was promised;"
            f" {inside} of {totals} totals and {held} of {segments} totals of segments fell inside"
            f" theirs; chances of churn have a Brier score of {churn:.3f}, the base rate"
            f" {plain:.3f}."
        )
    if longer:
        inside, count = windows.totals(longer)
        said += (
            f" Over horizons of twice the window that intervals are learned from {inside} of"
            f" {count} totals were inside."
        )
    if timed:
        spent = listed([f"{t.log} in {t.seconds:.0f} s" for t in timed])
        said += f" The whole `clv run` does {spent}."
    return _wrapped(said)


def _missed_forecasts(name: str, verdicts: Sequence[Verdict]) -> list[str]:
    found = misses.misses(verdicts)
    lines = []
    for figure in misses.NOISE:
        each = [
            f"{m.row.removeprefix('made: ')} {form(figure, m.ours)} against"
            f" {form(figure, m.theirs)} ({m.best})"
            for m in found
            if m.figure == figure
        ]
        if each:
            lines.append(f"{SHOWN[figure][0]}, {name}: {'; '.join(each)}.")
    if verdicts and page.gain(verdicts) < page.GAIN:
        lines.append(
            f"Gini above {LIFETIMES}, {name}: {page.gain(verdicts):+.3f}, aim {page.GAIN:+.3f}."
        )
    return lines


def _missed_at_once(verdicts: Sequence[Verdict]) -> list[str]:
    return [
        f"CDNOW at 39 weeks: {SHOWN[k][0]} {form(k, v.figures[OURS][k])}, aim"
        f" {form(k, page.AIMS[k])}."
        for v in verdicts
        if page.at_once(v)
        for k in page.missed_at_once(v)
    ]


def _missed_intervals(name: str, verdicts: Sequence[Verdict]) -> list[str]:
    if not verdicts:
        return []
    whole = [f"{a.name} {a.reached}, aim {a.aim}" for a in intervals.aims(verdicts) if not a.met]
    lines = [f"Intervals, {name}: {'; '.join(whole)}."] if whole else []
    far = [
        f"{v.case.log.removeprefix('made: ')} {v.case.cutoff} {v.intervals['above']:.1%}"
        for v in windows.counted(verdicts)
        if not intervals.met("above", v.intervals["above"])
    ]
    if far:
        low, high = intervals.AIMS["above"]
        lines.append(
            f"Days by themselves, {name}: above the upper end {'; '.join(far)}, where"
            f" {low:.0%} to {high:.0%} was the aim."
        )
    return lines


def _missed_longer(verdicts: Sequence[Verdict]) -> list[str]:
    inside, count = windows.totals(verdicts)
    if inside >= intervals.TOTALS * count:
        return []
    return [
        f"Horizons of twice the window: {inside} of {count} totals inside, aim"
        f" {intervals.TOTALS:.0%}."
    ]


def _missed_s2(verdicts: Sequence[Verdict]) -> list[str]:
    if not verdicts:
        return []
    precise, near, rows = asides.s2_missed(verdicts)
    return [
        f"S2's {what}: missed in {missed} of {rows} rows."
        for what, missed in (
            (f"precision over {asides.S2_PRECISION:.0%} on the top tenth", precise),
            (f"MAPE under {asides.S2_MAPE:.0%}, of the total", near),
        )
        if missed
    ]


def _missed_silent(verdicts: Sequence[Verdict]) -> list[str]:
    worse = asides.worse_than_mean(verdicts)
    return [f"No worse than the mean on a log without signal: {', '.join(worse)}."] if worse else []


def _missed_time(timed: Sequence[Timed]) -> list[str]:
    return [
        f"`clv run` on {t.log}: {t.seconds:.0f} s, aim under {AIM_SECONDS} s."
        for t in timed
        if t.seconds >= AIM_SECONDS
    ]


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        *(text, WIDTH),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
