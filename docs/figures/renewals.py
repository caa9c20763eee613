"""The two segments of Fader & Hardie (2007), and how a cohort is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from clv.numerics import cohorts
from docs.figures import look

if TYPE_CHECKING:
    from types import ModuleType

    from matplotlib.axes import Axes

    from clv.core.types import Floats

#: Customers left of 1,000 after each renewal, 0 to 12; seven are learned from.
REGULAR = np.array([1000, 631, 468, 382, 326, 289, 262, 241, 223, 207, 194, 183, 173.0])
HIGH_END = np.array([1000, 869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394.0])
LEARNED = 7


def fitted(model: ModuleType, left: Floats) -> Any:
    """Parameters from the first seven renewals."""
    return model.fit(*cohorts.of_survivors(left[: LEARNED + 1])).params


def dots(ax: Axes, at: Floats, values: Floats) -> None:
    """What was observed; hollow after the renewals learned from."""
    seen = at <= LEARNED
    ax.plot(at[seen], values[seen], **look.OBSERVED)
    ax.plot(at[~seen], values[~seen], **look.UNSEEN)


def retained(left: Floats) -> Floats:
    """Share of those left who stay at each renewal, per cent."""
    return 100 * left[1:] / left[:-1]
