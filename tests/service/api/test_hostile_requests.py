"""Requests meant to break the service, sent to `clv serve` as bytes: refused in words, logged by
number and code, counted, and the next good request is answered.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.serving import Served, home_of, served

#: Stands for what a customer would not want in a log.
SECRET = "jo.secret-4711"
GOOD = b"GET /api/customers/00001 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
PROFILE = {"num_orders": 6, "total_spent": 480.0, "tenure": 200, "recency": 12}
MIB = 2**20


@dataclass
class Target:
    """A service to send bytes to, and what it says of them."""

    served: Served

    @property
    def port(self) -> int:
        port = urlsplit(self.served.url).port
        assert port is not None
        return port

    @property
    def log(self) -> Path:
        return self.served.home / "serve.out"

    def connect(self, patience: float = 20) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=patience)

    def send(self, raw: bytes, end: bool = True) -> bytes:
        """All that is answered until the service closes; it may close before it read all."""
        with self.connect() as conn:
            with suppress(ConnectionError):
                conn.sendall(raw)
                if end:
                    conn.shutdown(socket.SHUT_WR)
            said = b""
            with suppress(ConnectionError):
                while piece := conn.recv(65536):
                    said += piece
            return said

    def lines(self, begun: int) -> list[dict[str, object]]:
        """Lines of the log since it was so long."""
        text = self.log.read_bytes()[begun:].decode()
        assert SECRET not in text
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def counted(self) -> dict[str, float]:
        """Refusals by their code."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as conn:
            conn.request("GET", "/metrics")
            text = conn.getresponse().read().decode()
        found = re.findall(r'clv_refused_total\{code="([^"]+)"\} (\S+)', text)
        return {code: float(count) for code, count in found}

    def require_well(self) -> None:
        """A good request is answered, and at once."""
        began = time.monotonic()
        assert self.send(GOOD, end=False).startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - began < 10


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory, one_run: Path) -> Iterator[Target]:
    home = home_of(tmp_path_factory.mktemp("hostile"), one_run)
    with served(home, embedded_worker="false", log_level="info") as running:
        made = Target(running)
        made.require_well()
        yield made


def request(
    method: str = "GET",
    path: bytes = b"/api/customers",
    *headers: bytes,
    body: bytes = b"",
    host: bytes = b"localhost",
) -> bytes:
    length = [b"Content-Length: %d" % len(body)] if body else []
    lines = [b"%s %s HTTP/1.1" % (method.encode(), path), b"Host: " + host, *length, *headers]
    return b"\r\n".join([*lines, b"Connection: close", b"", body])


def post(body: bytes, *headers: bytes, path: bytes = b"/api/predict") -> bytes:
    kind = () if any(h.lower().startswith(b"content-type") for h in headers) else (JSON,)
    return request("POST", path, *kind, *headers, body=body)


