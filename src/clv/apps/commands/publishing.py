"""Commands of published runs: publish, roll back, list."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

# Nothing heavy is imported before a command needs it: help answers at once.
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]
Name = Annotated[
    str,
    typer.Option(
        "--name",
        help="champion, which answers unless another is asked for; or model:NAME, for a model"
        " that is asked for by name.",
    ),
]


def register(app: typer.Typer) -> None:
    app.command("publish")(publish_run)
    app.command("rollback")(roll_back)
    app.command("runs")(list_runs)


def publish_run(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="Folder or id of a run, or latest, the newest in CLV_HOME."
        ),
    ],
    name: Name = "champion",
    as_json: AsJson = False,
) -> None:
    """Let the service answer by a run: its forecasts go into the store, all at once.

    Whoever asks meanwhile is answered by the run before it. Orders that came in by the service
    and that the run does not know are taken into account. It can be taken back: clv rollback.

    [bold]Examples[/bold]

      clv publish latest

      clv publish results

      clv publish 20260101T120000Z-4f1d9a --json
    """
    from clv.apps.cli import reporter
    from clv.apps.printing import open_console, print_json
    from clv.apps.settings import settings
    from clv.ops import runs
    from clv.ops.promotion import promote
    from clv.ops.store.publishing import CHAMPION, publish

    asked = settings()
    keep = asked.publish_keep
    found = runs.find(run, asked.home)
    with closing(settings().store()) as store:
        if name == CHAMPION:
            done = promote(store, asked.machine(), found, reporter=reporter(), keep=keep)
        else:
            # A model asked for by name answers for profiles and for orders.
            done = publish(store, found, name=name, reporter=reporter(), loaded=False, keep=keep)
    if as_json:
        print_json(done.to_json())
        return
    console = open_console()
    told = f"{done.model}, {done.customers:,} customers"
    console.print(f"Run {done.run_id} is published as {name}: {told}.")
    if done.before not in (None, done.run_id):
        console.print(f"Before it was {done.before}; to go back: clv rollback{_named(name)}")


def roll_back(name: Name = "champion", as_json: AsJson = False) -> None:
    """Let the service answer by the run published before; again, by the one before that.

    [bold]Examples[/bold]

      clv rollback

      clv rollback --name model:xgboost
    """
    from clv.apps.printing import open_console, print_json
    from clv.apps.settings import settings
    from clv.ops.promotion import take_back

    with closing(settings().store()) as store:
        done = take_back(store, settings().machine(), name=name)
    if as_json:
        print_json(done.to_json())
        return
    open_console().print(f"Run {done.run_id} is published as {name} again, not {done.before}.")


def list_runs(
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=10_000, help="Most runs to list.")
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """List published runs, the newest first. The one marked * answers.

    Forecasts of older runs leave the store; such a run is published again by its folder.

    [bold]Examples[/bold]

      clv runs

      clv runs --json
    """
    from clv.apps.printing import open_console, print_json
    from clv.apps.settings import settings
    from clv.ops.store.publishing import CHAMPION, listed

    with closing(settings().store()) as store, store.reading() as conn:
        found = listed(conn, limit)
    if as_json:
        print_json(found)
        return
    if not found:
        open_console().print("No run is published. Publish one with: clv publish RUN")
        return
    from rich.table import Table

    table = Table(
        *("", "run", "model", "customers", "as of", "published", "in the store", "as", "folder"),
        box=None,
        pad_edge=False,
    )
    for run in found:
        table.add_row(
            "*" if CHAMPION in run["served_as"] else "",
            run["run_id"],
            run["model"],
            f"{run['customers']:,}",
            run["as_of"] or "",
            run["published_at"][:16].replace("T", " "),
            "yes" if run["loaded"] else "no",
            " ".join(run["served_as"]),
            run["folder"],
        )
    open_console().print(table)


def _named(name: str) -> str:
    return "" if name == "champion" else f" --name {name}"
