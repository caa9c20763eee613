"""A disk that fills up at any point of a run is told in words, and costs nothing that was there."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.logs import write_log

ROOT = Path(__file__).resolve().parents[2]
#: A user's own mount, seen by this process tree alone: the run folder's disk, of a given size.
SCRIPT = """
set -e
QUICK="--models mbgnbd --models naive_rate"
mount -t tmpfs -o size=40m none "$1"
cd "$4"
"$2" -m clv run "$3" --out "$1/out" $QUICK >/dev/null
before=$(cd "$1/out" && find . -type f | sort | xargs sha256sum)
used=$(df --output=used -k "$1" | tail -1)
mount -o remount,size=$((used + $5))k "$1"
set +e
"$2" -m clv run "$3" --out "$1/out" $QUICK
echo "exit $?"
test "$before" = "$(cd "$1/out" && find . -type f | sort | xargs sha256sum)" && echo whole
ls -A "$1"
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return write_log(tmp_path_factory.mktemp("log") / "orders.csv")


# Kilobytes left: none, some for the tables, enough for the tables but not for the report.
@pytest.mark.parametrize(
    "kilobytes",
    [0, 700, pytest.param(200, marks=pytest.mark.slow), pytest.param(1100, marks=pytest.mark.slow)],
)
def test_a_full_disk_is_told_and_the_former_run_is_whole(log, tmp_path, kilobytes):
    disk = tmp_path / "disk"
    disk.mkdir()
    ended = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh",
         str(disk), sys.executable, str(log), str(ROOT), str(kilobytes)],
        capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert "exit 7" in ended.stdout, ended.stdout + ended.stderr[-2000:]
    assert "Traceback" not in ended.stderr
    assert "full" in ended.stderr or "no space left" in ended.stderr
    assert ended.stdout.splitlines()[-2:] == ["whole", "out"]
