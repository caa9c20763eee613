"""Commands of keys: make, list, revoke."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

# Nothing heavy is imported before a command needs it: help answers at once.
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]

keys_app = typer.Typer(
    help="Make, list and revoke the keys that the service asks for.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def register(app: typer.Typer) -> None:
    app.add_typer(keys_app, name="keys")


@keys_app.command("make")
def make_key(
    name: Annotated[str, typer.Option("--name", help="Who will have it, as dashboard.")],
    scope: Annotated[
        list[str],
        typer.Option(
            "--scope",
            help="What it allows: read, predict, train or admin, which allows all; may be"
            " repeated.",
        ),
    ],
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, max=36_500, help="Days it works. Default: until revoked."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, this once: the store keeps only a hash of it.

    [bold]Examples[/bold]

      clv keys make --name dashboard --scope read --scope predict --days 90

      clv keys make --name ops --scope admin --json
    """
    from clv.apps.printing import open_console, print_json
    from clv.apps.settings import settings
    from clv.ops import keys

    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    with closing(settings().store()) as store:
        key, secret = keys.make(store, name, scope, expires)
    if as_json:
        print_json({**key.to_json(), "key": secret})
        return
    console = open_console()
    until = f", until {expires:%Y-%m-%d}" if expires else ""
    console.print(f"Key {key.key_id} for {key.name} ({', '.join(scope)}{until}):\n")
    console.print(f"  {secret}\n", markup=False)
    console.print("It is not shown again. Send it as a header: Authorization: Bearer KEY")


@keys_app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List all keys, the newest first. None of them can be read back.

    [bold]Examples[/bold]

      clv keys list

      clv keys list --json
    """
    from clv.apps.printing import open_console, print_json
    from clv.apps.settings import settings
    from clv.ops import keys

    with closing(settings().store()) as store:
        found = [key.to_json() for key in keys.listed(store)]
    if as_json:
        print_json(found)
        return
    if not found:
        open_console().print("No keys. Make one with: clv keys make --name NAME --scope read")
        return
    from rich.table import Table

    table = Table(
        "key", "name", "scopes", "status", "made", "ends", "used", box=None, pad_edge=False
    )
    for key in found:
        days = [(key[day] or "")[:10] for day in ("created_at", "expires_at", "used_on")]
        table.add_row(key["key_id"], key["name"], " ".join(key["scopes"]), key["status"], *days)
    open_console().print(table)


@keys_app.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `clv keys list` tells it.")],
    as_json: AsJson = False,
) -> None:
    """End a key for good. It stops working within a second, in every process.

    [bold]Example[/bold]

      clv keys revoke 4f1d9a70c2be
    """
    from clv.apps.printing import open_console, print_json
    from clv.apps.settings import settings
    from clv.ops import keys

    with closing(settings().store()) as store:
        key = keys.revoke(store, key_id)
    if as_json:
        print_json(key.to_json())
        return
    open_console().print(f"Key {key.key_id} of {key.name} no longer works.")
