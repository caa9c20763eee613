"""What a run compares: the models named or those of the budget, and always the yardsticks."""

import pytest

import clv.models.learners.registry as learners
from clv.core.errors import SettingError
from clv.models import registry
from clv.ops.budget import BUDGETS, NAIVE
from clv.ops.job import RunSettings


@pytest.mark.parametrize(
    ("models", "others"),
    [
        (("xgboost",), ("xgboost",)),
        (("mbgnbd", "naive_rate"), ("mbgnbd",)),
        (("naive_last_period", "glm", "bgnbd"), ("glm", "bgnbd")),
    ],
)
def test_yardsticks_stand_last_whichever_models_are_named(models, others):
    assert RunSettings("orders.csv", models=models).compared == (*others, *NAIVE)


@pytest.mark.parametrize("budget", BUDGETS.values(), ids=BUDGETS)
def test_a_budget_compares_what_it_says(budget):
    assert RunSettings("orders.csv", budget=budget).compared == budget.models


def test_the_best_budget_tries_every_model_and_says_which_it_cannot(monkeypatch):
    best = BUDGETS["best"]
    named = {entry.name for entry in registry.ENTRIES if entry.kind != "fallback"}
    assert set(best.models) == named
    here = tuple(name for name in learners.NAMES if name != "ziln")
    monkeypatch.setattr(learners, "available", lambda: here)
    less = best.installed()
    assert {*best.models} - {*less.models} == {*best.members} - {*less.members} == {"ziln"}
    [note] = less.notes
    assert note == (
        "ZILN neural network: left out of --budget best, as jax and optax are not installed:"
        " pip install 'clv[neural]'"
    )
    assert BUDGETS["standard"].installed() == BUDGETS["standard"]


@pytest.mark.parametrize("models", [(), ("naive_rate",), NAIVE])
def test_yardsticks_alone_leave_nothing_to_choose(models):
    with pytest.raises(SettingError, match=r"can only serve as (a yardstick|yardsticks)"):
        RunSettings("orders.csv", models=models)
