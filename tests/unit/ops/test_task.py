"""What the process that does a job prints, and what goes wrong in it, as the log has it."""

import json
import logging
import sys
import threading
from dataclasses import dataclass

import pytest

from clv.ops.machine import Machine
from clv.ops.work import child, kinds
from clv.ops.work.task import Task
from clv.ops.work.workplace import Workplace

SECRET = "customer-4711"
#: As a library that prints, and an error nobody expected.
NOISY = f"""#!{sys.executable}
import os, sys
from clv.ops.work import child
tell = child._teller()
order = child._first_line()
print("out {SECRET}", flush=True)
print("err {SECRET}", file=sys.stderr, flush=True)
os.system("echo below {SECRET}")
tell({{"stage": "looking", "progress": 0.5}})
tell({{"error": "builtins.KeyError", "where": ["a.py:1 f", "b.py:2 g"]}})
tell({{"problem": {{"code": "internal", "message": "job: failed"}}}})
"""


@dataclass
class Asked:
    job_id: str = "7"
    worker: str = "w"
    attempts: int = 1


@pytest.fixture
def done(tmp_path, monkeypatch, caplog):
    """The noisy job, done while lines of some level and above are logged."""
    program = tmp_path / "noisy"
    program.write_text(NOISY)
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))

    def done_(level):
        with caplog.at_level(level, "clv"):
            made = Task(Workplace(Machine(tmp_path)), Asked())
            assert made.ended(20)
            # Nobody else waits for the thread that overhears.
            for thread in threading.enumerate():
                if thread.name == "job-7-prints":
                    thread.join(5)
        return made

    return done_


def test_what_a_job_prints_is_not_in_the_log(done, caplog, capfd):
    made = done(logging.INFO)
    assert made.told == ("looking", 0.5)
    assert made.outcome == {"problem": {"code": "internal", "message": "job: failed"}}
    assert [r.getMessage() for r in caplog.records] == [
        "job 7: builtins.KeyError at a.py:1 f, b.py:2 g"
    ]
    assert capfd.readouterr() == ("", "")


def test_what_a_job_prints_is_logged_for_debugging(done, caplog, capfd):
    done(logging.DEBUG)
    printed = [r.getMessage() for r in caplog.records if r.levelno == logging.DEBUG]
    words = ("out", "err", "below")
    assert printed == [f"job 7 prints: {word} {SECRET}" for word in words]
    assert capfd.readouterr() == ("", "")


def test_an_error_nobody_expected_is_told_without_its_message(tmp_path, monkeypatch, capfd):
    place = Workplace(Machine(tmp_path))
    told = []

    def fail(_context):
        raise KeyError(SECRET)

    monkeypatch.setattr(kinds, "perform", fail)
    monkeypatch.setattr(child, "_found", lambda *_: Asked())
    order = {"place": place.to_json(), "job_id": "7", "worker": "w", "attempts": 1}
    outcome = child._outcome(order, told.append)
    assert outcome["problem"]["code"] == "internal"
    (error,) = told
    assert error["error"] == "builtins.KeyError"
    assert error["where"][-1].endswith(" fail")
    assert SECRET not in json.dumps([outcome, told])
    assert capfd.readouterr() == ("", "")
