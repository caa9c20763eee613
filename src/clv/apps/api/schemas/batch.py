"""Many profiles at once."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from clv.apps.api.schemas.base import Asked
from clv.apps.api.schemas.profile import EXAMPLES, ProfileBody

#: What is no profile stays as it was sent, to be told what is wrong with it.
Item = Annotated[ProfileBody | Any, Field(union_mode="left_to_right")]
_PLACES = ("profiles", "customers")


def _shapes(schema: dict[str, Any]) -> None:
    """An object with either field, or the list itself."""
    fields = schema.pop("properties")
    for name in ("type", "additionalProperties"):
        schema.pop(name)
    schema["anyOf"] = [
        *(
            {
                "type": "object",
                "properties": {name: {k: v for k, v in fields[name].items() if k != "default"}},
                "required": [name],
                "additionalProperties": False,
            }
            for name in _PLACES
        ),
        {"type": "array", "items": fields["profiles"]["items"]},
    ]
    schema["examples"] = [{"profiles": EXAMPLES[:2]}, EXAMPLES[2:]]


class BatchBody(Asked):
    """Profiles, up to CLV_BATCH_LIMIT (1,000 unless set); also as a plain list.

    One that cannot be used fails alone: the others are answered.
    """

    model_config = ConfigDict(title="Profiles", json_schema_extra=_shapes)

    profiles: list[Item] = Field(default=[], description="Each a profile.")
    customers: list[Item] = Field(default=[], description="The same as profiles.")

    @model_validator(mode="before")
    @classmethod
    def _plain_list(cls, content: Any) -> Any:
        return {"profiles": content} if isinstance(content, list) else content

    @model_validator(mode="after")
    def _one(self) -> BatchBody:
        if len(self.model_fields_set) != 1:
            raise ValueError("give either profiles or customers")
        return self

    @property
    def place(self) -> str:
        """Field that the items stand in."""
        return next(iter(self.model_fields_set))

    @property
    def items(self) -> list[Item]:
        found: list[Item] = getattr(self, self.place)
        return found
