"""Each route against each scope, as the routes themselves declare them: none can be forgotten."""

import pytest

from clv.apps.api.app import create_app
from clv.apps.api.edge.declare import declared
from clv.apps.settings import Settings
from clv.ops.keys import SCOPES

#: What changes what everybody sees may only be asked for with these.
WRITERS = {"train", "admin"}
#: GETs that more than a reader may ask for.
NOT_READ = {"/api/generate-sample-data": "predict", "/generate-sample-data": "predict"}
NOT_READ |= dict.fromkeys(
    ("/api/jobs", "/api/jobs/{job_id}", "/api/uploads", "/api/uploads/{upload_id}"), "train"
)


def asked():
    """Every route: method, path and what it declares."""
    app = create_app(Settings())
    return [
        (method, route.path, declared(route.endpoint))
        for route in app.all_routes
        for method in sorted(route.methods - {"HEAD"})
    ]


ROUTES = asked()
KEYED = [(method, path, said) for method, path, said in ROUTES if said.scope is not None]
ids = {"ids": lambda value: str(value) if isinstance(value, str) else ""}


@pytest.fixture(scope="module")
def keyed(opened, made):
    return opened(made.log, require_keys=True)


@pytest.fixture(scope="module")
def keys(keyed):
    return {scope: keyed.key(scope) for scope in SCOPES}


def status(api, method, path, headers):
    place = path.replace(":path}", "}")
    for name in ("customer_id", "job_id", "upload_id", "run_id", "model_type", "name"):
        place = place.replace(f"{{{name}}}", "x")
    return api.ask(method, place, headers=headers).status_code


@pytest.mark.parametrize(("method", "path", "said"), KEYED, **ids)
def test_a_key_opens_what_its_scope_says_and_nothing_else(keyed, keys, method, path, said):
    assert status(keyed, method, path, {}) == 401
    for scope in SCOPES:
        answered = status(keyed, method, path, keys[scope])
        if scope in (said.scope, "admin"):
            assert answered not in (401, 403), scope
        else:
            assert answered == 403, scope


@pytest.mark.parametrize(("method", "path", "said"), ROUTES, **ids)
def test_readers_read_and_writers_are_told_in_the_audit(method, path, said):
    if said.scope is None:
        assert method == "GET"
    elif method == "GET":
        assert said.scope == NOT_READ.get(path, "read")
        assert said.action is None
    elif said.scope == "predict":
        assert said.action is None
    else:
        assert said.scope in WRITERS
        assert said.action is not None


def test_without_a_key_nobody_reads_anything_but_health_and_documentation():
    open_to_all = {path for _, path, said in ROUTES if said.scope is None}
    assert open_to_all == {
        *("/", "/health", "/api/health", "/api/health/live", "/api/health/ready"),
        *("/api/docs", "/api/redoc", "/api/openapi.json", "/api/static/{name}"),
    }


def test_a_key_of_scope_read_cannot_train(keyed, keys):
    body = {"source": {"sample": 500}}
    keyed.refused(keyed.post("/api/model/train", body, headers=keys["read"]), 403, "forbidden")
    assert keyed.post("/api/model/train", body, headers=keys["train"]).status_code == 202


def test_a_refused_write_stands_in_the_audit(keyed, keys):
    from clv.ops import audit

    number = {"X-Request-ID": "refused-1"}
    keyed.post("/api/cache/clear", headers={**keys["read"], **number})
    keyed.client.portal.call(keyed.services.behind.close)
    with keyed.services.store.reading() as conn:
        found = [one for one in audit.entries(conn, 1000) if one.request_id == "refused-1"]
    assert [(one.action, one.outcome) for one in found] == [("cache.clear", "refused")]
