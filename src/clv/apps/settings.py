"""Settings from the environment and a YAML file, typed. Only this floor reads them."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from clv.apps.servicesettings import ServiceSettings
from clv.core.errors import SettingError
from clv.core.types import Json
from clv.ops.machine import Machine
from clv.ops.settingsfile import read_settings

if TYPE_CHECKING:
    from clv.ops.cache import Cache
    from clv.ops.store.database import Store
    from clv.ops.work.workplace import Workplace

PREFIX = "CLV_"


class Settings(ServiceSettings):
    """Where things live, how much of the machine they may use, and how they are served."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", env_ignore_empty=True, validate_by_name=True
    )

    home: Path = Field(default=Path(".clv"), description="Folder of runs and all other state.")
    config: Path | None = Field(
        default=None,
        description="YAML file of these settings: port: 9000 is CLV_PORT=9000. What the"
        " environment sets wins. Default: none.",
    )
    memory_limit: str = Field(
        default="3GB",
        pattern=r"^\d+(\.\d+)? ?([KMGT]i?B)$",
        description="Most memory the engine may hold before it spills to disk.",
    )
    threads: int | None = Field(
        default=None,
        ge=1,
        description="Threads of the engine, and of each learner while it learns from a log."
        " Default: all cores, and two.",
    )
    s3_endpoint: str | None = Field(
        default=None,
        validation_alias="AWS_ENDPOINT_URL",
        description="Address of an S3-compatible store. Default: Amazon's.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, InitSettingsSource(settings_cls, _of_file(cls))

    sagemaker_root: Path = Field(
        default=Path("/opt/ml"),
        description="Folder where a container of SageMaker finds its input and leaves its model.",
    )
    sagemaker_host: str = Field(
        default="0.0.0.0",  # noqa: S104 a container's own
        description="Address that a container of SageMaker listens on, at port 8080 or"
        " SAGEMAKER_BIND_TO_PORT.",
    )
    sagemaker_user: str | None = Field(
        default=None,
        description="User that a container of SageMaker goes on as once it serves, where it was"
        " started as root. Default: none, who started it stays.",
    )

    def machine(self) -> Machine:
        return Machine(self.home, self.memory_limit, self.threads, self.s3_endpoint)

    def workplace(self) -> Workplace:
        """Where jobs are done."""
        from clv.ops.work.workplace import Workplace

        return Workplace(self.machine(), self.database_url, self.redis_url, self.publish_keep)

    def store(self) -> Store:
        """The store, opened and brought to this version.

        Raises
        ------
        StoreError : it cannot be reached
        """
        from clv.ops.store.database import Store

        return Store.open(self.database_url, self.home)

    def cache(self) -> Cache:
        from clv.ops.cache import MemoryCache, RedisCache

        memory = MemoryCache(int(self.cache_size))
        return RedisCache(self.redis_url, memory) if self.redis_url else memory


def environment(settings: Settings) -> dict[str, str]:
    """The settings as the environment says them, for processes this one starts."""
    told = {}
    for name, value in settings.model_dump(mode="json").items():
        if isinstance(value, list):
            told[variable(name)] = ",".join(value)
        elif value is not None:
            told[variable(name)] = str(value)
    return told


def variable(name: str) -> str:
    """The environment variable of a setting."""
    alias = Settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else PREFIX + name.upper()


@lru_cache
def settings() -> Settings:
    """
    Raises
    ------
    SettingError : a variable, or a line of the file, that cannot be used, by name
    """
    return checked({})


def checked(given: Json) -> Settings:
    """What was given, over the environment, over the file.

    Raises
    ------
    SettingError : a value that cannot be used, by name
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        name = variable(field) if field in Settings.model_fields else field
        # An address may hold a password.
        value = "not usable" if "url" in field.lower() else repr(first["input"])
        advice = str(first["msg"]).removeprefix("Value error, ").removesuffix(".")
        raise SettingError(f"environment: {name} is {value}. {advice}.") from None


def _of_file(cls: type[Settings]) -> dict[str, Any]:
    named = os.environ.get(PREFIX + "CONFIG")
    if not named:
        return {}
    path = Path(named)
    given = read_settings(path, "CLV_CONFIG")
    known = cls.model_fields.keys() - {"config"}
    if unknown := sorted(given.keys() - known):
        # What stands where a name should may be a value, and secret.
        shown = next((name for name in unknown if re.fullmatch(r"[A-Za-z_]{1,40}", name)), None)
        raise SettingError(
            f"CLV_CONFIG: {shown or 'a name'} in {path} is not a setting."
            f" Known settings: {', '.join(sorted(known))}."
        )
    return {
        cls.model_fields[name].validation_alias or name: value  # type: ignore[misc]
        for name, value in given.items()
        if value is not None
    }
