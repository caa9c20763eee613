"""Customers by page, one by one, and with their orders."""

import pyarrow.parquet as pq
import pytest

from clv.ops.runs import CUSTOMERS


@pytest.fixture(scope="module")
def rows(made):
    """Forecasts of the run by customer, as its folder has them."""
    return {row["customer_id"]: row for row in made.log.forecasts().to_pylist()}


def pages(api, query):
    """Customers of all pages, in order."""
    found, cursor = [], None
    for _ in range(100):
        params = query if cursor is None else {**query, "cursor": cursor}
        told = api.ok("/api/customers", params=params)
        assert told["count"] == len(told["customers"]) <= query.get("limit", 100)
        found += told["customers"]
        cursor = told["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError("pages do not end")


def test_every_customer_is_on_one_page_the_most_valuable_first(anywhere, rows):
    found = pages(anywhere, {"limit": 60})
    assert sorted(one["customer_id"] for one in found) == sorted(rows)
    values = [one["clv"] for one in found]
    assert values == sorted(values, reverse=True)


def test_a_customer_is_as_the_run_has_forecast(anywhere, rows):
    for customer_id in list(rows)[::50]:
        told, row = anywhere.ok(f"/api/customers/{customer_id}"), rows[customer_id]
        for name, value in row.items():
            expected = value.isoformat() if hasattr(value, "isoformat") else value
            assert told[name] == pytest.approx(expected), name
        assert told["model_version"] == anywhere.run.manifest["run_id"]
        assert told["currency"] == "USD"
        assert anywhere.get(told["links"]["history"]).status_code == 200
        assert anywhere.get(told["links"]["segment"]).status_code == 200


def test_what_is_known_of_a_customer_stands_beside(api, made):
    known = pq.read_table(made.log.folder / CUSTOMERS).to_pylist()[7]
    told = api.ok(f"/api/customers/{known['customer_id']}")
    assert told["channel"] == known["channel"]
    assert told["purchases"] == known["purchases"]
    assert told["first_purchase"] == str(known["first_purchase"])
    assert told["rescored_at"] is None


@pytest.mark.parametrize("sort", ["clv", "-clv", "p_alive", "-historic_value", "customer_id"])
def test_pages_go_on_in_the_order_asked_for(anywhere, sort, rows):
    found = pages(anywhere, {"sort": sort, "limit": 70})
    column = sort.removeprefix("-")
    values = [one[column] for one in found]
    assert values == sorted(values, reverse=sort.startswith("-"))
    assert len(found) == len(rows)


@pytest.mark.parametrize(
    ("query", "meets"),
    [
        ({"segment": "Champions"}, lambda c: c["segment"] == "Champions"),
        (
            {"segment": ["at_risk", "Lost"]},
            lambda c: c["segment"] in ("At Risk", "Lost"),
        ),
        ({"tier": "high_value"}, lambda c: c["value_tier"] == "High-CLV"),
        ({"level": "top"}, lambda c: c["clv_level"] == "Top"),
        ({"group": "repeater"}, lambda c: c["group"] == "repeater"),
        ({"mismatch": "CLV above segment"}, lambda c: c["mismatch"] == "CLV above segment"),
        ({"min_clv": 20, "max_clv": 100}, lambda c: 20 <= c["clv"] <= 100),
        ({"min_alive": 0.9}, lambda c: c["p_alive"] >= 0.9),
        ({"max_risk": 0.3}, lambda c: 1 - c["p_purchase"] <= 0.3),
        ({"min_risk": 0.5, "max_risk": 0.9}, lambda c: 0.5 <= 1 - c["p_purchase"] <= 0.9),
        ({"min_spent": 50, "max_spent": 90}, lambda c: 50 <= c["historic_value"] <= 90),
        ({"search": "C0001"}, lambda c: c["customer_id"].startswith("C0001")),
        (
            {"tier": "High-CLV", "group": "repeater", "min_alive": 0.95},
            lambda c: (
                c["value_tier"] == "High-CLV" and c["group"] == "repeater" and c["p_alive"] >= 0.95
            ),
        ),
    ],
)
def test_only_those_who_meet_the_conditions_come(anywhere, rows, query, meets):
    expected = {customer for customer, row in rows.items() if meets(row)}
    assert 0 < len(expected) < len(rows)
    found = pages(anywhere, {**query, "limit": 50})
    assert {one["customer_id"] for one in found} == expected
    told = anywhere.ok("/api/customers", params={**query, "limit": 1, "total": "true"})
    assert told["total"] == len(expected)


def test_customers_of_a_channel(api):
    channels = api.ok("/api/segments", params={"by": "channel"})["segments"]
    one = channels[0]
    told = api.ok(f"{one['customers_link']}&total=true")
    assert told["total"] == one["customers"]


def test_no_total_is_counted_unless_asked_for(api):
    assert api.ok("/api/customers?limit=1")["total"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"sort": "clv; DROP TABLE run"}, "sort"),
        ({"min_clv": "nan"}, "min_clv"),
        ({"min_clv": 1e300}, "min_clv"),
        ({"min_alive": 2}, "min_alive"),
        ({"search": ""}, "search"),
        ({"sgment": "Champions"}, "sgment"),
    ],
)
def test_a_query_that_cannot_be_is_refused_by_name(api, query, field):
    told = api.refused(api.get("/api/customers", params=query), 422, "validation")
    assert [one.field.partition(".")[0] for one in told.errors] == [field]


