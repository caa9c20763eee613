"""A run killed at any stage leaves the former run whole, and nothing half-written in its place."""

import hashlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clv.ops import runs
from clv.ops.job import RunSettings
from clv.ops.pipeline import run
from tests.logs import write_log
from tests.service.dying_run import QUICK

ROOT = Path(__file__).resolve().parents[2]
#: From where files are written on, and one before; the others take minutes and find no more.
STAGES = (
    "compare models on the past",
    "write the run folder",
    "after write the run folder",
    "flush",
    "move",
)
EARLIER = (
    "read and check the log",
    "add up customers and days",
    "fit the champion on everything",
    "forecast every customer",
)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return write_log(tmp_path_factory.mktemp("log") / "orders.csv")


@pytest.fixture(scope="module")
def former(log, tmp_path_factory):
    place = tmp_path_factory.mktemp("former") / "out"
    run(RunSettings(str(log), out=place, models=QUICK))
    return place


def killed(log, place, stage):
    command = [sys.executable, "-m", "tests.service.dying_run", str(log), str(place), stage]
    return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=100, check=False)


def fingerprint(place):
    return {
        str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(
    "stage", [*STAGES, *(pytest.param(stage, marks=pytest.mark.slow) for stage in EARLIER)]
)
def test_a_run_killed_at_any_stage_leaves_the_former_whole(log, former, stage):
    before = fingerprint(former)
    ended = killed(log, former, stage)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()[-500:]
    assert fingerprint(former) == before
    assert runs.Run.open(former).forecasts().num_rows > 0


def test_killed_after_the_move_the_new_run_is_whole(log, former):
    former_id = runs.Run.open(former).manifest["run_id"]
    ended = killed(log, former, "moved")
    assert ended.returncode == -signal.SIGKILL
    new = runs.Run.open(former)
    assert new.manifest["run_id"] != former_id
    listed = {
        name: digest for name, digest in fingerprint(former).items() if name != "manifest.json"
    }
    assert listed == new.manifest["files"]


def test_the_next_run_removes_what_the_killed_one_left(log, tmp_path):
    place = tmp_path / "out"
    killed(log, place, "write the run folder")
    assert not place.exists()
    assert [path.name for path in tmp_path.iterdir()] != []
    run(RunSettings(str(log), out=place, models=QUICK))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
