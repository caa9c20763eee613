"""Options of `clv run`: those of a log, and those of a table of customers with a target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from clv.core.errors import SettingError
from clv.ops.config import RunConfig, seconds_of

# Help texts are made from this module: what is heavy is imported where it is used.
if TYPE_CHECKING:
    from clv.ops.machine import Machine
    from clv.ops.tables import TableSettings

#: Settings that logs and tables share.
SHARED = frozenset({"level", "seed", "models", "budget", "tune"})


def _of_table(default: Any, text: str) -> Any:
    return Field(default, description=text, json_schema_extra={"panel": "A table of customers"})


class JobConfig(RunConfig):
    """What is asked of a log, or of a table of customers with a target."""

    table: str | None = _of_table(
        None, "CSV or Parquet file with a row a customer, instead of a log; needs --target."
    )
    target: str | None = _of_table(None, "Column to learn and to forecast.")
    id: str | None = _of_table(
        None, "Column that says who the customer is. Default: recognised by its name."
    )
    drop: list[str] = _of_table([], "Column to leave out; may be repeated.")
    keep: list[str] = _of_table(
        [], "Column to keep though it seems to know the target; may be repeated."
    )
    folds: int = _of_table(5, "Parts of the rows; each is held out once.")
    split: Literal["70/15/15"] | None = _of_table(
        None, "Instead of folds: 70 % teach, 15 % choose, 15 % are held out, drawn by lot."
    )
    time: str | None = _of_table(
        None, "Column of days or numbers: the same split, in its order, the last held out."
    )

    @field_validator("drop", "keep", mode="before")
    @classmethod
    def _columns(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @property
    def of_table(self) -> list[str]:
        """Settings given that only a table of customers can have."""
        own = JobConfig.model_fields.keys() - RunConfig.model_fields.keys()
        return sorted(self.asked.keys() & own)

    def table_settings(self, machine: Machine, out: Path | None = None) -> TableSettings:
        """
        Raises
        ------
        SettingError : no target, or a setting that only a log can have
        """
        from clv.ops.tables import TableSettings

        if self.table is None or self.target is None:
            raise SettingError(
                "table: a table of customers needs --table FILE and --target COLUMN, the column to"
                " learn and to forecast."
            )
        if foreign := sorted(self.asked.keys() - SHARED - set(self.of_table)):
            raise SettingError(
                f"{foreign[0]}: this is a setting of logs, and --table reads a table of customers."
                " Leave it out."
            )
        if "folds" in self.asked and (self.split or self.time):
            raise SettingError("folds: give either --folds, or --split and --time.")
        return TableSettings(
            source=self.table,
            target=self.target,
            id_column=self.id,
            drop=tuple(dict.fromkeys(self.drop)),
            keep=tuple(dict.fromkeys(self.keep)),
            folds=self.folds,
            split=self.split is not None,
            time=self.time,
            level=self.level,
            seed=self.seed,
            models=tuple(dict.fromkeys(self.models)) or None,
            budget=self.budget,
            tune=seconds_of(self.tune) if self.tune else None,
            out=out,
            machine=machine,
            asked=self.asked,
        )
