"""What the Python client does where the service turns it away, is slow, or breaks off."""

import json

import httpx
import pytest

from clv.client import Client, ClvApiError, ClvUnreachableError, StaleCursorError, sending

PROBLEM = {"content-type": "application/problem+json"}


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """How long the client waited each time, instead of waiting."""
    waited = []
    monkeypatch.setattr(sending.time, "sleep", waited.append)
    return waited


def problem(status, code, **headers):
    told = {"status": status, "code": code, "detail": "It cannot be.", "request_id": "r1"}
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=told, headers={**PROBLEM, **headers})


class Script:
    """Answers one after the other, and keeps what was asked."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def __call__(self, request):
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def client(self, **more):
        return Client("http://clv.test", transport=httpx.MockTransport(self), **more)


JOB = {"job_id": "j1", "status": "queued", "stage": None, "progress": 0}
ADDED = {"accepted": 1, "duplicates": 0, "failed": 0}
ADDED |= {"problems": [], "forecasts": [], "without_purchase": []}


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("broke off"),
        problem(503, "store", retry_after="5"),
        problem(429, "rate-limit", retry_after="7"),
        httpx.Response(502, html="<h1>Bad gateway</h1>"),
    ],
    ids=["refused", "slow", "broken", "503", "429", "502"],
)
def test_reads_predictions_and_orders_are_sent_again(fault, waits):
    script = Script(fault, {"predicted_clv": 1}, fault, {"runs": []}, fault, ADDED)
    with script.client() as client:
        assert client.predict({}) == {"predicted_clv": 1}
        assert client.runs() == {"runs": []}
        assert client.add_transactions([{"customer_id": "1"}]).accepted == 1
    keys = [request.headers["Idempotency-Key"] for request in script.asked[4:]]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    if isinstance(fault, httpx.Response) and "retry-after" in fault.headers:
        assert waits == [float(fault.headers["retry-after"])] * 3
    else:
        assert all(0 < wait < 1 for wait in waits)


@pytest.mark.parametrize("ask", [Client.train, Client.rollback, lambda c: c.publish("r")])
@pytest.mark.parametrize("fault", [httpx.ReadTimeout("slow"), problem(503, "store")])
def test_what_may_have_been_done_is_not_asked_for_twice(ask, fault, waits):
    script = Script(fault)
    with script.client() as client, pytest.raises((ClvApiError, ClvUnreachableError)):
        ask(client)
    assert waits == []


@pytest.mark.parametrize("fault", [httpx.ConnectError("refused"), problem(429, "rate-limit")])
def test_what_was_surely_not_done_is_asked_for_again(fault):
    script = Script(fault, JOB)
    with script.client() as client:
        assert client.train(sample=500) == JOB


def test_it_gives_up_in_the_end_and_says_why(waits):
    refusals = [problem(429, "rate-limit", retry_after="3") for _ in range(3)]
    with Script(*refusals).client(retries=2) as client, pytest.raises(ClvApiError) as refused:
        client.runs()
    error = refused.value
    assert (error.status, error.code, error.retry_after) == (429, "rate-limit", 3)
    assert (error.detail, error.request_id) == ("It cannot be.", "r1")
    assert waits == [3, 3]


def test_nobody_waits_for_an_hour(waits):
    far = problem(429, "rate-limit", retry_after="3600")
    with Script(far).client() as client, pytest.raises(ClvApiError):
        client.runs()
    assert waits == []


def test_waits_grow(waits):
    faults = [httpx.ConnectError("refused")] * 5
    with Script(*faults).client(retries=4) as client, pytest.raises(ClvUnreachableError):
        client.runs()
    assert len(waits) == 4
    assert all(
        longest / 2 <= wait <= longest
        for longest, wait in zip((0.25, 0.5, 1, 2), waits, strict=True)
    )


def page(numbers, cursor):
    return {"customers": [{"customer_id": n} for n in numbers], "next_cursor": cursor}


def test_a_cursor_that_went_stale_is_told_or_begun_anew():
    stale = problem(409, "stale-cursor")
    with Script(page([1, 2], "a"), stale).client() as client:
        found = client.customers()
        assert [next(found)["customer_id"] for _ in range(2)] == [1, 2]
        with pytest.raises(StaleCursorError):
            next(found)
    script = Script(page([1, 2], "a"), stale, page([2, 1], "b"), page([3], None))
    with script.client() as client:
        found = client.customers(restart=True, tier="High-CLV")
        assert [each["customer_id"] for each in found] == [1, 2, 2, 1, 3]
    assert [request.url.params.get("cursor") for request in script.asked] == [None, "a", None, "b"]
    assert {request.url.params["tier"] for request in script.asked} == {"High-CLV"}


def test_a_batch_that_is_too_large_goes_in_halves():
    sizes = []

    def answer(request):
        profiles = json.loads(request.content)["profiles"]
        sizes.append(len(profiles))
        if len(profiles) > 3:
            return problem(413, "body-too-large")
        told = [{"index": n, "customer_id": each["customer_id"]} for n, each in enumerate(profiles)]
        return httpx.Response(200, json={"predictions": told, "problems": []})

    with Client("http://clv.test", transport=httpx.MockTransport(answer)) as client:
        found = client.predict_many([{"customer_id": n} for n in range(10)])
        assert [each["customer_id"] for each in found.predictions] == list(range(10))
        assert [each["index"] for each in found.predictions] == list(range(10))
        assert sizes == [10, 5, 2, 3, 5, 2, 3]
        # What is large is parted before it is sent.
        sizes.clear()
        client.predict_many([{"customer_id": n, "note": "x" * 400_000} for n in range(5)])
        assert sizes == [2, 2, 1]


def test_lines_of_an_order_are_never_parted():
    asked = []

    def answer(request):
        orders = json.loads(request.content)["transactions"]
        asked.append([(each["order_id"], each["line"]) for each in orders])
        if len(orders) > 5:
            return problem(413, "body-too-large")
        problems = [{"index": n} for n, each in enumerate(orders) if each["line"] == 4]
        return httpx.Response(200, json=ADDED | {"problems": problems})

    # The fourth order has lines before and after the others'.
    ids = ["d", "a", "a", "b", None, "c", "c", "d", None]
    rows = [{"order_id": each, "line": place} for place, each in enumerate(ids)]
    with Client("http://clv.test", transport=httpx.MockTransport(answer)) as client:
        found = client.add_transactions(rows, batch_size=7)
    assert [len(each) for each in asked] == [6, 4, 2, 3]
    kept = asked[1:]
    assert sorted(line for lot in kept for _, line in lot) == [*range(9)]
    for name in "abcd":
        assert sum(name in dict(lot) for lot in kept) == 1
    assert [each["index"] for each in found.problems] == [4]


def test_an_id_that_is_none_goes_to_the_service_to_be_refused():
    sent = []

    def answer(request):
        sent.append([each["order_id"] for each in json.loads(request.content)["transactions"]])
        return httpx.Response(200, json=ADDED)

    rows = [{"order_id": each} for each in (["a"], 7, {"b": 1}, "7", True)]
    with Client("http://clv.test", transport=httpx.MockTransport(answer)) as client:
        client.add_transactions(rows, batch_size=2)
    # 7 and "7" are one order, as the service has it.
    assert sent == [[["a"]], [7, "7"], [{"b": 1}, True]]


def test_nothing_asks_for_nothing():
    with Script().client() as client:
        assert client.predict_many([]).predictions == []
        assert client.add_transactions([]).accepted == 0


def test_health_is_told_where_it_is_down_too():
    down = {"status": "down", "components": {}}
    with Script(httpx.Response(503, json=down)).client() as client:
        assert client.health() == down
    gone = [httpx.Response(503, html="<h1>Nobody</h1>")] * 2
    with Script(*gone).client(retries=1) as client, pytest.raises(ClvApiError) as refused:
        client.health()
    assert (refused.value.code, refused.value.detail) == ("http-503", "<h1>Nobody</h1>")


def test_the_key_goes_to_the_service_and_to_nobody_else():
    script = Script(httpx.Response(307, headers={"location": "http://elsewhere.test/"}))
    with script.client(key="secret-key") as client:
        with pytest.raises(ClvApiError) as refused:
            client.runs()
        assert "secret-key" not in f"{client!r} {vars(client)} {refused.value!r}"
    assert len(script.asked) == 1
    assert script.asked[0].headers["Authorization"] == "Bearer secret-key"


def test_a_proxy_of_the_environment_is_none_for_this_machine(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with Client("http://127.0.0.1:1", retries=0) as client:
        assert client._sender._http._mounts == {}
    with Client("http://clv.test") as client:
        assert client._sender._http._mounts != {}
