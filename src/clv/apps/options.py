"""Command-line options made from a configuration: one definition for flag, YAML key and help."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args

import typer
from pydantic_core import PydanticUndefined

from clv.core.errors import StoppedError

if TYPE_CHECKING:
    from clv.ops.config import Options

Config = TypeVar("Config", bound="Options")

_FILE = Annotated[
    Path | None,
    typer.Option("--config", help="YAML file of these settings; flags win.", show_default=False),
]


def takes(config: type[Options]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of a configuration; it receives them as ``config``.

    The command's own parameters come first and keep their meaning. Options not given stay
    unset, so that the file, and after it the defaults, decide.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True)
        kept = [p for p in own.parameters.values() if p.name != "config"]
        made = [_parameter(name, config) for name in _flags(config)]

        @functools.wraps(command)
        def with_config(**given: Any) -> None:
            flags = {name: given.pop(name) for name in _flags(config)}
            file = given.pop("config")
            set_flags = {name: value for name, value in flags.items() if value not in (None, [])}
            try:
                command(**given, config=config.given(file, set_flags))
            except (KeyboardInterrupt, RuntimeError) as error:
                # The engine tells of Ctrl-C in an error of its own.
                if isinstance(error, RuntimeError) and "interrupted" not in str(error).lower():
                    raise
                raise StoppedError("stopped. Nothing was published.") from None

        file = inspect.Parameter(
            "config", inspect.Parameter.KEYWORD_ONLY, annotation=_FILE, default=None
        )
        by_name = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in kept]
        with_config.__signature__ = own.replace(  # type: ignore[attr-defined]
            parameters=[*by_name, *made, file]
        )
        return with_config

    return decorate


def _flags(config: type[Options]) -> list[str]:
    return [
        name
        for name, field in config.model_fields.items()
        if name not in config.settled and (field.json_schema_extra or {}).get("flag", True)  # type: ignore[union-attr]
    ]


def _parameter(name: str, config: type[Options]) -> inspect.Parameter:
    field = config.model_fields[name]
    kind: Any = field.annotation
    optional = kind if type(None) in get_args(kind) else kind | None
    extra: Any = field.json_schema_extra or {}
    known_default = field.default not in (None, [], PydanticUndefined)
    option = typer.Option(
        "--" + name.replace("_", "-"),
        help=field.description,
        rich_help_panel=extra.get("panel"),
        show_default=(config.else_taken or str(field.default)) if known_default else False,
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[optional, option], default=None
    )
