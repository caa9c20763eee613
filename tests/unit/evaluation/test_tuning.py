"""The search of settings: never into the holdout, gone on with, and only trusted when better."""

from dataclasses import replace

import ibis
import numpy as np
import pytest

from clv.core.types import AsOf, Horizon
from clv.evaluation import tuning
from clv.evaluation.backtest import last_origin
from clv.features.book import Book
from clv.models.lesson import Lesson
from tests.ledgers import day, ledger
from tests.logs import orders_of_many


@pytest.fixture(scope="module")
def rows():
    return orders_of_many(customers=400, days=400)


def searched(rows, journal, seconds=3.0):
    book = Book.open(ledger(rows, engine=ibis.duckdb.connect()), day(399))
    holdout = last_origin(AsOf(book.first_day), book.as_of, Horizon(60))
    return holdout, tuning.tune(book, holdout, ("xgboost",), seconds, Lesson(1), journal)


def test_it_goes_on_where_it_was_stopped(rows, tmp_path):
    _, [first] = searched(rows, tmp_path / "journal")
    _, [second] = searched(rows, tmp_path / "journal")
    assert first.trials >= 1
    assert second.trials > first.trials
    assert second.default == first.default
    assert second.best <= first.best <= first.default


def test_what_comes_after_the_holdout_begins_changes_nothing(rows, tmp_path):
    holdout, [found] = searched(rows, tmp_path / "one", seconds=0.0)
    start = (holdout.cutoff.day - day(0).day).days
    changed = [(who, when, 1_000.0 if when > start else spent) for who, when, spent in rows]
    _, [again] = searched(changed, tmp_path / "two", seconds=0.0)
    assert again.default == found.default


def test_settings_are_only_changed_where_the_search_was_clearly_better(rows, tmp_path):
    _, [found] = searched(rows, tmp_path / "journal")
    better = found.best < found.default * (1 - tuning.MARGIN)
    assert (found.settings is not None) == better
    none = replace(found, settings=None)
    assert tuning.tuned([none]) == {}
    assert none.to_json()["settings"] is None


def test_a_past_too_short_to_look_back_on_is_left_alone(tmp_path):
    few = [(f"{i:03d}", d, 10.0) for i in range(40) for d in (0, 5 + i % 7)]
    book = Book.open(ledger(few, engine=ibis.duckdb.connect()), day(20))
    holdout = last_origin(AsOf(book.first_day), book.as_of, Horizon(5))
    assert tuning.tune(book, holdout, ("xgboost",), 1.0, Lesson(), tmp_path / "j") == []


def test_the_deviance_does_not_see_the_level(rows, tmp_path):
    draw = np.random.default_rng(0)
    X = draw.normal(size=(300, 3))
    spent = np.exp(X[:, 0]) * (draw.random(300) < 0.5)
    from clv.models.learners.rows import Rows

    once = tuning._Day(Rows.of(X, ("a", "b", "c"), spent), X, spent)
    many = replace(once, actual=7.0 * spent)
    kind = tuning.learners.settings_class("xgboost")
    values = [tuning._deviance("xgboost", kind(), [d], 0) for d in (once, many)]
    assert values[0] == pytest.approx(values[1], rel=1e-6)
