"""The container's contract, held by its entry point in a folder of SageMaker's layout."""

import csv
import io
import json
import os
import pwd
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from clv.apps.sagemaker import serving
from clv.apps.sagemaker.inference import input_fn, model_fn, output_fn, predict_fn
from clv.apps.sagemaker.storage import ARCHIVE, put
from clv.core.errors import SettingError
from tests.containers import entry, laid, write_stays
from tests.edges import TestClient
from tests.onerun import HORIZON

#: As hotel guests of the system that this stands in for are sent.
ASKED = {
    "snapshot_date": "2025-06-04",
    "xdays": 365,
    "customers": [
        {
            "CustomerID": "C001",
            "transactions": [
                {"Arrival Date": "2024-01-15", "Total Revenue USD": 500, "Channel": "WEB"}
            ],
        }
    ],
}


@pytest.fixture(scope="module")
def stays(tmp_path_factory):
    return write_stays(tmp_path_factory.mktemp("hotel"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory, stays):
    root = laid(tmp_path_factory.mktemp("ml"), stays)
    done = entry(root, "train")
    out, err = done.communicate(timeout=100)
    assert done.returncode == 0, err.decode()
    assert b"champion" in out
    return root


def test_training_leaves_a_model_and_nothing_else(trained):
    assert (trained / "model" / "manifest.json").is_file()
    assert not (trained / "output" / "failure").exists()
    assert {path.name for path in trained.iterdir()} == {"input", "model", "output"}
    manifest = json.loads((trained / "model" / "manifest.json").read_text())
    assert manifest["horizon_days"] == 90
    assert manifest["mapping"]["date"]["column"] == "Arrival Date"


@pytest.fixture(scope="module")
def served(trained):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = entry(trained, "serve", SAGEMAKER_BIND_TO_PORT=str(port))
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
    try:
        for _ in range(300):
            try:
                if client.get("/ping").status_code == 200:
                    break
            except httpx.TransportError:
                assert server.poll() is None, server.stderr.read().decode()
                time.sleep(0.1)
        else:
            pytest.fail("the server does not answer")
        yield client
    finally:
        client.close()
        server.terminate()
        server.communicate(timeout=20)


def test_who_answers_gives_up_the_rights_of_root():
    program = "import os; from clv.apps.sagemaker.serving import give_up_root as go;" + (
        " go('nobody'); print(*os.getresuid(), *os.getresgid(), os.getgroups(), os.environ['HOME'])"
    )
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        ids = [*[nobody.pw_uid] * 3, *[nobody.pw_gid] * 3, []]
        assert done.stdout.split() == [*map(str, ids), nobody.pw_dir]
    else:
        assert done.stdout.split()[:3] == [str(os.getuid())] * 3


def test_the_request_of_the_hotel_is_answered_as_written(served):
    answer = served.post("/invocations", json=ASKED)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    [guest] = told["predictions"]
    assert guest["CustomerID"] == "C001"
    assert guest["group"] == "onetimer"
    assert guest["CLV"] > 0
    assert guest["CLV_lower"] <= guest["CLV"] <= guest["CLV_upper"]
    assert guest["Segment"] in ("Champions", "Loyal Customers", "Potential Loyalists", "At Risk")
    assert guest["CLV_Level"] in ("Low", "Mid", "High", "Top")
    assert guest["Mismatch"] in ("Aligned", "CLV above segment", "CLV below segment")
    assert 0 < guest["P_return"] < 1
    assert told["snapshot_date"] == "2025-06-04"
    assert told["xdays"] == 365
    assert told["problems"] == []


def test_the_longer_the_silence_the_less_likely_a_return(served):
    def chance(day):
        [guest] = served.post("/invocations", json={**ASKED, "snapshot_date": day}).json()[
            "predictions"
        ]
        return guest["P_return"]

    assert chance("2024-02-15") > chance("2024-06-15") > chance("2025-06-15")


def test_one_guest_is_told_the_same_among_others(served):
    others = [
        {"CustomerID": f"X{i}", "transactions": [{"date": "2024-02-01", "amount": 10 * i}]}
        for i in range(1, 6)
    ]
    alone = served.post("/invocations", json=ASKED).json()["predictions"][0]
    among = {**ASKED, "customers": [*others[:3], *ASKED["customers"], *others[3:]]}
    told = served.post("/invocations", json=among).json()["predictions"]
    assert [each["CustomerID"] for each in told] == ["X1", "X2", "X3", "C001", "X4", "X5"]
    assert told[3] == alone


def test_the_level_of_intervals_can_be_asked_for(served):
    def width(**more):
        told = served.post("/invocations", json={**ASKED, **more}).json()
        [guest] = told["predictions"]
        return told["level"], guest["CLV_upper"] - guest["CLV_lower"]

    (usual, between), (asked, wide) = width(), width(level=0.99)
    assert (usual, asked) == (0.9, 0.99)
    assert wide > between


def test_blanks_around_an_id_are_none_of_it(served):
    orders = ASKED["customers"][0]["transactions"]
    guests = [{"CustomerID": name, "transactions": orders} for name in (" C001", "C001 ", 17)]
    told = served.post("/invocations", json={**ASKED, "customers": guests}).json()
    assert [each["CustomerID"] for each in told["predictions"]] == [" C001", "17"]
    assert [each["code"] for each in told["problems"]] == ["twice"]


def test_a_guest_who_cannot_be_read_fails_alone(served):
    bad = [
        {"CustomerID": "late", "transactions": [{"date": "2025-07-01", "amount": 10}]},
        {"CustomerID": "odd", "transactions": [{"date": "yesterday", "amount": 10}]},
        {"CustomerID": "none", "transactions": []},
        {"CustomerID": "C001", "transactions": [{"date": "2024-02-01", "amount": 10}]},
    ]
    told = served.post(
        "/invocations", json={**ASKED, "customers": [*ASKED["customers"], *bad]}
    ).json()
    assert [each["CustomerID"] for each in told["predictions"]] == ["C001"]
    assert told["failed"] == 4
    failed = {each["index"]: each for each in told["problems"]}
    assert set(failed) == {1, 2, 3, 4}
    assert failed[4]["code"] == "twice"
    assert "YYYY-MM-DD" in failed[2]["message"]


def test_lines_are_answered_line_by_line(served):
    guest = {**ASKED["customers"][0], "snapshot_date": "2025-06-04", "xdays": 365}
    lines = [json.dumps(ASKED), "no json", json.dumps(guest), '{"CustomerID": "Z"}']
    answer = served.post(
        "/invocations",
        content="\n".join(lines),
        headers={"content-type": "application/jsonlines"},
    )
    assert answer.headers["content-type"].startswith("application/jsonlines")
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert len(told) == 4
    assert told[0]["CustomerID"] == told[2]["CustomerID"] == "C001"
    assert told[0]["CLV"] == pytest.approx(told[2]["CLV"])
    assert told[1]["problem"]["code"] == "json"
    assert "transactions" in told[3]["problem"]["detail"]


def test_no_line_changes_the_answer_to_another(served):
    # Without a snapshot date each counts up to its own last order, and to the run's at least.
    line = json.dumps({"customer_id": "A", "transactions": [{"date": "2024-05-01", "amount": 9}]})
    later = json.dumps({"customer_id": "B", "transactions": [{"date": "2025-05-01", "amount": 9}]})

    def ask(*lines):
        kind = {"content-type": "application/jsonlines"}
        told = served.post("/invocations", content="\n".join(lines), headers=kind).text
        return [json.loads(each) for each in told.splitlines()]

    among = ask(line, later)
    assert [each["snapshot_date"] for each in among] == ["2024-06-23", "2025-05-01"]
    assert among == [*ask(line), *ask(later)]


def test_a_line_too_deep_is_a_problem_of_its_own(served):
    guest = json.dumps({**ASKED["customers"][0], "snapshot_date": "2025-06-04", "level": 0.8})
    kind = {"content-type": "application/jsonlines"}
    told = served.post("/invocations", content=f"{'[' * 10_000}\n{guest}", headers=kind)
    deep, fine = [json.loads(each) for each in told.text.splitlines()]
    assert deep["problem"]["code"] == "json"
    assert (fine["CustomerID"], fine["level"]) == ("C001", 0.8)


LOG = (
    "CustomerID,Arrival Date,Total Revenue USD,Channel\n"
    "A,2024-05-01,100,WEB\nB,2024-06-01,50,Direct\nA,2024-06-05,80,WEB\n"
)


def test_a_log_is_answered_with_a_table(served):
    answer = served.post("/invocations", content=LOG, headers={"content-type": "text/csv"})
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["customer_id"] for row in rows] == ["A", "B"]
    assert [row["group"] for row in rows] == ["repeater", "onetimer"]
    assert {row["horizon_days"] for row in rows} == {str(HORIZON)}
    headers = {"content-type": "text/csv", "accept": "application/json"}
    told = served.post("/invocations", content=LOG, headers=headers).json()
    assert [each["customer_id"] for each in told["predictions"]] == ["A", "B"]
    assert (told["rows"]["accepted"], told["rows"]["quarantined"]) == (3, 0)


