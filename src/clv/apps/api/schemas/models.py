"""Models: which there are, which is served, and how well it forecast what it had not seen."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from clv.apps.api.schemas.answer import Answer, Chance, OfRun


class ModelTold(Answer):
    name: str = Field(examples=["xgboost"])
    aliases: list[str] = Field(description="Other names it may be asked for by.")
    label: str
    about: str
    kind: Literal["model", "naive", "fallback"] = Field(
        description="naive models are yardsticks, fallback is what is left where nothing helps."
    )
    champion: bool = Field(description="It is the model of the run served to everybody.")
    model_version: str | None = Field(
        description="Run that answers where it is asked for by model_type; null if none does."
    )
    train: str | None = Field(description="Where to have it trained.")


class Models(Answer):
    models: list[ModelTold]
    count: int


class Importance(Answer):
    feature: str
    meaning: str
    share: Chance = Field(description="Of all that moves the forecasts.")


class ModelInfo(OfRun):
    """A served model, what it learned from and what it uses."""

    model_type: str = Field(description="Name it was asked for by.")
    label: str
    kind: Literal["log", "table"] = Field(
        description="Whether it learned from a log of orders or a table of customers."
    )
    target: str | None = Field(description="Column it forecasts, of a table of customers.")
    why: str = Field(description="Why this model and no other.")
    level: Chance = Field(description="Of intervals, unless another is asked for.")
    margin: float | None = Field(description="Part of the spend that forecasts count.")
    annual_discount_rate: float | None
    customers: int
    made_up: bool = Field(
        description="It learned from a made-up shop, so that its forecasts say nothing of yours."
    )
    training_samples: int = Field(description="Customers it learned from.")
    created_at: datetime
    published_at: datetime
    revision: int = Field(description="Rises with everything that changes what is answered.")
    profile_fields: list[str] = Field(
        description="What counts in a profile beyond what is needed; of a table, its columns."
    )
    importance: list[Importance] = Field(description="What moves the forecasts most.")
    readiness: str | None = Field(description="What the data can and cannot support.")
    warnings: list[str]
    clv_version: str


class Figures(Answer):
    """On rows held out, means over the past days or folds; null where it cannot be told."""

    mae: float | None = Field(description="Mean absolute error, in currency.")
    rmse: float | None = Field(description="Root of the mean squared error, in currency.")
    r2: float | None = Field(description="Share of the variance that is explained.")
    bias: float | None = Field(description="Forecast total over the actual one, less 1.")
    mape: float | None = Field(description="Mean absolute error as a share, where actual is not 0.")
    total_mape: float | None = Field(description="Error of the total as a share of it.")
    spearman: float | None = Field(description="Rank correlation with what came.")
    gini: float | None = Field(description="How well customers are ranked by what they bring.")
    top_decile_share: float | None = Field(description="Of the value, in the top tenth forecast.")
    top_decile_precision: float | None = Field(
        description="Share of the top tenth forecast that was in the top tenth."
    )
    decile_mape: float | None = Field(description="Mean error of tenths of customers, as a share.")
    calibration_slope: float | None = Field(description="1 where forecasts are as spread as fact.")
    deviance: float | None = Field(description="Tweedie, power 1.5; the champion's rule.")
    loglik: float | None = Field(description="Per customer, where the model has one.")


class Row(Figures):
    """A model of the leaderboard."""

    model: str
    label: str
    kind: str = Field(description="model, naive or fallback.")
    champion: bool
    failed: str | None = Field(description="Why it could not be fitted.")
    notes: list[str]
    seconds: float | None = Field(description="Time its fits took.")
    spread: dict[str, float | None] = Field(description="Standard deviations of the figures.")
    origins: list[dict[str, Any]] = Field(description="The figures of each past day or fold.")


class Performance(OfRun):
    """How well the served model forecast what it had not seen, beside yardsticks."""

    model_type: str = Field(description="Name it was asked for by.")
    label: str
    metrics: Figures
    training_samples: int = Field(description="Customers it learned from.")
    holdout: dict[str, Any] | None = Field(description="The last past day: from, to, customers.")
    coverage: dict[str, Any] | None = Field(
        description="How often what came lay within the intervals, beside what was promised."
    )
    models: list[Row] = Field(description="Every model compared, the best first.")


class ModelMetrics(OfRun):
    """Leaderboard, backtest and calibration of the served run."""

    rule: str = Field(description="How the champion is chosen.")
    level: Chance = Field(description="Of the intervals.")
    holdout: dict[str, Any] | None = Field(description="The last past day: from, to, customers.")
    origins: list[str] = Field(description="Past days, or folds.")
    leaderboard: list[Row] = Field(description="The best first.")
    coverage: dict[str, Any] | None = Field(
        description="How often what came lay within the intervals, beside what was promised."
    )
    churn: dict[str, Any] | None = Field(
        description="How well chances of no order were told: Brier score, reliability."
    )
    total: dict[str, Any] | None = Field(
        description="Forecast of all customers together, with its interval and past totals."
    )


class Check(Answer):
    name: str
    status: str = Field(description="ok, limited or missing.")
    found: str
    means: str
    instead: str | None = Field(description="What was done instead.")


class Readiness(OfRun):
    """What the data can and cannot support, why, and what was done instead."""

    verdict: str
    checks: list[Check]
