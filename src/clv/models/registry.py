"""Every model by name. A class is imported only when its name is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Literal, cast

from clv.core.errors import SettingError
from clv.models.base import Model


@dataclass(frozen=True)
class Entry:
    """What a name stands for.

    Attributes
    ----------
    label, short : in full, and for narrow tables
    kind : "model" may become champion; "naive" is a yardstick; "fallback" is what is forecast
        where the champion tells nobody apart
    place : module and class
    seeded : it draws at random
    """

    name: str
    label: str
    short: str
    kind: Literal["model", "naive", "fallback"]
    place: str
    about: str
    seeded: bool = False

    @property
    def learns(self) -> bool:
        """It learns from features what customers did after past days."""
        return self.place.startswith(("clv.models.supervised:", "clv.models.ensemble:"))


ENTRIES = (
    Entry(
        "ensemble",
        "Ensemble of purchase models, learners and yardsticks",
        "Ensemble",
        "model",
        "clv.models.ensemble:Ensemble",
        "A weighted mean of the others, its weights and level learned on past days",
        seeded=True,
    ),
    Entry(
        "hurdle",
        "Hurdle: whether they buy × how much",
        "Hurdle",
        "model",
        "clv.models.supervised:Hurdle",
        "Boosted trees for the chance of buying, others for the spend of those who do",
        seeded=True,
    ),
    Entry(
        "xgboost",
        "XGBoost, Tweedie loss",
        "XGBoost",
        "model",
        "clv.models.supervised:XGBoost",
        "Boosted trees over all features, their loss made for many zeros and few large sums",
        seeded=True,
    ),
    Entry(
        "lightgbm",
        "LightGBM, Tweedie loss",
        "LightGBM",
        "model",
        "clv.models.supervised:LightGBM",
        "The same by another library, leaf by leaf",
        seeded=True,
    ),
    Entry(
        "random_forest",
        "Random forest",
        "Forest",
        "model",
        "clv.models.supervised:RandomForest",
        "The mean of deep trees, each grown on other customers and features",
        seeded=True,
    ),
    Entry(
        "gradient_boosting",
        "Gradient boosting, Poisson loss",
        "Boosting",
        "model",
        "clv.models.supervised:GradientBoosting",
        "Friedman's machine: shallow trees, each mending what those before it missed",
        seeded=True,
    ),
    Entry(
        "glm",
        "Tweedie regression",
        "GLM",
        "model",
        "clv.models.supervised:GLM",
        "A sum of effects of all features on the logarithm of spend, each a line with bends",
        seeded=True,
    ),
    Entry(
        "ziln",
        "Neural network, zero-inflated lognormal loss",
        "ZILN",
        "model",
        "clv.models.supervised:ZILN",
        "Wang, Liu & Miao's network: whether, how much and how far it may stray (extra: neural)",
        seeded=True,
    ),
    Entry(
        "mbgnbd",
        "MBG/NBD × Gamma-Gamma",
        "MBG/NBD",
        "model",
        "clv.models.btyd:MBGNBD",
        "Buys at random while alive, may leave after any purchase, the first one included",
    ),
    Entry(
        "bgnbd",
        "BG/NBD × Gamma-Gamma",
        "BG/NBD",
        "model",
        "clv.models.btyd:BGNBD",
        "Buys at random while alive, may leave after any repeat purchase",
    ),
    Entry(
        "paretonbd",
        "Pareto/NBD × Gamma-Gamma",
        "Pareto/NBD",
        "model",
        "clv.models.btyd:ParetoNBD",
        "Buys at random while alive, may leave at any moment",
    ),
    Entry(
        "mbgcnbd",
        "MBG/CNBD-k × Gamma-Gamma",
        "MBG/CNBD-k",
        "model",
        "clv.models.regular:MBGCNBD",
        "Buys in a rhythm while alive, k times steadier than chance; may leave after any purchase",
    ),
    Entry(
        "bgcnbd",
        "BG/CNBD-k × Gamma-Gamma",
        "BG/CNBD-k",
        "model",
        "clv.models.regular:BGCNBD",
        "Buys in a rhythm while alive, k times steadier than chance; may leave after a repeat",
    ),
    Entry(
        "nbd",
        "NBD × Gamma-Gamma",
        "NBD",
        "model",
        "clv.models.nbd:NBD",
        "Buys at random and never leaves",
    ),
    Entry(
        "btyd",
        "The likeliest purchase model × Gamma-Gamma",
        "BTYD, picked",
        "model",
        "clv.models.pick:BTYD",
        "Whichever of the purchase models above finds the latest purchases likeliest",
    ),
    Entry(
        "hybrid",
        "Cox PH for one-timers, BG/NBD × Gamma-Gamma for repeaters",
        "Cox + BG/NBD",
        "model",
        "clv.models.onetime:Hybrid",
        "One-time buyers by their own return times, channel and first spend",
        seeded=True,
    ),
    Entry(
        "naive_rate",
        "Naive: spend so far, same rate",
        "naive: same rate",
        "naive",
        "clv.models.naive:PastRate",
        "Everything spent so far, spread over the log's days, goes on",
    ),
    Entry(
        "naive_repeat",
        "Naive: repeat spend, same rate",
        "naive: repeats",
        "naive",
        "clv.models.naive:RepeatRate",
        "Everything spent after the first day, spread over the log's days, goes on",
    ),
    Entry(
        "naive_last_period",
        "Naive: last period again",
        "naive: last period",
        "naive",
        "clv.models.naive:LastPeriod",
        "The last days, as many as the horizon has, repeat themselves",
    ),
    Entry(
        "even",
        "Everyone the same",
        "all the same",
        "fallback",
        "clv.models.even:Even",
        "The mean of another model; the forecast where nothing tells customers apart",
    ),
)


def entry(name: str) -> Entry:
    """What the name stands for.

    Raises
    ------
    SettingError : it is no model's
    """
    for found in ENTRIES:
        if found.name == name:
            return found
    known = ", ".join(e.name for e in ENTRIES)
    raise SettingError(f"model: {name!r} is not one. Known: {known}.")


def model_class(name: str) -> type[Model]:
    """The class of that name."""
    module, _, attribute = entry(name).place.partition(":")
    return cast("type[Model]", getattr(import_module(module), attribute))


def make(name: str, seed: int) -> Model:
    """A model of that name, not fitted; the seed reaches those that draw at random."""
    wanted = model_class(name)
    return wanted(seed=seed) if entry(name).seeded else wanted()  # type: ignore[call-arg]
