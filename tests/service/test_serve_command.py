"""`clv serve` and `clv keys`, as processes: where they listen, whom they let in, how they end."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from clv.apps import addresses
from clv.apps.commands.serving import run
from clv.apps.listening import addresses as told_addresses
from clv.apps.listening import listening
from clv.apps.settings import Settings
from clv.core.errors import SettingError
from clv.ops import keys

STARTS_WITHIN = 60.0


def ran(folder, *words, **more):
    """A command that ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "clv", *words],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=environment(folder, **more),
    )


def environment(folder, **more):
    return {
        **os.environ,
        "CLV_HOME": str(folder / "home"),
        "CLV_EMBEDDED_WORKER": "false",
        "COLUMNS": "200",
        **more,
    }


@dataclass
class Server:
    """A service in a process of its own.

    Attributes
    ----------
    said : what it said before it answered
    """

    process: subprocess.Popen[str]
    said: str
    client: httpx.Client

    def get(self, path, **headers):
        return self.client.get(path, headers=headers)

    def end(self, number=signal.SIGTERM):
        """Stop it; its log."""
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, err
        return err


@contextmanager
def serving(folder, *words, **more):
    process = subprocess.Popen(
        [sys.executable, "-m", "clv", "serve", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(folder, PYTHONUNBUFFERED="1", **more),
    )
    try:
        said = ""
        while "Stop with Ctrl-C" not in said:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            said += line
        with client_of(said) as client:
            answers(client)
            yield Server(process, said, client)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def client_of(said):
    where = re.search(r" at (\S+)", said)[1]
    if where.startswith("unix:"):
        transport = httpx.HTTPTransport(uds=where.removeprefix("unix:"))
        return httpx.Client(transport=transport, base_url="http://localhost", timeout=30)
    return httpx.Client(base_url=where.replace("0.0.0.0", "127.0.0.1"), timeout=30)


def answers(client):
    end = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            assert client.get("/api/health/live").status_code == 200
            return
        except httpx.TransportError:
            assert time.monotonic() < end
            time.sleep(0.05)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def server(folder):
    with serving(folder, "--port", "0") as running:
        yield running


# Where it may listen


def test_off_loopback_it_does_not_start_without_a_key(tmp_path):
    ended = ran(tmp_path, "serve", "--host", "0.0.0.0", "--port", "0")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "0.0.0.0 can be reached from other machines, and there is no valid key" in ended.stderr
    assert "clv keys make --name NAME --scope read" in ended.stderr
    assert "Traceback" not in ended.stderr


def refused(tmp_path, **settings):
    """What is said where the service does not start."""
    with pytest.raises(SettingError) as told:
        run(Settings(home=tmp_path, port=0, **settings))
    return str(told.value)


@pytest.mark.parametrize("host", ["::", "192.0.2.1", "::ffff:192.0.2.1"])
def test_no_address_off_loopback_is_an_exception(tmp_path, host):
    assert f"{host} can be reached from other machines" in refused(tmp_path, host=host)


def test_a_name_that_resolves_off_loopback_is_off_loopback(monkeypatch, tmp_path):
    both = [(2, 1, 6, "", ("127.0.0.1", 0)), (2, 1, 6, "", ("192.0.2.7", 0))]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_, **__: both)
    said = refused(tmp_path, host="shop.test")
    assert "shop.test can be reached from other machines" in said


def test_a_revoked_or_expired_key_does_not_open_it(tmp_path):
    with_store = Settings(home=tmp_path).store()
    key, _ = keys.make(with_store, "a", ["read"])
    keys.revoke(with_store, key.key_id)
    with_store.close()
    assert "there is no valid key" in refused(tmp_path, host="0.0.0.0")


def test_a_key_that_is_required_must_exist(tmp_path):
    said = refused(tmp_path, require_keys=True)
    assert "CLV_REQUIRE_KEYS is set, and there is no valid key" in said


def test_a_port_in_use_is_told(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = ran(tmp_path, "serve", "--port", str(port))
    assert ended.returncode == 2
    assert f"port: {port} of 127.0.0.1 is in use" in ended.stderr
    assert "--port" in ended.stderr


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("no.such.host.invalid", "is no address of this machine"),
        ("unix:/nowhere/clv.sock", "unix:/nowhere/clv.sock cannot be listened on"),
        ("unix:" + "x" * 200, "cannot be listened on"),
    ],
)
def test_where_it_cannot_listen_is_told(tmp_path, host, said):
    assert said in refused(tmp_path, host=host)


def test_what_is_no_socket_is_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    assert "cannot be listened on" in refused(tmp_path, host=f"unix:{path}")
    assert path.read_text() == "mine"


