"""A page as one HTML text: template, style, charts and their data inside, no network needed."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import jinja2

from clv.evaluation.report import wording

if TYPE_CHECKING:
    from clv.core.types import Json

FILTERS = ("number", "percent", "day", "duration", "size", "count", "clipped", "sentence")


def document(template: str, context: Json, data: Json) -> str:
    """The template filled in.

    Parameters
    ----------
    context : what it is filled with
    data : figures that charts are drawn from

    Returns
    -------
    HTML text, encodable as UTF-8
    """
    engine, behaviour = _part("vendor/echarts.min.js"), _part("report.js")
    html = (
        _environment()
        .get_template(template)
        .render(
            **context,
            style=_part("report.css"),
            engine=engine,
            behaviour=behaviour,
            script_hashes=[_hash(engine), _hash(behaviour)],
            data=embedded(data),
        )
    )
    # A path or id read from bytes that are not UTF-8 may hold halves of characters.
    return html.encode("utf-8", "replace").decode("utf-8")


def embedded(data: Json) -> str:
    """JSON that stays inside its script element whatever text it holds."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _part(name: str) -> str:
    return resources.files("clv.evaluation.report").joinpath(name).read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_part),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in FILTERS:
        environment.filters[name] = getattr(wording, name)
    return environment


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
