"""What fitted models share: a weak prior where data do not suffice, and a file to be kept in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from clv.core.errors import FitError, RunError
from clv.core.types import Json

Found = TypeVar("Found")
#: Of log-parameters: a factor of fifty either way costs little.
WEAK_PRIOR_SD = 2.0
FILE = "model.json"
VERSION = 2


def held(
    fit: Callable[[float | None], Found], prior_sd: float | None = None
) -> tuple[Found, tuple[str, ...]]:
    """A fit; where its likelihood has no summit at finite parameters, one that a weak prior holds.

    Parameters
    ----------
    fit : takes the standard deviation of a Normal prior on each log-parameter, or None
    prior_sd : the one asked for

    Returns
    -------
    what was found, and what has to be told of it

    Raises
    ------
    FitError : there is nothing to learn from, prior or not
    """
    try:
        return fit(prior_sd), ()
    except FitError as runaway:
        return fit(WEAK_PRIOR_SD), (f"{runaway.found} A weak prior held the parameters.",)


def estimates(model: Any, unit: str) -> Json:
    """What a model with parameters learned, as JSON; times in that unit."""
    return {
        "name": model.name,
        "version": VERSION,
        "unit": unit,
        "params": model.params_._asdict(),
        "standard_errors": model.standard_errors_._asdict(),
        "covariance": model.covariance_.tolist(),
        "log_likelihood": model.loglik_,
        "customers": model.n_customers_,
        "histories": model.n_histories_,
        "notes": model.notes_,
    }


def restore(model: Found, state: Json) -> Found:
    """The model, with what `estimates` told of it."""
    made: Any = model
    made.params_ = made.params_kind(**state["params"])
    made.standard_errors_ = made.params_kind(**state["standard_errors"])
    made.covariance_ = np.array(state["covariance"], dtype=np.float64)
    made.loglik_ = state["log_likelihood"]
    made.n_customers_, made.n_histories_ = state["customers"], state["histories"]
    made.notes_ = tuple(state["notes"])
    return model


def write(folder: Path, state: Json) -> None:
    """Write a model's state into an existing folder."""
    (folder / FILE).write_text(json.dumps(state, indent=2, allow_nan=False) + "\n")


def read(folder: Path, name: str) -> Json:
    """The state in a folder, of the model of that name.

    Raises
    ------
    RunError : the file is missing, or of another model or version
    """
    try:
        state = json.loads((folder / FILE).read_text())
    except (OSError, ValueError) as error:
        raise RunError(f"model: {folder / FILE} cannot be read ({error}).") from None
    state = state if isinstance(state, dict) else {}
    if (state.get("name"), state.get("version")) != (name, VERSION):
        raise RunError(
            f"model: {folder / FILE} holds {state.get('name')!r} version"
            f" {state.get('version')!r}, not {name!r} version {VERSION}. Fit it again."
        )
    return state


def made(folder: Path, name: str, of_state: Callable[[Json], Found]) -> Found:
    """The model of that name in a folder, made from its state.

    Raises
    ------
    RunError : the file is missing, of another model or version, or incomplete
    """
    state = read(folder, name)
    try:
        return of_state(state)
    except (AttributeError, KeyError, TypeError, ValueError) as missing:
        raise RunError(f"model: {folder / FILE} is incomplete ({missing}).") from None
