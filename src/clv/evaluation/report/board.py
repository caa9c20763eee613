"""The leaderboard: what its figures mean, how they read, who is best in each, day by day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from clv.evaluation.report import wording

if TYPE_CHECKING:
    from clv.core.types import Json


@dataclass(frozen=True)
class Measure:
    """A figure of the leaderboard.

    Attributes
    ----------
    key : its name in the leaderboard
    label : at the head of its column
    named : within a sentence
    form : an amount in the log's currency, a share written as per cent, or a plain number
    best : what the best row has; None where rows cannot be compared by it
    meaning : in plain words
    """

    key: str
    label: str
    named: str
    form: Literal["amount", "share", "plain"]
    best: Literal["lowest", "highest", "nearest 0", "nearest 1"] | None
    meaning: str


MAIN = (
    Measure(
        *("mae", "Mean error", "mean error", "amount", "lowest"),
        "How far a customer’s forecast is off, on average. Lower is better.",
    ),
    Measure(
        *("bias", "Bias", "bias", "share", "nearest 0"),
        "How far the total of all customers is off: above 0 too much was forecast, below 0 too"
        " little. Nearest 0 is best.",
    ),
    Measure(
        *("gini", "Gini", "Gini", "plain", "highest"),
        "Whether those who spend most are ranked first. 1 is a perfect ranking, 0 is chance.",
    ),
    Measure(
        *("spearman", "Rank corr.", "rank correlation", "plain", "highest"),
        "Whether the whole list of customers stands in the right order. 1 is perfect, 0 is chance.",
    ),
    Measure(
        *("top_decile_precision", "Top tenth found", "top tenth found", "share", "highest"),
        "Of the tenth of customers forecast to spend most, how many were among the tenth who did."
        " Higher is better; picking by lot finds 10 %.",
    ),
    Measure(
        *("decile_mape", "Decile error", "decile error", "share", "lowest"),
        "How far the means of ten groups, from the highest forecasts to the lowest, are off."
        " Lower is better.",
    ),
    Measure(
        *("deviance", "Deviance", "deviance", "plain", "lowest"),
        "Error measured so that forecasts right on average score best and no single large buyer"
        " decides. The champion is chosen by it. Lower is better.",
    ),
)
FURTHER = (
    Measure(
        *("rmse", "RMSE", "root mean square error", "amount", "lowest"),
        "Like the mean error, but minding large misses more. Lower is better.",
    ),
    Measure(
        *("r2", "R²", "R²", "plain", "highest"),
        "How much of the differences between customers is forecast. 1 is all; below 0 is worse"
        " than giving everyone the mean.",
    ),
    Measure(
        *("total_mape", "Total error", "total error", "share", "lowest"),
        "How far the total is off on a past day, whether too much or too little. Lower is better.",
    ),
    Measure(
        *("top_decile_share", "Top-decile share", "top-decile share", "share", "highest"),
        "How much of all spend came from the tenth of customers ranked highest. Higher is better.",
    ),
    Measure(
        *("calibration_slope", "Slope", "slope", "plain", "nearest 1"),
        "Whether forecasts differ as widely as customers do: 1 is right, below 1 they differ too"
        " widely, above 1 too little.",
    ),
    Measure(
        *("loglik", "Log-lik.", "log-likelihood", "plain", None),
        "Log-likelihood per customer of the purchases a model was fitted to. Only purchase models"
        " have one, and only models of the same purchases can be compared by it; higher is better.",
    ),
)
MEASURES = MAIN + FURTHER
#: Figures whose course over past days is drawn, the champion's rule first.
DRAWN = ("deviance", "mae", "gini", "bias")


def _figure(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _column(rows: list[Json], key: str) -> list[float]:
    return [float("nan") if row.get("failed") else _figure(row.get(key)) for row in rows]


def best_rows(rows: list[Json]) -> dict[str, list[int]]:
    """For each measure, the rows that are best in it; ties all count.

    Rows that failed never do.
    """
    best: dict[str, list[int]] = {}
    for measure in MEASURES:
        column = np.array(_column(rows, measure.key), dtype=np.float64)
        loss = {
            "lowest": column,
            "highest": -column,
            "nearest 0": np.abs(column),
            "nearest 1": np.abs(column - 1.0),
        }.get(measure.best or "")
        if loss is not None and np.isfinite(loss).any():
            least = np.nanmin(loss)
            best[measure.key] = [
                i for i, value in enumerate(loss) if np.isclose(value, least, rtol=1e-9, atol=0)
            ]
    return best


def naive_wins(rows: list[Json]) -> dict[str, list[str]]:
    """Measures in which a naive rule beats every model: its label -> the measures' names."""
    named = {measure.key: measure.named for measure in MEASURES}
    wins: dict[str, list[str]] = {}
    for key, winners in best_rows(rows).items():
        if winners and all(rows[i]["kind"] == "naive" for i in winners):
            for i in winners:
                wins.setdefault(str(rows[i]["label"]), []).append(named[key])
    return wins


