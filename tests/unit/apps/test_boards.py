"""What is printed of a backtest: intervals with what they were learned from, notes with a day."""

import io

import pytest
from rich.console import Console

from clv.apps.boards import intervals, intervals_legend, notes
from clv.evaluation.honesty import CROSS_FITTED, HELD_OUT

FIGURES = {"above": 0.04, "expected_above": 0.05, "below": 0.0, "pit_distance": 0.02, "crps": 9.0}
TOTALS = [
    {"past_totals": 0, "lower": 1.0, "actual": 9.0, "upper": 2.0},
    {"past_totals": 1, "lower": 1.0, "actual": 1.5, "upper": 2.0},
]


def row(name, how=None, totals=(), **more):
    days = [] if how is None else [{**FIGURES, "how": how}]
    told = {"model": name, "champion": False, "failed": None, "notes": []}
    return {**told, "intervals": days, "totals": list(totals), **more}


def board(*rows):
    return {"level": 0.9, "origins": ["2024-01-01", "2024-04-01"], "rows": list(rows)}


def printed(table):
    console = Console(file=io.StringIO(), width=160)
    console.print(table)
    return console.file.getvalue()


def test_days_with_others_before_them_have_no_mark():
    told = board(row("xgboost", HELD_OUT, TOTALS), row("mbgnbd"))
    shown = printed(intervals(told))
    assert "†" not in shown + intervals_legend(told)
    assert "Days with none before them" in intervals_legend(told)
    assert "1 of 1" in shown
    # Fitted on the last day alone: there, but with nothing to tell.
    assert shown.splitlines()[-1].split() == ["MBG/NBD", *"------"]


def test_halves_of_one_day_are_marked_and_no_total_is_counted():
    told = board(row("xgboost", CROSS_FITTED, TOTALS[:1]))
    shown = printed(intervals(told))
    assert "XGBoost †" in shown
    assert "0 of 0" not in shown
    assert "† learned on one half of the day's customers" in intervals_legend(told)
    assert "left out" not in intervals_legend(told)


def test_where_no_day_could_be_judged_it_is_said_why_and_what_to_do():
    told = board(row("xgboost", None, TOTALS[:1]))
    assert intervals(told) is None
    assert "no window with purchases was over" in intervals_legend(told)
    assert "--origins 3 or more" in intervals_legend(told)


SAID = board(
    row("ensemble", champion=True, notes=["Season: raised by 53%."]),
    row("glm", notes=["The history is too short."]),
    row("mbgcnbd", notes=["the gaps show no rhythm."]),
    row("hybrid", failed="too few returns"),
)
RHYTHM = "standing on 2024-04-01, MBG/CNBD-k: the gaps show no rhythm."
FAILED = "Cox + BG/NBD could not be fitted on 2024-04-01: too few returns"


@pytest.mark.parametrize(
    ("delivered", "told"),
    [
        (True, [RHYTHM, FAILED]),
        (
            False,
            [
                "standing on 2024-04-01, Ensemble: Season: raised by 53%.",
                "standing on 2024-04-01, GLM: The history is too short.",
                RHYTHM,
                FAILED,
            ],
        ),
    ],
)
def test_notes_of_past_days_have_their_day_and_do_not_speak_beside_the_delivered_model(
    delivered, told
):
    assert notes(SAID, delivered=delivered) == told
