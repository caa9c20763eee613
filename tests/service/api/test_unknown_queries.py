"""What a route does not take from the query is told by name, on every route alike."""

import re

import pytest

from clv.apps.api.app import create_app
from clv.apps.settings import Settings
from tests.mission import S5

ROUTES = [
    (method, re.sub(r"{.*?}", "x", route.path))
    for route in create_app(Settings()).all_routes
    if route.include_in_schema
    for method in sorted(route.methods)
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_passes_over_a_name_it_does_not_know(api, method, path):
    answer = api.ask(method, path, params={"no such": "1"})
    (told,) = api.refused(answer, 422, "validation").errors
    assert (told.part, told.field) == ("query", "no such")


@pytest.mark.parametrize(
    ("method", "path", "advice"),
    [
        ("POST", "/predict?model=xgboost", "model is not a field here. Did you mean model_type?"),
        ("POST", "/invocations?MODEL_TYPE=a", "Fields: level, model_type."),
        ("GET", "/api/customers?sgment=Champions", "Did you mean segment?"),
        ("GET", "/api/customers/C000003/history?limits=5&limit=5", "Did you mean limit?"),
        ("GET", "/api/customers/C000003?x", "x is not a field here."),
        ("GET", "/api/jobs?a=1&limit=3&b=2&a=3", "2 fields cannot be used; the first: a is not"),
    ],
)
def test_it_is_told_what_may_have_been_meant(api, method, path, advice):
    answer = api.ask(method, path, content=S5 if method == "POST" else None)
    assert advice in api.refused(answer, 422, "validation").detail


def test_of_thousands_of_names_some_are_told(api):
    names = "&".join(f"model_typ{number}" for number in range(4000))
    assert len(api.refused(api.post(f"/predict?{names}"), 422, "validation").errors) == 100


def test_who_may_not_ask_is_told_that(opened):
    closed = opened(None, require_keys=True)
    closed.refused(closed.get("/api/customers/a?x=1"), 401, "unauthorized")


def test_pages_may_be_linked_to_with_anything(api):
    for path in ("/api/docs", "/api/redoc", "/api/openapi.json", "/api/static/favicon.png"):
        assert api.get(f"{path}?from=mail").status_code == 200
