"""What commands print: plain sentences and tables on stdout, progress on stderr."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from clv.apps.boards import LEGEND, days, intervals, intervals_legend, leaderboard, notes, number
from clv.core.errors import SettingError, StorageError
from clv.models import registry

if TYPE_CHECKING:
    import pyarrow as pa

    from clv.core.types import Json
    from clv.ops.featuring import Built
    from clv.ops.rescoring import Scored
    from clv.ops.runs import Run

FORMATS = (".parquet", ".csv", ".json")
#: How the note begins that says what to do about columns left out.
HINT = "customers: to use a column all the same"


class Terminal:
    """Stages as they pass, on a terminal: a spinner for the one at work, a line for each done."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._status: Any = None
        self._stage = ""

    def started(self, stage: str) -> None:
        self._stage = stage
        self._status = self._console.status(f"{stage} ...")
        self._status.start()

    def note(self, text: str) -> None:
        self._status.update(f"{self._stage}: {text} ...")

    def finished(self, stage: str, seconds: float) -> None:
        self.stopped()
        self._console.print(f"[green]✓[/green] {stage} [dim]{seconds:.1f} s[/dim]")

    def stopped(self) -> None:
        if self._status is not None:
            self._status.stop()


def print_run(run: Run, as_json: bool) -> None:
    manifest = run.manifest
    if as_json:
        print_json({"folder": str(run.folder), **manifest, "readiness": run.readiness})
        return
    console = open_console()
    _print_log(console, manifest)
    counts, total = manifest["counts"], manifest["total"]
    console.print(
        f"{counts['customers']:,} customers, {counts['purchases']:,} purchase days,"
        f" {counts['first_day']} to {counts['last_day']};"
        f" {_percent(counts['one_timers'] / counts['customers'])} ordered on one day only"
    )
    console.print(f"Readiness: {run.readiness['verdict']}")
    for check in run.readiness["checks"]:
        if check["status"] == "no":
            console.print(f"  {_check(check)}")
    console.print()
    console.print(leaderboard(run.leaderboard))
    console.print(LEGEND)
    for note in notes(run.leaderboard, delivered=True):
        console.print(f"Note: {note}")
    print_tuning(console, manifest["tuning"])
    champion = manifest["champion"]
    console.print(f"Champion: [bold]{champion['label']}[/bold] ({champion['why']})\n")
    console.print(
        f"In the {days(manifest['horizon_days'])} after {manifest['as_of']} these customers are"
        f" expected to bring about [bold]{_amount(total['clv'])}[/bold] ({_between(manifest)})."
    )
    said = _left_out(manifest)
    for warning in manifest["warnings"]:
        if warning not in said:
            console.print(f"Note: {warning}")
    console.print(f"Forecasts: {run.folder / 'forecasts.parquet'}")
    console.print(f"Report:    {run.report}")


