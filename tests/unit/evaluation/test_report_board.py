import pytest

from clv.evaluation.report import board
from tests import report_past


@pytest.fixture(scope="module")
def leaderboard():
    return report_past.leaderboard()


def test_each_column_has_its_best_and_ties_share_it():
    rows = [
        {"label": "a", "kind": "model", "mae": 2.0, "bias": -0.1, "gini": 0.5, "failed": None},
        {"label": "b", "kind": "model", "mae": 2.0, "bias": 0.3, "gini": None, "failed": None},
        {"label": "c", "kind": "naive", "mae": 3.0, "bias": 0.2, "gini": 0.6, "failed": None},
        {"label": "d", "kind": "model", "mae": 0.1, "bias": 0.0, "gini": 0.9, "failed": "no"},
    ]
    assert board.best_rows(rows) == {"mae": [0, 1], "bias": [0], "gini": [2]}
    assert board.naive_wins(rows) == {"c": ["Gini"]}


def test_the_best_slope_is_nearest_one_and_likelihoods_have_no_best():
    rows = [
        {"label": "a", "kind": "model", "calibration_slope": 0.7, "loglik": -9.0},
        {"label": "b", "kind": "model", "calibration_slope": 1.2, "loglik": -8.0},
    ]
    assert board.best_rows(rows) == {"calibration_slope": [1]}


def test_a_tie_with_a_naive_rule_is_no_win_of_it():
    rows = [
        {"label": "a", "kind": "model", "mae": 2.0},
        {"label": "c", "kind": "naive", "mae": 2.0},
    ]
    assert board.naive_wins(rows) == {}


def test_means_stand_beside_their_spread(leaderboard):
    champion = next(row for row in leaderboard["rows"] if row["champion"])
    written = next(row for row in board.rows(leaderboard) if row["champion"])
    for key in ("gini", "deviance"):
        assert written["cells"][key]["text"] == f"{champion[key]:.3f}"
        assert written["cells"][key]["spread"] == f"{champion['spread'][key]:.3f}"
    assert written["cells"]["mae"]["text"] == f"{champion['mae']:.2f}"
    assert written["cells"]["loglik"] == {"text": "–", "spread": None, "best": False}


def test_one_past_day_has_no_spread_and_no_course():
    single = report_past.leaderboard(1)
    assert {c["spread"] for row in board.rows(single) for c in row["cells"].values()} == {None}
    assert board.by_day(single) is None
    assert board.day_tables(None) == []


def test_every_day_of_every_model_that_was_fitted_is_drawn(leaderboard):
    drawn = board.by_day(leaderboard)
    assert drawn["days"] == list(report_past.CUTOFFS)
    fitted = [row for row in leaderboard["rows"] if not row["failed"]]
    assert [line["label"] for line in drawn["lines"]] == [row["label"] for row in fitted]
    for line, row in zip(drawn["lines"], fitted, strict=True):
        told = [day["gini"] for day in row["origins"]]
        assert line["figures"]["gini"] == pytest.approx(told, abs=1e-6)


def test_a_day_on_which_a_model_was_not_asked_stays_open(leaderboard):
    rows = [dict(row) for row in leaderboard["rows"]]
    rows[0]["origins"] = rows[0]["origins"][1:]
    drawn = board.by_day({**leaderboard, "rows": rows})
    assert [line["figures"]["mae"][0] is None for line in drawn["lines"]][:2] == [True, False]
    tables = board.day_tables(drawn)
    assert [table["label"] for table in tables] == ["Deviance", "Mean error", "Gini", "Bias"]
    assert tables[0]["rows"][0][1] == "–"


def test_rows_of_an_older_kind_are_written_all_the_same(leaderboard):
    new = ("origins", "spread", "notes", "r2", "total_mape", "calibration_slope", "loglik")
    old = [{k: v for k, v in row.items() if k not in new} for row in leaderboard["rows"]]
    written = board.rows({"rows": old})
    assert written[0]["cells"]["r2"]["text"] == "–"
    assert board.by_day({"rows": old}) is None
    assert board.rows({"rows": []}) == []
