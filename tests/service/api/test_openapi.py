"""The OpenAPI document is whole, and clients can be made from it."""

import json
import re

import pytest

from clv.apps.api.app import create_app
from clv.apps.api.routes.aliases import ALIASES
from clv.apps.settings import Settings

DOCUMENT = create_app(Settings()).openapi()
OPERATIONS = [
    (method, path, operation)
    for path, found in DOCUMENT["paths"].items()
    for method, operation in found.items()
]


def resolved(schema):
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def test_every_reference_leads_somewhere():
    for name in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DOCUMENT)):
        assert name in DOCUMENT["components"]["schemas"]


def test_operation_ids_are_names_and_no_two_alike():
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{2,60}", one) for one in ids)


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=lambda v: str(v)[:40])
def test_every_operation_says_what_it_does_and_what_it_answers(method, path, operation):
    assert operation["summary"]
    assert operation["tags"]
    good = [status for status in operation["responses"] if status < "300"]
    assert good
    for status, answer in operation["responses"].items():
        assert answer["description"]
        if status >= "400" and status != "503":
            assert "application/problem+json" in answer["content"]
    for status in good:
        kinds = operation["responses"][status]["content"]
        assert kinds
        if "application/json" in kinds:
            assert resolved(kinds["application/json"]["schema"]).get("properties")


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=lambda v: str(v)[:40])
def test_every_input_has_an_example(method, path, operation):
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            assert parameter["schema"].get("examples"), parameter["name"]
    body = operation.get("requestBody")
    if body is not None and "application/json" in body["content"]:
        assert resolved(body["content"]["application/json"]["schema"])["examples"]


def test_every_field_of_a_forecast_is_described():
    for name in ("Prediction", "Forecast", "Customer", "GuestForecast", "SegmentTold"):
        for field, schema in DOCUMENT["components"]["schemas"][name]["properties"].items():
            assert schema.get("description") or field.endswith(("_id", "ID")), (name, field)


def test_every_alias_is_documented():
    for alias in ALIASES:
        operation = DOCUMENT["paths"][alias.path][alias.method.lower()]
        assert DOCUMENT["paths"][alias.of][alias.method.lower()]
        assert alias.of in operation["summary"]


def test_names_that_a_profile_may_have_are_told_with_their_meaning():
    told = DOCUMENT["components"]["schemas"]["ProfileBody"]["properties"]
    assert "last" in told["recency"]["description"]
    assert "purchases so far" in told["frequency"]["description"]
    assert "all that was spent" in told["monetary_value"]["description"]


def test_examples_are_answered(api):
    for method, path, operation in OPERATIONS:
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body is None or path == "/api/transactions":
            continue
        for example in resolved(body["schema"])["examples"]:
            answer = api.ask(method.upper(), path, json=example)
            assert answer.status_code < 300, (path, answer.text)
