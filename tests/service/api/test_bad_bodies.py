"""What cannot be used is refused, by name, on every route that reads something; nothing breaks."""

import json
from urllib.parse import quote

import pytest

from clv.apps.api.app import create_app
from clv.apps.api.edge.declare import declared
from clv.apps.settings import Settings

PROFILE = {"num_orders": 6, "total_spent": 480.0, "tenure": 200, "recency": 12}
JSON = {"content-type": "application/json"}
TRICKS = (
    "' OR '1'='1",
    "x'; DROP TABLE run; --",
    '") UNION SELECT hash FROM api_key --',
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "\u202e\u0000"[:1],
    "🧨" * 40,
    "{{7*7}}${7*7}",
    "-1",
    "1e309",
    "NaN",
    "",
    "a" * 9000,
)

APP = create_app(Settings())
BODIED = sorted(
    {
        (method, route.path)
        for route in APP.all_routes
        for method in route.methods
        if declared(route.endpoint).takes is not None
    }
)
OPERATIONS = [
    (method.upper(), path, operation)
    for path, found in APP.openapi()["paths"].items()
    for method, operation in found.items()
]


@pytest.mark.parametrize(("method", "path"), BODIED)
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"a": 1,}', 400),
        (b"\xff\xfe", 400),
        (b'{"customer_id": "\\ud800"}', 400),
        (b'{"num_orders": NaN}', 400),
        (b"[" * 100_000, 400),
        (b"null", 422),
        (b"5", 422),
        (b'"text"', 422),
        (b'{"not_a_field": 1}', 422),
        (b'{"not_a_field": 1e400}', 422),
        (b'{"not_a_field": "\\u0000"}', 422),
        (b'{"not_a_field": 123456789012345678901234567890}', 422),
    ],
)
def test_a_body_that_is_none_is_refused(api, method, path, body, status):
    answer = api.ask(method, path, content=body, headers=JSON)
    api.refused(answer, status)


@pytest.mark.parametrize(("method", "path"), BODIED)
def test_another_media_type_is_refused(api, method, path):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = api.ask(method, path, content=b"{}", headers={"content-type": kind})
        api.refused(answer, 415, "media-type")


@pytest.mark.parametrize(("method", "path"), BODIED)
def test_a_body_beyond_the_limit_is_refused(api, method, path):
    body = b'{"customer_id": "' + b"x" * (1 << 20) + b'"}'
    api.refused(api.ask(method, path, content=body, headers=JSON), 413, "body-too-large")


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({"num_ordrs": 6}, "/num_ordrs", "Did you mean num_orders?"),
        ({"num_orders": "6"}, "/num_orders", "give a number"),
        ({"num_orders": True}, "/num_orders", "give a number"),
        ({"num_orders": [6]}, "/num_orders", "give a number"),
        ({"num_orders": 0}, "/num_orders", "at least 1"),
        ({"num_orders": 2.5}, "/num_orders", "multiple of 1"),
        ({"num_orders": 1e300}, "/num_orders", "at most"),
        ({"total_spent": -5}, "/total_spent", "at least 0"),
        ({"total_spent": 1e13}, "/total_spent", "at most"),
        ({"recency": -1}, "/recency", "at least 0"),
        ({"return_rate": 5}, "/return_rate", "at most 1"),
        ({"age": 1000}, "/age", "at most 150"),
        ({"gender": 1}, "/gender", "give text"),
        ({"gender": "x" * 1000}, "/gender", "too long"),
        ({"customer_id": ["a"]}, "/customer_id", "give text"),
        ({"customer_id": ""}, "/customer_id", "at least 1"),
        ({"snapshot_date": "04.06.2025"}, "/snapshot_date", "YYYY-MM-DD"),
        ({"snapshot_date": 20250604}, "/snapshot_date", "YYYY-MM-DD"),
        ({"snapshot_date": "9999-12-31"}, "/snapshot_date", "2200-12-31"),
        ({"features": []}, "/features", "give an object"),
        ({"features": {"a": {"b": 1}}}, "/features/a", "a number, a text"),
        ({"features": {"a": 1e30}}, "/features/a", "a number from"),
        ({"features": {str(i): i for i in range(501)}}, "/features", "at most 500"),
        ({"features": {"num_orders": "6"}}, "/features/num_orders", "give a number"),
    ],
)
def test_a_field_that_cannot_be_used_is_named_with_what_to_do(api, body, field, says):
    problem = api.refused(api.post("/api/predict", {**PROFILE, **body}), 422, "validation")
    assert [one.field for one in problem.errors] == [field]
    assert says in problem.errors[0].message
    assert problem.detail.startswith(field)


