"""clv publish, rollback and runs, as a user runs them."""

import json

import pytest

from clv.ops.store import publishing
from clv.ops.store.database import Store
from tests.commands import clv
from tests.published import make_run, some_ids


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with two runs in its CLV_HOME; model files they have none."""
    place = tmp_path_factory.mktemp("shop")
    make_run(place / ".clv" / "runs" / "one", "one", some_ids(30))
    make_run(place / "elsewhere", "two", some_ids(40))
    return place


def test_a_model_is_published_listed_and_taken_back(home):
    nothing = clv(home, "runs")
    assert (nothing.returncode, nothing.stdout) == (
        0,
        "No run is published. Publish one with: clv publish RUN\n",
    )
    first = clv(home, "publish", "one", "--name", "model:made")
    assert first.returncode == 0, first.stderr
    assert first.stdout == "Run one is published as model:made: made, 30 customers.\n"
    second = clv(home, "publish", "elsewhere", "--name", "model:made", "--json")
    told = json.loads(second.stdout)
    assert (told["run_id"], told["before"], told["revision"]) == ("two", "one", 2)
    listed = json.loads(clv(home, "runs", "--json").stdout)
    assert [(run["run_id"], run["served_as"]) for run in listed] == [
        ("two", ["model:made"]),
        ("one", []),
    ]
    assert listed[0]["folder"] == str(home / "elsewhere")
    back = clv(home, "rollback", "--name", "model:made")
    assert back.stdout == "Run one is published as model:made again, not two.\n"
    table = clv(home, "runs").stdout.splitlines()
    assert len(table) == 3
    assert "model:made" in next(line for line in table if "one" in line.split())


def test_a_model_asked_for_by_name_drops_no_more_than_was_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("CLV_PUBLISH_KEEP", "9")
    store = Store.open(None, tmp_path / ".clv")
    for number in range(7):
        made = make_run(tmp_path / f"r{number}", f"r{number}", some_ids(3))
        publishing.publish(store, made, keep=9)
    done = clv(tmp_path, "publish", "r0", "--name", "model:made")
    assert done.returncode == 0, done.stderr
    with store.reading() as conn:
        assert all(run["loaded"] for run in publishing.listed(conn))
    store.close()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("rollback",), 6, "nothing is published yet"),
        (("publish", "nowhere"), 6, "nowhere is not a run folder"),
        (("publish", "one", "--name", "best"), 2, "neither champion nor model:NAME"),
        (("publish",), 2, "RUN"),
        (("runs", "--limit", "0"), 2, "--limit"),
    ],
)
def test_mistakes_get_a_sentence_and_an_exit_code(home, words, code, said):
    ended = clv(home, *words)
    assert ended.returncode == code
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", ["publish", "rollback", "runs"])
def test_help_teaches_by_examples(tmp_path, command):
    told = clv(tmp_path, command, "--help")
    assert told.returncode == 0
    assert "Examples" in told.stdout
    assert f"clv {command}" in told.stdout
    assert not (tmp_path / ".clv").exists()
