"""Long work off the request."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field, StrictBool, model_validator

from clv.apps.api.schemas.answer import Answer
from clv.apps.api.schemas.base import Asked
from clv.ops.work.params import FEWEST_SAMPLED, MOST_SAMPLED

PUBLISH = (
    "Serve the outcome. Default: yes, unless it learned from a made-up shop and would take the"
    " place of a run that did not; to have that needs the scope admin."
)
Status = Literal["queued", "running", "done", "failed", "cancelled"]


class JobProblem(Answer):
    """Why a job failed."""

    code: str
    message: str = Field(description="What went wrong, and what to do.")


class JobLinks(Answer):
    self: str
    cancel: str | None = Field(description="Where to ask that it stops; null once it is over.")


class JobTold(Answer):
    """A job, how far it is, and what came of it."""

    job_id: str
    kind: str = Field(examples=["train"])
    params: dict[str, Any] = Field(description="What was asked.")
    status: Status
    stage: str | None = Field(
        description="What it does now, in words; or that no worker is there to do it."
    )
    progress: float = Field(description="Part of the work that is done; never falls.", ge=0, le=1)
    result: dict[str, Any] | None = Field(description="What came of it, once done.")
    problem: JobProblem | None = Field(description="Why it failed, if it did.")
    attempts: int = Field(description="Times a worker began it.")
    cancel_asked: bool
    actor: str = Field(description="Id of the key that asked, or loopback or cli.")
    created_at: datetime
    started_at: datetime | None
    heartbeat_at: datetime | None = Field(description="When its worker last showed that it lives.")
    finished_at: datetime | None
    links: JobLinks


class JobPage(Answer):
    jobs: list[JobTold] = Field(description="The newest first.")
    count: int
    next_before: str | None = Field(
        description="Give it as before to get the next page; null on the last."
    )


class JobBody(Asked):
    """Long work besides training, which has routes of its own."""

    model_config = ConfigDict(
        title="Job",
        json_schema_extra={
            "examples": [
                {
                    "kind": "backtest",
                    "params": {"source": {"log": "champion"}, "settings": {"origins": 3}},
                }
            ]
        },
    )

    kind: Literal["backtest", "generate"] = Field(
        description="backtest: hold models against past days of a log. generate: make up a shop"
        " whose truth is known, in the folder samples of CLV_HOME."
    )
    params: dict[str, Any] = Field(
        default={},
        description="Of a backtest: source as for training, and settings as in a configuration"
        " file of `clv backtest`. Of a made-up shop: settings of `clv generate`.",
    )


class Source(Asked):
    """Where the log is; exactly one of these."""

    upload: str | None = Field(
        default=None, pattern="^[0-9a-f]{32}$", description="Id of a file sent to /api/uploads."
    )
    sample: int | None = Field(
        default=None,
        strict=True,
        ge=FEWEST_SAMPLED,
        le=MOST_SAMPLED,
        description="A made-up shop with so many customers.",
    )
    log: Literal["champion"] | None = Field(
        default=None,
        description="champion: the log of the run now served, with the orders that came in since.",
    )

    @model_validator(mode="after")
    def _one(self) -> Source:
        if sum(value is not None for value in (self.upload, self.sample, self.log)) != 1:
            raise ValueError("give exactly one of upload, sample and log")
        return self


class TrainBody(Asked):
    """What to train."""

    model_config = ConfigDict(
        title="Training",
        json_schema_extra={
            "examples": [{"source": {"sample": 2000}, "settings": {"budget": "fast"}}]
        },
    )

    model_type: str | None = Field(
        default=None,
        max_length=64,
        description="Train this model only, and serve it where it is asked for by model_type."
        " Default: compare all of the budget, and serve the best to everybody.",
        examples=["xgboost"],
    )
    source: Source = Field(
        default=Source(log="champion"),
        description="Where the log is. Default: that of the run now served.",
    )
    settings: dict[str, Any] = Field(
        default={},
        description="Settings as in a configuration file of `clv run`, as horizon: 180,"
        " budget: fast, or target: COLUMN of a table of customers.",
    )
    publish: StrictBool | None = Field(default=None, description=PUBLISH)
