import asyncio
import json
import socketserver
import threading
import time
from contextlib import contextmanager

import pyarrow as pa
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
from clv.ops.runs import CUSTOMERS, FORECASTS, MANIFEST, TRANSACTIONS

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


@pytest.fixture
def small(tmp_path):
    """What `enlarge` reads of a run of three customers."""
    folder = tmp_path / "small"
    folder.mkdir()
    ids = ["001", "002", "003"]
    pq.write_table(pa.table({"customer_id": ids, "clv": [1.0, 2.0, 3.0]}), folder / FORECASTS)
    pq.write_table(pa.table({"customer_id": ids, "purchases": [1, 2, 1]}), folder / CUSTOMERS)
    log = {"customer_id": ["001", "002", "002", "003"], "amount": [5.0, 6.0, 7.0, 8.0]}
    pq.write_table(pa.table(log), folder / TRANSACTIONS)
    (folder / MANIFEST).write_text(json.dumps({"run_id": "a", "counts": {"customers": 3}}))
    return folder


def test_more_customers_are_the_same_under_other_ids(small, tmp_path):
    big = enlarge(small, tmp_path / "big", 8)
    copies = [f"{copy:04}-{one}" for copy in range(3) for one in ("001", "002", "003")]
    assert ids_of(big) == copies[:8]
    assert pq.read_table(big / FORECASTS)["clv"].to_pylist() == [1, 2, 3, 1, 2, 3, 1, 2]
    assert pq.read_table(big / CUSTOMERS)["customer_id"].to_pylist() == copies[:8]
    log = pq.read_table(big / TRANSACTIONS).to_pydict()
    assert log["amount"] == [5, 6, 7, 8] * 2 + [5, 6, 7]
    assert log["customer_id"] == sorted(log["customer_id"])
    manifest = json.loads((big / MANIFEST).read_text())
    assert manifest["counts"]["customers"] == 8
    assert manifest["run_id"] != "a"


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
    assert CustomerFilters(**sent).query(100).limit == 100


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


@contextmanager
def answering(seconds, status="200 OK"):
    """Port of a server that answers one request after the other, each after a while."""
    turn = threading.Lock()

    class Answer(socketserver.StreamRequestHandler):
        def handle(self):
            while line := self.rfile.readline():
                while line.strip():
                    if line.lower().startswith(b"content-length: "):
                        length = int(line.split()[1])
                    line = self.rfile.readline()
                self.rfile.read(length)
                with turn:
                    time.sleep(seconds)
                self.wfile.write(f"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\n{{}}".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answer) as server:
        server.request_queue_size = paced.CONNECTIONS
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_waits_count_from_when_a_request_was_due():
    # Ten requests at once for a server that takes 20 ms each: the last waits for all of them,
    # which a client that asks only after its answer would never see.
    with answering(0.02) as port:
        requests = [paced.post("/", "{}")] * 10
        found = paced.waits("127.0.0.1", port, requests, 10_000.0)
    assert len(found) == 10
    assert max(found) >= 0.19
    assert min(found) < 0.1


def test_a_refused_request_ends_the_measuring():
    refusing = answering(0.0, "503 Service Unavailable")
    with refusing as port, pytest.raises(ExceptionGroup) as failed:
        paced.waits("127.0.0.1", port, [paced.post("/", "{}")], 100.0)
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
