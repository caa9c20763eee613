"""Every learner by name. A class is imported only when its name is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from clv.core.errors import SettingError
from clv.models.learners.base import Learner, Settings


@dataclass(frozen=True)
class Entry:
    """What a name stands for.

    Attributes
    ----------
    label : in full
    place : module and class
    settings : the class of its settings, in the same module
    packages : which it needs besides the usual ones; the extra `neural` brings them
    """

    name: str
    label: str
    place: str
    settings: str
    about: str
    packages: tuple[str, ...] = ()


ENTRIES = (
    Entry(
        "xgboost",
        "Boosted trees (XGBoost)",
        "clv.models.learners.xgb:XGBoost",
        "XGBoostSettings",
        "Small trees, one after another, each on rows and features drawn",
    ),
    Entry(
        "lightgbm",
        "Boosted trees (LightGBM)",
        "clv.models.learners.lgb:LightGBM",
        "LightGBMSettings",
        "Trees grown leaf by leaf, one after another",
    ),
    Entry(
        "random_forest",
        "Random forest",
        "clv.models.learners.xgb:RandomForest",
        "ForestSettings",
        "Deep trees side by side, averaged",
    ),
    Entry(
        "gradient_boosting",
        "Gradient boosting",
        "clv.models.learners.xgb:GradientBoosting",
        "MachineSettings",
        "Friedman's machine: small trees, one after another, each on all rows and features",
    ),
    Entry(
        "glm",
        "Tweedie GLM",
        "clv.models.learners.glm:GLM",
        "GLMSettings",
        "A sum of effects on the logarithm of spend, each a line with bends",
    ),
    Entry(
        "ziln",
        "ZILN neural network",
        "clv.models.learners.ziln:ZILN",
        "ZILNSettings",
        "A neural network that tells the chance of spending and a lognormal of how much",
        packages=("jax", "optax"),
    ),
    Entry(
        "hurdle",
        "Hurdle of boosted trees",
        "clv.models.learners.hurdle:Hurdle",
        "HurdleSettings",
        "The chance of buying times the spend of those who buy, boosted trees each",
    ),
)
NAMES = tuple(entry.name for entry in ENTRIES)


def entry(name: str) -> Entry:
    """What the name stands for.

    Raises
    ------
    SettingError : it is no learner's
    """
    for found in ENTRIES:
        if found.name == name:
            return found
    raise SettingError(f"learner: {name!r} is not one. Known: {', '.join(NAMES)}.")


def learner_class(name: str) -> type[Learner]:
    """The class of that name."""
    module, _, attribute = entry(name).place.partition(":")
    return cast("type[Learner]", getattr(import_module(module), attribute))


def settings_class(name: str) -> type[Settings]:
    """The class of that learner's settings: its defaults, and what is worth searching."""
    found = entry(name)
    module, _, _ = found.place.partition(":")
    return cast("type[Settings]", getattr(import_module(module), found.settings))


def make(
    name: str, seed: int = 0, settings: Settings | None = None, *, threads: int = 2
) -> Learner:
    """A learner of that name, not fitted."""
    return learner_class(name)(settings, seed=seed, threads=threads)  # type: ignore[call-arg]


def load(name: str, folder: Path) -> Learner:
    """The learner of that name that was saved in a folder."""
    return learner_class(name).load(folder)


def available() -> tuple[str, ...]:
    """Names of the learners whose packages are installed."""
    return tuple(
        found.name
        for found in ENTRIES
        if all(find_spec(package) is not None for package in found.packages)
    )
