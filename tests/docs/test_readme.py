"""What the README says is what happens."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"


@pytest.mark.slow
def test_the_python_example_runs_as_printed(tmp_path):
    ran = doctest.testfile(
        str(README), module_relative=False, globs={"folder": tmp_path / "run"}, verbose=False
    )
    assert ran.attempted >= 7
    assert ran.failed == 0


@pytest.mark.slow
def test_the_demo_prints_what_is_shown(tmp_path):
    shown = re.search(
        r"<!-- demo -->\n```\n(.*?)```\n<!-- /demo -->", README.read_text(), re.DOTALL
    )
    assert shown is not None
    ended = subprocess.run(
        [sys.executable, "-m", "clv", "run", "cdnow", "--out", "demo"],
        cwd=tmp_path, capture_output=True, text=True, timeout=900, check=True,
    )  # fmt: skip
    assert lines(ended.stdout) == lines(shown.group(1))


def lines(text):
    return [line.rstrip() for line in text.strip().splitlines()]


def test_every_file_named_is_there():
    pages = [README, *sorted((ROOT / "docs").rglob("*.md"))]
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_decision_is_listed():
    listed = (ROOT / "docs" / "decisions" / "README.md").read_text()
    for page in (ROOT / "docs" / "decisions").glob("0*.md"):
        assert f"({page.name})" in listed
        assert page.read_text().splitlines()[0].removeprefix("# ")[4:] in listed
