"""Figures in words: what stands in the tables, means over days, rows of Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.accuracy.judge import Verdict

MISSED = "**missed**"
REACHED = "reached"
NOTHING = "-"

SHOWN: dict[str, tuple[str, Callable[[float], str]]] = {
    "gini": ("Gini", lambda v: f"{v:.3f}"),
    "spearman": ("Spearman", lambda v: f"{v:.3f}"),
    "mae": ("MAE", lambda v: f"{v:,.2f}"),
    "decile_mape": ("decile MAPE", lambda v: f"{v:.3f}"),
    "bias": ("bias", lambda v: f"{v:+.1%}"),
    "top_decile_precision": ("top tenth", lambda v: f"{v:.1%}"),
    "deviance": ("deviance", lambda v: f"{v:.3f}"),
}
#: Of these, larger is better.
LARGER = {"gini", "spearman", "top_decile_precision"}


def form(figure: str, value: float) -> str:
    """The value as it stands in tables; where there is none, a dash."""
    return SHOWN[figure][1](value) if math.isfinite(value) else NOTHING


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown, numbers to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join([_row(head), _row(rule), *(_row(row) for row in rows)])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def by_row(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    """The days of each log and horizon."""
    rows: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        rows.setdefault(verdict.case.row, []).append(verdict)
    return rows


def by_log(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    """The days of each log, whatever the horizon."""
    logs: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        logs.setdefault(verdict.case.log, []).append(verdict)
    return logs


def mean(verdicts: Sequence[Verdict], who: str, figure: str) -> float:
    """Mean over days of a forecaster's figure, of those days on which there is one."""
    return mean_of([v.figures[who][figure] for v in verdicts])


def mean_of(values: Sequence[float]) -> float:
    """Mean of those that are numbers; NaN of none."""
    known = [value for value in values if math.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def days(verdicts: Sequence[Verdict]) -> str:
    return "1 day" if len(verdicts) == 1 else f"{len(verdicts)} days"


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
