"""Commands that put a model behind an endpoint of SageMaker, ask it, and take it away."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clv.core.errors import SettingError

if TYPE_CHECKING:
    from clv.apps.sagemaker.endpoint import Endpoints

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the endpoint.")]
Region = Annotated[
    str | None,
    typer.Option(
        "--region", help="Default: AWS_DEFAULT_REGION or the profile's.", show_default=False
    ),
]

_commands = typer.Typer(
    name="sagemaker",
    help="Put a trained model behind an endpoint of Amazon SageMaker, ask it, take it away.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


def register(app: typer.Typer) -> None:
    app.add_typer(_commands)


@_commands.command()
def deploy(
    name: Name,
    model: Annotated[
        str, typer.Option("--model", help="s3://bucket/prefix/model.tar.gz, as train_all wrote it.")
    ],
    image: Annotated[
        str, typer.Option("--image", help="Address of the image, made by deploy/sagemaker.")
    ],
    role: Annotated[str, typer.Option("--role", help="Role that the container runs as.")],
    instance_type: Annotated[
        str, typer.Option("--instance-type", help="Of a standing endpoint.")
    ] = "ml.m5.large",
    instances: Annotated[int, typer.Option("--instances", min=1, help="How many.")] = 1,
    serverless: Annotated[
        int | None,
        typer.Option(
            "--serverless",
            min=1024,
            max=6144,
            help="Memory in MB of an endpoint that costs only while it answers: 1024, 2048, 3072,"
            " 4096, 5120 or 6144.",
            show_default=False,
        ),
    ] = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, help="Answers at once, of a serverless one.")
    ] = 5,
    wait: Annotated[bool, typer.Option(help="Until it answers, some minutes.")] = True,
    region: Region = None,
) -> None:
    """Put a model behind an endpoint; one that is there goes on with its model until this one does.

    [bold]Examples[/bold]

      clv sagemaker deploy hotel-clv --model s3://hotel/model/model.tar.gz --image IMAGE --role ROLE

      clv sagemaker deploy hotel --model s3://h/model.tar.gz --image I --role R --serverless 3072
    """
    from clv.apps.sagemaker.endpoint import Deployment

    wanted = Deployment(
        name=name,
        image=image,
        model_data=model,
        role=role,
        instance_type=instance_type,
        instances=instances,
        memory_mb=serverless,
        concurrency=concurrency,
    )
    status = _endpoints(region).deploy(wanted, wait=wait)
    typer.echo(f"{name}: {status}")


@_commands.command()
def invoke(
    name: Name,
    body: Annotated[
        Path, typer.Argument(metavar="FILE", help="JSON, JSON lines or CSV; - for stdin.")
    ],
    content_type: Annotated[
        str | None,
        typer.Option(
            "--content-type",
            help="Kind of the body. Default: by the file's ending, else application/json.",
            show_default=False,
        ),
    ] = None,
    region: Region = None,
) -> None:
    """Ask an endpoint about the customers of a file; the answer goes to stdout.

    [bold]Examples[/bold]

      clv sagemaker invoke hotel-clv customers.json

      clv sagemaker invoke hotel-clv stays.csv > forecasts.csv

      clv sagemaker invoke hotel-clv stays.csv --content-type "text/csv; xdays=180"
    """
    kinds = {".csv": "text/csv", ".jsonl": "application/jsonlines"}
    if str(body) == "-":
        content = sys.stdin.buffer.read()
    elif body.is_file():
        content = body.read_bytes()
    else:
        raise SettingError(f"file: there is none at {body}.")
    kind = content_type or kinds.get(body.suffix.lower(), "application/json")
    answer = _endpoints(region).invoke(name, content, kind)
    sys.stdout.buffer.write(answer if answer.endswith(b"\n") else answer + b"\n")


@_commands.command()
def delete(name: Name, region: Region = None) -> None:
    """Take away an endpoint with its configuration and model, also where half of it was made.

    [bold]Example[/bold]

      clv sagemaker delete hotel-clv
    """
    gone = _endpoints(region).delete(name)
    typer.echo(f"{name}: {', '.join(gone) if gone else 'nothing was there'}")


def _endpoints(region: str | None) -> Endpoints:
    from clv.apps.sagemaker.endpoint import Endpoints
    from clv.apps.settings import settings

    return Endpoints(region, settings().s3_endpoint)
