"""How learners are taught: what they draw, how much they see, which settings they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clv.models.learners.base import Settings

#: Customers on past days that learners see; beyond, they learn little more than they take longer.
MOST_EXAMPLES = 20_000


@dataclass(frozen=True)
class Lesson:
    """What is the same for all learners of a run.

    Attributes
    ----------
    seed : of every random choice
    examples : customers on past days that learners see at most
    tuned : learner and its settings; those not named have their defaults
    """

    seed: int = 0
    examples: int = MOST_EXAMPLES
    tuned: tuple[tuple[str, Settings], ...] = ()

    @classmethod
    def of(
        cls,
        seed: int,
        examples: int = MOST_EXAMPLES,
        tuned: Mapping[str, Settings] | None = None,
    ) -> Lesson:
        return cls(seed, examples, tuple(sorted((tuned or {}).items(), key=lambda pair: pair[0])))

    def settings(self, learner: str) -> Settings | None:
        """Those of a learner; None for its defaults."""
        return dict(self.tuned).get(learner)
