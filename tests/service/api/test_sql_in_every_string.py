"""SQL in every text a request may have, found from the OpenAPI document so that none is forgotten:
it stays a text, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import func, inspect, select, text

from clv.apps.api.app import create_app
from clv.apps.settings import Settings
from clv.ops.store import tables

SQL = (
    "' OR '1'='1",
    "x'; DROP TABLE run; --",
    '") UNION SELECT secret_hash FROM api_key --',
    "1; SELECT pg_sleep(20)",
    "%' ESCAPE '!",
    "\\'; UPDATE pointer SET run_no = 99; --",
    "{{7*7}}${7*7}#{7*7}",
)
DOCUMENT = create_app(Settings()).openapi()
OPERATIONS = [
    (method.upper(), path, operation)
    for path, found in DOCUMENT["paths"].items()
    for method, operation in found.items()
]
#: Tables no request of these may change; those of jobs, audit and keys are written to.
STILL = ("run", "pointer", "move", "purchase")


def resolved(schema: Any) -> Any:
    while isinstance(schema, dict) and "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def takes_text(schema: Any) -> bool:
    schema = resolved(schema)
    if not isinstance(schema, dict):
        return True
    kinds = [*schema.get("anyOf", []), *schema.get("oneOf", []), *schema.get("allOf", [])]
    kind = schema.get("type")
    if kind == "array":
        return takes_text(schema.get("items", {}))
    return kind == "string" or any(map(takes_text, kinds)) or (kind is None and not kinds)


def texts(schema: Any, place: tuple[str | int, ...] = (), depth: int = 0) -> Iterator[tuple]:
    """Where a body may have texts, names of fields too."""
    schema = resolved(schema)
    if not isinstance(schema, dict) or depth > 6:
        return
    for part in (*schema.get("anyOf", []), *schema.get("oneOf", []), *schema.get("allOf", [])):
        yield from texts(part, place, depth + 1)
    for name, inner in schema.get("properties", {}).items():
        if takes_text(inner):
            yield (*place, name)
        yield from texts(inner, (*place, name), depth + 1)
    if "items" in schema:
        yield from texts(schema["items"], (*place, 0), depth + 1)


def bodies() -> dict[str, Any]:
    """By schema, so that a body that several paths take is sent once: the operation, a good body,
    and the places of texts in it.
    """
    found = {}
    for method, path, operation in OPERATIONS:
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is not None:
            schema = resolved(content["schema"])
            examples = schema.get("examples") or [{}]
            found[schema["title"]] = method, path, examples[0], list(dict.fromkeys(texts(schema)))
    return found


def put(body: Any, place: tuple[str | int, ...], value: Any) -> Any:
    """The body with a value at a place that may not have been there."""
    if not place:
        return value
    step, rest = place[0], place[1:]
    if isinstance(step, int):
        items = body if isinstance(body, list) and body else [{}]
        return [put(items[0], rest, value), *items[1:]]
    fields = body if isinstance(body, dict) else {}
    return {**fields, step: put(fields.get(step), rest, value)}


def state(api: Any) -> Any:
    """What is in the store, as far as these requests must leave it alone."""
    with api.services.store.reading() as conn:
        names = sorted(inspect(conn).get_table_names())
        counts = {
            name: conn.execute(select(func.count()).select_from(getattr(tables, name))).scalar()
            for name in STILL
        }
        pointed = conn.execute(text("SELECT name, run_no FROM pointer ORDER BY name")).all()
        return names, counts, [tuple(row) for row in pointed]


@pytest.mark.timeout(300)
def test_in_every_parameter_it_stays_a_text(anywhere):
    before, asked = state(anywhere), 0
    for method, path, operation in OPERATIONS:
        parameters = [p for p in operation.get("parameters", []) if takes_text(p["schema"])]
        others = [p for p in operation.get("parameters", []) if p["in"] == "path"]
        for parameter in parameters:
            for sql in SQL:
                place = path
                for other in others:
                    value = sql if other is parameter else "x"
                    place = place.replace(f"{{{other['name']}}}", quote(value, safe=""))
                params = {parameter["name"]: sql} if parameter["in"] == "query" else {}
                headers = {parameter["name"]: sql} if parameter["in"] == "header" else {}
                answer = anywhere.client.request(method, place, params=params, headers=headers)
                assert answer.status_code < 500, (method, place, parameter["name"], sql)
                asked += 1
    assert asked > 100
    assert state(anywhere) == before


@pytest.mark.timeout(300)
def test_in_every_text_of_a_body_it_stays_a_text(anywhere):
    before, asked = state(anywhere), 0
    for method, path, example, places in bodies().values():
        place_of = path.replace("{model_type}", "bg_nbd")
        parents = dict.fromkeys(place[:-1] for place in places)
        # As a value of every text, and as the name of a field wherever there are fields.
        for place in [*places, *((*parent, SQL[0]) for parent in parents)]:
            content = json.dumps(put(example, place, SQL[asked % len(SQL)]))
            answer = anywhere.client.request(method, place_of, content=content, headers=JSON)
            assert answer.status_code < 500, (method, path, place, answer.text)
            asked += 1
    assert asked > 100
    names, counts, pointed = state(anywhere)
    # Orders of customers with such names are orders.
    assert (names, pointed) == (before[0], before[2])
    assert counts["run"] == before[1]["run"]
    assert anywhere.client.get("/api/customers?limit=1").status_code == 200


JSON = {"content-type": "application/json"}