def test_a_log_is_asked_about_any_day_and_horizon_too(served):
    kind = 'text/csv; charset=utf-8; snapshot_date=2024-06-02; xdays="180"; level=0.8'
    answer = served.post("/invocations", content=LOG, headers={"content-type": kind})
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["group"] for row in rows} == {"onetimer"}
    told = {(row["as_of"], row["horizon_days"], row["level"]) for row in rows}
    assert told == {("2024-06-02", "180", "0.8")}


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        ("<a/>", {"content-type": "application/xml"}, 415, "media-type"),
        ("{", {"content-type": "application/json"}, 400, "json"),
        ('{"customers": 3}', {"content-type": "application/json"}, 422, "validation"),
        ('{"customers": [], "x": 1}', {"content-type": "application/json"}, 422, "validation"),
        ("", {"content-type": "text/csv"}, 400, "body"),
        ("a,b\n1,2\n", {"content-type": "text/csv"}, 422, "column"),
        (LOG, {"content-type": "text/csv; snapshot_date=soon"}, 422, "setting"),
        (LOG, {"content-type": "text/csv; xdays=0"}, 422, "setting"),
        ('{"customers": [], "level": 2}', {"content-type": "application/json"}, 422, "validation"),
        ("x" * 7_000_000, {"content-type": "text/csv"}, 413, "body-too-large"),
    ],
)
def test_bad_bodies_are_problems(served, content, headers, status, code):
    answer = served.post("/invocations", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "/tmp" not in answer.text
    assert served.get("/ping").status_code == 200


def test_what_cannot_be_accepted_is_a_problem(served):
    answer = served.post("/invocations", json=ASKED, headers={"accept": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")
    for accept in ("*/*", "application/*", "image/png, application/json;q=0.5"):
        answer = served.post("/invocations", json=ASKED, headers={"accept": accept})
        assert answer.headers["content-type"] == "application/json"


def test_serving_without_a_model_says_so_and_ends(tmp_path):
    server = entry(laid(tmp_path), "serve")
    _, err = server.communicate(timeout=60)
    assert server.returncode == 6
    assert "not a run folder" in err.decode()


def test_a_port_that_is_none_is_named(monkeypatch, capsys):
    monkeypatch.setenv("SAGEMAKER_BIND_TO_PORT", "http")
    with pytest.raises(SystemExit) as ended:
        serving.main()
    assert ended.value.code == 2
    assert "SAGEMAKER_BIND_TO_PORT: 'http' is no port" in capsys.readouterr().err


def test_a_user_who_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(SettingError, match="there is no user 'no one' here"):
        serving.give_up_root("no one")


def test_another_word_is_refused(tmp_path):
    done = entry(tmp_path, "dance")
    _, err = done.communicate(timeout=60)
    assert done.returncode == 1
    assert "train or serve" in err.decode()


def test_the_four_functions_do_the_same(trained, served):
    model = model_fn(str(trained / "model"))
    body, kind = output_fn(predict_fn(input_fn(json.dumps(ASKED)), model), "application/json")
    model.close()
    assert kind == "application/json"
    assert json.loads(body) == served.post("/invocations", json=ASKED).json()


def test_a_log_finds_the_statements_of_the_one_before(trained):
    model, kind = model_fn(str(trained / "model")), "text/csv"
    first = predict_fn(input_fn(LOG, kind), model)
    with model._desk.recipes() as recipes:
        written = list(recipes._kept)
    later = predict_fn(input_fn(LOG.replace("2024-06-05", "2024-06-15"), kind), model)
    with model._desk.recipes() as recipes:
        assert [*recipes._kept] == written
    model.close()
    assert written
    assert first.content.table.num_rows == later.content.table.num_rows == 2


def test_an_error_that_nobody_meant_is_a_problem(capsys):
    class Broken:
        def close(self):
            pass

        def __getattr__(self, name):
            raise KeyError("secret")

    app = serving.create_app(Broken())
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.post("/invocations", json=ASKED)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["code"] == "internal"
    assert "secret" not in answer.text
    assert told["request_id"] in capsys.readouterr().err


def test_an_archive_that_nobody_unpacked_is_a_model_too(trained, tmp_path):
    written = put(trained / "model", str(tmp_path / "out"), None)
    (tmp_path / "alone").mkdir()
    Path(written[-1]).rename(tmp_path / "alone" / ARCHIVE)
    model = model_fn(str(tmp_path / "alone"))
    body, _ = output_fn(predict_fn(input_fn(json.dumps(ASKED)), model))
    model.close()
    assert json.loads(body)["predictions"][0]["CustomerID"] == "C001"
