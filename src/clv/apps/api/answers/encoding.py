"""Answers as bytes, made once.

What they hold is checked against their schemas by tests, not with every request, which would cost
more than most answers do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

JSON = "application/json"


def encoded(content: Any) -> bytes:
    """JSON, with days and moments as ISO 8601, and null for what is no finite number."""
    return to_json(content, inf_nan_mode="null")


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encoded(content), status, headers, JSON)


def of_bytes(body: bytes) -> Response:
    """An answer that was made before."""
    return Response(body, media_type=JSON)
