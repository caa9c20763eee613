"""Settings from the environment, typed. Only this floor reads it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from clv.core.errors import SettingError
from clv.ops.machine import Machine


class Settings(BaseSettings):
    """Where things live and how much of the machine they may use."""

    model_config = SettingsConfigDict(env_prefix="CLV_", extra="ignore")

    home: Path = Field(default=Path(".clv"), description="Folder of runs and all other state.")
    memory_limit: str = Field(
        default="3GB",
        pattern=r"^\d+(\.\d+)? ?([KMGT]i?B)$",
        description="Most memory the engine may hold before it spills to disk.",
    )
    threads: int | None = Field(
        default=None, ge=1, description="Threads of the engine. Default: all cores."
    )
    s3_endpoint: str | None = Field(
        default=None,
        validation_alias="AWS_ENDPOINT_URL",
        description="Address of an S3-compatible store. Default: Amazon's.",
    )

    def machine(self) -> Machine:
        return Machine(self.home, self.memory_limit, self.threads, self.s3_endpoint)


@lru_cache
def settings() -> Settings:
    """
    Raises
    ------
    SettingError : a variable that cannot be used, by name
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "CLV_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingError(f"environment: {name} is {first['input']!r}. {first['msg']}.") from None
