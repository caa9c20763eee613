"""What happens around every route: names, origins, bodies, problems, headers, logs, figures."""

import json
import re

import pytest

from clv.core.errors import StoreError
from tests.edges import HERE, SECRET, TestClient, edge, lines

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    with edge(tmp_path_factory.mktemp("home")) as made:
        yield made


def problem(answer, status, code):
    """The answer is a problem, whole and of one shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    told = answer.json()
    assert told["type"] == f"urn:clv:problem:{code}"
    assert (told["status"], told["code"]) == (status, code)
    assert told["title"]
    assert told["detail"]
    assert told["request_id"] == answer.headers["x-request-id"]
    return told


# Request ids


@pytest.mark.parametrize("given", ["abc", "A-1_2.3", "x" * 64])
def test_a_sane_request_id_is_kept(here, given):
    assert here.get("/t/open", headers={"x-request-id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", "ü", "<script>", "a;b", "jo@x.org"])
def test_any_other_request_id_is_replaced(here, given):
    answer = here.get("/t/open", headers={"x-request-id": given.encode()})
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])


def test_every_request_has_an_id_of_its_own(here):
    found = {here.get("/t/open").headers["x-request-id"] for _ in range(50)}
    assert len(found) == 50


# Headers

SAFE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


@pytest.mark.parametrize("path", ["/t/open", "/nowhere", "/t/broken", "/t/gone", "/api/health"])
def test_every_answer_has_safe_headers(here, path):
    headers = here.get(path).headers
    assert {name: headers[name] for name in SAFE} == SAFE
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers
    assert "server" not in headers


def test_https_is_asked_for_only_where_it_is(tmp_path):
    with edge(tmp_path, base_url="https://localhost") as made:
        assert "max-age=" in made.get("/t/open").headers["strict-transport-security"]


# The name the service is called by


@pytest.mark.parametrize("host", ["localhost", "LocalHost:8000", "127.0.0.1:1", "[::1]:8000"])
def test_on_loopback_it_answers_to_loopback_names(here, host):
    assert here.get("/t/open", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::2]", "0"]
)
def test_on_loopback_it_answers_to_no_other_name(here, host):
    problem(here.get("/t/open", headers={"host": host}), 400, "host")


def test_names_can_be_added(tmp_path):
    with edge(tmp_path, allowed_hosts=["clv.example.com", "*.shop.example"]) as made:
        for host in ("clv.example.com", "eu.shop.example:443", "localhost"):
            assert made.get("/t/open", headers={"host": host}).status_code == 200
        for host in ("example.com", "shop.example", "evilshop.example"):
            problem(made.get("/t/open", headers={"host": host}), 400, "host")


def test_off_loopback_any_name_will_do_unless_some_are_set(tmp_path):
    with edge(tmp_path / "a", host="0.0.0.0") as made:
        assert made.get("/t/open", headers={"host": "10.0.0.7"}).status_code == 200
    with edge(tmp_path / "b", host="0.0.0.0", allowed_hosts=["a.example"]) as made:
        problem(made.get("/t/open", headers={"host": "10.0.0.7"}), 400, "host")


# Pages of other origins


def test_a_page_of_another_origin_may_not_write(here):
    for origin in ("https://evil.example", "http://localhost:3000", "null"):
        problem(here.post("/t/train", headers={"origin": origin}), 403, "origin")
    assert here.post("/t/train", headers={"origin": "http://localhost"}).status_code == 200
    # What it reads, its browser does not show it.
    answer = here.get("/t/pages", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_a_form_of_another_page_is_not_taken_for_json(here):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        for path in ("/t/predict", "/t/predict/slow"):
            sent = {"content": b'{"customer_id": "a"}', "headers": {"content-type": kind}}
            told = problem(here.post(path, **sent), 415, "media-type")
            assert "application/json" in told["detail"]


def test_origins_can_be_let_in(tmp_path):
    shop = "https://shop.example"
    with edge(tmp_path, cors_origins=[shop]) as made:
        asked = {
            "origin": shop,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization, content-type",
        }
        before = made.options("/t/predict", headers=asked)
        assert before.status_code == 200
        assert before.headers["access-control-allow-origin"] == shop
        assert "authorization" in before.headers["access-control-allow-headers"].lower()
        answer = made.post("/t/train", headers={"origin": shop})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == shop
        assert "X-Request-ID" in answer.headers["access-control-expose-headers"]
        problem(made.post("/t/train", headers={"origin": "https://other.example"}), 403, "origin")


# Proxies

FORWARDED = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}


def test_what_a_proxy_says_is_not_believed_unless_it_is_named(tmp_path):
    with edge(tmp_path / "a", require_keys=True) as made:
        answer = made.get("/t/pages", headers={**FORWARDED, **made.key("read")})
        assert answer.status_code == 200
        assert "strict-transport-security" not in answer.headers
    with edge(tmp_path / "b", trusted_proxies=[HERE[0]]) as made:
        answer = made.get("/t/pages", headers={**FORWARDED, **made.key("read")})
        assert answer.status_code == 200
        assert "strict-transport-security" in answer.headers


@pytest.mark.parametrize("trusted", [[], [HERE[0]]])
@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "x-real-ip"])
def test_who_comes_through_a_proxy_is_not_at_this_machine(tmp_path, trusted, name):
    with edge(tmp_path, trusted_proxies=trusted) as made:
        assert made.get("/t/pages").status_code == 200
        told = problem(made.get("/t/pages", headers={name: "203.0.113.9"}), 401, "unauthorized")
        assert "through a proxy" in told["detail"]


def test_who_is_elsewhere_needs_a_key_whatever_the_settings_say(here):
    for client, status in ((("203.0.113.9", 1), 401), (("::ffff:127.0.0.1", 1), 200)):
        other = TestClient(here.client.app, "http://localhost", client=client)
        assert other.get("/t/pages").status_code == status


# Bodies


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    with edge(tmp_path_factory.mktemp("home"), body_limit=2048, upload_limit=10_000) as made:
        yield made


def padded(size):
    return b'{"customer_id": "a"}'.ljust(size)


def chunks(content):
    yield from (content[at : at + 500] for at in range(0, len(content), 500))


@pytest.mark.parametrize("path", ["/t/predict", "/t/predict/slow"])
@pytest.mark.parametrize("as_sent", [lambda content: content, chunks])
def test_a_body_may_be_as_large_as_allowed_and_no_larger(small, path, as_sent):
    kind = {"content-type": "application/json"}
    fits = small.post(path, content=as_sent(padded(2048)), headers=kind)
    assert fits.status_code == 200, fits.text
    answer = small.post(path, content=as_sent(padded(2049)), headers=kind)
    told = problem(answer, 413, "body-too-large")
    assert "2048 bytes" in told["detail"]
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("as_sent", [lambda content: content, chunks])
def test_a_file_may_be_larger(small, as_sent):
    assert small.post("/t/upload", content=as_sent(b"x" * 10_000)).json() == {"bytes": 10_000}
    problem(small.post("/t/upload", content=as_sent(b"x" * 10_001)), 413, "body-too-large")


def test_a_length_that_is_no_number_is_refused(small):
    for length in ("-1", "ten", "1e3"):
        problem(small.get("/t/pages", headers={"content-length": length}), 400, "bad-request")


BAD = [
    (b"", 400, "json"),
    (b"{", 400, "json"),
    (b'{"customer_id": NaN}', 400, "json"),
    (b'{"customer_id": "a", "total_spent": Infinity}', 400, "json"),
    (b'{"customer_id": "a", "total_spent": 1e999}', 422, "validation"),
    (b'{"customer_id": "a", "total_spent": ' + b"9" * 400 + b"}", 422, "validation"),
    (b'{"customer_id": "a", "total_spent": ' + b"9" * 5000 + b"}", 400, "json"),
    (b'{"customer_id": "\xff"}', 400, "json"),
    (b'{"customer_id": "\\ud800"}', 400, "json"),
    (b'{"customer_id": "a\\u0000"}', 422, "validation"),
    (b"[" * 10_000, 400, "json"),
    (b"[" * 10_000 + b"]" * 10_000, 400, "json"),
    (b"[]", 422, "validation"),
    (b"null", 422, "validation"),
    (b'"text"', 422, "validation"),
    (b"\xef\xbb\xbf{}", 400, "json"),
    (b'{"customer_id": "a", "orders": [{"amount": "many"}]}', 422, "validation"),
]


@pytest.mark.parametrize("path", ["/t/predict", "/t/predict/slow"])
@pytest.mark.parametrize(("body", "status", "code"), BAD)
def test_a_body_that_cannot_be_used_is_a_problem(here, path, body, status, code):
    answer = here.post(path, content=body, headers={"content-type": "application/json"})
    if body == b"" and path == "/t/predict/slow":
        status, code = 422, "validation"
    told = problem(answer, status, code)
    assert bool(told["errors"]) == (status == 422)


@pytest.mark.parametrize("path", ["/t/predict", "/t/predict/slow"])
def test_every_field_is_told_by_where_it_is(here, path):
    body = {"customer_id": 7, "orders": [{"amount": 1}, {"amount": "x", "day": 1}], "total": 1}
    told = problem(here.post(path, json=body), 422, "validation")
    assert {one["field"]: one["message"] for one in told["errors"]} == {
        "/customer_id": "is 7; give text.",
        "/orders/1/amount": "is 'x'; give a number.",
        "/orders/1/day": "is not a field here. Fields: amount.",
        "/total": "is not a field here. Did you mean total_spent?",
    }
    assert told["detail"].startswith("4 fields cannot be used; the first: /")


def test_parameters_are_told_by_name(here):
    told = problem(here.get("/t/pages?limit=many"), 422, "validation")
    assert told["errors"] == [
        {"field": "limit", "message": "is 'many'; give a whole number.", "part": "query"}
    ]


def test_many_faults_are_not_all_listed(here):
    orders = [{"amount": "x"}] * 5000
    told = problem(here.post("/t/predict", json={"customer_id": "a", "orders": orders}), 422,
                   "validation")  # fmt: skip
    assert len(told["errors"]) == 100
    assert "5000 fields" in told["detail"]


def test_other_kinds_of_json_are_json(here):
    for kind in (
        "application/json; charset=utf-8",
        "application/vnd.shop+json",
        "Application/JSON",
    ):
        sent = {"content": b'{"customer_id": "a"}', "headers": {"content-type": kind}}
        assert here.post("/t/predict", **sent).status_code == 200


# Addresses


@pytest.mark.parametrize(
    "address", ["/t/read/%00", "/t/pages?limit=%00", "/t/pages?x=%ff", "/t/pages?x=%ed%a0%80"]
)
def test_an_address_that_is_no_text_is_a_problem(here, address):
    problem(here.get(address), 400, "encoding")


@pytest.mark.parametrize(
    "path",
    [
        "/t/read/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/t/read/a'%20OR%201=1--",
        "/t/read/" + "x" * 5000,
        "//t//read",
        "/t/../t/open",
        "/api/static/..%2fapp.py",
        "/api/static/%2e%2e%2fapp.py",
        "/api/static/README.md",
        "/t/open/",
    ],
)
def test_tricks_with_paths_lead_nowhere(here, path):
    answer = here.get(path)
    assert answer.status_code in (200, 404)
    if answer.status_code == 200:
        assert answer.json().keys() <= {"actor", "customer_id"}


def test_a_header_that_stands_twice_is_refused(here):
    for name in ("authorization", "content-type", "x-api-key", "host"):
        answer = here.get("/t/open", headers=[(name, "localhost"), (name, "localhost")])
        assert problem(answer, 400, "header")["detail"].startswith(f"{name}: stands twice")


def test_what_is_not_there_and_what_takes_other_methods(here):
    problem(here.get("/nowhere"), 404, "not-found")
    answer = here.delete("/t/pages")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD"
    assert here.head("/t/pages").status_code == 200
    assert here.head("/t/pages").content == b""


# Errors nobody meant


def test_an_error_nobody_meant_tells_nothing_and_is_logged(here, capfd):
    answer = here.get("/t/broken")
    told = problem(answer, 500, "internal")
    assert SECRET not in answer.text
    assert "KeyError" not in answer.text
    logged = capfd.readouterr().err
    assert SECRET not in logged
    line = next(line for line in lines(logged) if line["event"] == "error")
    assert line["request_id"] == told["request_id"]
    assert line["error"] == "builtins.KeyError"
    assert line["route"] == "/t/broken"
    assert "edges.py" in line["where"][-1]


def test_an_answer_that_has_begun_is_broken_off(here, capfd):
    client = TestClient(here.client.app, "http://localhost", client=HERE)
    with pytest.raises(ConnectionAbortedError):
        client.get("/t/half")
    logged = capfd.readouterr().err
    assert SECRET not in logged
    assert [line["error"] for line in lines(logged)] == ["builtins.KeyError"]


def test_an_error_of_ours_is_told_by_its_code(here):
    told = problem(here.get("/t/absent"), 404, "run")
    assert told["detail"] == "run: there is none in CLV_HOME/runs."


def test_a_store_that_is_gone_is_a_503_that_tells_no_address(here, capfd):
    answer = here.get("/t/gone")
    told = problem(answer, 503, "store")
    assert answer.headers["retry-after"] == "5"
    assert "db.internal" not in answer.text
    assert told["request_id"] in told["detail"]
    assert "db.internal" in lines(capfd.readouterr().err)[0]["message"]


# Health, status, figures


def test_health_tells_of_each_part(here):
    told = here.get("/api/health")
    assert told.status_code == 200
    assert told.json()["status"] == "degraded"
    parts = told.json()["components"]
    assert parts["store"]["status"] == parts["cache"]["status"] == "ok"
    assert parts["champion"]["status"] == "degraded"
    assert "clv publish RUN" in parts["champion"]["detail"]
    assert here.get("/health").json() == told.json()
    assert here.get("/api/health/live").json() == {"status": "ok"}
    assert here.get("/api/health/ready").status_code == 200


def test_with_the_store_gone_it_lives_and_is_not_ready(tmp_path, monkeypatch):
    def fail():
        raise StoreError("store: the database at db.internal/clv did not do it.")

    with edge(tmp_path) as made:
        monkeypatch.setattr(made.services.store, "ping", fail)
        monkeypatch.setattr(made.services.store, "reading", fail)
        for path in ("/api/health", "/api/health/ready"):
            answer = made.get(path)
            assert answer.status_code == 503
            assert answer.json()["components"]["store"]["status"] == "down"
            assert "db.internal" not in answer.text
        assert made.get("/api/health/live").status_code == 200
        told = made.get("/api/status")
        assert (told.status_code, told.json()["champion"]) == (200, None)
        figures = made.get("/metrics")
        assert figures.status_code == 200
        assert 'clv_up{component="store"} 0.0' in figures.text
        assert "clv_jobs" not in figures.text


def test_a_part_that_says_nothing_is_down(tmp_path, monkeypatch):
    import time

    from clv.apps.api import health

    monkeypatch.setattr(health, "_PATIENCE", 0.05)
    with edge(tmp_path) as made:
        made.services.checks["queue"] = lambda: time.sleep(0.3)
        told = made.get("/api/health").json()
        assert told["status"] == "degraded"
        assert told["components"]["queue"]["status"] == "down"


def test_status_tells_since_when(here):
    told = here.get("/api/status").json()
    assert told["version"]
    assert told["uptime_seconds"] > 0
    assert told["champion"] is None


def test_figures_count_by_route_and_name_no_customer(tmp_path):
    with edge(tmp_path) as made:
        for _ in range(3):
            made.get(f"/t/read/{SECRET}")
        made.get(f"/{SECRET}")
        made.request(SECRET.upper(), "/t/open")
        made.post("/t/train", headers={"authorization": "Bearer nobody"})
        made.services.metrics.predicted("bgnbd", ["High-CLV", "High-CLV", "Low-CLV"], [9, 7, 1.5])
        made.services.cache.get("a")
        made.services.cache.put("a", b"1", 5)
        made.services.cache.get("a")
        text = made.get("/metrics").text
    assert SECRET not in text.lower()
    for line in (
        'clv_requests_total{method="GET",route="/t/read/{customer_id}",status="200"} 3.0',
        'clv_requests_total{method="GET",route="(none)",status="404"} 1.0',
        'clv_requests_total{method="other",route="/t/open",status="405"} 1.0',
        'clv_request_seconds_count{method="GET",route="/t/read/{customer_id}"} 3.0',
        'clv_predictions_total{model="bgnbd",segment="High-CLV"} 2.0',
        'clv_forecast_value_bucket{le="5.0",model="bgnbd"} 1.0',
        'clv_forecast_value_sum{model="bgnbd"} 17.5',
        'clv_cache_total{result="hit"} 1.0',
        'clv_cache_total{result="miss"} 1.0',
        'clv_refused_total{code="unauthorized"} 1.0',
        'clv_up{component="store"} 1.0',
    ):
        assert line in text.splitlines(), line


# Logs


def test_a_line_of_log_names_the_route_and_no_customer(tmp_path, capfd):
    with edge(tmp_path, log_level="debug") as made:
        headers = {"user-agent": SECRET, "referer": SECRET, "cookie": SECRET}
        made.get(f"/t/read/{SECRET}?q={SECRET}", headers=headers)
        made.get(f"/{SECRET}")
        made.post("/t/predict", json={"customer_id": SECRET})
        made.post("/t/predict", json={SECRET: SECRET})
        made.get("/api/health/live")
        text = capfd.readouterr().err
    assert SECRET not in text
    assert HERE[0] not in text
    told = [line for line in lines(text) if line["event"] == "request"]
    assert [(line["method"], line["route"], line["status"]) for line in told] == [
        ("GET", "/t/read/{customer_id}", 200),
        ("GET", "(none)", 404),
        ("POST", "/t/predict", 200),
        ("POST", "/t/predict", 422),
        ("GET", "/api/health/live", 200),
    ]
    assert [line["level"] for line in told] == ["info"] * 4 + ["debug"]
    assert all(line.keys() >= {"time", "request_id", "ms", "actor"} for line in told)
    assert told[0]["actor"] == "loopback"


def test_lines_can_be_text(tmp_path, capfd):
    with edge(tmp_path, log_level="info", log_format="text") as made:
        made.get("/t/open")
    assert "/t/open" in capfd.readouterr().err


# The document


def test_the_document_tells_problems_keys_and_bodies(here):
    document = here.get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path, item in document["paths"].items():
        for method, operation in item.items():
            problems = {
                status: answer["content"]
                for status, answer in operation["responses"].items()
                if int(status) >= 400
            }
            assert problems.keys() >= {"400", "422", "500", "503"}, (path, method)
            for status, content in problems.items():
                told = list(content)
                assert told == [PROBLEM] or status == "503", (path, method, status)
            if operation.get("security"):
                assert problems.keys() >= {"401", "403", "429"}
                assert "Scope: `" in operation["description"]
    predict = document["paths"]["/t/predict"]["post"]
    ref = predict["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    assert ref == "#/components/schemas/Told"
    assert predict["security"] == [{"bearer": ["predict"]}, {"key": ["predict"]}, {}]
    assert document["components"]["schemas"]["Problem"]["required"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_reference_of_the_document_leads_somewhere(here):
    text = here.get("/api/openapi.json").text
    document = json.loads(text)
    for ref in set(re.findall(r'"\$ref":"(#/[^"]+)"', text)):
        found = document
        for part in ref[2:].split("/"):
            found = found[part]


def test_where_keys_are_asked_for_the_document_says_so(tmp_path):
    with edge(tmp_path, require_keys=True) as made:
        document = made.get("/api/openapi.json").json()
        assert {} not in document["paths"]["/t/predict"]["post"]["security"]


# The pages that show it


@pytest.mark.parametrize("path", ["/api/docs", "/api/redoc"])
def test_pages_of_documentation_name_only_files_that_are_here(here, path):
    page = here.get(path)
    assert page.headers["content-type"].startswith("text/html")
    assert "//" not in page.text.replace("<!doctype html>", "")
    named = re.findall(r'(?:src|href|spec-url)="([^"]+)"', page.text)
    assert len(named) >= 3
    for name in named:
        assert here.get(f"/api/{name}").status_code == 200, name
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "http" not in policy


def test_vendored_files_have_their_licences_and_look_for_nothing_elsewhere():
    from importlib import resources

    folder = resources.files("clv.apps.api") / "static"
    names = {path.name for path in folder.iterdir()}
    assert names >= {"swagger-ui.LICENSE.txt", "swagger-ui.NOTICE.txt", "redoc.LICENSE.txt"}
    assert "Apache License" in (folder / "swagger-ui.LICENSE.txt").read_text()
    assert "MIT License" in (folder / "redoc.LICENSE.txt").read_text()
    for name in ("redoc.standalone.js", "swagger-ui-bundle.js", "swagger-ui.css"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "cdn." not in text
        assert "# sourceMappingURL" not in text[-500:]
        assert f"`{name}`" in (folder / "README.md").read_text()
