"""Pages of a service whose pages are short, and cursors nobody was given."""

import base64
import json

import pytest

from clv.ops import paging
from clv.ops.paging import CustomerQuery


@pytest.fixture(scope="module")
def short(opened, made):
    """A page is shorter than what is given where nobody says how much."""
    return opened(made.log, page_limit=20)


@pytest.mark.parametrize(
    "path", ["/api/customers", "/api/customers?sort=clv", "/api/jobs", "/api/runs"]
)
def test_who_does_not_say_how_much_is_given_a_page(short, path):
    assert short.get(path).status_code == 200


def test_a_page_is_as_long_as_the_setting_says(short):
    assert len(short.ok("/api/customers")["customers"]) == 20
    assert len(short.ok("/api/customers?sort=clv&limit=20")["customers"]) == 20
    customer = short.ok("/api/customers")["customers"][0]["customer_id"]
    for query in ("", "?limit=20"):
        assert short.ok(f"/api/customers/{customer}/history{query}")


@pytest.mark.parametrize("path", ["customers", "customers/C000001/history", "jobs", "runs"])
def test_who_asks_for_more_than_a_page_is_refused(short, path):
    for limit in (21, 50, 100, 1000):
        told = short.refused(short.get(f"/api/{path}?limit={limit}"), 422, "validation")
        assert told.detail == f"limit is {limit}; give at most 20."


def test_without_a_setting_a_page_has_a_hundred(api):
    assert len(api.ok("/api/customers")["customers"]) == 100
    api.refused(api.get("/api/customers?limit=1001"), 422, "validation")


@pytest.mark.parametrize(
    "place", ["[" * 1_490, '[%s, %s, {}, "C1"]'.replace("{}", "9" * 400), '[%s, %s, 1, "\\ud800"]']
)
def test_a_forged_cursor_is_refused(api, place):
    number = json.dumps(CustomerQuery().fingerprint)
    content = (place % (1, number) if "%" in place else place).encode()
    cursor = base64.urlsafe_b64encode(paging._digest(content) + content).decode().rstrip("=")
    assert len(cursor) <= 2048
    told = api.refused(api.get("/api/customers", params={"cursor": cursor}), 422, "setting")
    assert told.detail.startswith("cursor: is broken.")
