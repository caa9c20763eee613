"""Settings of the service: where it listens, who may ask, how much at once."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import ByteSize, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode

#: Words separated by commas in a variable, a list in a file.
Words = Annotated[list[str], NoDecode]

KIB, MIB = 1024, 1024 * 1024
_RATE = r"\s*[1-9]\d{0,8}\s*(/|per)\s*([1-9]\d{0,3}\s*)?(second|minute|hour|day)s?\s*|none"
#: What a setting must look like, and how to write it.
_FORMS = {
    "database_url": (
        r"(sqlite|postgres(ql)?(\+psycopg)?)://.*",
        "Write it as postgresql://user:password@host/name or sqlite:///file.",
    ),
    "redis_url": (r"(rediss?|unix)://.*", "Write it as redis://host:6379/0."),
    "rate_limit": (_RATE, "Write it as 600/minute or 10 per 5 seconds, or none."),
}


class ServiceSettings(BaseSettings):
    """What the service needs to know."""

    database_url: str | None = Field(
        default=None,
        repr=False,
        description="Address of the store, as postgresql://user:password@host/name."
        " Default: a SQLite file in CLV_HOME.",
    )
    redis_url: str | None = Field(
        default=None,
        repr=False,
        description="Address of Redis for the cache, rate limits and the queue of jobs, as"
        " redis://host:6379/0. Default: memory for the first two, SQLite for the queue.",
    )
    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address to listen on, or unix:/path/of/a/socket. Off loopback the service"
        " starts only once a key exists.",
    )
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 takes any.")
    workers: int = Field(default=1, ge=1, le=64, description="Processes that answer requests.")
    require_keys: bool = Field(
        default=False, description="Ask for keys on loopback too, as behind a proxy there."
    )
    allowed_hosts: Words = Field(
        default=[],
        description="Names the service may be asked by (the Host header), separated by commas;"
        " *.example.com allows all below. Default: loopback names on loopback, any name off it.",
    )
    cors_origins: Words = Field(
        default=[],
        description="Web origins whose pages may ask, as https://shop.example, separated by"
        " commas. Default: none.",
    )
    trusted_proxies: Words = Field(
        default=[],
        description="Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto"
        " are believed, separated by commas. Default: none.",
    )
    body_limit: ByteSize = Field(
        default=ByteSize(MIB), ge=KIB, description="Largest body of a request."
    )
    upload_limit: ByteSize = Field(
        default=ByteSize(256 * MIB), ge=KIB, description="Largest file that may be sent."
    )
    batch_limit: int = Field(default=1000, ge=1, description="Most items in one batch.")
    page_limit: int = Field(
        default=1000, ge=1, le=1000, description="Most rows in one page, up to 1,000."
    )
    rate_limit: str | None = Field(
        default=None,
        description="Requests each key may send, and each address without one, as 600/minute, or"
        " none for no limit. Default: none where nobody needs a key, else 600/minute.",
    )
    cache_size: ByteSize = Field(
        default=ByteSize(64 * MIB), ge=KIB, description="Most memory of the cache, per process."
    )
    cache_seconds: float = Field(
        default=300, gt=0, description="How long answers are kept; a publish ends them sooner."
    )
    warm: bool = Field(
        default=True,
        description="Make a run ready for orders as soon as it is published, in the background:"
        " else the first order after it takes seconds longer.",
    )
    embedded_worker: bool = Field(
        default=True, description="Let clv serve run a worker for jobs as well."
    )
    publish_keep: int = Field(
        default=5,
        ge=2,
        description="Published runs whose forecasts stay in the store, to roll back to.",
    )
    shutdown_seconds: int = Field(
        default=30, ge=1, description="How long requests in flight may take when stopped."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least important lines to log; warning leaves out requests."
    )
    log_format: Literal["json", "text"] = Field(
        default="json", description="json: a document a line; text: for reading on a terminal."
    )

    @field_validator("allowed_hosts", "cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [word.strip() for word in value.split(",") if word.strip()]
        return value

    @field_validator(*_FORMS)
    @classmethod
    def _formed(cls, value: str | None, info: ValidationInfo) -> str | None:
        pattern, advice = _FORMS[str(info.field_name)]
        if value is not None and not re.fullmatch(pattern, value):
            raise ValueError(advice)
        return value

    @property
    def on_loopback(self) -> bool:
        """Whether nobody off this machine can connect."""
        from clv.apps.addresses import is_loopback

        return is_loopback(self.host)

    @property
    def open_door(self) -> bool:
        """Whether requests without a key are answered."""
        return self.on_loopback and not self.require_keys

    @property
    def rate(self) -> str | None:
        """The rate limit in force."""
        if self.rate_limit is None:
            # A proxy on this machine lets everybody come from loopback.
            return None if self.open_door else "600/minute"
        return None if self.rate_limit == "none" else self.rate_limit
