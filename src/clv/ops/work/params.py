"""What each kind of job may be asked, checked before it is queued."""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field, field_validator

from clv.core.errors import SettingError
from clv.ops.config import BacktestConfig, Options, RunConfig, seconds_of
from clv.ops.jobconfig import JobConfig
from clv.ops.keptfiles import KEPT
from clv.ops.shopconfig import GenerateConfig
from clv.ops.store.publishing import CHAMPION, NAMES

#: Where a log may come from; the last only where the asker sits at the machine.
SOURCES = ("upload", "sample", "log", "path")
#: A sample is made in memory: this many customers take about a gigabyte, and so do these rows.
MOST_SAMPLED, MOST_ROWS = 200_000, 5_000_000
FEWEST_SAMPLED = 50
#: Most of what takes long, where it is asked from afar: seconds of tuning, past days, parts.
MOST_TUNED, MOST_ORIGINS, MOST_FOLDS = 3_600, 50, 20
#: Settings that name a file beside the log. From afar: `upload:ID`.
FILES = tuple(KEPT)
UPLOADED = "upload:"

_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
_RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}|latest")


class Params(Options):
    """What a job is asked."""

    def require_far(self) -> None:
        """
        Raises
        ------
        SettingError : it names a place of this machine, which only somebody at it may
        """

    def require(self) -> None:
        """
        Raises
        ------
        SettingError : settings that cannot be used together, or out of their range
        """


class _OfLog(Params):
    source: dict[str, Any] = Field(
        description='{"upload": ID}, {"sample": CUSTOMERS} or {"log": "champion"}: the log of the'
        " run now published, with the orders that came in since."
    )
    settings: dict[str, Any] = Field(
        default={}, description="Settings as in a configuration file, for one horizon: 180."
    )

    @field_validator("source")
    @classmethod
    def _one_source(cls, value: dict[str, Any]) -> dict[str, Any]:
        if len(value) != 1 or not value.keys() <= set(SOURCES):
            raise SettingError(
                f"source: {', '.join(map(str, value)) or 'nothing'} is given. Give one of upload,"
                " sample and log."
            )
        ((kind, what),) = value.items()
        if kind == "log" and what != CHAMPION:
            raise SettingError(f"source: log is {what!r}. The one to be had is champion.")
        if kind == "upload" and not (isinstance(what, str) and _UPLOAD_ID.fullmatch(what)):
            raise SettingError("source: upload is no upload's id. Upload a file first.")
        if kind == "path" and not isinstance(what, str):
            raise SettingError("source: path is no text.")
        if kind == "sample" and not (type(what) is int and FEWEST_SAMPLED <= what <= MOST_SAMPLED):
            raise SettingError(
                f"source: a sample of {what!r} customers cannot be made. Give a whole number from"
                f" {FEWEST_SAMPLED} to {MOST_SAMPLED:,}."
            )
        return value

    @property
    def config(self) -> RunConfig:
        """The settings, as they are checked."""
        raise NotImplementedError

    def require_far(self) -> None:
        if "path" in self.source:
            raise SettingError(
                "source: a path can only be given at the machine itself. Upload the file, and give"
                " its id as upload."
            )
        for name in FILES:
            value = self.settings.get(name)
            id_ = value.removeprefix(UPLOADED) if isinstance(value, str) else ""
            if value is not None and not (value != id_ and _UPLOAD_ID.fullmatch(id_)):
                raise SettingError(
                    f"{name}: a path can only be given at the machine itself. Upload the file, and"
                    f" give {UPLOADED}ID."
                )
        config = self.config
        if config.tune and seconds_of(config.tune) > MOST_TUNED:
            raise _too_much("tune", config.tune, f"{MOST_TUNED // 60}m")
        for name, most in (("origins", MOST_ORIGINS), ("folds", MOST_FOLDS)):
            if (value := getattr(config, name, 0)) > most:
                raise _too_much(name, f"{value:,}", f"{most}")


class TrainParams(_OfLog):
    """Models learned from a log, or from a table of customers where a target is set."""

    model_type: str | None = Field(
        default=None,
        description="Train this model only, and publish it under its own name, beside the champion."
        " Default: all of the budget, and the best is published as champion.",
    )
    publish: bool | None = Field(
        default=None,
        description="Let readers see the outcome. Default: yes, unless it learned from a made-up"
        " shop and would take the place of a run that did not.",
    )

    @property
    def config(self) -> JobConfig:
        chosen = {} if self.model_type is None else {"models": [self.model_type]}
        # Where it lies is known only once the job runs.
        table = {"table": "table"} if "target" in self.settings else {}
        return JobConfig.checked({**self.settings, **table, **chosen})

    def require(self) -> None:
        from clv.models import registry
        from clv.ops.machine import Machine

        if self.model_type is not None and registry.entry(self.model_type).kind != "model":
            raise SettingError(
                f"model_type: {self.model_type} is no model but a yardstick. `clv models` lists"
                " the models."
            )
        if "table" in self.settings:
            raise SettingError("table: give the table as source, and its target as setting.")
        if self.config.of_table:
            if "target" not in self.settings:
                raise SettingError(f"{self.config.of_table[0]}: this needs a target as well.")
            if self.source.keys() <= {"log", "sample"}:
                raise SettingError("target: a table of customers is needed as upload.")
            self.config.table_settings(Machine())
        else:
            self.config.run_settings("log", Machine())


class BacktestParams(_OfLog):
    """Models on past days of a log, against what came."""

    @property
    def config(self) -> BacktestConfig:
        return BacktestConfig.checked(self.settings)

    def require(self) -> None:
        from clv.ops.machine import Machine

        self.config.run_settings("log", Machine())


class PublishParams(Params):
    """A finished run, made the one that readers see."""

    run: str = Field(description="Its id, or latest for the newest.")
    name: str = Field(default=CHAMPION, description="champion, or model:NAME.")

    @field_validator("name")
    @classmethod
    def _pointer(cls, value: str) -> str:
        return _known_name(value)

    def require_far(self) -> None:
        if not _RUN_ID.fullmatch(self.run):
            raise SettingError(f"run: {self.run!r} is no run's id.")


class GenerateParams(Params):
    """A made-up shop."""

    settings: dict[str, Any] = Field(
        default={}, description="Settings of `clv generate`, as customers: 2000."
    )

    @property
    def config(self) -> GenerateConfig:
        return GenerateConfig.checked(self.settings)

    def require_far(self) -> None:
        for name, most in (("customers", MOST_SAMPLED), ("transactions", MOST_ROWS)):
            if getattr(self.config, name) > most:
                raise SettingError(
                    f"{name}: more than {most:,} are only made at the machine itself."
                )

    def require(self) -> None:
        self.config.shop()


def _too_much(name: str, told: str, most: str) -> SettingError:
    return SettingError(
        f"{name}: {told} would keep the worker from others for long. Give at most {most}; more can"
        " only be asked at the machine itself."
    )


def _known_name(value: str) -> str:
    if not re.fullmatch(NAMES, value):
        raise SettingError(f"name: {value!r} is neither champion nor model:NAME.")
    return value
