"""Options of `clv predict`: those of a run, but for what the run has settled by learning."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from clv.core.errors import SettingError
from clv.ops.config import RunConfig

# Help texts are made from this module: what is heavy is imported where it is used.
if TYPE_CHECKING:
    from clv.core.types import Json


class PredictConfig(RunConfig):
    """What can be asked anew of a saved run; all else is as it was when the run learned."""

    settled: ClassVar[frozenset[str]] = frozenset({"known", "seed", "models", "budget", "tune"})
    else_taken: ClassVar[str] = "the run's"

    @classmethod
    def anew(cls, content: Json) -> Self:
        """As `checked`, of what is asked of a saved run.

        Raises
        ------
        SettingError : a setting of what the run learned, or none at all
        """
        if settled := sorted(cls.settled & content.keys()):
            raise SettingError(
                f"{settled[0]}: the run has learned already, and nothing is learned anew. Leave it"
                " out, or run again with it."
            )
        return cls.checked(content)
