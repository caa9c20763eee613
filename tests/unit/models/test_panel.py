"""Learners side by side."""

import json

import numpy as np
import pytest

from clv.core.errors import RunError
from clv.models.panel import Panel
from tests.customer_tables import customers


@pytest.fixture(scope="module")
def frame():
    return customers(200).drop(columns=["customer_id"])


@pytest.fixture(scope="module")
def panel(frame):
    known = frame.drop(columns="clv")
    return Panel.fit(known, frame["clv"].to_numpy(), ("hurdle", "gradient_boosting"))


def test_weights_make_the_mean_and_those_of_none_leave(panel, frame):
    X = panel.encoder.of(frame)
    assert panel.value(X) == pytest.approx(panel.each(X).mean(axis=1))
    one = panel.weighed(np.array([0.0, 1.0]))
    assert one.names == ("gradient_boosting",)
    assert one.value(X) == pytest.approx(panel.each(X)[:, 1])


def test_saved_and_loaded_it_says_the_same_and_no_file_is_code(panel, frame, tmp_path):
    panel.save(tmp_path)
    again = Panel.load(tmp_path)
    X = again.encoder.of(frame)
    np.testing.assert_array_equal(again.value(X), panel.value(panel.encoder.of(frame)))
    np.testing.assert_array_equal(again.chance(X), panel.chance(X))
    kinds = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert kinds <= {".json", ".npz", ".txt", ".ubj"}


def test_a_broken_or_newer_file_is_told(panel, tmp_path):
    panel.save(tmp_path)
    path = tmp_path / "panel.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"version": 99}))
    with pytest.raises(RunError, match="version 99"):
        Panel.load(tmp_path)
    path.write_text("{")
    with pytest.raises(RunError, match="cannot be read"):
        Panel.load(tmp_path)


def test_a_learner_that_was_stopped_goes_as_far_again_without_being_stopped(frame):
    known, target = frame.drop(columns="clv"), frame["clv"].to_numpy()
    taught, later = slice(0, 140), slice(140, 200)
    names = ("xgboost", "lightgbm", "gradient_boosting", "glm")
    stopped = Panel.fit(known[taught], target[taught], names, 0, (known[later], target[later]))
    assert set(stopped.settled) == {"xgboost", "lightgbm", "gradient_boosting"}
    again = Panel.fit(known, target, names, 0, settings=stopped.settled)
    assert again.settled == stopped.settled
    assert all(one.rounds not in (1, 100) for one in stopped.settled.values())


def test_without_a_learner_everyone_is_forecast_the_mean(frame, tmp_path):
    Panel.of_mean(frame.drop(columns="clv"), frame["clv"].to_numpy()).save(tmp_path)
    panel = Panel.load(tmp_path)
    X = panel.encoder.of(frame)
    assert panel.value(X).tolist() == [pytest.approx(frame["clv"].mean())] * 200
    assert panel.chance(X).tolist() == [1.0] * 200
    assert panel.explainer(X) is None