def _text(value: float, measure: Measure, places: int) -> str:
    if measure.form == "share":
        return wording.percent(value if math.isfinite(value) else None, 1)
    return wording.number(value, places if measure.form == "amount" else 3)


def _places(values: list[float]) -> int:
    """Decimals that suit most of a column, whatever a single row strays to."""
    sizes = [abs(value) for value in values if math.isfinite(value)]
    return wording.decimals([float(np.median(sizes))]) if sizes else 0


def rows(leaderboard: Json) -> list[Json]:
    """The rows of the leaderboard as they are written.

    Returns
    -------
    label, kind, champion, failed, notes, seconds, and "cells": measure -> text, "spread" over
    past days or None, best
    """
    found: list[Json] = leaderboard.get("rows") or []
    best = best_rows(found)
    places = {m.key: _places(_column(found, m.key)) for m in MEASURES}
    told = []
    for i, row in enumerate(found):
        cells = {}
        for measure in MEASURES:
            key = measure.key
            spread = _figure((row.get("spread") or {}).get(key))
            cells[key] = {
                "text": _text(_figure(row.get(key)), measure, places[key]),
                "spread": _text(spread, measure, places[key]) if math.isfinite(spread) else None,
                "best": i in best.get(key, ()),
            }
        told.append(
            {
                "label": row["label"],
                "kind": row["kind"],
                "champion": bool(row.get("champion")),
                "failed": row.get("failed"),
                "notes": row.get("notes") or [],
                "seconds": row.get("seconds"),
                "cells": cells,
            }
        )
    return told


def by_day(leaderboard: Json) -> Json | None:
    """Each model's figures on each past day, as far as they are drawn.

    Returns
    -------
    ``days`` as ISO text; ``measures``: key, label, form; ``lines``: label, kind, champion and
    ``figures``: measure -> (n_days,), None where a model was not asked; None for a single day
    """
    days = [str(day) for day in leaderboard.get("origins") or ()]
    lines = []
    for row in leaderboard.get("rows") or ():
        told = {str(each["cutoff"]): each for each in row.get("origins") or ()}
        figures = {}
        for key in DRAWN:
            values = [_figure(told.get(day, {}).get(key)) for day in days]
            figures[key] = [round(v, 6) if math.isfinite(v) else None for v in values]
        if not row.get("failed") and any(v is not None for v in figures[DRAWN[0]]):
            line = {"label": row["label"], "kind": row["kind"], "figures": figures}
            lines.append({**line, "champion": bool(row.get("champion"))})
    if len(days) < 2 or not lines:
        return None
    known = {measure.key: measure for measure in MEASURES}
    measures = [{"key": k, "label": known[k].label, "form": known[k].form} for k in DRAWN]
    return {"days": days, "measures": measures, "lines": lines}


def day_tables(drawn: Json | None) -> list[Json]:
    """The same for those who read: for each measure a table with a row a model."""
    if drawn is None:
        return []
    known = {measure.key: measure for measure in MEASURES}
    told = []
    for measure in drawn["measures"]:
        key = measure["key"]
        columns = [[_figure(v) for v in line["figures"][key]] for line in drawn["lines"]]
        places = _places([v for values in columns for v in values])
        body = [
            [line["label"], *(_text(v, known[key], places) for v in values)]
            for line, values in zip(drawn["lines"], columns, strict=True)
        ]
        told.append({"label": measure["label"], "rows": body})
    return told
