"""What drives forecasts in general: what weighs most, how they go with it, whose word counts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from clv.core.types import Floats, Horizon, Ints, Json, Money
from clv.features.book import MOST_REMEMBERED
from clv.models import registry
from clv.models.reasons.phrases import UNSPOKEN, phrase, unit

if TYPE_CHECKING:
    import pandas as pd

    from clv.features.book import History
    from clv.models.base import Model
    from clv.models.groundwork import Groundwork
    from clv.models.reasons import Drivers, Explainer

#: Features told by weight, and those of which it is told how forecasts go with them.
MOST_TOLD, MOST_PICTURED = 20, 6
#: Customers that partial dependence is averaged over, and values of a feature it is told at.
SAMPLED, STEPS = 1_000, 10


@runtime_checkable
class Explaining(Protocol):
    """A model that can say what moved its forecasts."""

    @property
    def explainer_(self) -> Explainer | None:
        """Tells what moves forecasts; None where there is nothing to tell."""
        ...

    @property
    def ground(self) -> Groundwork | None:
        """How customers become rows of numbers."""
        ...

    @property
    def shares(self) -> dict[str, float]:
        """What each of several members counts; empty of a model that is one."""
        ...

    def explained(
        self, history: History, horizon: Horizon, money: Money = ...
    ) -> tuple[pd.DataFrame, Drivers | None]:
        """As `Model.predict`, with what moved each forecast."""
        ...


def explained(
    model: Model, history: History, horizon: Horizon, money: Money
) -> tuple[pd.DataFrame, Drivers | None]:
    """A model's forecasts, with what moved each; None of a model that cannot tell."""
    if isinstance(model, Explaining):
        return model.explained(history, horizon, money)
    return model.predict(history, horizon, money), None


def insight(model: Model, history: History, prediction: pd.DataFrame, seed: int) -> Json | None:
    """What drives a model's forecasts.

    Parameters
    ----------
    history, prediction : customers and what the model said of them, in the same order
    seed : of the choice of customers that partial dependence is averaged over

    Returns
    -------
    ``importance``: feature, meaning and share, the heaviest first, another form of a feature
    counting with the plain one; ``features``: how many weigh anything, those not listed too;
    ``partial_dependence``: feature, meaning, unit, and lists of values, of the mean forecast at
    each and of the share of customers nearest to it, of features whose values say something;
    ``weights``: member, label and weight. None of a model that learned nothing from features
    """
    if not isinstance(model, Explaining) or model.explainer_ is None or model.ground is None:
        return None
    explainer = model.explainer_
    weighed = importance(explainer)
    rows, X = _some(model.ground, history, seed)
    clv = prediction["clv"].to_numpy(dtype=np.float64)[rows]
    spoken = [name for name in explainer.encoder.numbers if name not in UNSPOKEN]
    numbers = [name for name in weighed if name in spoken][:MOST_PICTURED]
    words = partial(_words, days=model.ground.window.n_days)
    return {
        "importance": [
            {"feature": name, "meaning": words(name), "share": share}
            for name, share in list(weighed.items())[:MOST_TOLD]
        ],
        "features": len(weighed),
        "partial_dependence": [
            {"feature": name, "meaning": words(name), "unit": unit(name)}
            | dependence(explainer, X, name, float(clv.mean()))
            for name in numbers
        ],
        "weights": [
            {"member": name, "label": registry.entry(name).label, "weight": share}
            for name, share in model.shares.items()
        ],
    }


def _words(name: str, days: int) -> str:
    return phrase(name, days).words


def importance(explainer: Explainer) -> dict[str, float]:
    """Features by what they weigh, the heaviest first, without those that weigh nothing.

    The weighted mean over learners of each one's share of the mean absolute contribution.
    """
    aspects = explainer.aspects
    found = np.zeros(len(aspects.names))
    for learner, weight in zip(explainer.learners, explainer.weights, strict=True):
        told = learner.importance()
        shares = np.array([[told[name] for name in explainer.encoder.names]])
        found += weight * aspects.parts(shares)[0]
    order = np.argsort(-found, kind="stable")
    return {aspects.names[a]: float(found[a]) for a in order if found[a] > 0}


def dependence(explainer: Explainer, X: Floats, feature: str, mean: float) -> dict[str, Any]:
    """How the mean forecast goes with a feature, all else being as it is.

    Every customer is given the same value, one after another; other forms of the feature go with
    it. Values are quantiles that some customer has.

    Parameters
    ----------
    X : (n, columns)
    feature : a number, and no other form of another one
    mean : forecast of these customers as they are, to which forecasts are scaled

    Returns
    -------
    values, forecast, share: lists of the same length; empty where nobody has a value

    References
    ----------
    Friedman (2001), "Greedy function approximation: a gradient boosting machine", section 8.2
    """
    columns = explainer.aspects.forms(feature)
    own = X[:, columns[0]]
    known = np.flatnonzero(~np.isnan(own))
    givers = _quantiles(own, known)
    told = []
    for giver in givers:
        given = X.copy()
        given[:, columns] = X[giver, columns]
        told.append(float(explainer.forecast(given).mean()))
    values = own[givers]
    middles = (values[1:] + values[:-1]) / 2.0
    nearest = np.bincount(np.searchsorted(middles, own[known]), minlength=len(values))
    scale = mean / float(explainer.forecast(X).mean())
    return {
        "values": values.tolist(),
        "forecast": [scale * each for each in told],
        "share": (nearest / len(X)).tolist(),
    }


def _quantiles(values: Floats, known: Ints) -> Ints:
    """Rows whose values are evenly spread over those known; each value once, rising."""
    if not len(known):
        return known
    order = known[np.argsort(values[known], kind="stable")]
    distinct, first = np.unique(values[order], return_index=True)
    if len(distinct) <= STEPS:
        return order[first]
    # The outermost hundredths are single customers.
    at = np.rint(np.linspace(0.02, 0.98, STEPS) * (len(order) - 1)).astype(np.int64)
    _, once = np.unique(values[order[at]], return_index=True)
    return order[at][once]


def _some(ground: Groundwork, history: History, seed: int) -> tuple[Ints, Floats]:
    """Rows of some customers, and their matrix."""
    rows = np.arange(len(history))
    if len(rows) > SAMPLED:
        draw = np.random.default_rng(seed)
        rows = np.sort(draw.choice(len(rows), SAMPLED, replace=False))
    # Features of all are kept where there are few, and need not be looked up again.
    if len(history) <= MOST_REMEMBERED:
        return rows, ground.matrix(history)[rows]
    return rows, ground.matrix(history.of_rows(rows))
