"""How far a job is: its stages, weighed by the share of time that each usually takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.ops.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Parts of the time that stages of a run take: measured on logs of thousands to millions of rows.
RUN: dict[str, float] = {
    "draw the shop": 1,
    "write the files": 1,
    "gather the log": 1,
    "read and check the log": 4,
    "add up customers and days": 1,
    "look for columns that know what came later": 1,
    "look at what the log supports": 1,
    "search settings of learners": 20,
    "compare models on the past": 60,
    "fit the champion on everything": 12,
    "forecast every customer": 4,
    "learn to answer profiles": 2,
    "see what drives forecasts": 3,
    "see what intervals reach on past days": 1,
    "write the run folder": 3,
    "publish the run": 4,
}
TABLE: dict[str, float] = {
    "read the table": 3,
    "look for columns that know the target": 3,
    "search settings of learners": 20,
    "compare models on rows held out": 60,
    "fit the champion on everything": 12,
    "forecast every customer": 4,
    "write the run folder": 3,
    "publish the run": 4,
}
BACKTEST: dict[str, float] = {
    "gather the log": 1,
    "read and check the log": 3,
    "add up customers and days": 1,
    "look for columns that know what came later": 1,
    "search settings of learners": 20,
    "compare models on the past": 90,
    "see what intervals reach": 3,
}
FOLDS: dict[str, float] = {
    "gather the log": 1,
    "read and check the log": 3,
    "add up customers and days": 1,
    "look for columns that know what came later": 1,
    "build features": 5,
    "compare models on customers held out": 90,
}
SHOP: dict[str, float] = {"draw the shop": 1, "write the files": 1}
PUBLISH: dict[str, float] = {"publish the run": 1}

#: Notes after which a stage is taken for half over: a stage says nothing of how many will come.
HALFWAY = 12


class Share(Silent):
    """Hears stages and tells how far the work is: a part of 1 that never falls.

    Parameters
    ----------
    weights : of the stages to come; others pass without moving the figure
    tell : hears the stage in words, and the part of the work that is done
    """

    def __init__(self, weights: Mapping[str, float], tell: Callable[[str, float], None]) -> None:
        self._weights, self._tell = dict(weights), tell
        self._whole = sum(weights.values())
        self._passed, self._said = 0.0, 0.0
        self._notes = 0
        self._stage = ""

    def started(self, stage: str) -> None:
        self._stage, self._notes = stage, 0
        # Stages that were passed over will not come any more.
        self._passed = max(self._passed, self._before(stage))
        self._say(stage, self._passed)

    def note(self, text: str) -> None:
        self._notes += 1
        part = self._notes / (self._notes + HALFWAY) * self._weights.get(self._stage, 0.0)
        self._say(f"{self._stage}: {text}", self._before(self._stage) + part)

    def finished(self, stage: str, seconds: float) -> None:  # noqa: ARG002
        through = self._before(stage) + self._weights.get(stage, 0.0)
        self._passed = max(self._passed, through)
        self._say(stage, self._passed)

    def _say(self, stage: str, passed: float) -> None:
        self._said = max(self._said, min(passed / self._whole, 1.0))
        self._tell(stage, self._said)

    def _before(self, stage: str) -> float:
        if stage not in self._weights:
            return 0.0
        names = list(self._weights)
        return sum(self._weights[name] for name in names[: names.index(stage)])
