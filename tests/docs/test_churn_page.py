"""What the page on churn says is what a run tells."""

import doctest
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "churn.md"


def test_the_example_runs_as_printed(tmp_path):
    ran = doctest.testfile(
        str(PAGE), module_relative=False, globs={"folder": tmp_path / "run"}, verbose=False
    )
    assert ran.attempted >= 9
    assert ran.failed == 0
