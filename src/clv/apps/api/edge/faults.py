"""Which field of a request cannot be used, why, and what to do: from what pydantic found."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import AliasChoices, BaseModel

from clv.core.types import Json

#: Parts of a request besides the body.
_PARTS = ("query", "path", "header", "cookie")
#: Faults of a request that are listed; the others are counted, and no look-alike is sought.
MOST_FAULTS = 100
_MOST_SHOWN = 60
_MOST_NAMED = 20

#: What is wrong, and what to do, by pydantic's kind of error; {input} and its context filled in.
_SAID = {
    "missing": "is missing; give it.",
    "extra_forbidden": "is not a field here.",
    "string_type": "is {input}; give text.",
    "int_type": "is {input}; give a whole number.",
    "int_parsing": "is {input}; give a whole number.",
    "int_parsing_size": "is {input}; give a smaller number.",
    "int_from_float": "is {input}; give a whole number.",
    "float_type": "is {input}; give a number.",
    "float_parsing": "is {input}; give a number.",
    "finite_number": "is {input}; give a finite number.",
    "bool_type": "is {input}; give true or false.",
    "bool_parsing": "is {input}; give true or false.",
    "list_type": "is {input}; give a list.",
    "dict_type": "is {input}; give an object.",
    "model_type": "is {input}; give an object.",
    "model_attributes_type": "is {input}; give an object.",
    "greater_than": "is {input}; give more than {gt}.",
    "greater_than_equal": "is {input}; give at least {ge}.",
    "less_than": "is {input}; give less than {lt}.",
    "less_than_equal": "is {input}; give at most {le}.",
    "multiple_of": "is {input}; give a multiple of {multiple_of:g}.",
    "literal_error": "is {input}; give {expected}.",
    "enum": "is {input}; give {expected}.",
    "string_too_short": "is {input}; give at least {min_length} characters.",
    "string_too_long": "is too long; give at most {max_length} characters.",
    "string_pattern_mismatch": "is {input}; it must match {pattern}.",
    "too_short": "has {actual_length} items; give at least {min_length}.",
    "too_long": "has too many items; give at most {max_length}.",
    "date_from_datetime_parsing": "is {input}; write the day as YYYY-MM-DD.",
    "date_parsing": "is {input}; write the day as YYYY-MM-DD.",
    "date_type": "is {input}; write the day as YYYY-MM-DD.",
    "datetime_parsing": "is {input}; write the moment as YYYY-MM-DDTHH:MM:SSZ.",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """
    Attributes
    ----------
    part : body, query, path or header
    field : JSON pointer into the body; the name in another part
    """

    part: str
    field: str
    message: str

    def to_json(self) -> Json:
        return {"field": self.field, "message": self.message, "part": self.part}


def faults_of(errors: Sequence[Mapping[str, Any]], model: Any = None) -> list[Fault]:
    """Faults of a request.

    Parameters
    ----------
    errors : as pydantic or FastAPI tells them, places beginning with the part
    model : of the body, to name the fields it has
    """
    listed, counted = errors[:MOST_FAULTS], errors[MOST_FAULTS:]
    return [_fault(each, model) for each in listed] + [_fault(each, None) for each in counted]


def unknown(names: Sequence[str], known: Collection[str]) -> list[Fault]:
    """Faults of names in a query that are not among those known."""
    said, offered = _SAID["extra_forbidden"], sorted(known)
    told = [Fault("query", each, said + _offered(each, offered)) for each in names[:MOST_FAULTS]]
    return told + [Fault("query", each, said) for each in names[MOST_FAULTS:]]


def names_of(model: type[BaseModel]) -> set[str]:
    """Every name by which a field of the model may be given."""
    return set(_names(model))


def pointer(place: Sequence[int | str]) -> str:
    """RFC 6901."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in place)


def _fault(error: Mapping[str, Any], model: Any) -> Fault:
    place = tuple(error["loc"])
    part, inside = (place[0], place[1:]) if place else ("body", ())
    if part in _PARTS:
        return Fault(part, ".".join(map(str, inside)), _said(error))
    if part != "body":
        part, inside = "body", place
    message = _said(error)
    if error["type"] == "extra_forbidden" and model is not None:
        message += _known(model, inside)
    return Fault(part, pointer(inside), message)


def _said(error: Mapping[str, Any]) -> str:
    said = _SAID.get(error["type"])
    context = dict(error.get("ctx") or {})
    if said is not None:
        try:
            return said.format(**{**context, "input": _shown(error.get("input"))})
        except (KeyError, IndexError):
            pass
    told = str(error["msg"]).removeprefix("Value error, ").removesuffix(".")
    return f"cannot be used: {told}."


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bytes):
        return "bytes"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    told = repr(value) if isinstance(value, str) else str(value)
    return told if len(told) <= _MOST_SHOWN else told[:_MOST_SHOWN] + "..."


def _known(model: Any, place: Sequence[int | str]) -> str:
    """The fields there are where an unknown one was found."""
    models = set(_models(model))
    for step in place[:-1]:
        if isinstance(step, str):
            inner = {m for one in models for m in _models(_annotation(one, step))}
            models = inner or models
    return _offered(str(place[-1]), sorted({name for one in models for name in _names(one)}))


def _offered(name: str, names: Sequence[str]) -> str:
    """What may have been meant, or else what there is."""
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f" Did you mean {close[0]}?"
    more = " and others" if len(names) > _MOST_NAMED else ""
    return f" Fields: {', '.join(names[:_MOST_NAMED])}{more}." if names else ""


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _annotation(model: type[BaseModel], name: str) -> Any:
    for field_name, field in model.model_fields.items():
        if name in _aliases(field_name, field):
            return field.annotation
    return None


def _names(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield from _aliases(name, field)


def _aliases(name: str, field: Any) -> set[str]:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return {choice for choice in alias.choices if isinstance(choice, str)}
    return {alias if isinstance(alias, str) else name}
