"""How learners are taught: what they draw, how much they see, which settings they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clv.models.learners.base import Settings

#: Threads of a learner where the machine does not say.
THREADS = 2
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
    threads : that each may use at most; forecasts are the same with any number
    """

    seed: int = 0
    examples: int = MOST_EXAMPLES
    tuned: tuple[tuple[str, Settings], ...] = ()
    threads: int = THREADS

    @classmethod
    def of(
        cls,
        seed: int,
        examples: int = MOST_EXAMPLES,
        tuned: Mapping[str, Settings] | None = None,
        threads: int | None = None,
    ) -> Lesson:
        """As the attributes, but for `tuned` by learner and threads None for `THREADS`."""
        named = tuple(sorted((tuned or {}).items(), key=lambda pair: pair[0]))
        return cls(seed, examples, named, threads or THREADS)

    def settings(self, learner: str) -> Settings | None:
        """Those of a learner; None for its defaults."""
        return dict(self.tuned).get(learner)
