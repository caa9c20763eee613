"""The report of a run on a table: what was learned, how well, from what, and what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from clv.evaluation.report import board, charts, drivers, wording
from clv.evaluation.report.board import FURTHER, MAIN, Measure
from clv.evaluation.report.charts import floats
from clv.evaluation.report.document import document
from clv.evaluation.report.tables import N_LISTED

if TYPE_CHECKING:
    import pandas as pd

    from clv.core.types import Json

_KNOWN = {measure.key: measure for measure in (*MAIN, *FURTHER)}
FIRST: tuple[Measure, ...] = tuple(
    _KNOWN[key] for key in ("r2", "mae", "rmse", "spearman", "gini", "decile_mape", "deviance")
)
REST: tuple[Measure, ...] = tuple(
    _KNOWN[key] for key in ("bias", "top_decile_precision", "top_decile_share", "calibration_slope")
)


def render_table(
    manifest: Json, leaderboard: Json, forecasts: pd.DataFrame, holdout: pd.DataFrame
) -> str:
    """A whole HTML document that needs no other file and no network.

    Parameters
    ----------
    manifest, leaderboard : as the run folder has them
    forecasts : one row a row of the table: customer_id, forecast, lower, upper, reasons
    holdout : predicted, lower, upper and actual of rows held out
    """
    value = floats(forecasts["forecast"])
    told = drivers.insight(manifest["insight"], None)
    data = {
        "currency": None,
        "value": charts.value_bins(value),
        "lorenz": charts.lorenz(value),
        "deciles": charts.deciles(holdout),
        "dependence": told["dependence"] if told else [],
        "highest": told["highest"] if told else 0.0,
    }
    top = forecasts.nlargest(N_LISTED, "forecast", keep="first").to_dict("records")
    context = {
        "manifest": manifest,
        "leaderboard": leaderboard,
        "charts": data,
        "insight": told,
        "tiles": _tiles(manifest, leaderboard, value, data["lorenz"]),
        "board": board.rows(leaderboard),
        "first": FIRST,
        "rest": REST,
        "top": [{str(key): each for key, each in row.items()} for row in top],
        "decimals": wording.decimals,
        "naive_wins": board.naive_wins(leaderboard["rows"]),
    }
    return document("table.html.j2", context, data)


def _total(manifest: Json) -> Json:
    """Of all rows where some are not known; else of those held out, as the sum of all is known."""
    total, held = manifest["total"], manifest["total"]["held_out"]
    if manifest["counts"]["without_target"]:
        return {
            "label": "Forecast of all rows",
            "figure": wording.amount(total["forecast"], None),
            "note": f"targets known add up to {wording.amount(total['known'], None)}",
        }
    return {
        "label": "Forecast of rows held out, together",
        "figure": wording.amount(held["forecast"], None),
        "note": f"their targets add up to {wording.amount(held['actual'], None)}",
    }


def _tiles(manifest: Json, leaderboard: Json, value: Any, lorenz: Json | None) -> list[Json]:
    own = next(row for row in leaderboard["rows"] if row["champion"])
    mean, middle = float(np.mean(value)), float(np.median(value))
    places = wording.decimals([mean, middle])
    covered, level = manifest["coverage"], wording.percent(manifest["level"])
    return [
        {
            "label": "Explained of the differences between customers",
            "figure": wording.number(own["r2"], 3),
            "note": "R² on rows held out: 1 is all, 0 is what the mean knows",
        },
        {
            "label": "Mean error per customer",
            "figure": wording.number(own["mae"], wording.decimals([own["mae"]])),
            "note": f"on rows held out; {wording.percent(own['mape'])} of the customer’s own value"
            " on average",
        },
        {
            "label": f"Above their {level} interval",
            "figure": wording.percent(covered["above"], 1) if covered else "–",
            "note": f"of rows held out, {wording.percent(covered['below'], 1)} below;"
            f" {wording.percent((1 - manifest['level']) / 2, 1)} each was promised"
            if covered
            else "no rows held out could be judged",
        },
        {
            "label": "Forecast per customer",
            "figure": wording.number(mean, places),
            "note": f"half of them below {wording.number(middle, places)}",
        },
        _total(manifest),
        {
            "label": f"Held by the top 10{wording.SPACE}%",
            "figure": wording.percent(lorenz["top_decile"] if lorenz else None),
            "note": "of the forecast value",
        },
    ]
