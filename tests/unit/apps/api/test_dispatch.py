"""The index finds what trying every route would find."""

import re

import pytest
from fastapi import APIRouter
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Match

from clv.apps.api.edge.declare import needs
from clv.apps.api.edge.dispatch import Dispatch, flattened

PATHS = [
    "/",
    "/health",
    "/predict",
    "/predict/batch",
    "/train/{model_type}",
    "/api/customers",
    "/api/customers/{customer_id}",
    "/api/customers/{customer_id}/orders",
    "/api/segments/active",
    "/api/segments/{name}",
    "/api/{anything}",
    "/api/jobs/{job_id:int}",
    "/{page}",
    "/files/{rest:path}",
]


async def admit(scope, said):
    """Let everybody in."""


def made(paths, methods=("GET",)):
    router = APIRouter()
    for path in paths:

        @needs("read")
        async def endpoint():
            """Nothing to do."""

        router.add_api_route(path, endpoint, methods=list(methods))
    return flattened([router])


ROUTES = made(PATHS)
INDEX = Dispatch(ROUTES, admit, 1, 1)


def found(path, method="GET"):
    match, scope = INDEX.matches({"type": "http", "path": path, "method": method})
    return match, scope.get("route"), scope


words = st.sampled_from(
    ["api", "customers", "segments", "active", "train", "jobs", "7", "files", "health", "x", ""]
)


@given(st.lists(words, max_size=5))
def test_a_path_leads_to_a_route_exactly_where_one_matches(parts):
    path = "/" + "/".join(parts)
    fit = [route for route in ROUTES if re.match(route.path_regex, path)]
    match, route, _ = found(path)
    assert (match is Match.FULL) == bool(fit)
    if fit:
        assert any(route is one for one in fit)
        whole = [one for one in fit if not one.param_convertors]
        # A path that is written out wins over one with parameters.
        assert not whole or route is whole[0]


def test_parameters_are_read():
    assert found("/api/customers/00042")[2]["path_params"] == {"customer_id": "00042"}
    assert found("/api/jobs/7")[2]["path_params"] == {"job_id": 7}
    assert found("/api/jobs/seven")[1] is None


def test_head_is_answered_where_get_is():
    assert found("/health", "HEAD")[1].path == "/health"
    assert "clv.others" not in found("/health", "HEAD")[2]


def test_another_method_is_told_apart_from_another_path():
    assert "clv.others" in found("/health", "DELETE")[2]
    assert found("/nowhere/at/all")[0] is Match.NONE


def test_a_route_that_does_not_say_who_may_ask_is_not_served():
    router = APIRouter()

    @router.get("/open")
    async def forgotten():
        """Says nothing."""

    with pytest.raises(TypeError, match="forgotten does not say what it needs"):
        Dispatch(flattened([router]), admit, 1, 1)


def test_a_body_is_not_read_loosely():
    router = APIRouter()

    @router.post("/loose")
    @needs("read")
    async def loose(body: dict[str, float]):
        """Would take NaN."""

    with pytest.raises(TypeError, match="/loose reads its body loosely"):
        flattened([router])


def test_a_scope_that_is_none_is_not_taken():
    with pytest.raises(ValueError, match="'write' is no scope"):
        needs("write")
