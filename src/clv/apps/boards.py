"""Leaderboards on a terminal: how models did on past days, and what their intervals reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from clv.evaluation.honesty import CROSS_FITTED
from clv.models import registry

if TYPE_CHECKING:
    from clv.core.types import Json

LEGEND = (
    "MAE: mean miss per customer. bias: of the total. Gini, Spearman: ranking, 1 is best.\n"
    "deciles: mean miss of tenths of customers. deviance: lower is better, and decides.\n"
)
INTERVALS_LEGEND = (
    "above: customers above the upper end, and how many it allows. pit: distance from uniform, 0 is"
    " best.\nCRPS: distance of distributions from what came, lower is better."
)
LEFT_OUT = " Days with none before them to learn from are left out.\n"
BY_HALVES = (
    "\n† learned on one half of the day's customers and judged on the other, as no earlier day was"
    " over by then:\nthat flatters. No earlier total was known either, so none is held against an"
    " interval.\n"
)
NO_INTERVALS = (
    "Intervals: none could be judged, as no window with purchases was over by the time the next"
    " past day\nbegan. Take --origins 3 or more; where the log is too short for them, a shorter"
    " --horizon.\n"
)
#: Heading, figure and how it is written.
FIGURES = (
    ("MAE", "mae", ",.2f"),
    ("bias", "bias", "+.1%"),
    ("Gini", "gini", ".3f"),
    ("Spearman", "spearman", ".3f"),
    ("deciles", "decile_mape", ".1%"),
    ("deviance", "deviance", ".3f"),
)


def leaderboard(board: Json, *, spread: bool = False) -> Table:
    """Every model with its figures, means over past days.

    Parameters
    ----------
    spread : standard deviations over the days beside the means
    """
    table = _table(_title(board))
    table.add_column("model")
    for heading, _, _ in FIGURES:
        table.add_column(heading, justify="right")
    for row in board["rows"]:
        name = _name(row)
        if row["failed"]:
            table.add_row(name, "failed")
            continue
        cells = [number(row[figure], form) for _, figure, form in FIGURES]
        if spread and len(board["origins"]) > 1:
            beside = [number(row["spread"][figure], form) for _, figure, form in FIGURES]
            cells = [f"{a} ± {b.lstrip('+')}" for a, b in zip(cells, beside, strict=True)]
        table.add_row(name, *cells)
    return table


def intervals(board: Json) -> Table | None:
    """What each model's intervals reached, means over days that had others before them.

    Rows of a day that had none are marked. None where no day could be judged.
    """
    if not any(row["intervals"] for row in board["rows"] if not row["failed"]):
        return None
    table = _table(f"Intervals at {board['level']:.0%}")
    table.add_column("model")
    for heading in ("above", "allowed", "below", "pit", "CRPS", "totals inside"):
        table.add_column(heading, justify="right")
    for row in board["rows"]:
        each, past = row["intervals"], [t for t in row["totals"] if t["past_totals"]]
        if row["failed"]:
            continue
        if not each:
            table.add_row(_name(row), *["-"] * 6)
            continue
        means = {
            figure: sum(day[figure] for day in each) / len(each)
            for figure in ("above", "expected_above", "below", "pit_distance", "crps")
        }
        inside = sum(t["lower"] <= t["actual"] <= t["upper"] for t in past)
        table.add_row(
            _name(row) + (" †" if halved(row) else ""),
            number(means["above"], ".1%"),
            number(means["expected_above"], ".1%"),
            number(means["below"], ".1%"),
            number(means["pit_distance"], ".3f"),
            number(means["crps"], ",.2f"),
            f"{inside} of {len(past)}" if past else "-",
        )
    return table


def intervals_legend(board: Json) -> str:
    """What stands below `intervals`, or instead of it."""
    if not any(row["intervals"] for row in board["rows"] if not row["failed"]):
        return NO_INTERVALS
    return INTERVALS_LEGEND + (BY_HALVES if any(map(halved, board["rows"])) else LEFT_OUT)


def halved(row: Json) -> bool:
    """Whether intervals were learned on the same day that they are judged on."""
    return any(day["how"] == CROSS_FITTED for day in row["intervals"])


def notes(board: Json, *, delivered: bool = False) -> list[str]:
    """What models had to say on the last past day, and why those that failed did.

    Parameters
    ----------
    delivered : beside the notes of the model delivered: without those of the champion, and of
        models that learn from the past, whose word on a past day is another than today's
    """
    failed: dict[str, list[str]] = {}
    said: dict[str, list[str]] = {}
    for row in board["rows"]:
        known = registry.entry(row["model"])
        if row["failed"]:
            failed.setdefault(row["failed"], []).append(known.short)
        elif not delivered or not (row["champion"] or known.learns):
            for note in row["notes"]:
                said.setdefault(note, []).append(known.short)
    day = board["origins"][-1]
    return [
        *(f"standing on {day}, {', '.join(names)}: {note}" for note, names in said.items()),
        *(f"{', '.join(names)} could not be fitted on {day}: {w}" for w, names in failed.items()),
    ]


def days(n: int) -> str:
    """As it is said: "1 day", "90 days"."""
    return f"{n} day" if n == 1 else f"{n} days"


def number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _title(board: Json) -> str:
    held, past = board["holdout"], board["shared"]
    known = days(held["days"]).replace(" ", " known ")
    if len(past) == 1:
        return f"Checked on {known}, {held['from']} to {held['to']}"
    told = (
        f"Means over {len(past)} past days from {past[0]} to {past[-1]}, each with {known} after it"
    )
    if len(past) < len(board["origins"]):
        told += f"; on {len(board['origins']) - len(past)} more not every model could be fitted"
    return told


def _name(row: Json) -> str:
    return ("* " if row["champion"] else "  ") + registry.entry(row["model"]).short


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=None, pad_edge=False)