def test_localhost_is_every_loopback_address_under_one_port():
    with listening("localhost", 0) as sockets:
        assert len({one.getsockname()[1] for one in sockets}) == 1
        assert all("127.0.0.1" in told or "[::1]" in told for told in told_addresses(sockets))


# How it serves


def test_it_says_what_it_serves_and_where_to_read_on(server, folder):
    assert f"Serving {folder / 'home'} at http://127.0.0.1:" in server.said
    assert "Nothing is published yet: clv publish RUN" in server.said
    assert f"{str(server.client.base_url).rstrip('/')}/api/docs" in server.said
    assert "Keys: none is needed on this machine" in server.said


def test_it_answers_under_loopback_names_only(server):
    assert server.get("/api/status").status_code == 200
    assert server.get("/api/status", host="evil.example").status_code == 400


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /t HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"G" * 100_000,
        b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
    ],
)
def test_broken_http_does_not_hurt_it(server, raw):
    with connected(server) as conn:
        try:
            conn.sendall(raw)
            conn.shutdown(socket.SHUT_WR)
            said = conn.recv(4096)
        except ConnectionError:
            said = b""
    assert b" 500 " not in said
    assert server.get("/api/health/live").status_code == 200


def test_the_log_names_no_customer_and_ctrl_c_ends_it_cleanly(tmp_path):
    secret = "customer-4711"
    with serving(tmp_path, "--port", "0") as running:
        running.get(f"/api/customers/{secret}?email={secret}", **{"user-agent": secret})
        running.client.post("/api/predict", json={secret: secret})
        running.get("/api/status")
        err = running.end(signal.SIGINT)
    assert secret not in err
    told = [json.loads(line) for line in err.splitlines()]
    assert any(line.get("route") == "/api/status" for line in told)
    assert all(line["level"] == "info" for line in told), err


def test_off_loopback_several_processes_ask_for_keys_and_count_together(tmp_path):
    store = Settings(home=tmp_path / "home").store()
    _, key = keys.make(store, "a", ["read"])
    store.close()
    with serving(tmp_path, "--host", "0.0.0.0", "--port", "0", "--workers", "2") as running:
        assert "Keys: every request needs one" in running.said
        assert running.get("/api/status").status_code == 401
        for _ in range(20):
            answer = httpx.get(
                running.client.base_url.join("/api/status"), headers={"x-api-key": key}, timeout=30
            )
            assert answer.status_code == 200
        figures = running.get("/metrics", authorization=f"Bearer {key}").text
        counted = re.search(
            r'clv_requests_total\{.*route="/api/status",status="200"\} (\d+)', figures
        )
        assert int(counted[1]) == 20
        running.end()


def test_on_a_socket_of_the_file_system_with_a_worker_it_finishes_what_it_began(tmp_path):
    path = tmp_path / "clv.sock"
    # One that a killed service left behind.
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with serving(tmp_path, "--host", f"unix:{path}", CLV_EMBEDDED_WORKER="true") as running:
        assert path.stat().st_mode & 0o777 == 0o660
        assert "in use" in refused(tmp_path, host=f"unix:{path}")
        assert running.get("/api/status").status_code == 200
        assert running.get("/api/status", **{"x-real-ip": "203.0.113.9"}).status_code == 401
        worker = begun_anew(running)
        with connected(running) as conn:
            body = b'{"customer_id": 1, "nothing": 2}'
            head = (
                f"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
                "Content-Type: application/json\r\n\r\n"
            )
            conn.sendall(head.encode() + body[:10])
            time.sleep(0.3)
            running.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert running.process.poll() is None
            with pytest.raises(OSError, match="refused"):
                connected(running)
            conn.sendall(body[10:])
            said = conn.recv(65_536)
        assert said.startswith(b"HTTP/1.1 4"), said
        assert b"application/problem+json" in said
        running.process.communicate(timeout=60)
        assert running.process.returncode == 0
    assert not path.exists()
    assert not Path(f"/proc/{worker}").exists()


def begun_anew(running):
    """The worker that follows one that was killed."""
    (first,) = children(running.process.pid)
    os.kill(first, signal.SIGKILL)
    end = time.monotonic() + 20
    while not (again := children(running.process.pid) - {first}):
        assert time.monotonic() < end
        time.sleep(0.05)
    return again.pop()


def connected(running):
    where = re.search(r" at (\S+)", running.said)[1]
    if where.startswith("unix:"):
        conn = socket.socket(socket.AF_UNIX)
        try:
            conn.connect(where.removeprefix("unix:"))
        except OSError:
            conn.close()
            raise
    else:
        host, port = where.removeprefix("http://").split(":")
        conn = socket.create_connection((host, int(port)))
    conn.settimeout(30)
    return conn


def children(pid):
    """Processes whose parent it is, and which live."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if int(parent) == pid and state != "Z":
                found.add(int(entry.name))
    return found