def print_backtest(found: Json, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    console = open_console()
    console.print(leaderboard(found, spread=True))
    console.print(LEGEND)
    if (table := intervals(found)) is not None:
        console.print(table)
    console.print(intervals_legend(found))
    for note in notes(found):
        console.print(f"Note: {note}")
    print_tuning(console, found["tuning"])
    champion = found["champion"]
    console.print(f"Champion: [bold]{champion['label']}[/bold] ({champion['why']})")
    for notice in [*found["warnings"], *found["notices"]]:
        console.print(f"Note: {notice}")
    console.print(f"Every figure of every day: {Path(found['folder']) / 'backtest.json'}")


def print_tuning(console: Console, searches: list[Json]) -> None:
    for told in dict.fromkeys(search["told"] for search in searches):
        console.print(f"Tuned: {told}.")


def print_validation(found: Json, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    console = open_console()
    _print_log(console, found)
    marks = {
        "ok": "[green]ok[/green]",
        "limited": "[yellow]limited[/yellow]",
        "no": "[red]no[/red]",
    }
    console.print(f"\n{found['readiness']['verdict']}")
    for check in found["readiness"]["checks"]:
        console.print(f"  {marks[check['status']]} {_check(check)}")


def _check(check: Json) -> str:
    told = [check["found"], check["means"], check["instead"] and f"instead: {check['instead']}"]
    return f"{check['name']}: {'; '.join(text.rstrip('.') for text in told if text)}."


def print_fit(found: Json, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    table = Table("parameter", "value", "standard error", box=None, pad_edge=False)
    for name, figure in {**found["parameters"], **found.get("effects", {})}.items():
        table.add_row(name, f"{figure['value']:.5f}", number(figure["se"], ".5f"))
    console = open_console()
    if "reason" in found:
        _print_picked(found, console)
    console.print(table)
    console.print(
        f"log-likelihood {found['log_likelihood']:,.3f} of {found['customers']:,} customers"
    )
    if ahead := found.get("ahead"):
        console.print(
            f"In the next {ahead['days']} days: {ahead['purchases']:,.0f} purchases expected,"
            f" {ahead['level']:.0%} interval {ahead['lower']:,.0f} to {ahead['upper']:,.0f}"
        )
    for note in found["notes"]:
        console.print(f"[yellow]{note}[/yellow]")


def _print_picked(found: Json, console: Console) -> None:
    likely = Table(
        "model", "log-likelihood each", "standard errors ahead", box=None, pad_edge=False
    )
    for name, held in found["held"].items():
        likely.add_row(name, f"{held['log_likelihood']:.4f}", f"{held['ahead']:+.1f}")
    if found["held"]:
        console.print(likely)
    console.print(found["reason"])


def print_generated(found: Json, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    console = open_console()
    console.print(
        f"{found['transactions']:,} transactions of {found['customers']:,} customers,"
        f" {found['first_day']} to {found['as_of']}: {found['orders']:,} orders and"
        f" {found['returns']:,} returns"
    )
    if found["defects"]:
        planted = ", ".join(f"{n:,} {name}" for name, n in found["defects"].items())
        console.print(f"Defects: {planted}")
    console.print(
        f"In the {days(found['horizon_days'])} after, they are expected to bring"
        f" {_amount(found['expected_value'])}, and bring {_amount(found['actual_value'])} as it"
        " turns out."
    )
    for note in found["notes"]:
        console.print(f"Note: {note}")
    for name, rows in found["files"].items():
        path = Path(found["folder"]) / f"{name}.{found['format']}"
        console.print(f"{path}: {rows:,} rows")
    console.print(f"Next: clv run {Path(found['folder']) / 'transactions'}.{found['format']}")


def print_models(as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {"name": e.name, "label": e.label, "kind": e.kind, "about": e.about}
                for e in registry.ENTRIES
            ]
        )
        return
    table = Table("name", "kind", "about", box=None, pad_edge=False)
    for known in registry.ENTRIES:
        table.add_row(known.name, known.kind, f"{known.label}. {known.about}.")
    open_console().print(table)


def print_features(built: Built, out: Path | None) -> None:
    """The features as `print_scored` prints forecasts."""
    columns = built.table.num_columns - 1
    features = f"with {columns} features"
    print_scored(built, out, (f"customer {features}", f"customers {features}"))
    if built.left_out:
        names = ", ".join(name.removeprefix("known_") for name in built.left_out)
        sys.stderr.write(f"left out, as their texts are no groups of customers: {names}\n")


def print_dictionary(entries: list[Json], as_json: bool) -> None:
    if as_json:
        print_json(entries)
        return
    console = open_console()
    for theme in dict.fromkeys(entry["theme"] for entry in entries):
        console.print(f"[bold]{theme}[/bold]")
        table = Table("name", "meaning", "unit", "empty for", box=None, pad_edge=False)
        for entry in entries:
            if entry["theme"] == theme:
                needs = f" (needs {', '.join(entry['needs'])})" if entry["needs"] else ""
                table.add_row(
                    entry["name"], entry["meaning"] + needs, entry["unit"], entry["absent"]
                )
        console.print(table)
        console.print()


def require_place(out: Path | None) -> None:
    """Refuse, before any work, a file that could not be written after it.

    Raises
    ------
    SettingError : the file's ending is not one of a table
    StorageError : its folder is not there
    """
    if out is None:
        return
    if out.suffix not in FORMATS:
        raise SettingError(f"out: {out} ends in none of {', '.join(FORMATS)}.")
    if not out.parent.is_dir():
        raise StorageError(
            f"storage: {out} cannot be written, as there is no folder {out.parent}. Make it, or"
            " name another place with --out."
        )


def print_scored(
    scored: Scored | Built, out: Path | None, what: tuple[str, str] = ("forecast", "forecasts")
) -> None:
    """The table to a file or stdout; how the log was read to stderr.

    Parameters
    ----------
    what : its rows are, one and several

    Raises
    ------
    SettingError : the file's ending is not one of a table
    StorageError : the file cannot be written; a former one is left whole
    """
    if out is None:
        from pyarrow import csv

        csv.write_csv(scored.table, sys.stdout.buffer)
    else:
        _write_table(scored.table, out)
    counts = scored.counts
    refused = ", ".join(f"{n:,} {rule}" for rule, n in counts["by_rule"].items())
    sys.stderr.write(
        f"{scored.table.num_rows:,} {what[scored.table.num_rows != 1]}"
        + (f" as of {scored.as_of}" if scored.as_of else "")
        + (f" in {out}" if out else "")
        + f"; {counts['accepted']:,} of {counts['rows_in']:,} rows accepted"
        + (f" ({refused})" if refused else "")
        + "\n"
    )
    for notice in scored.notices:
        sys.stderr.write(f"Note: {notice}.\n".replace("..\n", ".\n"))


def _write_table(table: pa.Table, out: Path) -> None:
    from clv.data.engine import storage_errors

    require_place(out)
    beside = out.with_name(f".{out.name}.partial")
    with storage_errors(out.parent):
        if out.suffix == ".parquet":
            from pyarrow import parquet

            parquet.write_table(table, beside)
        elif out.suffix == ".csv":
            from pyarrow import csv

            csv.write_csv(table, beside)
        else:
            beside.write_text(json.dumps(table.to_pylist(), default=str))
        beside.replace(out)


def _print_log(console: Console, told: Json) -> None:
    counts = told["counts"]
    columns = ", ".join(f"{field} = {found['column']}" for field, found in told["mapping"].items())
    console.print(f"Columns: {columns}")
    as_of = f"{told['as_of']}" + ("" if told["as_of_given"] else " (the log's last date)")
    console.print(f"As of: {as_of}")
    console.print(
        f"Rows: {counts['rows_in']:,} read = {counts['accepted']:,} accepted"
        f" + {counts['quarantined']:,} quarantined + {counts['dropped']:,} dropped"
    )
    for rule, rows in counts["by_rule"].items():
        console.print(f"  {rows:,} rows: {rule}")
    said = _left_out(told)
    for notice in told["notices"]:
        if notice not in said:
            console.print(f"Note: {notice}")
    if said:
        console.print("Columns of --customers that seem to know what came later:")
    for note in said:
        console.print(f"  {note.removeprefix('customers: ')}")


def _left_out(told: Json) -> list[str]:
    """Notes on columns of customers that were left out, the hint what to do about it last."""
    names = [name for beside in told["inputs"] for name in beside.get("left_out", ())]
    notes = (*told.get("warnings", ()), *told["notices"])
    starts = (*(f"customers: {name} was left out: " for name in names), HINT)
    return [note for start in starts for note in notes if note.startswith(start)]


def _between(manifest: Json) -> str:
    """The interval of the total; where there is none, why."""
    total, level = manifest["total"], _percent(manifest["level"])
    if total["lower"] is None:
        return f"no interval: {total['method']}"
    return f"{level} interval {_amount(total['lower'])} to {_amount(total['upper'])}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _amount(value: float) -> str:
    """Three digits: a forecast knows no more."""
    return f"{float(f'{value:.3g}'):,.0f}"


def print_json(content: Any) -> None:
    sys.stdout.write(json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n")


def open_console() -> Console:
    # Tables keep their columns when piped, whatever width the absent terminal is said to have.
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
