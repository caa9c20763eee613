"""The command `train_all`: a log from a folder or S3, and the trained model back to one."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from clv.apps.options import takes
from clv.core.errors import ClvError
from clv.ops.jobconfig import JobConfig

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")


@app.command()
@takes(JobConfig)
def train_all(
    input_data: Annotated[
        str,
        typer.Option(
            "--input-data",
            help="Log of orders: a file, a folder of files, or s3://bucket/key or prefix/. With"
            " --target, a table of customers.",
        ),
    ],
    output_model: Annotated[
        str,
        typer.Option(
            "--output-model",
            help="Where the model goes: a folder, or s3://bucket/prefix. Its files, and"
            " model.tar.gz, which SageMaker deploys.",
        ),
    ],
    *,
    config: JobConfig,
) -> None:
    """Train every model on a log, keep the best, and leave it where SageMaker finds it.

    [bold]Examples[/bold]

      train_all --input-data stays.csv --output-model model

      train_all --input-data s3://hotel/stays/ --output-model s3://hotel/model --horizon 180
    """
    from clv.apps.cli import reporter
    from clv.apps.sagemaker.storage import put, require_place
    from clv.apps.sagemaker.training import learn
    from clv.apps.settings import settings

    here = settings()
    require_place(output_model, here.s3_endpoint)
    with tempfile.TemporaryDirectory(prefix="clv-") as work:
        place = Path(work) / "run"
        run = learn(input_data, config, here.machine(), place, reporter())
        written = put(run.folder, output_model, here.s3_endpoint)
    counts, champion = run.manifest["counts"], run.manifest["champion"]
    typer.echo(f"{counts['customers']:,} customers; champion: {champion['label']}")
    typer.echo(f"Model: {written[-1]} and {len(written) - 1} files beside it")


def main() -> None:
    """The entry point: errors of the tree become a sentence and an exit code."""
    try:
        app()
    except ClvError as error:
        sys.stderr.write(f"train_all: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
