"""The command line: one command, one call, and the printing of its answer."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clv.apps.commands import auditing, keys, publishing, sagemaker, serving, working
from clv.apps.options import takes
from clv.core.errors import ClvError, DependencyError, SettingError
from clv.ops.config import (
    FOLDS,
    BacktestConfig,
    FeaturesConfig,
    FitConfig,
    ValidateConfig,
)
from clv.ops.jobconfig import JobConfig
from clv.ops.predictconfig import PredictConfig
from clv.ops.shopconfig import GenerateConfig

# Nothing heavy is imported before a command needs it: help answers at once.
if TYPE_CHECKING:
    from types import ModuleType

    from clv.ops.machine import Machine
    from clv.ops.progress import Reporter

app = typer.Typer(
    name="clv",
    help="Customer lifetime value: from a log of orders to what every customer will spend.",
    epilog="Start with: clv run orders.csv    or, without a log of your own: clv run cdnow",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

#: Packages that the extra `service` brings, and that its commands look for when they are called.
SERVICE = ("alembic", "cachetools", "fastapi", "huey", "limits", "sqlalchemy", "uvicorn")

_LOG = typer.Argument(
    metavar="LOG",
    help="CSV, Parquet or Excel file, folder or glob; postgresql://...?table=orders,"
    " sqlite:///shop.db?table=orders; s3://bucket/key; or cdnow, the bundled log.",
    show_default=False,
)
Log = Annotated[str, _LOG]
AnyLog = Annotated[str | None, _LOG]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]


@app.command()
@takes(JobConfig)
def run(
    log: AnyLog = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Run folder. Default: a new one in CLV_HOME."),
    ] = None,
    as_json: AsJson = False,
    *,
    config: JobConfig,
) -> None:
    """Every customer's lifetime value from a log of orders, with a report to open.

    Columns are recognised by their usual names. The log may be of single lines or of orders:
    all that a customer buys on a day counts as one purchase. Or learn a column of a table of
    customers from the others.

    [bold]Examples[/bold]

      clv run orders.csv

      clv run orders.csv --customer client_no --amount "Total (EUR)" --horizon 180

      clv run lines.parquet --quantity qty --unit-price price --margin 0.35 --out results

      clv run --table customers.csv --target actual_clv --drop segment
    """
    from clv.ops.running import run_job

    done = run_job(log, config, machine(), out, reporter())
    if done.manifest.get("kind") == "table":
        from clv.apps.tables import print_table_run

        print_table_run(done, as_json)
        return
    from clv.apps.printing import print_run

    print_run(done, as_json)


@app.command()
@takes(BacktestConfig)
def backtest(
    log: Log,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder of the result. Default: backtest in CLV_HOME."),
    ] = None,
    as_json: AsJson = False,
    *,
    config: BacktestConfig,
) -> None:
    """Stand on several past days of a log, forecast, and hold it against what came.

    Each model is fitted anew on each day, to what was known then. What is done is kept: stopped
    and begun again, it goes on where it was.

    [bold]Examples[/bold]

      clv backtest orders.csv --origins 5 --horizon 90

      clv backtest orders.csv --models ensemble --models bgnbd --json > backtest.json

      clv backtest orders.csv --scheme 70/15/15
    """
    from clv.ops.backtesting import backtest as backtest_log

    found = backtest_log(log, config, machine(), out, reporter())
    if config.scheme == FOLDS:
        from clv.apps.tables import print_folds

        print_folds(found, as_json)
        return
    from clv.apps.printing import print_backtest

    print_backtest(found, as_json)


@app.command()
@takes(ValidateConfig)
def validate(
    log: Log,
    quarantine: Annotated[
        Path | None, typer.Option("--quarantine", help="Write the bad rows to this Parquet file.")
    ] = None,
    as_json: AsJson = False,
    *,
    config: ValidateConfig,
) -> None:
    """Read and check a log, and tell what it can support. Forecasts nothing.

    [bold]Example[/bold]

      clv validate orders.csv --quarantine bad.parquet
    """
    from clv.apps.printing import print_validation
    from clv.ops.validation import validate as validate_log

    found = validate_log(log, config, machine(), quarantine, reporter())
    print_validation(found, as_json)


@app.command()
@takes(PredictConfig)
def predict(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Run folder, run id, or latest for the newest.")
    ],
    log: Log,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write a .parquet, .csv or .json file. Default: CSV to stdout."),
    ] = None,
    *,
    config: PredictConfig,
) -> None:
    """Score the customers of a log with a saved run: one of them or millions, no fitting.

    The log is read the way the run read its own, unless told otherwise here. A run that learned
    from a table of customers scores another such table.

    [bold]Examples[/bold]

      clv predict latest new-orders.csv > forecasts.csv

      clv predict results one-customer.csv --as-of 2025-06-04 --horizon 90
    """
    from clv.apps.printing import print_scored, require_place
    from clv.ops.rescoring import rescore
    from clv.ops.runs import find

    require_place(out)
    used = machine()
    print_scored(rescore(find(run, used.home), log, config, used, reporter()), out)


@app.command()
@takes(FitConfig)
def fit(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="nbd, bgnbd, mbgnbd, paretonbd, bgcnbd, mbgcnbd, gammagamma; or btyd, which picks"
            " the purchase model that finds the latest purchases likeliest.",
        ),
    ],
    log: Log,
    as_json: AsJson = False,
    *,
    config: FitConfig,
) -> None:
    """Fit one purchase model and print its parameters with standard errors.

    [bold]Examples[/bold] (the first: table 2 of Fader, Hardie & Lee 2005 on the full log)

      clv fit bgnbd cdnow --as-of 1997-09-30 --unit week

      clv fit btyd orders.csv

      clv fit paretonbd orders.csv --customers customers.csv --covariates channel
    """
    from clv.apps.printing import print_fit
    from clv.ops.fitting import fit_model

    print_fit(fit_model(model, log, config, machine(), reporter()), as_json)


@app.command()
@takes(FeaturesConfig)
def features(
    log: AnyLog = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write a .parquet, .csv or .json file. Default: CSV to stdout."),
    ] = None,
    save_reference: Annotated[
        Path | None,
        typer.Option(
            "--save-reference",
            help="Write what was learned of these customers, to compare others with them.",
        ),
    ] = None,
    show: Annotated[
        bool, typer.Option("--list", help="Say what each feature is, and build none.")
    ] = False,
    as_json: AsJson = False,
    *,
    config: FeaturesConfig,
) -> None:
    """Write every feature of every customer: one row each, as of a day.

    What the log has no column for is left out, never made up.

    [bold]Examples[/bold]

      clv features orders.csv --out features.parquet

      clv features lines.csv --as-of 2025-06-30 --customers customers.csv --country GB

      clv features --list
    """
    from clv.apps.printing import print_dictionary, print_features, require_place
    from clv.ops.featuring import build_features, dictionary

    if show:
        print_dictionary(dictionary(), as_json)
        return
    if log is None:
        raise SettingError("log: say which log to read, or --list for what each feature is.")
    require_place(out)
    built = build_features(log, config, machine(), reporter(), save_reference)
    print_features(built, out)


@app.command()
def models(as_json: AsJson = False) -> None:
    """List the models that forecast value, and the yardsticks they are compared with.

    [bold]Example[/bold]

      clv models --json
    """
    from clv.apps.printing import print_models

    print_models(as_json)


@app.command()
@takes(GenerateConfig)
def generate(
    out: Annotated[
        Path,
        typer.Option("--out", help="Folder to write; a shop made before is replaced."),
    ] = Path("shop"),
    as_json: AsJson = False,
    *,
    config: GenerateConfig,
) -> None:
    """Make up a shop whose truth is known: a log to try things on, and what will really come.

    Writes the log; customers as they were known at first, with what they did in the log, and with
    what they bring later; sustainability and market data; and the truth: every parameter, and each
    customer's expected value.

    [bold]Examples[/bold]

      clv generate

      clv run shop/transactions.parquet

      clv generate --customers 50000 --transactions 500000 --out big

      clv generate --defects 0.02 --format csv --seed 7 --out messy
    """
    from clv.apps.printing import print_generated
    from clv.ops.generating import generate as generate_shop

    print_generated(generate_shop(config, out, reporter()), as_json)


def _register(*modules: ModuleType) -> None:
    """Add the commands of modules, which `clv --help` shows apart from those above."""
    commands, groups = len(app.registered_commands), len(app.registered_groups)
    for module in modules:
        module.register(app)
    added: list[Any] = [*app.registered_commands[commands:], *app.registered_groups[groups:]]
    for one in added:
        one.rich_help_panel = "The service"


_register(publishing, serving, working, keys, auditing, sagemaker)


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if show:
        from importlib.metadata import version as installed

        typer.echo(f"clv {installed('clv')}")
        raise typer.Exit


def main() -> None:
    """The entry point: errors of the tree become a sentence and an exit code."""
    try:
        app()
    except ClvError as error:
        sys.stderr.write(f"clv: {error}\n")
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        if error.name not in SERVICE:
            raise
        missing = DependencyError(f"{error.name} is not installed: pip install 'clv[service]'")
        sys.stderr.write(f"clv: {missing}\n")
        sys.exit(missing.exit_code)
    except BrokenPipeError:
        # The reader of our pipe has gone, as `head` does; that is no error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def machine() -> Machine:
    from clv.apps.settings import settings

    return settings().machine()


def reporter() -> Reporter:
    """Progress goes to a terminal; a pipe gets none."""
    from clv.apps.printing import Terminal
    from clv.ops.progress import Silent

    return Terminal() if sys.stderr.isatty() else Silent()
