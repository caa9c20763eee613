"""Leaderboards on a terminal: how models did on past days, and what their intervals reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from clv.models import registry

if TYPE_CHECKING:
    from clv.core.types import Json

LEGEND = (
    "MAE: mean miss per customer. bias: of the total. Gini, Spearman: ranking, 1 is best.\n"
    "deciles: mean miss of tenths of customers. deviance: lower is better, and decides.\n"
)
INTERVALS_LEGEND = (
    "above: customers above the upper end, and how many it allows. pit: distance from uniform, 0 is"
    " best.\nCRPS: distance of distributions from what came, lower is better. Days with none before"
    " them to learn from are left out.\n"
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


def intervals(board: Json) -> Table:
    """What each model's intervals reached, means over days that had others before them."""
    table = _table(f"Intervals at {board['level']:.0%}")
    table.add_column("model")
    for heading in ("above", "allowed", "below", "pit", "CRPS", "totals inside"):
        table.add_column(heading, justify="right")
    for row in board["rows"]:
        each, past = row["intervals"], [t for t in row["totals"] if t["past_totals"]]
        if not each:
            continue
        means = {
            figure: sum(day[figure] for day in each) / len(each)
            for figure in ("above", "expected_above", "below", "pit_distance", "crps")
        }
        inside = sum(t["lower"] <= t["actual"] <= t["upper"] for t in past)
        table.add_row(
            _name(row),
            number(means["above"], ".1%"),
            number(means["expected_above"], ".1%"),
            number(means["below"], ".1%"),
            number(means["pit_distance"], ".3f"),
            number(means["crps"], ",.2f"),
            f"{inside} of {len(past)}",
        )
    return table


def number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _title(board: Json) -> str:
    held, days = board["holdout"], board["shared"]
    if len(days) == 1:
        return f"Checked on {held['days']} known days, {held['from']} to {held['to']}"
    told = (
        f"Means over {len(days)} past days from {days[0]} to {days[-1]}, each with"
        f" {held['days']} known days after it"
    )
    if len(days) < len(board["origins"]):
        told += f"; on {len(board['origins']) - len(days)} more not every model could be fitted"
    return told


def _name(row: Json) -> str:
    return ("* " if row["champion"] else "  ") + registry.entry(row["model"]).short


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=None, pad_edge=False)
