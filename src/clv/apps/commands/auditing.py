"""The command that tells who wrote what."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]


def register(app: typer.Typer) -> None:
    app.command("audit")(list_entries)


def list_entries(
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=1000, help="How many, the newest first.")
    ] = 20,
    before: Annotated[
        int | None,
        typer.Option("--before", min=1, help="Number of an entry, to go on behind it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List who changed what, or was refused to: keys, orders, jobs, runs, the cache.

    What was sent is not in it, nor who read or predicted what.

    [bold]Examples[/bold]

      clv audit

      clv audit --limit 100 --before 4711 --json
    """
    from clv.apps.printing import open_console, print_json
    from clv.apps.settings import settings
    from clv.ops import audit

    with closing(settings().store()) as store, store.reading() as conn:
        found = audit.entries(conn, limit, before)
    if as_json:
        print_json([entry.to_json() for entry in found])
        return
    if not found:
        open_console().print("Nothing was changed yet.")
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        *("no", "at", "who", "what", "of", "outcome", "request"), box=None, pad_edge=False
    )
    for entry in found:
        at = entry.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        told = (entry.actor, entry.action, entry.target, entry.outcome, entry.request_id)
        table.add_row(str(entry.entry_no), at, *(escape(each or "") for each in told))
    open_console().print(table)