JSON = b"Content-Type: application/json"
SAID = SECRET.encode()
REFUSED = {
    # Bodies
    "no JSON": (post(b'{"customer_id": "' + SAID), 400, "json"),
    "two documents": (post(b'{"customer_id": "a"} {"customer_id": "b"}'), 400, "json"),
    "deep": (post(b'{"features": ' + b"[" * 200_000), 400, "json"),
    "deep and closed": (post(b'{"a": ' * 5000 + b"1" + b"}" * 5000), 400, "json"),
    "not UTF-8": (post(b'{"customer_id": "\xff"}'), 400, "json"),
    "UTF-16": (post('{"customer_id": "a"}'.encode("utf-16")), 400, "json"),
    "half a surrogate": (post(rb'{"customer_id": "\ud800"}'), 400, "json"),
    "no number": (post(b'{"num_orders": NaN}'), 400, "json"),
    "a number beyond all": (post(b'{"num_orders": 1e999}'), 422, "validation"),
    "many digits": (post(b'{"num_orders": ' + b"9" * 5000 + b"}"), 400, "json"),
    "a NUL": (post(rb'{"customer_id": "a\u0000b"}'), 422, "validation"),
    "another kind": (post(b"<a/>", b"Content-Type: application/xml"), 415, "media-type"),
    "a form": (post(b"a=b", b"Content-Type: multipart/form-data"), 415, "media-type"),
    "no kind": (request("POST", b"/api/predict", body=b"{}"), 415, "media-type"),
    "unknown fields": (post(json.dumps({**PROFILE, SECRET: 1}).encode()), 422, "validation"),
    "larger than allowed": (post(b" " * (MIB + 1)), 413, "body-too-large"),
    "said to be huge": (
        request("POST", b"/api/predict", JSON, b"Content-Length: 10000000000"),
        413,
        "body-too-large",
    ),
    "huge in chunks": (
        request("POST", b"/api/predict", JSON, b"Transfer-Encoding: chunked")
        + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 20,
        413,
        "body-too-large",
    ),
    # Addresses
    "dots": (request(path=b"/api/customers/../../etc/passwd"), 404, None),
    "escaped dots": (request(path=b"/api/%2e%2e/%2e%2e/etc/passwd"), 404, None),
    "twice escaped dots": (request(path=b"/api/uploads/%252e%252e%252fetc"), 404, "upload-unknown"),
    "dots as a run": (request("POST", b"/api/runs/..%2f..%2fetc/publish"), None, None),
    "dots as an upload": (request("DELETE", b"/api/uploads/..%2f..%2frun"), None, None),
    "a NUL in the path": (request(path=b"/api/customers/%00" + SAID), 400, "encoding"),
    "a NUL in the query": (request(path=b"/api/customers?search=%00"), 400, "encoding"),
    "bytes in the query": (request(path=b"/api/customers?search=%ff%fe"), 400, "encoding"),
    "a long path": (request(path=b"/api/customers/" + b"a" * 30_000), None, None),
    "a long query": (request(path=b"/api/customers?search=" + b"a" * 30_000), 422, "validation"),
    "signs of many scripts": (request(path=b"/api/customers/%e2%80%ae%c3%a9"), 404, "customer"),
    "a wrong method": (request("PATCH", b"/api/customers"), 405, "method-not-allowed"),
    "a method of another time": (request("TRACE", b"/api/customers"), 405, "method-not-allowed"),
    # Headers
    "another host": (request(host=b"evil.example"), 400, "host"),
    "no host": (b"GET /api/customers HTTP/1.1\r\nConnection: close\r\n\r\n", 400, "host"),
    "two hosts": (request(b"GET".decode(), b"/", b"Host: evil.example"), 400, "header"),
    "two kinds": (post(b"{}", JSON, b"Content-Type: text/plain"), 400, "header"),
    "a key nobody knows": (
        request("GET", b"/api/customers", b"Authorization: Bearer " + SAID),
        401,
        "unauthorized",
    ),
    "a key of odd bytes": (
        request("GET", b"/api/customers", b"X-API-Key: \xff\xfe\x80" + SAID),
        401,
        "unauthorized",
    ),
    "a page of others": (post(b"{}", b"Origin: https://evil.example"), 403, "origin"),
    "a key to send orders by that is none": (
        post(b'{"transactions": []}', b"Idempotency-Key: " + b"a" * 500, path=b"/api/transactions"),
        422,
        "validation",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_in_words_logged_counted_and_the_next_is_answered(target, what):
    raw, status, code = REFUSED[what]
    begun, before = target.log.stat().st_size, target.counted()
    said = target.send(raw, end=False)
    head, _, body = said.partition(b"\r\n\r\n")
    told = json.loads(body)
    assert 400 <= told["status"] < 500, told
    assert head.startswith(b"HTTP/1.1 %d " % told["status"])
    assert b"application/problem+json" in head
    assert (status or told["status"], code or told["code"]) == (told["status"], told["code"])
    assert told["detail"]
    number = re.search(rb"x-request-id: (\S+)", head)[1].decode()
    assert told["request_id"] == number
    (line,) = [line for line in target.lines(begun) if line.get("request_id") == number]
    assert (line["status"], line["code"]) == (told["status"], told["code"])
    assert target.counted()[told["code"]] == before.get(told["code"], 0) + 1
    target.require_well()


def head(*headers: bytes, method: bytes = b"POST", path: bytes = b"/api/predict") -> bytes:
    start = method + b" " + path + b" HTTP/1.1"
    return b"\r\n".join([start, b"Host: localhost", *headers, b"", b""])


#: Sent behind a request, to be taken for another one by whoever reads its length otherwise.
BEHIND = b"POST /api/cache/clear HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked"
MALFORMED = {
    "a length and chunks": head(b"Content-Length: 6", CHUNKED) + b"0\r\n\r\n" + BEHIND,
    "chunks and a length": head(CHUNKED, b"Content-Length: 200") + b"0\r\n\r\n" + BEHIND,
    "two lengths": head(b"Content-Length: 2", b"Content-Length: 60") + b"{}" + BEHIND,
    "two lengths in one": head(b"Content-Length: 2, 60") + b"{}" + BEHIND,
    "a negative length": head(b"Content-Length: -1") + BEHIND,
    "a length with a sign": head(b"Content-Length: +2") + b"{}" + BEHIND,
    "a length of 16": head(b"Content-Length: 0x2") + b"{}" + BEHIND,
    "a length beyond all": head(b"Content-Length: " + b"9" * 40) + BEHIND,
    "chunked, but not last": head(b"Transfer-Encoding: chunked, identity") + b"0\r\n\r\n" + BEHIND,
    "as good as chunked": head(b"Transfer-Encoding: xchunked") + b"0\r\n\r\n" + BEHIND,
    "chunked twice": head(CHUNKED, CHUNKED) + b"0\r\n\r\n" + BEHIND,
    "a chunk of no size": head(CHUNKED) + b"zz\r\n" + BEHIND,
    "a chunk of negative size": head(CHUNKED) + b"-1\r\n" + BEHIND,
    "a chunk beyond all": head(CHUNKED) + b"f" * 20 + b"\r\n" + BEHIND,
    "a blank before the colon": head(b"Content-Length : 2") + b"{}" + BEHIND,
    "a folded header": head(b"Content-Length:\r\n 2") + b"{}" + BEHIND,
    "a lone line feed": head(b"X: a\nContent-Length: 2") + b"{}" + BEHIND,
    "a lone carriage return": head(b"X: a\rContent-Length: 2") + b"{}" + BEHIND,
    "a NUL in a header": head(b"X: a\0b") + BEHIND,
    "a name of odd signs": head(b"X\xff(): a") + BEHIND,
    "another version": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(30),
    "an upgrade": head(b"Connection: Upgrade", b"Upgrade: h2c", method=b"GET") + BEHIND,
    "many headers": head(*(b"X-%d: a" % n for n in range(20_000))),
    "an endless header": b"GET / HTTP/1.1\r\nX: " + b"a" * (4 * MIB),
    "an endless address": b"GET /" + b"a" * (4 * MIB),
    "a body longer than said": post(b"{}").replace(b"Length: 2", b"Length: 1"),
    "a body shorter than said": post(b"{}").replace(b"Length: 2", b"Length: 2000"),
    "an address of odd bytes": request(path="/api/customers/\u202eé".encode()),
    "nothing": b"",
}


@pytest.mark.parametrize("what", MALFORMED)
def test_what_is_hardly_http_is_refused_and_nothing_is_smuggled_in(target, what):
    begun = target.log.stat().st_size
    said = target.send(MALFORMED[what])
    statuses = [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]
    assert all(400 <= status < 500 for status in statuses), said[:400]
    done = [line for line in target.lines(begun) if line.get("route") == "/api/cache/clear"]
    assert not [line for line in done if line["status"] < 400]
    target.require_well()


@pytest.mark.parametrize(
    "given",
    [
        b"a\tb",
        b"a b",
        b"x" * 65,
        b"a%0d%0aSet-Cookie:%20a=b",
        b"\xc3\xa9",
        b"<b>",
        b"{}",
        SAID + b"@",
    ],
)
def test_a_request_id_of_others_brings_nothing_into_answer_or_log(target, given):
    begun = target.log.stat().st_size
    said = target.send(request("GET", b"/api/health", b"X-Request-ID: " + given), end=False)
    assert re.search(rb"x-request-id: [0-9a-f]{16}\r\n", said)
    assert given not in said
    assert given.decode("latin-1") not in target.log.read_bytes()[begun:].decode()


#: What a header may consist of, as far as HTTP goes, and what it may not.
_BYTES = st.binary(max_size=60).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b""))
_NAMES = st.sampled_from(
    [
        *(b"Accept", b"Accept-Encoding", b"Authorization", b"Content-Type", b"Cookie", b"Expect"),
        *(b"Forwarded", b"If-Match", b"If-None-Match", b"Origin", b"Range", b"TE", b"Upgrade"),
        *(b"X-API-Key", b"X-Forwarded-For", b"X-Forwarded-Host", b"X-HTTP-Method-Override", b"Via"),
        *(b"X-Request-ID", b"Idempotency-Key", b"Host", b"Content-Encoding", b"Connection"),
    ]
)


