import asyncio
import json
import threading

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from benchmarks.api import paced, wrk
from benchmarks.api.__main__ import NAMES, main, page
from benchmarks.api.bare import CUSTOMER, PREDICTION, application
from benchmarks.api.cases import CASES, Effort
from benchmarks.api.questions import CATEGORIES, PAGES, bodies, profiles
from benchmarks.api.row import COLUMNS, MET, Aim, Row, ratio, rows_table, share_within
from benchmarks.api.shop import enlarge, ids_of
from clv.apps.api.schemas.filters import CustomerFilters
from clv.apps.api.schemas.profile import ProfileBody
from clv.ops.runs import CUSTOMERS, FORECASTS, TRANSACTIONS, Run

SHARE, WAIT = Aim(0.5, "least"), Aim(20.0, "most")
ROWS = [
    Row("GET a customer", 0.625, "of bare", "Beside 4,000.", SHARE),
    Row("POST a profile", 0.4, "of bare", "Beside 4,000.", SHARE),
    Row("waits", 25.0, "ms", "At half.", WAIT),
    Row("from PostgreSQL", 0.2, "of bare", "For information."),
]


@pytest.mark.parametrize(
    ("aim", "figure", "met", "verdict"),
    [
        (SHARE, 0.5, True, MET),
        (SHARE, 0.4, False, "missed by 20%"),
        (WAIT, 20.0, True, MET),
        (WAIT, 25.0, False, "missed by 25%"),
    ],
)
def test_an_aim_is_met_or_missed_by_numbers(aim, figure, met, verdict):
    assert aim.met(figure) is met
    assert aim.verdict(figure) == verdict


def test_a_row_says_what_was_measured_and_what_was_aimed_at():
    assert ROWS[0].cells() == ("GET a customer", "0.625 of bare", ">= 0.5", MET, "Beside 4,000.")
    assert ROWS[2].told == "waits: 25 ms, missed by 25%"
    assert ROWS[3].cells()[2:4] == ("-", "-")
    assert ROWS[3].told == "from PostgreSQL: 0.2 of bare"
    assert [row.met for row in ROWS] == [True, False, False, None]
    assert rows_table(ROWS).splitlines()[0].startswith(f"| {COLUMNS[0]} ")


def test_a_ratio_is_of_rounds_not_of_medians():
    # What slows a round down slows both.
    assert ratio([300.0, 30.0, 200.0], [400.0, 60.0, 400.0]) == 0.5


def test_a_quantile_of_waits_is_one_of_them():
    waits = [float(i) for i in range(1, 101)]
    assert share_within(waits, 0.99) == 99.0
    assert share_within(waits[::-1], 1.0) == 100.0
    assert share_within([3.0], 0.99) == 3.0


def test_the_page_counts_the_aims_met():
    told = page("a machine", ROWS, Effort(rounds=3, span=2))
    assert "a machine" in told
    assert "1 of 3 aims are met." in told
    assert "Each of 3 rounds measures both for 2 s" in told
    assert all(row.case in told for row in ROWS)
    assert "coordinated omission" in told


def test_more_customers_are_the_same_under_other_ids(one_run, tmp_path):
    small = Run.open(one_run)
    n = len(ids_of(one_run))
    big = Run.open(enlarge(one_run, tmp_path / "big", 2 * n + 5))
    ids = ids_of(big.folder)
    assert len(set(ids)) == 2 * n + 5 == big.manifest["counts"]["customers"]
    assert ids == sorted(ids)
    assert big.manifest["run_id"] != small.manifest["run_id"]
    facts = pq.read_table(big.folder / CUSTOMERS)
    assert facts["customer_id"].to_pylist() == ids
    log, before = pq.read_table(big.folder / TRANSACTIONS), pq.read_table(small.transactions)
    assert set(log["customer_id"].to_pylist()) == set(ids)
    whose = ids[n]
    same = before.filter(pc.equal(before["customer_id"], whose.partition("-")[2]))
    theirs = log.filter(pc.equal(log["customer_id"], whose))
    assert theirs.drop_columns("customer_id").equals(same.drop_columns("customer_id"))
    forecasts = pq.read_table(big.folder / FORECASTS)
    assert forecasts["clv"].to_pylist()[:n] == forecasts["clv"].to_pylist()[n : 2 * n]


def test_made_up_profiles_are_accepted_and_the_same_each_time():
    told = list(bodies(200))
    assert told == list(bodies(200))
    for body in told:
        ProfileBody.model_validate_json(body)
    assert {name for each in profiles(200) for name in each} >= set(CATEGORIES)


@pytest.mark.parametrize("asked", PAGES.values(), ids=list(PAGES))
def test_pages_ask_what_can_be_asked(asked):
    lists = {"segment", "tier", "level", "group"} & asked.keys()
    sent = {n: [v] if n in lists and isinstance(v, str) else v for n, v in asked.items()}
    sent.pop("cursor", None)
    assert CustomerFilters(**sent).query().limit == 100


def test_the_bare_routes_answer_what_they_were_given(tmp_path):
    (tmp_path / CUSTOMER).write_text(json.dumps({"customer_id": "a", "clv": 1.5}))
    (tmp_path / PREDICTION).write_text(json.dumps({"customer_id": None, "predicted_clv": 2.5}))
    app = application(tmp_path)
    assert asked(app, "GET", "/bare/b") == {"customer_id": "b", "clv": 1.5}
    sent = b'{"customer_id": "c"}'
    assert asked(app, "POST", "/bare", sent) == {"customer_id": "c", "predicted_clv": 2.5}


def asked(app, method, path, body=b""):
    scope = {"type": "http", "method": method, "path": path, "query_string": b""}
    scope["headers"] = [(b"content-type", b"application/json")] if body else []
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 200
    return json.loads(b"".join(message.get("body", b"") for message in sent))


class Slow:
    """A server that answers one request after the other, each after a while."""

    def __init__(self, seconds, status="200 OK"):
        self.seconds, self.status = seconds, status
        self.turn = None

    async def answer(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                async with self.turn:
                    await asyncio.sleep(self.seconds)
                writer.write(f"HTTP/1.1 {self.status}\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        except asyncio.IncompleteReadError:
            writer.close()

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        started = asyncio.run_coroutine_threadsafe(self._start(), self.loop)
        self.port = started.result(5)
        return self

    async def _start(self):
        self.turn = asyncio.Lock()
        self.server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[1]

    def __exit__(self, *_):
        self.server.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()


def test_waits_count_from_when_a_request_was_due():
    # Ten requests at once for a server that takes 20 ms each: the last waits for all of them,
    # which a client that asks only after its answer would never see.
    with Slow(0.02) as server:
        requests = [paced.post("/", "{}")] * 10
        found = paced.waits("127.0.0.1", server.port, requests, 10_000.0)
    assert len(found) == 10
    assert max(found) >= 0.19
    assert min(found) < 0.1


def test_a_refused_request_ends_the_measuring():
    with Slow(0.0, "503 Service Unavailable") as server, pytest.raises(ExceptionGroup) as failed:
        paced.waits("127.0.0.1", server.port, [paced.post("/", "{}")], 100.0)
    assert failed.group_contains(RuntimeError, match="503")


def test_without_wrk_it_says_what_to_do(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match="wrk"):
        wrk.require_wrk()
    with pytest.raises(SystemExit):
        main(["--quick"])
    assert ".ci/wrk" in capsys.readouterr().err


def test_every_case_can_be_named():
    assert set(CASES) < set(NAMES)
    assert len(set(NAMES)) == len(NAMES)
