"""Where a champion's rankings were no better than chance, everybody is forecast the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from clv.core.types import Floats
from clv.evaluation.backtest.champion import Champion
from clv.evaluation.backtest.trial import Said, Trial
from clv.models.even import Even
from clv.models.signal import NO_SIGNAL, standard_scores, tells_apart


def evened(
    trials: Sequence[Trial], champion: Champion, held_back: int = 0
) -> tuple[list[Trial], Champion]:
    """The trials and the champion, if its rankings of past days tell customers apart.

    If not, `Even` at the champion's level is champion instead, and a row of every trial that the
    former champion was fitted at.

    Parameters
    ----------
    held_back : so many of the last trials have no say, as they had none in the choice
    """
    name = champion.name
    scores = [
        standard_scores(trial.actual, trial.said[name].value)
        for trial in trials[: len(trials) - held_back]
        if name in trial.said and trial.actual.any()
    ]
    if tells_apart(scores):
        return list(trials), champion
    found = [_with_even(trial, name) for trial in trials]
    # On the days that the candidates' means are of.
    each = [
        trial.figures(Even.name)["deviance"]
        for trial in found[: len(found) - held_back]
        if trial.said.keys() >= champion.deviance.keys() and trial.actual.any()
    ]
    own = {Even.name: float(np.mean(each)) if each else float("nan")}
    deviance = {**champion.deviance, **own}
    told = champion._replace(name=Even.name, level_of=name, days=len(scores), deviance=deviance)
    return found, told


def _with_even(trial: Trial, name: str) -> Trial:
    if name not in trial.said:
        return trial
    said = trial.said[name]
    even = Said(_mean(said.value), _mean(said.chance), float("nan"), 0.0, (NO_SIGNAL,))
    return replace(trial, said={**trial.said, Even.name: even})


def _mean(each: Floats) -> Floats:
    return np.full(len(each), each.mean())