@pytest.mark.parametrize("first", [0, 1, 1e5])
@pytest.mark.parametrize("orders", [1, 2, 1e6])
@pytest.mark.parametrize("total", [0, 1e-300, 1e12])
def test_the_ends_of_what_is_allowed_give_numbers(api, first, orders, total):
    body = {"num_orders": orders, "total_spent": total, "tenure": first, "recency": first}
    answer = api.post("/api/predict", body)
    assert answer.status_code in (200, 422)
    if answer.status_code == 200:
        told = answer.json()
        assert 0 <= told["clv_lower"] <= told["predicted_clv"] <= told["clv_upper"]
    gap = {"num_orders": 1e6, "total_spent": 1, "days_between_purchases": 1e5, "recency": 0}
    assert api.post("/api/predict", gap).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"source": {"sample": 5}},
        {"source": {"sample": 10**9}},
        {"source": {"sample": True}},
        {"source": {"sample": 500, "log": "champion"}},
        {"source": {}},
        {"source": {"log": "other"}},
        {"source": {"path": "/etc/passwd"}},
        {"source": {"upload": "../../etc/passwd"}},
        {"source": {"upload": "0" * 31}},
        {"source": {"sample": 500}, "settings": []},
        {"source": {"sample": 500}, "settings": {"horizn": 5}},
        {"source": {"sample": 500}, "settings": {"horizon": "soon"}},
        {"source": {"sample": 500}, "settings": {"horizon": -1}},
        {"source": {"sample": 500}, "settings": {"horizon": [1, 2]}},
        {"source": {"sample": 500}, "settings": {"models": ["no such"]}},
        {"source": {"sample": 500}, "settings": {"models": {"a": 1}}},
        {"source": {"sample": 500}, "settings": {"customers": "/etc/passwd"}},
        {"source": {"sample": 500}, "settings": {"customers": "upload:../x"}},
        {"source": {"sample": 500}, "settings": {"seed": 1e308}},
        {"source": {"sample": 500}, "settings": {"columns": {"x": {}}}},
        {"source": {"sample": 500}, "settings": {"channel_groups": 5}},
        {"source": {"sample": 500}, "settings": {"as_of": "tomorrow"}},
        {"source": {"sample": 500}, "settings": {"as_of": 5}},
        {"source": {"sample": 500}, "settings": {"level": 2}},
        {"source": {"sample": 500}, "settings": {"target": "clv"}},
        {"source": {"sample": 500}, "settings": {"table": "/etc/passwd", "target": "x"}},
        {"source": {"sample": 500}, "settings": {"tune": "forever"}},
        {"source": {"sample": 500}, "publish": "perhaps"},
        {"source": {"sample": 500}, "model_type": "no such"},
        {"source": {"sample": 500}, "model_type": "naive_rate"},
        {"source": {"sample": 500}, "model_type": 5},
    ],
    ids=json.dumps,
)
def test_training_that_cannot_be_is_refused_before_it_is_queued(api, body):
    answer = api.post("/api/model/train", body)
    assert answer.status_code == 422, answer.text
    assert api.ok("/api/jobs?limit=1")["count"] == 0


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=lambda v: str(v)[:40])
def test_tricks_in_any_parameter_do_nothing(api, method, path, operation):
    before = api.ok("/api/customers?limit=1&total=true")["total"]
    for parameter in operation.get("parameters", []):
        for trick in TRICKS:
            place, params, headers = path, {}, {}
            for other in operation["parameters"]:
                if other["in"] == "path":
                    value = trick if other is parameter else "x"
                    place = place.replace(f"{{{other['name']}}}", quote(value, safe=""))
            if parameter["in"] == "query":
                params[parameter["name"]] = trick
            elif parameter["in"] == "header":
                headers[parameter["name"]] = trick.encode()
            # What comes to a server is checked for lines and bytes that no header may have.
            if b"\0" not in b"".join(headers.values()):
                answer = api.ask(method, place, params=params, headers=headers)
                assert answer.status_code < 500
    assert api.ok("/api/customers?limit=1&total=true")["total"] == before


def test_a_parameter_given_twice_and_an_address_of_odd_bytes(api):
    assert api.get("/api/customers?limit=5&limit=6").status_code < 500
    api.refused(api.get("/api/customers?search=%ff"), 400, "encoding")
    api.refused(api.get("/api/customers?search=a%00b"), 400, "encoding")
    api.refused(api.get("/api/customers/a%00b"), 400, "encoding")
    assert api.get("/api/customers/%ff").status_code in (400, 404)


def test_what_is_at_no_path_is_told(api):
    for path in ("/api/nothing", "/api", "/api/customers/", "/api/../etc/passwd"):
        assert api.get(path).status_code == 404
    assert api.delete("/api/customers").status_code == 405
    assert api.ask("PUT", "/api/predict").status_code == 405
