"""Settings of learners of a table: searched in the rows that teach, and in no others."""

import numpy as np
import pytest

from clv.evaluation import tabletuning
from clv.evaluation.folds import parted
from clv.evaluation.table import crossvalidate
from clv.evaluation.tabletuning import TableSearch
from clv.models.learners.xgb import MachineSettings
from tests.customer_tables import customers

NAME = "gradient_boosting"


@pytest.fixture(scope="module")
def known():
    table = customers()
    return table.drop(columns=["customer_id", "clv"]), table["clv"].to_numpy()


@pytest.fixture
def seen(monkeypatch):
    """What each search was given to judge settings on."""
    found = []
    monkeypatch.setattr(tabletuning, "search", lambda *about: found.append(about) or about[0])
    return found


def asked(known, tmp_path, groups=None):
    frame, target = known
    return TableSearch(frame, target, groups, (NAME,), 1.0, 0, tmp_path, {"table": "abc"})


def test_rows_that_do_not_teach_are_not_looked_at(known, tmp_path, seen):
    frame, target = known
    rows = np.arange(0, 240, 2)
    asked(known, tmp_path).on(rows)
    planted = np.where(np.arange(240) % 2, 1e6, target)
    asked((frame, planted), tmp_path).on(rows)
    (_, first, *_), (_, again, *_) = seen
    assert len(first) == 3
    assert sum(len(day.actual) for day in first) == len(rows)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.X, other.X)
        np.testing.assert_array_equal(one.actual, other.actual)
        np.testing.assert_array_equal(one.rows.y, other.rows.y)


def test_rows_of_one_customer_do_not_both_teach_and_judge_settings(known, tmp_path, seen):
    frame, _ = known
    target = np.repeat(np.arange(60.0) + 1, 4)
    asked((frame, target), tmp_path, [str(value) for value in target]).on(np.arange(240))
    for day in seen[0][1]:
        assert not set(day.actual) & set(day.rows.y)


def test_other_rows_and_another_target_are_other_searches(known, tmp_path, seen):
    search = asked(known, tmp_path)
    for rows in (np.arange(100), np.arange(100), np.arange(120)):
        search.on(rows)
    first, same, other = (about[-1] for about in seen)
    assert first == same != other


def test_each_fold_is_forecast_by_settings_from_the_rows_that_taught_it(known):
    frame, target = known
    given = []

    def tuned(rows):
        given.append(rows)
        return {NAME: MachineSettings(rounds=1, learning_rate=0.02)}

    found = crossvalidate(frame, target, (NAME,), 3, 0, tuned=tuned)
    for rows, fold in zip(given, found.folds, strict=True):
        np.testing.assert_array_equal(rows, fold.taught)
        # One small tree tells hardly more than the mean.
        assert np.ptp(found.said[NAME][fold.asked]) < 0.2 * target[rows].mean()


def test_what_was_found_outlasts_being_stopped():
    table, settings = customers(400), {NAME: MachineSettings(learning_rate=0.2)}
    frame, target = table.drop(columns=["customer_id", "clv"]), table["clv"].to_numpy()
    found = crossvalidate(frame, target, (NAME,), parted(400, 0), 0, tuned=lambda _: settings)
    assert found.settled[NAME].learning_rate == 0.2
    assert found.settled[NAME].rounds != MachineSettings().rounds
