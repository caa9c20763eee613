"""Requests over HTTP: sent again where that is safe, problems told as errors."""

from __future__ import annotations

import ipaddress
import random
import time
from collections.abc import Mapping
from typing import IO, Any, NoReturn

import httpx

from clv.client.errors import ClvApiError, ClvUnreachableError, FieldError, StaleCursorError

#: Seconds before the first time a request is sent again; doubled with each.
_FIRST_WAIT = 0.25
#: No longer wait is made, whatever the service asks for.
_LONGEST_WAIT = 60.0
#: What a proxy says while the service behind it starts or ends.
_GATEWAY = (502, 503, 504)
_REFUSED = 429

Query = Mapping[str, Any]


class Sender:
    """
    Parameters
    ----------
    url : of the service
    key : sent with every request, and to nobody else: redirects are not followed
    timeout : seconds to wait for an answer
    retries : how often a request is sent again, at most
    transport : another way to the service than over the network
    """

    def __init__(
        self,
        url: str,
        key: str | None,
        timeout: float,
        retries: int,
        transport: httpx.BaseTransport | None,
    ) -> None:
        headers = {"Accept": "application/json"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        self._retries = retries
        self._http = httpx.Client(
            base_url=url,
            headers=headers,
            timeout=timeout,
            transport=transport,
            # A proxy of the environment is none for this machine itself.
            trust_env=not _is_here(httpx.URL(url).host),
        )

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, query: Query | None = None, answered: tuple[int, ...] = ()) -> Any:
        """
        Parameters
        ----------
        answered : statuses besides those of success whose body is an answer
        """
        return self._ask("GET", path, query, again=True, answered=answered)

    def post(
        self,
        path: str,
        query: Query | None = None,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        again: bool = False,
    ) -> Any:
        """
        Parameters
        ----------
        again : sent twice it does no more than once, so that it may be where no answer came
        """
        return self._ask("POST", path, query, again=again, json=body, headers=headers)

    def send_file(self, path: str, query: Query, file: IO[bytes]) -> Any:
        headers = {"Content-Type": "application/octet-stream"}
        return _content(self._once("POST", path, query, content=file, headers=headers))

    def _ask(
        self,
        method: str,
        path: str,
        query: Query | None,
        *,
        again: bool,
        answered: tuple[int, ...] = (),
        **more: Any,
    ) -> Any:
        for attempt in range(self._retries + 1):
            last = attempt == self._retries
            try:
                response = self._once(method, path, query, **more)
            except ClvUnreachableError as error:
                # Who never got through has asked for nothing yet.
                if last or not (again or isinstance(error.__cause__, httpx.ConnectError)):
                    raise
                time.sleep(_wait(attempt))
                continue
            if response.status_code in answered and _is_json(response):
                return response.json()
            wait = _told_wait(response, attempt, again)
            if last or wait is None:
                return _content(response)
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _once(self, method: str, path: str, query: Query | None, **more: Any) -> httpx.Response:
        known = {name: _plain(value) for name, value in (query or {}).items() if value is not None}
        try:
            return self._http.request(method, path, params=known, **more)
        except httpx.TransportError as error:
            raise ClvUnreachableError(
                f"{self._http.base_url} did not answer ({error or type(error).__name__})."
                " Is `clv serve` running there?"
            ) from error


def _content(response: httpx.Response) -> Any:
    if not response.is_success:
        _fail(response)
    try:
        return response.json()
    except ValueError:
        raise ClvApiError(
            response.status_code, "no-json", f"{response.url} did not answer with JSON."
        ) from None


def _is_json(response: httpx.Response) -> bool:
    kind: str = response.headers.get("content-type", "")
    return kind.startswith("application/json")


def _fail(response: httpx.Response) -> NoReturn:
    try:
        told = response.json()
    except ValueError:
        told = None
    if not isinstance(told, dict):
        told = {}
    code = told.get("code", f"http-{response.status_code}")
    kind = StaleCursorError if code == "stale-cursor" else ClvApiError
    raise kind(
        response.status_code,
        code,
        # What is no problem of the service comes from something before it.
        told.get("detail") or response.text[:200] or response.reason_phrase,
        [
            FieldError(one.get("field", ""), one.get("message", ""), one.get("part", ""))
            for one in told.get("errors", ())
        ],
        told.get("request_id") or response.headers.get("x-request-id"),
        _seconds(response),
    )


def _told_wait(response: httpx.Response, attempt: int, again: bool) -> float | None:
    """Seconds until the same request may be sent again; None where it must not be."""
    status, asked = response.status_code, _seconds(response)
    # One too many was not even looked at; a part that failed may have failed half-way.
    if status != _REFUSED and not (again and status in _GATEWAY):
        return None
    if asked is None:
        return _wait(attempt)
    return asked if asked <= _LONGEST_WAIT else None


def _seconds(response: httpx.Response) -> float | None:
    told = response.headers.get("retry-after", "")
    return float(told) if told.isdigit() else None


def _wait(attempt: int) -> float:
    # Drawn, so that many who failed together do not come back together.
    longest: float = min(_FIRST_WAIT * 2**attempt, _LONGEST_WAIT)
    return longest * random.uniform(0.5, 1)  # noqa: S311


def _plain(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
