"""Which learners are searched, until which day, and which searches are one and the same."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from clv.core.types import AsOf, Horizon
from clv.data.settings import Columns, IngestSettings
from clv.evaluation import tuning
from clv.evaluation.backtest import Origin
from clv.ops.beside import Beside
from clv.ops.budget import BUDGETS
from clv.ops.job import RunSettings
from clv.ops.machine import Machine
from clv.ops.progress import Silent, Stages
from clv.ops.searching import mark, search_settings, searched

ASKED = RunSettings("orders.csv", tune=1.0)


@pytest.mark.parametrize(
    ("models", "names"),
    [
        (("xgboost",), {"xgboost"}),
        (("xgboost", "bgnbd"), {"xgboost"}),
        (("ensemble", "random_forest"), {"hurdle", "glm", "random_forest"}),
        (("bgnbd", "naive_rate"), set()),
    ],
)
def test_learners_are_searched_that_are_compared_or_in_an_ensemble_that_is(models, names):
    assert set(searched(replace(ASKED, budget=BUDGETS["fast"], models=models))) == names


def test_searches_of_the_same_days_and_settings_are_one():
    about = {"log": ["abc"], "as_of": "2024-01-01", "window": 30}
    assert mark(ASKED, about) == mark(replace(ASKED, source="copy.csv", level=0.5), about)


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"budget": BUDGETS["best"]},
        {"ingest": IngestSettings(returns="drop")},
        {"ingest": IngestSettings(columns=Columns(amount="net"))},
        {"channel_groups": {"Direct": ["phone"]}},
        {"beside": Beside(country="DE")},
    ],
)
def test_what_changes_what_learners_see_begins_another_search(other):
    about = {"log": ["abc"], "as_of": "2024-01-01", "window": 30}
    assert mark(replace(ASKED, **other), about) != mark(ASKED, about)


def test_another_day_window_or_log_begins_another_search():
    about = {"log": ["abc"], "as_of": "2024-01-01", "window": 30}
    others = [{"log": ["abd"]}, {"as_of": "2024-01-02"}, {"window": 31}]
    assert len({mark(ASKED, {**about, **other}) for other in ({}, *others)}) == 4


def test_what_a_file_beside_the_log_holds_counts_not_its_name(tmp_path):
    file = tmp_path / "customers.csv"
    settings = replace(ASKED, beside=Beside(customers=str(file)))
    marks = []
    for content in ("a", "b", "a"):
        file.write_text(content)
        marks.append(mark(settings, {}))
    assert marks[0] == marks[2] != marks[1]


class Known(SimpleNamespace):
    def __len__(self):
        return self.customers


class Book:
    """Two customers by the first day, many by the others."""

    def history(self, as_of, window):
        customers = 2 if str(as_of) == "2024-01-01" else 500
        return Known(as_of=as_of, window=window, customers=customers)


def test_the_search_ends_where_judging_begins(tmp_path, monkeypatch):
    days = ("2024-01-01", "2024-02-01", "2024-03-01")
    origins = [Origin(AsOf.parse(text), Horizon(30)) for text in days]
    log = SimpleNamespace(book=Book(), read=SimpleNamespace(origins=[]))
    seen = []

    def tune(history, *about):
        seen.append((str(history.as_of), history.window, about[0]))
        return []

    monkeypatch.setattr(tuning, "tune", tune)
    settings = replace(ASKED, models=("xgboost",), machine=Machine(home=tmp_path))
    search_settings(log, origins, settings, Stages(Silent()))
    # Nobody can be judged from the first day: too few had bought by then.
    assert seen == [("2024-02-01", 30, ("xgboost",))]