@settings(max_examples=80, deadline=None)
@given(headers=st.lists(st.tuples(_NAMES, _BYTES), min_size=1, max_size=6))
def test_no_headers_break_it(target, headers):
    body = json.dumps(PROFILE).encode()
    lines = [name + b": " + value for name, value in headers]
    said = target.send(post(body, *lines))
    for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said):
        assert int(status) < 500, said[:400]
    target.require_well()


def test_slow_clients_hold_up_nobody(target):
    begun = request("POST", b"/api/predict", JSON, b"Content-Length: 1000")
    slow = [target.connect() for _ in range(300)]
    try:
        for number, conn in enumerate(slow):
            # Half of them never end their headers, half never send their body.
            conn.sendall(begun[:40] if number % 2 else begun)
        waits = []
        for round_ in range(20):
            for conn in slow:
                conn.sendall(b" " if round_ % 2 else b"x")
            began = time.monotonic()
            target.require_well()
            waits.append(time.monotonic() - began)
        assert max(waits) < 5, waits
    finally:
        for conn in slow:
            conn.close()
    target.require_well()


def test_large_bodies_take_no_memory(target):
    pid = _process(target.port)
    before = _memory(pid)
    conns = [target.connect() for _ in range(30)]
    raw = request("POST", b"/api/predict", JSON, b"Transfer-Encoding: chunked")
    chunk = b"100000\r\n" + b" " * MIB + b"\r\n"
    try:
        for conn in conns:
            conn.settimeout(2)
            with suppress(OSError):
                conn.sendall(raw + chunk * 4)
        target.require_well()
        # Nobody's body is kept beyond the limit of one MiB.
        assert _memory(pid) - before < 100 * MIB
    finally:
        for conn in conns:
            conn.close()


def _process(port: int) -> int:
    """The process that listens on a port."""
    socket_id = next(
        line.split()[9]
        for line in Path("/proc/net/tcp").read_text().splitlines()
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    )
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if link.readlink().name == f"socket:[{socket_id}]":
                return int(link.parts[2])
    raise AssertionError("nobody listens")


def _memory(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024
