"""`clv jobs` and `clv worker` as a person types them."""

import json

import pytest
import typer
from typer.testing import CliRunner

from clv.apps.commands import auditing, working
from clv.apps.settings import settings
from clv.core.errors import JobError, SettingError
from clv.ops.work import jobs
from clv.ops.work.liveness import Liveness
from tests.logs import write_log


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CLV_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    yield tmp_path / "home"
    settings.cache_clear()


@pytest.fixture
def run():
    app = typer.Typer()
    working.register(app)
    auditing.register(app)

    def called(*words):
        done = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    return called


def told(run, *words):
    return json.loads(run(*words, "--json"))


def test_a_run_asked_for_as_a_job_is_listed_shown_and_cancelled(home, run, tmp_path):
    log = write_log(tmp_path / "orders.csv")
    assert "No jobs" in run("jobs")
    asked = told(run, "jobs", "train", "orders.csv", "--horizon", 180, "--budget", "fast")
    assert (asked["status"], asked["kind"], asked["actor"]) == ("queued", "train", "cli")
    # The worker may run in another folder.
    assert asked["params"]["source"] == {"path": str(log)}
    assert asked["params"]["settings"] == {"horizon": 180, "budget": "fast"}
    assert [job["job_id"] for job in told(run, "jobs")] == [asked["job_id"]]
    assert told(run, "jobs", "--status", "running") == []
    assert told(run, "jobs", "--kind", "train", "--limit", 1) == told(run, "jobs")
    assert asked["job_id"] in run("jobs")
    assert "queued, 0% done" in run("jobs", "show", asked["job_id"])
    assert "cancelled" in run("jobs", "cancel", asked["job_id"])
    assert told(run, "jobs", "show", asked["job_id"])["status"] == "cancelled"
    [cancelled, submitted] = told(run, "audit")
    assert (cancelled["action"], submitted["action"]) == ("job.cancel", "job.train")
    for entry in (cancelled, submitted):
        assert (entry["actor"], entry["target"]) == ("cli", asked["job_id"])
        assert entry["outcome"] == "done"
        assert asked["job_id"] in run("audit", "--limit", 1)
    assert told(run, "audit", "--before", cancelled["entry_no"]) == [submitted]


def test_before_anything_was_changed_the_audit_says_so(home, run):
    assert "Nothing was changed yet" in run("audit")
    assert told(run, "audit") == []


def test_a_job_that_nobody_is_there_to_do_says_so(home, run):
    assert "`clv worker`" in run("jobs", "train", "cdnow")
    assert "`clv worker`" in run("jobs")
    with Liveness(home).shown():
        assert "`clv worker`" not in run("jobs")


@pytest.mark.parametrize(
    ("log", "source"),
    [
        ("champion", {"log": "champion"}),
        ("cdnow", {"path": "cdnow"}),
        ("s3://bucket/orders.csv", {"path": "s3://bucket/orders.csv"}),
        ("sqlite:///shop.db?table=orders", {"path": "sqlite:///shop.db?table=orders"}),
    ],
)
def test_a_log_is_given_as_to_other_commands(home, run, log, source):
    asked = told(run, "jobs", "train", log, "--model-type", "mbgnbd", "--no-publish")
    assert asked["params"]["source"] == source
    assert asked["params"]["model_type"] == "mbgnbd"
    assert asked["params"]["publish"] is False


def test_a_table_with_a_target_is_a_source_too(home, run, tmp_path):
    words = ("--target", "actual_clv", "--customers", "beside.csv")
    with pytest.raises(SettingError, match="customers: this is a setting of logs"):
        run("jobs", "train", "table.csv", *words)
    asked = told(run, "jobs", "train", "table.csv", *words[:2])
    assert asked["params"]["source"] == {"path": str(tmp_path / "table.csv")}


def test_files_beside_the_log_are_named_for_any_folder(home, run, tmp_path):
    asked = told(run, "jobs", "train", "orders.csv", "--customers", "beside.csv")
    assert asked["params"]["settings"] == {"customers": str(tmp_path / "beside.csv")}


def test_what_cannot_be_is_said(home, run):
    with pytest.raises(JobError, match="none with the id 'nothing'"):
        run("jobs", "show", "nothing")
    with pytest.raises(JobError):
        run("jobs", "cancel", "nothing")
    with pytest.raises(SettingError, match="none of queued"):
        run("jobs", "--status", "lost")
    with pytest.raises(SettingError, match="is not one"):
        run("jobs", "train", "orders.csv", "--model-type", "oracle")


def test_what_came_of_a_job_is_told(home, run):
    found = settings().workplace().store()
    with found.writing() as conn:
        made = jobs.create(conn, "generate", {}, "tester")
        other = jobs.create(conn, "generate", {}, "tester")
    with found.writing() as conn:
        conn.exec_driver_sql("UPDATE job SET status = 'running', worker = 'w', stage = 'draw'")
    running = told(run, "jobs", "show", made.job_id)
    assert "At: draw" in run("jobs", "show", made.job_id)
    assert running["stage"] == "draw"
    assert "within seconds" in run("jobs", "cancel", other.job_id)
    with found.reading() as conn:
        seen = jobs.find(conn, made.job_id)
    jobs.failed(found, seen, {"code": "log", "message": "log: it has no rows."})
    found.close()
    assert "Problem: log: it has no rows." in run("jobs", "show", made.job_id)
    assert "log: it has no rows." in run("jobs")
