"""From the body of a request to what the champion takes, and back to the client's names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from clv.apps.api.schemas.told import NAMES, NEEDED
from clv.core.errors import ProfileError
from clv.models.learners.encoder import as_text
from clv.ops.profile import Profile

if TYPE_CHECKING:
    from clv.apps.api.schemas.profile import ProfileBody
    from clv.core.types import Json
    from clv.ops.champion import Champion

_PLAIN = {name: plain for plain, names in NAMES.items() for name in names}
_RANKS = {
    name: (plain, place) for plain, names in NAMES.items() for place, name in enumerate(names)
}
_OWN = frozenset({"customer_id", "snapshot_date", "features"})


@dataclass(frozen=True, slots=True)
class Reading:
    """
    Attributes
    ----------
    names : plain name -> the one the client used
    day : on which the profile holds
    """

    profile: Profile
    names: Mapping[str, str]
    day: date


def reading(body: ProfileBody, champion: Champion) -> Reading:
    """A profile as the champion takes it.

    Raises
    ------
    ProfileError : something needed is missing, cannot be, or is told twice and differently;
        `field` is the client's name of it
    """
    told, inside = _told(body)
    day = body.snapshot_date or datetime.now(UTC).date()
    try:
        if champion.table is not None:
            fields, columns = _columns(told, champion)
            profile = Profile(0.0, 0.0, 0.0, 0.0, body.customer_id, {}, fields)
            return Reading(profile, columns, day)
        known, names = _plain(told)
        return Reading(_profile(body, known, names, champion, day), names, day)
    except ProfileError as error:
        if error.field in inside:
            raise ProfileError(f"features/{error.field}", error.found) from None
        raise


def _profile(
    body: ProfileBody, known: Json, names: Mapping[str, str], champion: Champion, day: date
) -> Profile:
    assert champion.profiles is not None
    needed = {name: known.pop(name, None) for name in NEEDED}
    try:
        more = champion.profiles.as_learned(known, day)
        profile = Profile.of(**needed, customer_id=body.customer_id, more=more)
    except ProfileError as error:
        raise ProfileError(names.get(error.field) or NAMES[error.field][0], error.found) from None
    if profile.notices:
        return replace(profile, notices=tuple(_named(n, names) for n in profile.notices))
    return profile


def _told(body: ProfileBody) -> tuple[Json, frozenset[str]]:
    """Everything told, by the client's names, and which of them stand among the features."""
    told = {
        name: value
        for name in body.model_fields_set - _OWN
        if (value := getattr(body, name)) is not None
    }
    features = body.features
    if features is None:
        return told, frozenset()
    every = {**features.__dict__, **(features.model_extra or {})}
    more = {name: every[name] for name in features.model_fields_set if every[name] is not None}
    for name in told.keys() & more.keys():
        if not _alike(told[name], more[name]):
            raise _twice(name, told[name], f"features/{name}", more[name])
    return {**more, **told}, frozenset(more.keys() - told.keys())


def _plain(told: Json) -> tuple[Json, dict[str, str]]:
    """By plain names, and which of the client's each of them was."""
    known: Json = {}
    names: dict[str, str] = {}
    for name in sorted(told, key=_rank):
        value, plain = told[name], _PLAIN.get(name, name)
        if plain not in known:
            known[plain], names[plain] = value, name
        elif name == "category_diversity":
            # Beside their number it is another measure: how evenly they were bought from.
            known[name] = value
        elif not _alike(known[plain], value):
            raise _twice(names[plain], known[plain], name, value)
    return known, names


def _columns(told: Json, champion: Champion) -> tuple[Json, dict[str, str]]:
    """By the columns that a table's run learned from, under whichever name they were told."""
    assert champion.table is not None
    encoder, days = champion.table.panel.encoder, champion.table.days
    there = frozenset(encoder.features)
    numbers = frozenset(encoder.numbers)
    fields: Json = {}
    names: dict[str, str] = {}
    for name in sorted(told, key=_rank):
        alike = (name, *NAMES.get(_PLAIN.get(name, ""), ()))
        column = next((each for each in alike if each in there), name)
        value = _as_column(name, told[name], column, numbers, days)
        if column not in fields:
            fields[column], names[column] = value, name
        elif not _alike(fields[column], value):
            raise _twice(names[column], fields[column], name, value)
    return fields, names


def _as_column(
    name: str, value: Any, column: str, numbers: frozenset[str], days: tuple[str, ...]
) -> Any:
    if column in days:
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise ProfileError(name, f"is {value!r}. Write the day as YYYY-MM-DD.") from None
    if column in numbers:
        if isinstance(value, str):
            raise ProfileError(name, f"is {value!r}. Give a number: the run learned from numbers.")
        return float(value)
    return as_text(value)


def _rank(name: str) -> tuple[str, int]:
    """The usual name of a thing before the others."""
    return _RANKS.get(name) or (name, 0)


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)


def _twice(name: str, value: Any, other: str, differs: Any) -> ProfileError:
    return ProfileError(
        name,
        f"is {_shown(value)}, and {other}, which means the same, is {_shown(differs)}. Give one of"
        " them.",
    )


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)


def _named(notice: str, names: Mapping[str, str]) -> str:
    """A notice that begins with the client's name of what it is about."""
    plain, colon, rest = notice.partition(": ")
    return f"{names[plain]}: {rest}" if colon and plain in names else notice
