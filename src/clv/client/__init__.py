"""Ask a service of `clv` from Python. Needs httpx and nothing else.

>>> from clv.client import Client
>>> with Client("http://127.0.0.1:8000") as service:  # doctest: +SKIP
...     for customer in service.customers(tier="High-CLV", min_risk=0.5):
...         print(customer["customer_id"], customer["clv"])
"""

from __future__ import annotations

try:
    import httpx as _httpx  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "httpx is not installed: pip install 'clv[service]', or httpx alone"
    ) from error

from clv.client.batching import Added, Predicted
from clv.client.client import Client
from clv.client.errors import (
    ClvApiError,
    ClvClientError,
    ClvUnreachableError,
    FieldError,
    JobEndedError,
    StaleCursorError,
)

__all__ = [
    "Added",
    "Client",
    "ClvApiError",
    "ClvClientError",
    "ClvUnreachableError",
    "FieldError",
    "JobEndedError",
    "Predicted",
    "StaleCursorError",
]
