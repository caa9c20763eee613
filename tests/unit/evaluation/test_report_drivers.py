import math

import pytest

from clv.evaluation.report import drivers
from tests import report_past


def dependence(**more):
    told = {"feature": "recency_days", "meaning": "Days since the last purchase", "unit": "days"}
    told |= {"values": [0, 30, 60, 90], "forecast": [4.0, 3.0, 2.0, 1.0]}
    return {"partial_dependence": [told | more]}


def picture(**more):
    found = drivers.insight(dependence(**more), "EUR")
    return found["dependence"][0] if found else None


def test_features_stand_by_weight_and_the_rest_is_added_up():
    told = report_past.insight()
    found = drivers.insight(told, "USD")
    shares = [bar["share"] for bar in found["importance"]]
    assert shares == sorted(shares, reverse=True)
    assert len(shares) == drivers.MOST_BARS
    # More weigh something than are listed: what is not shown is the rest of the whole.
    assert len(told["importance"]) < told["features"]
    assert sum(shares) + found["others"] == pytest.approx(1.0)
    assert found["n_others"] == told["features"] - drivers.MOST_BARS
    assert found["importance"][0]["width"] == 1


def test_nothing_is_said_of_the_rest_where_its_number_is_not_known():
    told = {name: each for name, each in report_past.insight().items() if name != "features"}
    found = drivers.insight(told, "USD")
    assert (found["n_others"], found["others"]) == (0, 0.0)


def test_the_common_scale_reaches_the_highest_forecast():
    found = drivers.insight(report_past.insight(), "USD")
    assert found["highest"] == max(max(p["forecast"]) for p in found["dependence"])


def test_steps_come_in_order_and_without_what_was_not_told():
    found = picture(values=[90, 0, None, 60, 75], forecast=[1.0, 4.0, 3.0, 2.0, math.nan])
    assert found["labels"] == ["0", "60", "90"]
    assert found["forecast"] == [4.0, 2.0, 1.0]
    assert not found["has_share"]


@pytest.mark.parametrize(
    ("unit", "written", "labels"),
    [
        ("currency", "EUR", ["0", "30", "60", "90"]),
        ("currency per month", "EUR per month", ["0", "30", "60", "90"]),
        ("days", "days", ["0", "30", "60", "90"]),
        ("text", "", ["0", "30", "60", "90"]),
        ("1 to 12", "", ["0", "30", "60", "90"]),
        ("-1 to 1", "", ["0", "30", "60", "90"]),
    ],
)
def test_units_are_written_as_a_reader_wants_them(unit, written, labels):
    found = picture(unit=unit)
    assert (found["unit"], found["labels"]) == (written, labels)


def test_shares_are_per_cent():
    found = picture(unit="share", values=[0.05, 0.5, 0.75, 1.0])
    assert found["labels"] == ["5.0\u00a0%", "50\u00a0%", "75\u00a0%", "100\u00a0%"]
    assert found["percent"]


def test_decimals_tell_neighbours_apart():
    assert picture(values=[0.01, 0.02, 0.5, 1.0])["labels"] == ["0.01", "0.02", "0.50", "1.00"]


def test_crowded_steps_are_drawn_side_by_side():
    assert picture(values=[1, 2, 3, 500])["even"]
    assert not picture()["even"]


def test_texts_keep_their_order_and_are_not_joined():
    found = picture(unit="text", values=["WEB", "Direct", "OTA", "Corporate"])
    assert found["values"] == ["WEB", "Direct", "OTA", "Corporate"]
    assert found["even"]
    assert not found["ordered"]


@pytest.mark.parametrize(
    "told",
    [None, {}, {"importance": [], "weights": None}, dependence(values=[1], forecast=[2.0])],
)
def test_nothing_told_is_none(told):
    assert drivers.insight(told, None) is None
