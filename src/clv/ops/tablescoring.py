"""From rows of a table to forecasts: the champion's word, intervals, levels, reasons."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clv.core.errors import RunError, SettingError
from clv.core.types import Floats, Json
from clv.evaluation.heldout import spread_of
from clv.models.distribution import Distribution
from clv.models.panel import Panel
from clv.models.reasons import Explainer, moved_by
from clv.models.reasons.phrases import of_column
from clv.segments.levels import LevelCuts

PANEL, DISTRIBUTION, LEVELS = "champion", "distribution.json", "levels.json"
EXPLAINER, SCORER = "explainer.json", "scorer.json"

#: Reason of a forecast that is the mean.
ALIKE = "every customer is forecast the mean: no column told more"

#: Of forecasts.parquet of a table.
FORECASTS = pa.schema(
    [
        ("customer_id", pa.string()),
        ("forecast", pa.float64()),
        ("lower", pa.float64()),
        ("upper", pa.float64()),
        ("level", pa.float64()),
        ("value_tier", pa.string()),
        ("clv_level", pa.string()),
        ("reasons", pa.string()),
        ("model", pa.string()),
    ]
)


@dataclass(frozen=True)
class TableScorer:
    """All that was learned from a table; scores any number of rows alike.

    Attributes
    ----------
    model : name of the champion
    target : name of the column it forecasts
    id_column : that says who customers are, where one does
    panel : the champion's learners
    distribution : of the target, learned from rows held out
    levels : cut points of the population's forecasts
    explainer : what moves forecasts; None where every row is forecast the mean
    days : columns of days, whose numbers say nothing to a reader
    """

    model: str
    target: str
    id_column: str | None
    panel: Panel
    distribution: Distribution
    levels: LevelCuts
    explainer: Explainer | None
    days: tuple[str, ...] = ()

    @classmethod
    def learn(
        cls,
        model: str,
        target: str,
        id_column: str | None,
        panel: Panel,
        distribution: Distribution,
        frame: pd.DataFrame,
    ) -> TableScorer:
        """Take the population's cut points from its rows."""
        X = panel.encoder.of(frame)
        cuts = LevelCuts().fit(panel.value(X))
        days = tuple(map(str, frame.select_dtypes("datetime")))
        return cls(model, target, id_column, panel, distribution, cuts, panel.explainer(X), days)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that forecasts are made from."""
        return self.panel.encoder.features

    def score(self, ids: list[str], frame: pd.DataFrame, level: float) -> pa.Table:
        """One row a row of the frame, in its order: the table `FORECASTS`."""
        X = self.panel.encoder.of(frame)
        value = self.panel.value(X)
        spread = spread_of(self.distribution, value, self.panel.chance(X))
        lower, upper = spread.around(value, level)
        return pa.table(
            {
                "customer_id": pa.array(ids, pa.string()),
                "forecast": value,
                "lower": lower,
                "upper": upper,
                "level": np.full(len(value), level),
                "value_tier": pa.array(self.levels.value_tier(value), pa.string()),
                "clv_level": pa.array(self.levels.level(value), pa.string()),
                "reasons": self._reasons(X),
                "model": pa.array([self.model] * len(value), pa.string()),
            },
            schema=FORECASTS,
        )

    def _reasons(self, X: Floats) -> pa.Array:
        if self.explainer is None:
            return pa.array([ALIKE] * len(X), pa.string())
        moved = moved_by(self.explainer, self.explainer.drivers(X), None).combine_chunks()
        # The words continue a sentence there; here they begin one.
        words = pc.utf8_ltrim(moved, characters="; ")
        for name in self.days:
            told = of_column(name).words
            words = pc.replace_substring_regex(words, rf"(\b{re.escape(told)}) \([^)]*\)", r"\1")
        return pc.if_else(pc.equal(words, ""), "forecast like most customers", words)

    def save(self, folder: Path) -> None:
        (folder / PANEL).mkdir()
        self.panel.save(folder / PANEL)
        self.distribution.save(folder / DISTRIBUTION)
        (folder / LEVELS).write_text(json.dumps(self.levels.to_json()))
        if self.explainer is not None:
            (folder / EXPLAINER).write_text(json.dumps(self.explainer.to_json()))
        content: Json = {"model": self.model, "target": self.target, "id": self.id_column}
        content |= {"days": list(self.days)}
        (folder / SCORER).write_text(json.dumps(content))

    @classmethod
    def load(cls, folder: Path) -> TableScorer:
        """Read what `save` wrote; the files hold numbers and text, no code.

        Raises
        ------
        RunError : a file is missing, broken, or of something else
        """
        try:
            content = json.loads((folder / SCORER).read_text())
            panel = Panel.load(folder / PANEL)
            explainer = None
            if panel.learners:
                told = json.loads((folder / EXPLAINER).read_text())
                explainer = Explainer.from_json(told, panel.encoder, panel.learners)
            return cls(
                content["model"],
                content["target"],
                content["id"],
                panel,
                Distribution.load(folder / DISTRIBUTION),
                LevelCuts.from_json(json.loads((folder / LEVELS).read_text())),
                explainer,
                tuple(content["days"]),
            )
        except (OSError, LookupError, TypeError, ValueError, AttributeError, SettingError) as error:
            raise RunError(
                f"run: the model in {folder} cannot be read ({error!r}). Run `clv run` again."
            ) from error
