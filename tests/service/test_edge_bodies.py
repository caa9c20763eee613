"""What the edge does with bodies, addresses and errors."""

import pytest

from clv.apps.api.edge import faults
from tests.edges import HERE, SECRET, TestClient, edge, lines, problem


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    with edge(tmp_path_factory.mktemp("home"), body_limit=2048, upload_limit=10_000) as made:
        yield made


def padded(size):
    return b'{"customer_id": "a"}'.ljust(size)


def chunks(content):
    yield from (content[at : at + 500] for at in range(0, len(content), 500))


@pytest.mark.parametrize("as_sent", [lambda content: content, chunks])
def test_a_body_may_be_as_large_as_allowed_and_no_larger(small, as_sent):
    kind = {"content-type": "application/json"}
    fits = small.post("/t/predict", content=as_sent(padded(2048)), headers=kind)
    assert fits.status_code == 200, fits.text
    answer = small.post("/t/predict", content=as_sent(padded(2049)), headers=kind)
    told = problem(answer, 413, "body-too-large")
    assert "2048 bytes" in told["detail"]
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("as_sent", [lambda content: content, chunks])
def test_a_file_may_be_larger(small, as_sent):
    assert small.post("/t/upload", content=as_sent(b"x" * 10_000)).json() == {"bytes": 10_000}
    problem(small.post("/t/upload", content=as_sent(b"x" * 10_001)), 413, "body-too-large")


def test_look_alikes_of_names_without_end_are_not_sought(here, monkeypatch):
    sought = []
    monkeypatch.setattr(faults.difflib, "get_close_matches", lambda *a, **_: sought.append(a) or [])
    body = {"customer_id": "a", **{f"n{i}": i for i in range(5_000)}}
    told = problem(here.post("/t/predict", json=body), 422, "validation")
    assert told["detail"].startswith("5000 fields cannot be used")
    assert (len(told["errors"]), len(sought)) == (100, 100)


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


@pytest.mark.parametrize(("body", "status", "code"), BAD)
def test_a_body_that_cannot_be_used_is_a_problem(here, body, status, code):
    answer = here.post("/t/predict", content=body, headers={"content-type": "application/json"})
    told = problem(answer, status, code)
    assert bool(told["errors"]) == (status == 422)


def test_every_field_is_told_by_where_it_is(here):
    body = {"customer_id": 7, "orders": [{"amount": 1}, {"amount": "x", "day": 1}], "total": 1}
    told = problem(here.post("/t/predict", json=body), 422, "validation")
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