@pytest.mark.parametrize(
    "query",
    [
        {"segment": "Champion"},
        {"tier": "gold"},
        {"min_clv": 5, "max_clv": 1},
        {"cursor": "nonsense"},
    ],
)
def test_a_condition_that_cannot_be_says_what_can(api, query):
    told = api.refused(api.get("/api/customers", params=query), 422, "setting")
    assert next(iter(query)).removeprefix("min_") in told.detail or "value_tier" in told.detail


def test_a_cursor_belongs_to_its_query(api):
    cursor = api.ok("/api/customers?limit=5")["next_cursor"]
    answer = api.get("/api/customers", params={"cursor": cursor, "sort": "clv"})
    api.refused(answer, 422, "setting")


def test_a_cursor_of_a_run_no_longer_served_is_stale(own_api, made):
    from clv.ops.store.publishing import publish

    cursor = own_api.ok("/api/customers?limit=5")["next_cursor"]
    publish(own_api.services.store, made.table)
    answer = own_api.get("/api/customers", params={"cursor": cursor})
    own_api.refused(answer, 409, "stale-cursor")
    assert own_api.ok("/api/customers?limit=5")["model_version"] == made.table.manifest["run_id"]


def test_a_page_is_kept_until_something_changes(own_api):
    def asked():
        before = own_api.ok("/api/cache/stats")
        told = own_api.ok("/api/customers?limit=3&sort=-clv")
        return own_api.ok("/api/cache/stats")["hits"] - before["hits"], told

    assert asked()[0] == 0
    hits, first = asked()
    assert hits == 1
    who = first["customers"][0]["customer_id"]
    order = {"customer_id": who, "date": first["as_of"], "amount": 10_000}
    assert own_api.post("/api/transactions", {"transactions": [order]}).status_code == 200
    hits, now = asked()
    assert hits == 0
    assert now["customers"][0]["rescored_at"] is not None


@pytest.mark.parametrize(
    "customer_id",
    ["nobody", "c000001", "C000001 ", "' OR 1=1 --", "%", "*", "../runs", "a/b", "x" * 5000, "é"],
)
def test_who_is_not_there_is_not_found(anywhere, customer_id):
    from urllib.parse import quote

    answer = anywhere.get(f"/api/customers/{quote(customer_id, safe='')}")
    anywhere.refused(answer, 404, "customer")


def test_orders_of_a_customer_come_with_the_newest_last(anywhere, rows):
    told = anywhere.ok("/api/customers/C000002/history")
    days = [order["date"] for order in told["orders"]]
    assert days == sorted(days)
    assert told["count"] == len(days)
    total = sum(float(order["amount"]) for order in told["orders"])
    assert total == pytest.approx(rows["C000002"]["historic_value"])
    last = anywhere.ok("/api/customers/C000002/history?limit=1")
    assert last["orders"] == told["orders"][-1:]
    assert last["count"] == told["count"]


def test_orders_of_nobody_are_not_found(api):
    api.refused(api.get("/api/customers/nobody/history"), 404, "customer")


def test_a_table_of_customers_has_no_orders(table_api):
    one = table_api.ok("/api/customers?limit=1")["customers"][0]
    assert one["segment"] is None
    assert one["as_of"] is None
    answer = table_api.get(f"/api/customers/{one['customer_id']}/history")
    table_api.refused(answer, 409, "unsuited")


def test_before_anything_is_published_readers_are_told_how(empty_api):
    for path in ("/api/customers", "/api/customers/C1", "/api/segments", "/api/dashboard/summary"):
        told = empty_api.refused(empty_api.get(path), 404, "run")
        assert "clv publish" in told.detail
