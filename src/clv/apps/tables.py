"""What is printed of models that were compared on rows held out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from clv.apps.boards import number
from clv.apps.printing import open_console, print_json, print_tuning

if TYPE_CHECKING:
    from rich.console import Console

    from clv.core.types import Json
    from clv.ops.runs import Run

LEGEND = (
    "R2: part of the differences between customers that is forecast. MAE: mean miss. MAPE: mean\n"
    "relative miss. Spearman: ranking, 1 is best. deviance: lower is better, and decides.\n"
)
FIGURES = (
    ("R2", "r2", ".3f"),
    ("MAE", "mae", ",.2f"),
    ("RMSE", "rmse", ",.2f"),
    ("MAPE", "mape", ".1%"),
    ("Spearman", "spearman", ".3f"),
    ("deviance", "deviance", ".4f"),
)


def print_table_run(run: Run, as_json: bool) -> None:
    manifest = run.manifest
    if as_json:
        print_json({"folder": str(run.folder), **manifest, "leaderboard": run.leaderboard})
        return
    shown, counts = open_console(), manifest["counts"]
    who = manifest["id_column"] or "the number of the row"
    shown.print(f"Target: {manifest['target']}; customers: {who}")
    shown.print(
        f"Rows: {counts['rows_in']:,} read = {counts['with_target']:,} with a target"
        f" + {counts['without_target']:,} without; {counts['features']} columns to learn from"
    )
    for name, why in manifest["left_out"].items():
        shown.print(f"Left out: {name}: {why}")
    found = tuple(f"column {name} was left out: " for name in manifest["left_out"])
    warnings = [each for each in manifest["warnings"] if not each.startswith(found)]
    if len(warnings) < len(manifest["warnings"]):
        shown.print("A column that was known beforehand is kept with --keep NAME.")
    shown.print()
    print_board(shown, run.leaderboard)
    print_tuning(shown, manifest["tuning"])
    champion = manifest["champion"]
    shown.print(f"Champion: [bold]{champion['label']}[/bold] ({champion['why']})")
    for line in _totals(manifest):
        shown.print(line)
    if covered := manifest["coverage"]:
        shown.print(
            f"Intervals at {manifest['level']:.0%}: of rows held out {covered['above']:.1%} lay"
            f" above and {covered['below']:.1%} below"
        )
    for warning in warnings:
        shown.print(f"Note: {warning}.")
    shown.print(f"Forecasts: {run.folder / 'forecasts.parquet'}")
    shown.print(f"Report:    {run.report}")


def _totals(manifest: Json) -> list[str]:
    """Of rows held out, and of all where some are not known: else their sum is known."""
    total, counts = manifest["total"], manifest["counts"]
    held = total["held_out"]
    told = [
        f"The {held['rows']:,} rows held out together were forecast {held['forecast']:,.0f}, and"
        f" have {held['actual']:,.0f}"
    ]
    if counts["without_target"]:
        told.append(f"All rows together are forecast {total['forecast']:,.0f}")
    if total["lower"] is not None:
        told.append(
            f"Another {counts['rows_in']:,} rows like these all would add up to"
            f" {total['lower']:,.0f} to {total['upper']:,.0f} ({manifest['level']:.0%} interval)"
        )
    return told


def print_folds(found: Json, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    shown = open_console()
    shown.print(
        f"{found['customers']:,} of {found['customers_known']:,} customers as of {found['cutoff']},"
        f" {found['features']} features; target: what they spent in the {found['horizon_days']}"
        " days after"
    )
    print_board(shown, found)
    champion = found["champion"]
    shown.print(f"Champion: [bold]{champion['label']}[/bold] ({champion['why']})")
    if covered := found["coverage"]:
        shown.print(
            f"Intervals at {found['level']:.0%}: of customers held out {covered['above']:.1%} lay"
            f" above and {covered['below']:.1%} below"
        )
    shown.print(f"Note: {found['note']}")
    for notice in [*found["warnings"], *found["notices"]]:
        shown.print(f"Note: {notice}")
    shown.print(f"Every figure of every fold: {Path(found['folder']) / 'backtest.json'}")


def print_board(shown: Console, board: Json) -> None:
    """Every model with its figures, means over folds and their spread."""
    table = Table(
        title=board["scheme"][:1].upper() + board["scheme"][1:],
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    table.add_column("model")
    for heading, _, _ in FIGURES:
        table.add_column(heading, justify="right")
    for row in board["rows"]:
        name = ("* " if row["champion"] else "  ") + row["label"]
        if row["failed"]:
            table.add_row(name, "failed")
            continue
        cells = []
        for _, figure, form in FIGURES:
            cell, beside = number(row[figure], form), row["spread"][figure]
            cells.append(cell if beside is None else f"{cell} ± {number(beside, form)}")
        table.add_row(name, *cells)
    shown.print(table)
    shown.print(LEGEND)
    for row in board["rows"]:
        if row["failed"]:
            shown.print(f"Note: {row['label']}: {row['failed']}")
