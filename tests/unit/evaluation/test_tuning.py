"""The search of settings: never into what is judged, gone on with, and only trusted when better."""

from dataclasses import replace

import ibis
import numpy as np
import optuna
import pytest

from clv.core.errors import FitError
from clv.core.types import Horizon
from clv.evaluation import tuning
from clv.features.book import Book
from clv.models import groundwork
from clv.models.learners.rows import Rows
from clv.models.lesson import Lesson
from tests.ledgers import day, ledger
from tests.logs import orders_of_many


@pytest.fixture(scope="module")
def past():
    """A past day on which spend follows the first of three features."""
    draw = np.random.default_rng(0)
    X = draw.normal(size=(200, 3))
    spent = np.exp(X[:, 0]) * (draw.random(200) < 0.5)
    return tuning.Day(Rows.of(X, ("a", "b", "c"), spent), X, spent, "2024-03-01", 30)


def search(past, journal, most, seed=1):
    return tuning.search("glm", [past], 60.0, seed, journal, most)


def tried(journal):
    """Settings in the journal, in the order they were tried."""
    backend = optuna.storages.journal.JournalFileBackend(str(journal))
    study = optuna.load_study(study_name="glm", storage=optuna.storages.JournalStorage(backend))
    return [tuple(trial.params.values()) for trial in study.trials]


def test_a_search_gone_on_with_tries_what_was_not_tried_before(past, tmp_path):
    first = search(past, tmp_path / "journal", 3)
    second = search(past, tmp_path / "journal", 3)
    assert (first.trials, second.trials) == (3, 6)
    assert len(set(tried(tmp_path / "journal"))) == 6
    assert second.default == first.default
    assert second.best <= first.best


def test_the_same_seed_searches_alike_and_another_does_not(past, tmp_path):
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        search(past, tmp_path / name, 3, seed)
    assert tried(tmp_path / "same") == tried(tmp_path / "one")
    assert not set(tried(tmp_path / "other")) & set(tried(tmp_path / "one"))


def test_without_time_nothing_is_tried_and_the_defaults_stay(past, tmp_path):
    found = tuning.search("glm", [past], 0.0, 1, tmp_path / "journal")
    assert (found.trials, found.settings) == (0, None)
    assert "before any settings were tried" in found.words


@pytest.mark.parametrize(
    ("gain", "taken"), [(0.05, True), (0.003, True), (0.001, False), (0.0, False), (-0.2, False)]
)
def test_settings_are_taken_where_they_are_clearly_better(gain, taken, past, tmp_path, monkeypatch):
    default = tuning.learners.settings_class("glm")()
    asked = []

    def deviance(_name, settings, _days, _seed):
        asked.append(settings)
        # Of the settings tried, the second are the best.
        return 2.0 if settings == default else 2.0 * (1 - gain) + 0.5 * (len(asked) != 3)

    monkeypatch.setattr(tuning, "deviance", deviance)
    found = search(past, tmp_path / "journal", 4)
    assert found.trials == 4
    assert found.settings == (asked[2] if taken else None)
    assert tuning.tuned([found]) == ({"glm": asked[2]} if taken else {})
    assert ("is taken" in found.words) == taken
    assert found.to_json()["told"] == found.words
    assert found.best <= found.default


def test_settings_that_cannot_be_fitted_are_passed_over(past, tmp_path, monkeypatch):
    real, asked = tuning.deviance, []

    def deviance(*about):
        asked.append(about)
        if len(asked) == 2:
            raise FitError("not these.")
        return real(*about)

    monkeypatch.setattr(tuning, "deviance", deviance)
    assert search(past, tmp_path / "journal", 3).trials == 2


def test_a_learner_that_cannot_be_fitted_says_why(past, tmp_path, monkeypatch):
    def deviance(*_):
        raise FitError("this one never can.")

    monkeypatch.setattr(tuning, "deviance", deviance)
    found = search(past, tmp_path / "journal", 3)
    assert found.settings is None
    assert "this one never can" in found.words


def days_of(rows):
    book = Book.open(ledger(rows, engine=ibis.duckdb.connect()), day(399))
    return tuning.past_days(book.history(day(240), 60), Lesson(1))


def test_what_comes_from_the_first_day_judged_on_changes_nothing(monkeypatch):
    monkeypatch.setattr(tuning, "MOST_DAYS", 1)
    monkeypatch.setattr(groundwork, "MOST_CUTOFFS", 1)
    rows = orders_of_many(customers=400, days=400)
    changed = [(who, when, 1_000.0 if when > 240 else spent) for who, when, spent in rows]
    [found], [again] = days_of(rows), days_of(changed)
    assert found.window == 60
    assert found.cutoff == str(day(180))
    np.testing.assert_array_equal(again.X, found.X)
    np.testing.assert_array_equal(again.actual, found.actual)
    np.testing.assert_array_equal(again.rows.y, found.rows.y)


def history_of(rows, as_of, window):
    return Book.open(ledger(rows, engine=ibis.duckdb.connect()), day(as_of)).history(
        day(as_of), window
    )


def test_where_long_windows_are_too_many_shorter_ones_are_judged(past, monkeypatch):
    history = history_of([("a", 0, 1.0), ("b", 5, 2.0)], 119, 60)
    asked = []

    def of_window(_history, _lesson, window):
        asked.append(window)
        return [past] if window.n_days <= 30 else []

    monkeypatch.setattr(tuning, "_days", of_window)
    assert tuning.past_days(history, Lesson()) == [past]
    assert asked == [Horizon(60), Horizon(30)]


def test_a_past_too_short_to_search_on_is_told_and_nothing_is_tuned(tmp_path):
    few = [(f"{i:03d}", d, 10.0) for i in range(40) for d in (0, 5 + i % 7)]
    found = tuning.tune(history_of(few, 20, 5), ("xgboost",), 1.0, Lesson(), tmp_path / "j")
    assert tuning.tuned(found) == {}
    assert "Give a longer log" in found[0].words
    assert found[0].to_json()["default"] is None


def test_the_deviance_does_not_see_the_level(past):
    many = replace(past, actual=7.0 * past.actual)
    kind = tuning.learners.settings_class("glm")
    once, seven = (tuning.deviance("glm", kind(), [each], 0) for each in (past, many))
    assert once == pytest.approx(seven, rel=1e-6)
