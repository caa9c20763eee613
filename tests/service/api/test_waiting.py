"""Who only reads waits for nobody: no writer, and nobody who looks for long."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from clv.apps.api.answers import customers
from tests.mission import S1

#: As many as keep orders at once, and more.
WRITERS = 6


@pytest.fixture
def many():
    with ThreadPoolExecutor(WRITERS + 1) as threads:
        yield threads


def test_orders_that_wait_for_a_writer_hold_up_nobody_who_reads_some(own_api, many):
    def append(number):
        order = {"customer_id": f"C00000{number}", "date": "2023-12-30", "amount": 5}
        return own_api.post("/api/transactions", {"transactions": [order]})

    def forecast():
        return own_api.ask("POST", "/invocations", json=json.loads(S1))

    # The first of a kind takes longer than those after it.
    assert append(1).status_code == forecast().status_code == 200
    with own_api.services.store.writing():
        orders = [many.submit(append, number) for number in range(2, 2 + WRITERS)]
        assert many.submit(forecast).result(20).status_code == 200
        history = many.submit(own_api.get, "/api/customers/C000009/history")
        assert history.result(20).status_code == 200
        assert not any(order.done() for order in orders)
    assert {order.result(30).status_code for order in orders} == {200}


def test_a_page_that_takes_long_holds_up_nobody(own_api, many, monkeypatch):
    begun, free, page = threading.Event(), threading.Event(), customers.page

    def slow(*asked):
        begun.set()
        assert free.wait(10)
        return page(*asked)

    monkeypatch.setattr(customers, "page", slow)
    waiting = many.submit(own_api.get, "/api/customers?total=true")
    assert begun.wait(10)
    others = ["/api/health/live", "/api/customers/C000003"]
    try:
        found = [many.submit(own_api.get, path) for path in others]
        assert [answer.result(5).status_code for answer in found] == [200, 200]
    finally:
        free.set()
    assert waiting.result(10).status_code == 200
