"""The container's contract, held by its entry point in a folder of SageMaker's layout."""

import csv
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import httpx
import pytest

from clv.apps.sagemaker.inference import input_fn, model_fn, output_fn, predict_fn
from clv.apps.sagemaker.storage import put, unpack
from clv.core.errors import RunError
from tests.onerun import HORIZON

ROOT = Path(__file__).resolve().parents[2]
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
HYPERPARAMETERS = {
    "horizon": "90",
    "budget": "fast",
    "models": '["mbgnbd", "hybrid"]',
    "level": "0.9",
    "sagemaker_region": "nowhere",
}


def entry(root, what, **more):
    env = {**os.environ, "CLV_SAGEMAKER_ROOT": str(root), "CLV_SAGEMAKER_HOST": "127.0.0.1", **more}
    words = [sys.executable, "-m", "clv.apps.sagemaker", what]
    return subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def laid(root, log=None, told=HYPERPARAMETERS):
    (root / "input" / "config").mkdir(parents=True)
    (root / "input" / "config" / "hyperparameters.json").write_text(json.dumps(told))
    data = root / "input" / "data" / "training"
    data.mkdir(parents=True)
    if log is not None:
        shutil.copy(log, data / "stays.csv")
    (root / "model").mkdir()
    (root / "output").mkdir()
    return root


@pytest.fixture(scope="module")
def stays(tmp_path_factory):
    """The log of a hotel, under a hotel's names."""
    from tests.logs import write_log

    folder = tmp_path_factory.mktemp("hotel")
    with write_log(folder / "plain.csv").open(newline="") as plain:
        rows = list(csv.reader(plain))
    with (folder / "stays.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["CustomerID", "Arrival Date", "Total Revenue USD", "Channel"])
        writer.writerows(rows[1:])
    return folder / "stays.csv"


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


@pytest.mark.parametrize(
    ("told", "log", "said"),
    [
        ({"horizn": "90"}, True, "horizn is not a setting"),
        ({}, False, "holds no file"),
        ({"horizon": "soon"}, True, "horizon"),
    ],
)
def test_a_failure_is_written_where_sagemaker_looks(tmp_path, stays, told, log, said):
    root = laid(tmp_path, stays if log else None, told)
    done = entry(root, "train")
    _, err = done.communicate(timeout=100)
    assert done.returncode > 0
    assert said in (root / "output" / "failure").read_text()
    assert said in err.decode()
    assert list((root / "model").iterdir()) == []


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


def test_a_log_is_answered_with_a_table(served):
    log = "CustomerID,Arrival Date,Total Revenue USD,Channel\nA,2024-05-01,100,WEB\nB,2024-06-01,50,Direct\nA,2024-06-05,80,WEB\n"  # noqa: E501
    answer = served.post("/invocations", content=log, headers={"content-type": "text/csv"})
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["customer_id"] for row in rows] == ["A", "B"]
    assert [row["group"] for row in rows] == ["repeater", "onetimer"]
    assert {row["horizon_days"] for row in rows} == {str(HORIZON)}
    as_json = served.post(
        "/invocations",
        content=log,
        headers={"content-type": "text/csv", "accept": "application/json"},
    ).json()
    assert [each["customer_id"] for each in as_json["predictions"]] == ["A", "B"]


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        ("<a/>", {"content-type": "application/xml"}, 415, "media-type"),
        ("{", {"content-type": "application/json"}, 400, "json"),
        ('{"customers": 3}', {"content-type": "application/json"}, 422, "validation"),
        ('{"customers": [], "x": 1}', {"content-type": "application/json"}, 422, "validation"),
        ("", {"content-type": "text/csv"}, 400, "body"),
        ("a,b\n1,2\n", {"content-type": "text/csv"}, 422, "column"),
        ("x" * 7_000_000, {"content-type": "text/csv"}, 413, "body-too-large"),
    ],
)
def test_bad_bodies_are_problems(served, content, headers, status, code):
    answer = served.post("/invocations", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert served.get("/ping").status_code == 200


def test_what_cannot_be_accepted_is_a_problem(served):
    answer = served.post("/invocations", json=ASKED, headers={"accept": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")


def test_serving_without_a_model_says_so_and_ends(tmp_path):
    server = entry(laid(tmp_path), "serve")
    _, err = server.communicate(timeout=60)
    assert server.returncode == 6
    assert "not a run folder" in err.decode()


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


def test_an_archive_is_unpacked_where_it_belongs(trained, tmp_path):
    written = put(trained / "model", str(tmp_path / "out"), None)
    unpack(Path(written[-1]), tmp_path / "again")
    there = {p.relative_to(tmp_path / "again") for p in (tmp_path / "again").rglob("*.json")}
    model = trained / "model"
    assert there == {p.relative_to(model) for p in model.rglob("*.json")}


@pytest.mark.parametrize("name", ["../out", "link"])
def test_an_archive_with_tricks_is_refused(tmp_path, name):
    archive = tmp_path / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        told = tarfile.TarInfo(name)
        if name == "link":
            told.type, told.linkname = tarfile.SYMTYPE, "/etc/passwd"
        packed.addfile(told)
    with pytest.raises(RunError, match="unpacked"):
        unpack(archive, tmp_path / "inside")
    assert not (tmp_path / "out").exists()


def test_the_image_is_made_of_what_is_there():
    text = (ROOT / "deploy" / "sagemaker" / "Dockerfile").read_text()
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
        for name in line.split()[:-1]
    ]
    assert copied
    assert all((ROOT / name).exists() for name in copied)
    assert 'ENTRYPOINT ["python", "-m", "clv.apps.sagemaker"]' in text
    assert "USER clv" in text
