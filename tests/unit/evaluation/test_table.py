"""Learners compared on rows they did not see."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from clv.core.errors import FitError
from clv.evaluation import heldout
from clv.evaluation import table as comparing
from clv.evaluation.donefolds import DoneFolds
from clv.evaluation.folds import parted, shuffled
from clv.evaluation.table import ENSEMBLE, MEAN, RULE, crossvalidate, nested
from clv.models.learners import registry
from tests.customer_tables import customers

LEARNERS = ("hurdle", "gradient_boosting")


def split(table):
    return table.drop(columns=["customer_id", "clv"]), table["clv"].to_numpy()


@pytest.fixture(scope="module")
def known():
    return split(customers())


@pytest.fixture(scope="module")
def compared(known):
    return crossvalidate(*known, LEARNERS, 4, seed=1)


def r2(compared, name):
    return np.mean([each["r2"] for each in compared.figures(name)])


def test_every_model_speaks_of_every_row_and_knows_more_than_the_mean(compared):
    assert set(compared.said) == {*LEARNERS, ENSEMBLE, "mean", "median"}
    assert all(np.isfinite(values).all() for values in compared.said.values())
    assert r2(compared, ENSEMBLE) > 0.6
    assert r2(compared, "mean") <= 0
    assert compared.weights.sum() == pytest.approx(1)
    assert compared.champion in (ENSEMBLE, *LEARNERS)


def test_what_a_fold_brought_changes_nothing_that_is_said_of_it(known, compared):
    frame, target = known
    asked = compared.folds[2].asked
    planted = target.copy()
    planted[asked] = planted[asked][::-1] * 50
    again = crossvalidate(frame, planted, LEARNERS, 4, seed=1)
    for name in compared.said:
        np.testing.assert_array_equal(again.said[name][asked], compared.said[name][asked])
    other = compared.folds[0].asked
    assert not np.array_equal(again.said["mean"][other], compared.said["mean"][other])


def test_the_same_seed_says_the_same(known, compared):
    again = crossvalidate(*known, LEARNERS, 4, seed=1)
    for name in compared.said:
        np.testing.assert_array_equal(again.said[name], compared.said[name])


def test_folds_may_be_given(known, compared):
    again = crossvalidate(*known, LEARNERS, shuffled(len(known[1]), 4, 1), seed=1)
    np.testing.assert_array_equal(again.said[ENSEMBLE], compared.said[ENSEMBLE])


def test_in_three_parts_the_last_neither_teaches_nor_chooses(known):
    frame, target = known
    folds = parted(len(target), 0)
    first = crossvalidate(frame, target, LEARNERS, folds, 0)
    asked = folds[0].asked
    planted = target.copy()
    planted[asked] = 1e6
    again = crossvalidate(frame, planted, LEARNERS, folds, 0)
    np.testing.assert_array_equal(again.said[ENSEMBLE][asked], first.said[ENSEMBLE][asked])
    np.testing.assert_array_equal(again.weights, first.weights)
    assert again.champion == first.champion
    assert np.isnan(first.said[ENSEMBLE][folds[0].taught]).all()
    assert first.rule == RULE.format(where="the rows between")


def test_one_learner_needs_no_ensemble(known):
    alone = crossvalidate(*known, ("gradient_boosting",), 3, 0)
    assert ENSEMBLE not in alone.said
    assert alone.champion == "gradient_boosting"
    assert alone.weights_of("gradient_boosting").tolist() == [1.0]


class Failing:
    def __init__(self, *_, **__): ...

    def fit(self, *_):
        raise FitError("this one never can.")


def test_a_learner_that_fails_is_told_and_stops_nobody(known, monkeypatch):
    real = registry.make
    monkeypatch.setattr(
        registry, "make", lambda name, *a, **k: Failing() if name == "glm" else real(name, *a, **k)
    )
    compared = crossvalidate(*known, ("glm", "gradient_boosting"), 3, 0)
    assert "this one never can" in compared.failed["glm"]
    assert "glm" not in compared.said
    assert compared.champion == "gradient_boosting"
    with pytest.raises(FitError, match="no learner could be fitted"):
        crossvalidate(*known, ("glm",), 3, 0)


def test_intervals_hold_what_they_promise_on_rows_they_did_not_learn_from():
    compared = crossvalidate(*split(customers(600, seed=4)), ("gradient_boosting",), 4, 0)
    reached = heldout.reached(compared, compared.champion, 0.9, 0)
    # Five standard errors of a share of 5 % among 600.
    assert reached["above"] == pytest.approx(0.05, abs=0.045)
    assert reached["below"] == pytest.approx(0.05, abs=0.045)
    assert reached["pit_distance"] < 0.1
    table = heldout.holdout(compared, compared.champion, 0.9)
    assert len(table) == 600
    assert (table["lower"] <= table["predicted"]).all()
    assert (table["predicted"] <= table["upper"]).all()


def test_what_is_told_of_intervals_is_of_those_delivered():
    frame, target = split(customers(400, seed=7))
    target = np.where(np.random.default_rng(0).random(400) < 0.96, 0.0, target)
    compared = crossvalidate(frame, target, ("gradient_boosting",), 4, 0)
    told = heldout.reached(compared, compared.champion, 0.9, 0)
    table = heldout.holdout(compared, compared.champion, 0.9).set_index("row")
    parts = [table.loc[fold.asked] for fold in compared.folds]
    width = np.mean([(part["upper"] - part["lower"]).mean() for part in parts])
    above = np.mean([(part["actual"] > part["upper"]).mean() for part in parts])
    assert told["width"] == pytest.approx(width, rel=1e-12)
    assert told["above"] == pytest.approx(above, rel=1e-12)
    # Hardly any target is above 0: of many the quantile is 0, and the upper end the forecast.
    assert (table["upper"] == table["predicted"]).mean() > 0.2


def test_a_fold_s_own_outcome_does_not_widen_its_intervals(known, compared):
    before = heldout.holdout(compared, ENSEMBLE, 0.9).set_index("row")
    asked = compared.folds[1].asked
    actual = compared.actual.copy()
    actual[asked] *= 30
    other = dataclasses.replace(compared, actual=actual)
    after = heldout.holdout(other, ENSEMBLE, 0.9).set_index("row")
    assert after.loc[asked, "upper"].to_numpy() == pytest.approx(before.loc[asked, "upper"])


def test_a_target_of_mostly_zeros_has_an_atom():
    frame, target = split(customers(500, seed=5))
    target = np.where(np.random.default_rng(0).random(500) < 0.7, 0.0, target)
    compared = crossvalidate(frame, target, ("hurdle",), 3, 0)
    spread = heldout.spread_of(
        heldout.learned(compared, "hurdle"), compared.said["hurdle"], compared.chance
    )
    assert spread.chance.mean() == pytest.approx(0.3, abs=0.05)
    assert (spread.quantile(0.2) == 0).all()


def noise(n, seed):
    """A target that no column knows anything of."""
    draw = np.random.default_rng(seed)
    return pd.DataFrame({"a": draw.normal(size=n), "b": draw.normal(size=n)}), draw.gamma(1, 30, n)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_where_no_model_knows_more_the_mean_forecasts(seed):
    frame, target = noise(150, seed)
    assert crossvalidate(frame, target, LEARNERS, 5, seed).champion == MEAN
    assert crossvalidate(frame, target, LEARNERS, parted(150, seed), seed).champion == MEAN


def test_a_model_that_knows_a_little_more_than_the_mean_forecasts():
    frame, target = noise(600, 3)
    target = target * np.exp(0.5 * frame["a"].to_numpy())
    for folds in (4, parted(600, 0)):
        assert crossvalidate(frame, target, ("glm", "hurdle"), folds, 0).champion != MEAN


def test_rows_of_one_customer_do_not_both_teach_and_judge_the_weights():
    # Four rows alike of each customer: who remembers rows looks wise until customers are parted.
    frame, target = (pd.concat([part] * 4) for part in map(pd.DataFrame, noise(60, 0)))
    names, values = ("gradient_boosting", "glm"), target[0].to_numpy()
    who = [str(i % 60) for i in range(240)]
    torn = nested(frame, values, names, 0)
    whole = nested(frame, values, names, 0, who)
    assert torn[0] > 0.9
    assert whole[0] < 0.5


def test_weights_of_a_fold_know_who_is_who(monkeypatch):
    frame, target = noise(60, 0)
    who, seen = [str(i // 3) for i in range(60)], []
    monkeypatch.setattr(
        comparing, "nested", lambda *about: seen.append(about[4]) or np.array([0.5, 0.5])
    )
    compared = crossvalidate(frame, target, LEARNERS, 3, 0, groups=who)
    assert seen == [[who[row] for row in fold.taught] for fold in compared.folds]
    for fold in compared.folds:
        assert not {who[row] for row in fold.taught} & {who[row] for row in fold.asked}


def test_folds_that_are_done_are_not_done_again(known, compared, tmp_path, monkeypatch):
    done = DoneFolds(tmp_path, {"log": "abc"})
    first = crossvalidate(*known, LEARNERS, 4, seed=1, done=done)
    assert len(list(tmp_path.iterdir())) == 4
    (tmp_path / sorted(path.name for path in tmp_path.iterdir())[0]).write_bytes(b"cut short")
    asked, real = [], comparing._asked
    monkeypatch.setattr(
        comparing, "_asked", lambda *about: asked.append(about[3].name) or real(*about)
    )
    again = crossvalidate(*known, LEARNERS, 4, seed=1, done=done)
    assert asked == ["fold 1"]
    for name in compared.said:
        np.testing.assert_array_equal(again.said[name], compared.said[name])
    np.testing.assert_array_equal(again.weights, first.weights)
    assert (again.champion, again.chance.tolist()) == (first.champion, first.chance.tolist())
    crossvalidate(*known, LEARNERS, 4, seed=1, done=DoneFolds(tmp_path, {"log": "abd"}))
    assert len(asked) == 5


def test_what_learners_were_stopped_at_is_kept_with_the_fold(known, tmp_path):
    frame, target = split(customers(400))
    folds, done = parted(400, 0), DoneFolds(tmp_path, {})
    first = crossvalidate(frame, target, ("gradient_boosting",), folds, 0, done=done)
    again = crossvalidate(frame, target, ("gradient_boosting",), folds, 0, done=done)
    assert again.settled == first.settled
    assert first.settled["gradient_boosting"].rounds != 100


def test_chances_of_nothing_are_held_against_what_came():
    frame, target = split(customers(500, seed=5))
    target = np.where(np.random.default_rng(0).random(500) < 0.7, 0.0, target)
    compared = crossvalidate(frame, target, ("hurdle",), 3, 0)
    told = heldout.churn(compared, "hurdle")
    assert sum(group["count"] for group in told["reliability"]) == told["customers"] == 500
    came = sum(group["share"] * group["count"] for group in told["reliability"]) / 500
    assert came == pytest.approx((target <= 0).mean())
    assert told["brier"] == pytest.approx(told["brier_of_base_rate"], rel=0.1)


@pytest.mark.parametrize(("shared", "together"), [(0.0, False), (1.0, True)])
def test_intervals_of_totals_hold_the_totals_of_other_customers(shared, together):
    draw = np.random.default_rng(0)

    def misses(n):
        return draw.normal(shared * draw.normal(), 1.0, n)

    def held():
        past = [misses(40) for _ in range(5)]
        half = heldout.half_width(past, 200, 0.9, together=together)
        return abs(misses(200).sum()) <= half

    # Within three standard errors of what was promised.
    assert np.mean([held() for _ in range(900)]) == pytest.approx(0.9, abs=0.03)


def test_the_total_of_a_table_has_its_interval(compared):
    told = heldout.total(compared, ENSEMBLE, 5_000.0, 240, 0.9)
    assert told["lower"] < 5_000.0 < told["upper"]
    assert told["folds"] == 4
    assert 2 <= told["inside"] <= 4
    wider = heldout.total(compared, ENSEMBLE, 5_000.0, 240, 0.99)
    assert wider["upper"] > told["upper"]
