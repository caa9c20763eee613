"""Which model is trusted with the future: a rule, and why it chose as it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from clv.core.errors import HistoryError
from clv.core.types import Floats
from clv.evaluation.backtest.origins import alike
from clv.evaluation.backtest.trial import Trial
from clv.models.overlap import standard_error

#: Chosen unless another is clearly better.
FAVOURITE = "ensemble"
#: Another has to be better by this part at least.
MARGIN = 0.01
RULE = (
    "lowest mean Tweedie deviance (power 1.5) over the past days, which is least for forecasts"
    " whose mean is right and lets no single large buyer decide; the ensemble unless another is"
    f" lower by more than one standard error of the difference and {MARGIN:.0%}; naive rows are"
    " yardsticks; where the one chosen ranked customers no better than chance, everybody is"
    " forecast its mean"
)


class Champion(NamedTuple):
    """The model chosen.

    Attributes
    ----------
    name : of the model
    lowest : the candidate of the lowest deviance
    deviance : per candidate, mean over the days; NaN where nothing was bought
    days : origins that candidates were compared on: those at which all of them were fitted
    level_of : where everybody is forecast the same, the candidate whose mean it is
    """

    name: str
    lowest: str
    deviance: dict[str, float]
    days: int
    level_of: str | None = None


def choose(trials: Sequence[Trial], candidates: Sequence[str]) -> Champion:
    """The champion by `RULE`; the first named wins a tie.

    Only candidates that were fitted at the last origin count, and only origins at which all of
    them were.

    Raises
    ------
    HistoryError : no candidate could be fitted
    """
    last = trials[-1]
    able = [name for name in candidates if name in last.said]
    if not able:
        raise HistoryError(f"history: no model could be fitted. {_reasons(last.failed)}")
    each = {name: _deviances(trials, name) for name in able}
    shared = np.all([np.isfinite(values) for values in each.values()], axis=0)
    if not shared.any():
        # Nobody bought in any window, so that nothing tells them apart.
        name = FAVOURITE if FAVOURITE in able else able[0]
        return Champion(name, name, dict.fromkeys(able, float("nan")), 0)
    means = {name: float(values[shared].mean()) for name, values in each.items()}
    lowest = min(able, key=lambda name: (means[name], able.index(name)))
    days = int(shared.sum())
    if FAVOURITE in able:
        gain = (each[FAVOURITE] - each[lowest])[shared]
        together = alike([trial.origin for trial in trials])[np.ix_(shared, shared)]
        if not _clearly(gain, together, means[FAVOURITE]):
            return Champion(FAVOURITE, lowest, means, days)
    return Champion(lowest, lowest, means, days)


def _reasons(failed: Mapping[str, str]) -> str:
    """Why models failed; a reason that several share is told once, behind their names."""
    shared: dict[str, list[str]] = {}
    for name, why in failed.items():
        shared.setdefault(why, []).append(name)
    return "; ".join(f"{', '.join(names)}: {why}" for why, names in shared.items())


def _clearly(gain: Floats, together: Floats, favourite: float) -> bool:
    """The lowest is below the favourite by more than chance and a hair.

    Parameters
    ----------
    gain : (days,) deviance of the favourite less that of the lowest
    together : (days, days) how far windows of these days correlate
    favourite : its mean deviance
    """
    error = standard_error(gain, together) if len(gain) > 1 else 0.0
    return float(gain.mean()) > max(error, MARGIN * favourite)


def _deviances(trials: Sequence[Trial], name: str) -> Floats:
    return np.array(
        [trial.figures(name)["deviance"] if name in trial.said else np.nan for trial in trials]
    )
