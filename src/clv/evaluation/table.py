"""Learners of a table against rows they did not see: cross-validated, weighed, chosen."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clv.core.errors import FitError
from clv.core.types import Floats, Ints, Json
from clv.evaluation import metrics
from clv.evaluation.backtest.champion import FAVOURITE, MARGIN
from clv.evaluation.backtest.trial import figures as figures_of_value
from clv.evaluation.folds import Fold, shuffled
from clv.models.learners import registry
from clv.models.panel import Panel
from clv.models.pooling import pooled_weights

if TYPE_CHECKING:
    import pandas as pd

    from clv.evaluation.donefolds import DoneFolds
    from clv.models.learners.base import Settings

ENSEMBLE = FAVOURITE
NAIVE = {"mean": "naive: the mean", "median": "naive: the median"}
#: Folds within the taught rows that weights are learned on, and up to how many rows; beyond, a
#: quarter of them is held out once.
INNER_FOLDS, MOST_FOLDED = 3, 5_000
#: How firmly weights are held at equal ones.
RIDGE = 0.02
#: Parts that the rows which choose are cut into, to tell differences from chance.
CHOOSING_PARTS = 5
#: What forecasts where no model knows more.
MEAN = "mean"
RULE = (
    "lowest mean Tweedie deviance (power 1.5) over {where}, which is least for forecasts whose"
    " mean is right and lets no single large value decide; the ensemble unless another is lower by"
    f" more than one standard error of the difference and {MARGIN:.0%}. Of models that know more"
    " than the mean: with a deviance lower than the mean's by as much or, over folds, lower at all"
    " and an R2 above 0. Where none does, the mean forecasts"
)


@dataclass(frozen=True, eq=False)
class Comparison:
    """What every model said of rows it had not seen.

    Attributes
    ----------
    folds : how rows were parted
    actual : (n,) the target
    said : by model, (n,) forecasts of the rows asked; NaN of rows that were not
    chance : (n,) told chance of a target above 0, of the same rows
    checked : by model, forecasts of the rows that choose, where they are others than those asked;
        empty where they are not
    checked_chance : the same of chances
    seconds : by model, of fitting and asking
    failed : by learner, why it could not be fitted
    learners : those compared, in the order of the weights
    weights : (learners,) of the ensemble, learned from all rows not seen
    settled : settings by which learners go on all rows as far as they were stopped at; none
        where they were not
    champion, lowest : the model chosen, "mean" where none knows more; and the one of the lowest
        deviance
    """

    folds: list[Fold]
    actual: Floats
    said: dict[str, Floats]
    chance: Floats
    checked: dict[str, Floats]
    checked_chance: Floats
    seconds: dict[str, float]
    failed: dict[str, str]
    learners: tuple[str, ...]
    weights: Floats
    settled: dict[str, Settings]
    champion: str
    lowest: str

    @property
    def rule(self) -> str:
        """How the champion is chosen."""
        where = "the rows between" if self.checked else "the folds"
        return RULE.format(where=where)

    def figures(self, model: str) -> list[Json]:
        """Every figure of each fold."""
        return [
            {"cutoff": fold.name, **figures(self.actual[fold.asked], self.said[model][fold.asked])}
            for fold in self.folds
        ]

    @property
    def judged(self) -> int:
        """Folds with a target above 0, which deviances are means over."""
        return sum(bool((self.actual[fold.asked] > 0).any()) for fold in self.folds)

    def weights_of(self, model: str) -> Floats:
        """(learners,) that make the model out of the learners; all 0 of the mean."""
        if model == ENSEMBLE:
            return self.weights
        return np.array([float(name == model) for name in self.learners])


def figures(actual: Floats, predicted: Floats) -> dict[str, float]:
    """Every figure of a forecast of value, and the mean relative miss."""
    return {**figures_of_value(actual, predicted), "mape": metrics.mape(actual, predicted)}


def crossvalidate(
    frame: pd.DataFrame,
    target: Floats,
    learners: Sequence[str],
    folds: int | Sequence[Fold],
    seed: int,
    note: Callable[[str], None] = lambda _: None,
    groups: Sequence[str] | None = None,
    done: DoneFolds | None = None,
    tuned: Callable[[Ints], Mapping[str, Settings]] | None = None,
) -> Comparison:
    """Every learner, their ensemble, the mean and the median, on rows they did not learn from.

    Weights of the ensemble that forecasts a fold are learned within the rows that taught its
    learners, so that its figures are as honest as theirs.

    Parameters
    ----------
    frame : (n, features), numbers, dates and texts
    target : (n,) 0 or more
    learners : names
    folds : how many, drawn by lot; or the folds themselves
    note : told how far it is
    groups : (n,) rows of one group, as of one customer, are never parted, neither into folds nor
        within what taught the weights
    done : where what is done is kept, and looked up instead of done again
    tuned : tells settings of learners from rows that teach, and from these alone

    Raises
    ------
    FitError : no learner could be fitted
    SettingError : a number of folds that cannot be

    References
    ----------
    Varma & Simon (2006), "Bias in error estimation when using cross-validation for model
    selection": weights nested within folds
    """
    parts = shuffled(len(target), folds, seed, groups) if isinstance(folds, int) else list(folds)
    said: dict[str, Floats] = {}
    checked: dict[str, Floats] = {}
    seconds: dict[str, float] = dict.fromkeys((*learners, ENSEMBLE), 0.0)
    failed: dict[str, str] = {}
    settled: dict[str, Settings] = {}
    n = len(target)
    chance, checked_chance = np.full(n, np.nan), np.full(n, np.nan)
    able = tuple(learners)
    for fold in parts:
        note(fold.name)
        told = done.told(fold) if done is not None else None
        if told is None:
            settings = tuned(fold.taught) if tuned is not None else {}
            told = _asked(frame, target, able, fold, seed, groups, settings)
            if done is not None:
                done.keep(fold, told)
        failed |= told.failed
        able = tuple(name for name in able if name not in failed)
        if not able:
            raise FitError(f"table: no learner could be fitted. {next(iter(failed.values()))}")
        chance[fold.asked] = told.chance
        for name, values in told.said.items():
            said.setdefault(name, np.full(n, np.nan))[fold.asked] = values
        for name, values in told.checked.items():
            checked.setdefault(name, np.full(n, np.nan))[fold.check] = values
        if told.checked:
            checked_chance[fold.check] = told.checked_chance
        for name, spent in told.seconds.items():
            seconds[name] += spent
        settled |= told.settled
    said = {name: values for name, values in said.items() if name not in failed}
    if len(able) == 1:
        said.pop(ENSEMBLE, None)
        checked.pop(ENSEMBLE, None)
    blocks = [fold.check if len(fold.check) else fold.asked for fold in parts]
    judged = checked or said
    weights = _weights([np.column_stack([judged[m][b] for m in able]) for b in blocks],
                       [target[b] for b in blocks])  # fmt: skip
    candidates = [name for name in (ENSEMBLE, *able) if name in said]
    champion, lowest = _chosen(judged, target, blocks, candidates, seed)
    return Comparison(
        parts, target, said, chance, checked, checked_chance, seconds, failed, able, weights,
        settled, champion, lowest,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Told:
    """Of one fold: forecasts of the rows asked and of those that choose; where learners stopped.

    Attributes
    ----------
    said, chance, checked, checked_chance, seconds, failed, settled : as in `Comparison`, of the
        rows of this fold, in their order
    """

    said: dict[str, Floats]
    chance: Floats
    checked: dict[str, Floats]
    checked_chance: Floats
    seconds: dict[str, float]
    failed: dict[str, str]
    settled: dict[str, Settings]


def _asked(
    frame: pd.DataFrame,
    target: Floats,
    names: Sequence[str],
    fold: Fold,
    seed: int,
    groups: Sequence[str] | None,
    settings: Mapping[str, Settings],
) -> Told:
    taught, y = frame.iloc[fold.taught], target[fold.taught]
    stop = (frame.iloc[fold.stop], target[fold.stop]) if len(fold.stop) else None
    panels, seconds, failed = {}, {}, {}
    for name in names:
        started = time.perf_counter()
        try:
            panels[name] = Panel.fit(taught, y, [name], seed, stop, settings)
        except FitError as error:
            failed[name] = str(error)
        seconds[name] = time.perf_counter() - started
    if not panels:
        return Told({}, np.empty(0), {}, np.empty(0), seconds, failed, {})
    panel = _together(panels)
    started = time.perf_counter()
    checked: dict[str, Floats] = {}
    checked_chance = np.empty(0)
    if len(fold.check):
        X = panel.encoder.of(frame.iloc[fold.check])
        each = panel.each(X)
        weights = _weights([each], [target[fold.check]])
        checked, checked_chance = _by_name(panel, each, weights), panel.chance(X)
    else:
        own = None if groups is None else [groups[row] for row in fold.taught]
        weights = nested(taught, y, panel.names, seed, own, settings)
    seconds[ENSEMBLE] = time.perf_counter() - started
    X = panel.encoder.of(frame.iloc[fold.asked])
    said = _by_name(panel, panel.each(X), weights)
    settled = {**settings, **panel.settled} if stop is not None else {}
    return Told(said, panel.chance(X), checked, checked_chance, seconds, failed, settled)


def _together(panels: dict[str, Panel]) -> Panel:
    first = next(iter(panels.values()))
    learners = {name: panel.learners[name] for name, panel in panels.items()}
    weights = np.full(len(learners), 1.0 / len(learners))
    return Panel(first.encoder, learners, weights, first.share, first.mean, first.median, {})


def _by_name(panel: Panel, each: Floats, weights: Floats) -> dict[str, Floats]:
    constants = {"mean": panel.mean, "median": panel.median}
    return {
        **dict(zip(panel.names, each.T, strict=True)),
        ENSEMBLE: each @ weights,
        **{name: np.full(len(each), value) for name, value in constants.items()},
    }


def nested(
    frame: pd.DataFrame,
    target: Floats,
    names: Sequence[str],
    seed: int,
    groups: Sequence[str] | None = None,
    settings: Mapping[str, Settings] | None = None,
) -> Floats:
    """(learners,) weights learned within these rows alone, those of one group never parted."""
    equal = np.full(len(names), 1.0 / len(names))
    n, folds = len(target), INNER_FOLDS if len(target) <= MOST_FOLDED else 4
    if len(names) == 1 or (groups is not None and len(set(groups)) < folds):
        return equal
    inner = shuffled(n, folds, seed + 1, groups)
    each, actual = [], []
    for fold in inner if n <= MOST_FOLDED else inner[:1]:
        try:
            rows = fold.taught
            panel = Panel.fit(frame.iloc[rows], target[rows], names, seed, settings=settings)
        except FitError:
            continue
        if panel.names == tuple(names):
            each.append(panel.each(panel.encoder.of(frame.iloc[fold.asked])))
            actual.append(target[fold.asked])
    return _weights(each, actual) if each else equal


def _weights(each: Sequence[Floats], actual: Sequence[Floats]) -> Floats:
    n = each[0].shape[1]
    return pooled_weights(each, actual, np.full(n, 1.0 / n), RIDGE)


def _chosen(
    judged: dict[str, Floats],
    target: Floats,
    blocks: Sequence[Ints],
    candidates: Sequence[str],
    seed: int,
) -> tuple[str, str]:
    """The champion by `RULE`, and the candidate of the lowest deviance.

    References
    ----------
    Nadeau & Bengio (2003), "Inference for the generalization error": folds share what taught
    them, so that their differences vary less than those of other samples would
    """
    shared = len(blocks) > 1
    if not shared:
        # What taught is the same for all of them: parts of these rows tell what chance is.
        order = np.random.default_rng(seed).permutation(blocks[0])
        blocks = np.array_split(order, min(CHOOSING_PARTS, len(order)))
    each = {
        name: np.array([metrics.tweedie_deviance(target[b], judged[name][b]) for b in blocks])
        for name in (*candidates, MEAN)
    }
    usable = np.all([np.isfinite(values) for values in each.values()], axis=0)
    if not usable.any():
        return MEAN, candidates[0]
    each = {name: values[usable] for name, values in each.items()}
    means = {name: float(values.mean()) for name, values in each.items()}
    rows = np.concatenate(blocks)

    def clearly(lower: str, higher: str) -> bool:
        gain = each[higher] - each[lower]
        k = len(gain)
        share = 1.0 / k + (1.0 / (k - 1) if shared and k > 1 else 0.0)
        error = float(gain.std(ddof=1) * np.sqrt(share)) if k > 1 else 0.0
        return float(gain.mean()) > max(error, MARGIN * means[higher])

    def knows(name: str) -> bool:
        if clearly(name, MEAN):
            return True
        # Of every row held out, not of the few between, where chance alone may do as much.
        explains = shared and metrics.r2(target[rows], judged[name][rows]) > 0
        return explains and means[name] < means[MEAN]

    lowest = min(candidates, key=lambda name: means[name])
    able = [name for name in candidates if knows(name)]
    if not able:
        return MEAN, lowest
    best = min(able, key=lambda name: means[name])
    if ENSEMBLE in able and not clearly(best, ENSEMBLE):
        return ENSEMBLE, lowest
    return best, lowest


def label(model: str) -> str:
    """The model's name in full."""
    if model == ENSEMBLE:
        return "Ensemble of the learners"
    return NAIVE.get(model) or registry.entry(model).label
