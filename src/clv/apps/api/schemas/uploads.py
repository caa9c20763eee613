"""Files sent in, for training."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from clv.apps.api.schemas.answer import Answer


class UploadTold(Answer):
    upload_id: str = Field(description="Give it as source of a training: {upload: ID}.")
    name: str = Field(description="As it was called, made safe.", examples=["orders.csv"])
    bytes: int
    received_at: datetime


class Uploads(Answer):
    uploads: list[UploadTold] = Field(description="The newest first, up to 1,000.")
    count: int


class Removed(Answer):
    upload_id: str
    removed: bool
