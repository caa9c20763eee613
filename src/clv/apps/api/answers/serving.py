"""Which run answers, by the name of the model that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.apps.api.answers.modelnames import model_name
from clv.core.errors import RunError, UnsuitedError
from clv.ops.runs import MADE_UP
from clv.ops.store.publishing import CHAMPION

if TYPE_CHECKING:
    from clv.core.types import Json
    from clv.ops.champions import Champions, Serving
    from clv.ops.runs import Run
    from clv.ops.store.publishing import Current

MADE_UP_SHOP = "the model learned from a made-up shop: its forecasts say nothing of yours"


def serve(champions: Champions, model_type: str) -> Serving:
    """The run that a model's name means.

    Raises
    ------
    SettingError : there is no such model
    UnsuitedError : it has not been trained for being asked for by name
    RunError : nothing is published
    LostRunError : the run cannot be read
    """
    name = model_name(model_type)
    if name == CHAMPION:
        return champions.current()
    try:
        return champions.current(f"model:{name}")
    except RunError:
        champion = champions.current()
        if model_of(champion) == name:
            return champion
        raise UnsuitedError(
            f"model_type: {name} is not served yet. Train it by POST /api/train/{name}, or leave"
            f" model_type out: the champion is {model_of(champion)}."
        ) from None


def model_of(serving: Serving) -> str:
    return str(serving.champion.run.manifest["champion"]["name"])


def notices_of(run: Run) -> list[str]:
    """What whoever is told a forecast should know of the run it is by."""
    return [MADE_UP_SHOP] if run.manifest.get(MADE_UP) else []


def of_run(serving: Serving) -> Json:
    """What every answer tells of its run: `schemas.answer.OfRun`."""
    manifest = serving.champion.run.manifest
    return {
        "model": manifest["champion"]["name"],
        "model_version": manifest["run_id"],
        "as_of": manifest["as_of"],
        "horizon_days": manifest.get("horizon_days"),
        "currency": manifest.get("currency"),
    }


def of_current(now: Current) -> Json:
    """The same of a run that the store tells of."""
    return {
        "model": now.model,
        "model_version": now.run_id,
        "as_of": now.as_of,
        "horizon_days": now.horizon_days,
        "currency": now.currency,
    }
