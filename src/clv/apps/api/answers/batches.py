"""Items of a batch, each of which may fail alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from clv.apps.api.edge.faults import Fault, faults_of
from clv.apps.api.edge.problems import invalid
from clv.core.errors import ProfileError

if TYPE_CHECKING:
    from clv.core.types import Json

Model = TypeVar("Model", bound=BaseModel)

#: Faults told of one item.
_MOST_FAULTS = 5


def require_few(items: Sequence[Any], place: str, limit: int) -> None:
    """
    Raises
    ------
    ProblemError : more items than may come at once
    """
    if len(items) > limit:
        raise invalid(
            [Fault("body", f"/{place}", f"has {len(items)} items; give at most {limit}.")]
        )


def checked(item: Any, model: type[Model]) -> Model:
    """An item of a batch; one that its list could not take is looked at again for what is wrong.

    Raises
    ------
    ValidationError : it is none
    """
    return item if isinstance(item, model) else model.model_validate(item)


def item_problems(
    index: int, error: ValidationError | ProfileError, model: type[BaseModel]
) -> list[Json]:
    """What is wrong with an item: `schemas.predictions.ItemProblem`."""
    if isinstance(error, ProfileError):
        code, faults = error.code, [Fault("body", f"/{error.field}", error.found)]
    else:
        found = [{**e, "loc": ("body", *e["loc"])} for e in error.errors(include_url=False)]
        code, faults = "validation", faults_of(found, model)
    return [
        {"index": index, "field": fault.field, "message": fault.message, "code": code}
        for fault in faults[:_MOST_FAULTS]
    ]
