"""What the service tells of itself: its parts, its models, its runs, its jobs."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from clv.client.answers import Day, Moment, OfRun

HealthStatus = Literal["ok", "degraded", "down"]
JobStatus = Literal["queued", "running", "done", "failed", "cancelled"]


class Component(TypedDict):
    status: HealthStatus
    detail: str | None


class Health(TypedDict):
    status: HealthStatus
    components: dict[str, Component]


class Champion(TypedDict):
    """The run that is served."""

    run_id: str
    model: str
    as_of: Day | None
    horizon_days: int | None
    customers: int
    created_at: Moment
    published_at: Moment
    revision: int


class ServiceStatus(TypedDict):
    version: str
    started_at: Moment
    uptime_seconds: float
    status: HealthStatus
    components: dict[str, Component]
    champion: Champion | None


class Model(TypedDict):
    name: str
    aliases: list[str]
    label: str
    about: str
    kind: Literal["model", "naive", "fallback"]
    champion: bool
    model_version: str | None
    train: str | None


class Models(TypedDict):
    models: list[Model]
    count: int


class Figures(TypedDict):
    """On rows held out, means over the past days or folds; None where it cannot be told."""

    mae: float | None
    rmse: float | None
    r2: float | None
    bias: float | None
    mape: float | None
    total_mape: float | None
    spearman: float | None
    gini: float | None
    top_decile_share: float | None
    top_decile_precision: float | None
    decile_mape: float | None
    calibration_slope: float | None
    deviance: float | None
    loglik: float | None


class Row(Figures):
    """A model of the leaderboard."""

    model: str
    label: str
    kind: str
    champion: bool
    failed: str | None
    notes: list[str]
    seconds: float | None
    spread: dict[str, float | None]
    origins: list[dict[str, Any]]


class ModelMetrics(OfRun):
    """Leaderboard, backtest and calibration of the served run."""

    rule: str
    level: float
    holdout: dict[str, Any] | None
    origins: list[str]
    leaderboard: list[Row]
    coverage: dict[str, Any] | None
    churn: dict[str, Any] | None
    total: dict[str, Any] | None


class PublishedRun(TypedDict):
    run_id: str
    kind: Literal["log", "table"]
    model: str
    as_of: Day | None
    horizon_days: int | None
    level: float
    currency: str | None
    customers: int
    created_at: Moment
    published_at: Moment
    served_as: list[str]
    loaded: bool


class Runs(TypedDict):
    runs: list[PublishedRun]
    count: int


class Moved(TypedDict):
    """Which run is served now."""

    name: str
    run_id: str
    revision: int


class JobProblem(TypedDict):
    code: str
    message: str


class JobLinks(TypedDict):
    self: str
    cancel: str | None


class Job(TypedDict):
    """Long work: how far it is, and what came of it."""

    job_id: str
    kind: str
    params: dict[str, Any]
    status: JobStatus
    stage: str | None
    progress: float
    result: dict[str, Any] | None
    problem: JobProblem | None
    attempts: int
    cancel_asked: bool
    actor: str
    created_at: Moment
    started_at: Moment | None
    heartbeat_at: Moment | None
    finished_at: Moment | None
    links: JobLinks


class JobPage(TypedDict):
    jobs: list[Job]
    count: int
    next_before: str | None


class Upload(TypedDict):
    """A file that was sent in."""

    upload_id: str
    name: str
    bytes: int
    received_at: Moment
