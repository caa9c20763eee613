"""How much work a run may do: which models it compares, on how many past days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

import clv.models.learners.registry as learners
from clv.models import ensemble, registry
from clv.models.base import Model
from clv.models.ensemble import Ensemble
from clv.models.learners.base import Settings
from clv.models.lesson import MOST_EXAMPLES, Lesson
from clv.models.supervised import Supervised

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
    examples : customers on past days that learners see, at most
    left_out : learners that it would try if their packages were installed
    """

    name: Name
    models: tuple[str, ...]
    origins: int
    members: tuple[str, ...]
    days: int
    examples: int
    left_out: tuple[str, ...] = ()

    def installed(self) -> Budget:
        """The same without learners whose packages are not installed."""
        absent = {*learners.NAMES} - {*learners.available()}
        return replace(
            self,
            models=tuple(name for name in self.models if name not in absent),
            members=tuple(name for name in self.members if name not in absent),
            left_out=tuple(name for name in self.models if name in absent),
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out and how to have it, in sentences."""
        return tuple(
            f"{learners.entry(name).label}: left out of --budget {self.name}, as"
            f" {' and '.join(learners.entry(name).packages)} are not installed:"
            " pip install 'clv[neural]'"
            for name in self.left_out
        )

    def lesson(
        self,
        seed: int,
        tuned: Mapping[str, Settings] | None = None,
        threads: int | None = None,
    ) -> Lesson:
        """How learners are taught under this budget."""
        return Lesson.of(seed, self.examples, tuned, threads)

    def fresh(self, model: str, lesson: Lesson) -> Callable[[], Model]:
        """How a model of that name is made under this budget."""
        if model == Ensemble.name:
            return lambda: Ensemble(self.members, self.days, lesson=lesson)
        if model in learners.NAMES:
            taught = cast("type[Supervised]", registry.model_class(model))
            return lambda: taught(lesson=lesson)
        return lambda: registry.make(model, lesson.seed)


BUDGETS: dict[str, Budget] = {
    "fast": Budget(
        "fast",
        ("ensemble", "mbgnbd", "bgnbd", "paretonbd", "mbgcnbd", "hybrid", *NAIVE),
        origins=2,
        members=(*PURCHASE, *NAIVE, "hurdle", "glm"),
        days=1,
        examples=10_000,
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
        examples=MOST_EXAMPLES,
    ),
    "best": Budget(
        "best",
        (
            *("ensemble", "hurdle", "glm", "xgboost", "lightgbm", "random_forest"),
            *("gradient_boosting", "ziln"),
            *("mbgnbd", "bgnbd", "paretonbd", "mbgcnbd", "bgcnbd", "nbd", "btyd", "hybrid"),
            *NAIVE,
        ),
        origins=6,
        members=(*ensemble.MEMBERS, "random_forest", "ziln"),
        days=4,
        examples=60_000,
    ),
}
