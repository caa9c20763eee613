"""Names of models, and the other names they go by."""

from __future__ import annotations

from clv.core.errors import SettingError
from clv.models import registry
from clv.ops.store.publishing import CHAMPION

#: Other name -> model, or champion.
ALIASES = {
    "best": CHAMPION,
    "default": CHAMPION,
    "bg_nbd": "bgnbd",
    "mbg_nbd": "mbgnbd",
    "pareto_nbd": "paretonbd",
    "cox": "hybrid",
    "xgb": "xgboost",
    "lgbm": "lightgbm",
    "linear_regression": "glm",
    "neural_network": "ziln",
    "weighted_ensemble": "ensemble",
}


def model_name(asked: str) -> str:
    """The model of a name, or champion.

    Raises
    ------
    SettingError : there is no such model
    """
    name = asked.lower().replace("-", "_")
    name = ALIASES.get(name, name)
    if name == CHAMPION:
        return CHAMPION
    known = [entry.name for entry in registry.ENTRIES if entry.kind == "model"]
    if name not in known:
        raise SettingError(
            f"model_type: {asked[:64]!r} is not one. Known: {CHAMPION}, {', '.join(known)}."
        )
    return name


def aliases_of(name: str) -> list[str]:
    return [alias for alias, meant in ALIASES.items() if meant == name]
