"""The benchmark of scoring: parts add up, and each has its pace."""

import pytest

from benchmarks.scoring import Scored


def test_parts_add_up_and_each_has_its_pace():
    scored = Scored(1_000, {"one": 0.5, "other": 2.0}, {"within": 0.0})
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in scored.table().split("\n")]
    assert rows[2:] == [
        ["one", "0.5", "2,000"],
        ["other", "2", "500"],
        ["all of it", "2.5", "400"],
        ["within", "0", "-"],
    ]


def test_it_can_be_asked_for_help(capsys):
    from benchmarks.scoring import main

    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "--quick" in capsys.readouterr().out
