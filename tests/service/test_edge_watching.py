"""What the service tells of itself: health, figures, logs, its document."""

import json
import re

import pytest

from clv.core.errors import StoreError
from tests.edges import HERE, PROBLEM, SECRET, edge, lines, problem


def test_a_store_that_is_gone_is_a_503_that_tells_no_address(here, capfd):
    answer = here.get("/t/gone")
    told = problem(answer, 503, "store")
    assert answer.headers["retry-after"] == "5"
    assert "db.internal" not in answer.text
    assert told["request_id"] in told["detail"]
    assert "db.internal" in lines(capfd.readouterr().err)[0]["message"]


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
    import threading

    from clv.apps.api.services import health

    monkeypatch.setattr(health, "_PATIENCE", 0.05)
    monkeypatch.setattr(health, "_TOLD_SECONDS", 0.0)
    silent, asked = threading.Event(), []
    with edge(tmp_path) as made:
        monkeypatch.setattr(
            made.services.queue, "reachable", lambda: asked.append(1) or silent.wait(20)
        )
        for _ in range(9):
            told = made.get("/api/health").json()
            assert told["status"] == "degraded"
            assert told["components"]["queue"]["status"] == "down"
            # However long one says nothing, the others are looked at.
            assert told["components"]["store"]["status"] == "ok"
        assert len(asked) == 1
        silent.set()


def test_health_tells_whether_anybody_does_jobs(tmp_path, monkeypatch):
    from clv.apps.api.services import health
    from clv.ops.work.liveness import Liveness

    monkeypatch.setattr(health, "_TOLD_SECONDS", 0.0)
    with edge(tmp_path, embedded_worker=False) as made:

        def worker():
            return made.get("/api/health").json()["components"]["worker"]

        assert worker()["status"] == "degraded"
        assert "`clv worker`" in worker()["detail"]
        with Liveness(tmp_path).shown():
            assert worker() == {"status": "ok", "detail": None}
        assert worker()["status"] == "degraded"


def test_a_worker_of_its_own_may_take_a_while_to_begin(tmp_path, monkeypatch):
    from clv.apps.api.services import health

    with edge(tmp_path) as made:
        assert made.get("/api/health").json()["components"]["worker"]["status"] == "ok"
    monkeypatch.setattr(health, "_BEGINNING", 0.0)
    with edge(tmp_path) as made:
        assert made.get("/api/health").json()["components"]["worker"]["status"] == "degraded"


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


def test_a_line_of_log_names_the_route_and_no_customer(tmp_path, capfd):
    with edge(tmp_path, log_level="debug") as made:
        headers = {"user-agent": SECRET, "referer": SECRET, "cookie": SECRET}
        made.get(f"/t/read/{SECRET}", headers=headers)
        made.get(f"/t/read/{SECRET}?{SECRET}={SECRET}")
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
        ("GET", "/t/read/{customer_id}", 422),
        ("GET", "(none)", 404),
        ("POST", "/t/predict", 200),
        ("POST", "/t/predict", 422),
        ("GET", "/api/health/live", 200),
    ]
    assert [line["level"] for line in told] == ["info"] * 5 + ["debug"]
    assert all(line.keys() >= {"time", "request_id", "ms", "actor"} for line in told)
    assert told[0]["actor"] == "loopback"


def test_lines_can_be_text(tmp_path, capfd):
    with edge(tmp_path, log_level="info", log_format="text") as made:
        made.get("/t/open")
    assert "/t/open" in capfd.readouterr().err


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

    folder = resources.files("clv.apps.api.document") / "static"
    names = {path.name for path in folder.iterdir()}
    assert names >= {"swagger-ui.LICENSE.txt", "swagger-ui.NOTICE.txt", "redoc.LICENSE.txt"}
    assert "Apache License" in (folder / "swagger-ui.LICENSE.txt").read_text()
    assert "MIT License" in (folder / "redoc.LICENSE.txt").read_text()
    for name in ("redoc.standalone.js", "swagger-ui-bundle.js", "swagger-ui.css"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "cdn." not in text
        assert "# sourceMappingURL" not in text[-500:]
        assert f"`{name}`" in (folder / "README.md").read_text()
