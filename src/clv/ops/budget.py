"""How much work a run may do: which models it compares, on how many past days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from clv.models import ensemble, registry
from clv.models.base import Model
from clv.models.ensemble import Ensemble

Name = Literal["fast", "standard", "best"]

PURCHASE = ("mbgcnbd", "paretonbd")
NAIVE = ("naive_rate", "naive_repeat", "naive_last_period")


@dataclass(frozen=True)
class Budget:
    """What a run tries.

    Attributes
    ----------
    models : compared on past days, unless the user names others
    origins : past days that models are compared on, at most
    members : of the ensemble
    days : past days that its members are weighed on, at most
    """

    name: Name
    models: tuple[str, ...]
    origins: int
    members: tuple[str, ...]
    days: int

    def fresh(self, model: str, seed: int) -> Callable[[], Model]:
        """How a model of that name is made under this budget."""
        if model == Ensemble.name:
            return lambda: Ensemble(self.members, self.days, seed)
        return lambda: registry.make(model, seed)


BUDGETS: dict[str, Budget] = {
    "fast": Budget(
        "fast",
        ("ensemble", "mbgnbd", "bgnbd", "paretonbd", "mbgcnbd", "hybrid", *NAIVE),
        origins=2,
        members=(*PURCHASE, *NAIVE, "hurdle", "glm"),
        days=1,
    ),
    "standard": Budget(
        "standard",
        (
            *("ensemble", "hurdle", "glm", "xgboost", "lightgbm"),
            *("mbgnbd", "bgnbd", "paretonbd", "mbgcnbd", "hybrid"),
            *NAIVE,
        ),
        origins=4,
        members=ensemble.MEMBERS,
        days=2,
    ),
    "best": Budget(
        "best",
        (
            *("ensemble", "hurdle", "glm", "xgboost", "lightgbm", "random_forest"),
            *("gradient_boosting", "mbgnbd", "bgnbd", "paretonbd", "mbgcnbd", "bgcnbd", "hybrid"),
            *NAIVE,
        ),
        origins=6,
        members=(*ensemble.MEMBERS, "random_forest"),
        days=4,
    ),
}
