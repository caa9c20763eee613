"""Documents in columns of JSON."""

from __future__ import annotations

import math
from typing import Any


def plain(content: Any) -> Any:
    """As JSON has it: PostgreSQL takes no NaN."""
    if isinstance(content, dict):
        return {key: plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [plain(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content
