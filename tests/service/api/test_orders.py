"""Orders that come in by the service, and what becomes of their customers."""

import pytest

from clv.apps.api.schemas.orders import OrdersBody
from clv.ops import audit

PATH = "/api/transactions"


@pytest.fixture(scope="module")
def writes(opened, made):
    """Shared by the tests here, each of which has customers of its own."""
    return opened(made.log)


def sent(api, orders, **more):
    answer = api.post(PATH, {"transactions": orders}, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_example_of_the_documentation_is_kept(writes):
    (example,) = OrdersBody.model_json_schema()["examples"]
    assert sent(writes, example["transactions"])["accepted"] == 1


def test_a_customers_forecast_changes_with_an_order_at_once(writes):
    before = writes.ok("/api/customers/C000003")
    order = {"customer_id": "C000003", "date": before["as_of"], "amount": 250, "order_id": "X1"}
    told = sent(writes, [order])
    after = writes.ok("/api/customers/C000003")
    assert (told["accepted"], told["failed"], told["problems"]) == (1, 0, [])
    assert after["historic_value"] == pytest.approx(before["historic_value"] + 250)
    assert after["rescored_at"] is not None
    assert after["last_purchase"] == before["as_of"]
    (forecast,) = told["forecasts"]
    assert {name: after[name] for name in forecast} == forecast
    assert told["model_version"] == after["model_version"]
    last = writes.ok("/api/customers/C000003/history")["orders"][-1]
    assert (last["date"], float(last["amount"]), last["order_id"]) == (before["as_of"], 250, "X1")


def test_a_new_customer_is_there_afterwards(writes):
    sent(writes, [{"customer_id": "New/1 é", "date": "2023-12-30", "amount": "12.50"}])
    told = writes.ok("/api/customers/New%2F1%20%C3%A9")
    assert told["historic_value"] == 12.5
    assert writes.ok(told["links"]["history"])["count"] == 1


def test_totals_follow(writes):
    before = writes.ok("/api/dashboard/summary")["totals"]
    told = sent(writes, [{"customer_id": "N1", "date": "2023-12-30", "amount": 99}])
    after = writes.ok("/api/dashboard/summary")["totals"]
    assert after["customers"] == before["customers"] + 1
    added = told["forecasts"][0]["clv"]
    assert after["total_clv"] == pytest.approx(before["total_clv"] + added)


def test_some_orders_fail_and_the_others_are_kept(writes):
    orders = [
        {"customer_id": "A", "date": "2023-12-30", "amount": 10},
        {"customer_id": "B", "date": "30.12.2023", "amount": 10},
        {"customer_id": "C", "date": "2023-12-30"},
        "no order",
        {"customer_id": "D", "date": "2023-12-30", "amount": 1, "colour": "red"},
        {"customer_id": "E", "date": "2099-12-30", "amount": 10},
        {"customer_id": "F", "date": "2023-12-29", "amount": 10, "currency": "EUR"},
        {"customer_id": "G", "date": "2023-12-29", "amount": 10, "currency": "usd"},
    ]
    told = sent(writes, orders)
    assert (told["accepted"], told["failed"]) == (2, 6)
    assert {one["customer_id"] for one in told["forecasts"]} == {"A", "G"}
    problems = {one["index"]: one for one in told["problems"]}
    assert sorted(problems) == [1, 2, 3, 4, 5, 6]
    assert (problems[1]["field"], problems[2]["field"]) == ("/date", "/amount")
    assert problems[6]["code"] == "other_currency"
    for who in "BCDEF":
        writes.refused(writes.get(f"/api/customers/{who}"), 404, "customer")


@pytest.mark.parametrize(
    "amount",
    ["1E-999999", "1e5", "1e-31", "1" * 13, "0.1234567", "NaN", "٣", "1\n", True, [1], 1e13],
)
def test_an_amount_is_plain_digits(writes, amount):
    good = {"customer_id": "Plain", "date": "2023-12-30", "amount": 1}
    told = sent(writes, [{**good, "customer_id": "Odd", "amount": amount}, good])
    assert (told["accepted"], told["failed"]) == (1, 1)
    (problem,) = told["problems"]
    assert (problem["index"], problem["field"]) == (0, "/amount")


@pytest.mark.parametrize(
    ("amount", "kept"), [(1e-31, 0), (0.1 + 0.2, 0.3), ("12.345678", 12.3457), ("+7", 7), (-0.0, 0)]
)
def test_an_amount_has_four_decimals_as_a_logs_have(writes, amount, kept):
    who = f"Four {amount}"
    orders = [{"customer_id": who, "date": "2023-12-29", "amount": 5}]
    sent(writes, [*orders, {"customer_id": who, "date": "2023-12-30", "amount": amount}])
    told = writes.ok(f"/api/customers/{who}/history")["orders"]
    assert [float(order["amount"]) for order in told] == [5, kept]
    assert max(len(str(order["amount"])) for order in told) <= 32


@pytest.mark.parametrize("day", [{str(n): n for n in range(10)}, list("2023-12-30"), 20231230, ""])
def test_a_day_is_a_text(writes, day):
    told = sent(writes, [{"customer_id": "Day", "date": day, "amount": 1}])
    assert [problem["field"] for problem in told["problems"]] == ["/date"]


def test_an_order_known_by_its_id_is_not_kept_twice(writes):
    order = {"customer_id": "Twice", "date": "2023-12-30", "amount": 10, "order_id": 1}
    assert sent(writes, [order])["accepted"] == 1
    again = sent(writes, [{**order, "order_id": "1"}])
    assert (again["accepted"], again["duplicates"], again["failed"]) == (0, 1, 0)
    assert writes.ok("/api/customers/Twice")["historic_value"] == 10


def test_a_request_sent_again_under_its_key_is_answered_as_before(writes):
    orders = [{"customer_id": "Key", "date": "2023-12-30", "amount": 10}]
    key = {"Idempotency-Key": "8e03978e-40d5"}
    first = sent(writes, orders, headers=key)
    assert sent(writes, orders, headers=key) == first
    assert writes.ok("/api/customers/Key")["historic_value"] == 10
    other = [{"customer_id": "Key", "date": "2023-12-30", "amount": 11}]
    writes.refused(writes.post(PATH, {"transactions": other}, headers=key), 409, "conflict")


@pytest.mark.parametrize("key", ["x" * 129, "with blank", "é".encode().decode("latin-1")])
def test_a_key_that_cannot_be_is_refused(writes, key):
    answer = writes.post(
        PATH, {"transactions": []}, headers={"Idempotency-Key": key.encode("latin-1")}
    )
    writes.refused(answer, 422, "validation")


def test_a_return_takes_value_away(writes):
    before = writes.ok("/api/customers?limit=1&sort=-historic_value")["customers"][0]
    back = {"customer_id": before["customer_id"], "date": before["as_of"], "amount": -20}
    sent(writes, [{**back, "is_return": True}])
    after = writes.ok(f"/api/customers/{before['customer_id']}")
    assert after["historic_value"] == pytest.approx(before["historic_value"] - 20)


def test_no_orders_change_nothing(writes):
    told = sent(writes, [])
    assert (told["accepted"], told["forecasts"]) == (0, [])


def test_more_than_a_thousand_are_too_many(writes):
    order = {"customer_id": "A", "date": "2023-12-30", "amount": 1}
    answer = writes.post(PATH, {"transactions": [order] * 1001})
    assert "at most 1000" in writes.refused(answer, 422, "validation").detail


def test_what_was_kept_stands_in_the_audit(writes):
    answer = writes.post(
        PATH,
        {"transactions": [{"customer_id": "A", "date": "2023-12-30", "amount": 1}]},
        headers={"X-Request-ID": "order-1"},
    )
    assert answer.status_code == 200
    with writes.services.store.reading() as conn:
        entry = audit.entries(conn, 1)[0]
    assert (entry.action, entry.actor, entry.request_id) == ("orders.append", "loopback", "order-1")


def test_a_run_on_a_table_takes_no_orders(table_api):
    order = {"customer_id": "A", "date": "2023-12-30", "amount": 1}
    table_api.refused(table_api.post(PATH, {"transactions": [order]}), 409, "unsuited")


def test_before_anything_is_published_orders_are_not_taken(empty_api):
    order = {"customer_id": "A", "date": "2023-12-30", "amount": 1}
    empty_api.refused(empty_api.post(PATH, {"transactions": [order]}), 404, "run")
