"""What a run compares: the models named or those of the budget, and always the yardsticks."""

import pytest

from clv.core.errors import SettingError
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


@pytest.mark.parametrize("models", [(), ("naive_rate",), NAIVE])
def test_yardsticks_alone_leave_nothing_to_choose(models):
    with pytest.raises(SettingError, match=r"can only serve as (a yardstick|yardsticks)"):
        RunSettings("orders.csv", models=models)
