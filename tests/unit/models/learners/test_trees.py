"""Trees of both libraries: what is particular to each learner made of them."""

import os
import subprocess
import sys

import numpy as np
import pytest

from clv.models.learners.base import LOG_FLOOR
from clv.models.learners.hurdle import Hurdle
from clv.models.learners.lgb import LightGBM, LightGBMSettings
from clv.models.learners.xgb import (
    ForestSettings,
    GradientBoosting,
    MachineSettings,
    RandomForest,
    XGBoost,
    XGBoostSettings,
    fewest_in_leaf,
)
from tests.learner_rows import NAMES, planted

ROWS, CHECK, UNSEEN = planted(700, 1), planted(300, 2), planted(400, 3)


@pytest.mark.parametrize(("n", "fewest"), [(30, 5), (1_000, 5), (4_000, 20), (10**6, 50)])
def test_leaves_grow_with_the_rows(n, fewest):
    assert fewest_in_leaf(n, None) == fewest
    assert fewest_in_leaf(n, 7) == 7


def test_path_contributions_agree_with_shapley_values_in_the_main():
    """Both share out the same difference; they differ where features interact."""
    for learner in (XGBoost().fit(ROWS), LightGBM().fit(ROWS)):
        told = learner.contributions(UNSEEN.X)
        if isinstance(learner, LightGBM):
            shapley = learner.trees_.model.predict(UNSEEN.X, pred_contrib=True)
        else:
            from xgboost import DMatrix

            shapley = learner.trees_.predict(DMatrix(UNSEEN.X), pred_contribs=True)
        for name in ("drive", "basket", "maybe"):
            place = NAMES.index(name)
            assert np.corrcoef(told[:, place], shapley[:, place])[0, 1] > 0.9, name


def test_contributions_of_lightgbm_are_those_of_a_lone_tree():
    """One split: what it adds is how far its side is from the mean of both, row by row."""
    settings = LightGBMSettings(rounds=1, leaves=2, rows_share=1.0, features_share=1.0)
    learner = LightGBM(settings).fit(ROWS)
    (tree,) = learner.trees_.model.dump_model()["tree_info"]
    root = tree["tree_structure"]
    left, right = root["left_child"], root["right_child"]
    n = left["leaf_count"] + right["leaf_count"]
    assert n == len(ROWS)
    mean = (left["leaf_value"] * left["leaf_count"] + right["leaf_value"] * right["leaf_count"]) / n
    went_left = UNSEEN.X[:, root["split_feature"]] <= root["threshold"]
    side = np.where(went_left, left["leaf_value"], right["leaf_value"])
    parts = learner.contributions(UNSEEN.X)
    np.testing.assert_allclose(parts[:, root["split_feature"]], side - mean, atol=1e-12)
    others = np.delete(parts[:, :-1], root["split_feature"], axis=1)
    np.testing.assert_array_equal(others, 0.0)


def test_a_forest_is_an_average_and_so_within_what_was_seen():
    forest = RandomForest(ForestSettings(trees=30, in_leaf=1)).fit(ROWS)
    forecast = forest.predict(UNSEEN.X) / forest.level_
    assert forecast.max() <= ROWS.y.max()
    assert forest.trees_.num_boosted_rounds() == 1
    assert len(forest.trees_.get_dump()) == 30


def test_a_forest_of_customers_who_buy_nothing_stops_at_the_floor():
    poor = ROWS.X[:, NAMES.index("drive")] < 0
    never = planted(700, 1)
    never.y[poor], never.bought[poor] = 0.0, False
    forest = RandomForest(ForestSettings(features_share=1.0)).fit(never)
    lowest = np.log(forest.predict(ROWS.X[poor]).min() / (forest.scale_ * forest.level_))
    assert lowest == pytest.approx(LOG_FLOOR)
    np.testing.assert_allclose(
        forest.contributions(ROWS.X).sum(axis=1), np.log(forest.predict(ROWS.X)), atol=1e-5
    )


@pytest.mark.parametrize(
    "learner",
    [
        XGBoost(XGBoostSettings(learning_rate=0.5, patience=5)),
        GradientBoosting(MachineSettings(learning_rate=0.5, patience=5)),
    ],
)
def test_boosting_stops_when_later_rows_get_no_better(learner):
    stopped = learner.fit(ROWS, CHECK).rounds_
    assert 1 <= stopped < 60
    assert learner.fit(ROWS).rounds_ == learner.settings.rounds


def test_a_hurdle_forecasts_chance_times_spend():
    hurdle = Hurdle().fit(ROWS)
    spend = np.exp(hurdle.how_much_.score(UNSEEN.X, 1))
    product = hurdle.p_buy(UNSEEN.X) * spend * hurdle.scale_ * hurdle.level_
    np.testing.assert_allclose(hurdle.predict(UNSEEN.X), product, rtol=1e-12)


def test_a_hurdle_that_all_take_knows_no_chance():
    hurdle = Hurdle().fit(ROWS.take(ROWS.bought))
    assert hurdle.whether_ is None
    np.testing.assert_array_equal(hurdle.p_buy(UNSEEN.X), 1.0)


def test_a_hurdle_that_few_take_tells_their_mean_spend():
    few = np.flatnonzero(ROWS.bought)[:6]
    rows = ROWS.take(np.concatenate([few, np.flatnonzero(~ROWS.bought)]))
    hurdle = Hurdle().fit(rows)
    assert hurdle.how_much_ is None
    ratio = hurdle.predict(UNSEEN.X) / hurdle.p_buy(UNSEEN.X) / hurdle.level_
    np.testing.assert_allclose(ratio, rows.y[:6].mean())


@pytest.mark.parametrize(("set_before", "found"), [(None, "passive"), ("active", "active")])
def test_idle_threads_sleep_unless_told_otherwise(set_before, found):
    environment = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    if set_before:
        environment["OMP_WAIT_POLICY"] = set_before
    asked = "import os, clv.models.learners.xgb; print(os.environ['OMP_WAIT_POLICY'])"
    ran = subprocess.run(
        [sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == found
