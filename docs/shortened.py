"""Answers, short enough to be read in a page."""

from __future__ import annotations

import json
from typing import Any

_WIDTH = 100
_LONGEST_TEXT = 160
#: Items of a list that are shown: of objects, and of single values.
_OBJECTS, _VALUES = 1, 3
_LINES = 12


def shortened(content: Any) -> Any:
    """The same with fewer items, digits and words."""
    if isinstance(content, str) and "\n" in content:
        return "\n".join([*content.splitlines()[:_LINES], "..."])
    return _less(content)


def _less(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _less(value) for name, value in content.items()}
    if isinstance(content, list):
        most = _OBJECTS if content and isinstance(content[0], dict | list) else _VALUES
        return [_less(item) for item in content[:most]]
    if isinstance(content, float):
        return float(f"{content:.4g}") if abs(content) < 100 else round(content, 2)
    if isinstance(content, str) and len(content) > _LONGEST_TEXT:
        return content[:_LONGEST_TEXT].rsplit(" ", 1)[0] + " ..."
    return content


def pretty(content: Any, indent: int = 0, used: int = 0) -> str:
    """JSON with as much on a line as there is room for."""
    line = json.dumps(content, ensure_ascii=False)
    if indent + used + len(line) <= _WIDTH or not content or not isinstance(content, dict | list):
        return line
    inner = " " * (indent + 2)
    if isinstance(content, list):
        items = [pretty(item, indent + 2) for item in content]
        return f"[\n{inner}" + f",\n{inner}".join(items) + f"\n{' ' * indent}]"
    lines: list[str] = []
    now = ""
    for name, value in content.items():
        key = f"{json.dumps(name, ensure_ascii=False)}: "
        told = key + pretty(value, indent + 2, len(key) + 1)
        if now and ("\n" in told or len(inner) + len(now) + 2 + len(told) > _WIDTH - 1):
            lines.append(now)
            now = ""
        now = f"{now}, {told}" if now else told
        if "\n" in told:
            lines.append(now)
            now = ""
    lines += [now] if now else []
    return f"{{\n{inner}" + f",\n{inner}".join(lines) + f"\n{' ' * indent}}}"
