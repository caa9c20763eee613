"""The page: findings in, one HTML text out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from clv.data.rules import RULES
from clv.evaluation.report import board, charts, drivers, past, tables, wording
from clv.evaluation.report.charts import floats
from clv.evaluation.report.document import document
from clv.models import registry
from clv.models.signal import NO_SIGNAL

if TYPE_CHECKING:
    import pandas as pd

    from clv.core.types import Floats, Json
    from clv.evaluation.report.findings import Findings

STATUS_LABELS = {"ok": "Supported", "limited": "Limited", "no": "Not supported"}
MONTHLY_ROWS = 14


def render(findings: Findings) -> str:
    """The report of a run: a whole HTML document that needs no other file and no network.

    Parameters
    ----------
    findings : forecasts of any length; only aggregates and short lists of customers are written

    Returns
    -------
    HTML text, encodable as UTF-8, well under 2 MB
    """
    ends = findings.manifest["total"].get("by_segment")
    segments = tables.segment_rows(findings.forecasts, ends)
    insight = drivers.insight(findings.manifest.get("insight"), findings.manifest.get("currency"))
    data = _chart_data(findings, segments, insight)
    context = _context(findings, data, segments, insight)
    return document("template.html.j2", context, data)


def _chart_data(findings: Findings, segments: list[Json], insight: Json | None) -> Json:
    """What the charts are drawn from; None for a chart that has nothing to show."""
    clv, manifest = floats(findings.forecasts["clv"]), findings.manifest
    past_days, totals = findings.leaderboard.get("origins"), past.totals(manifest["total"])
    return {
        "currency": manifest.get("currency"),
        "value": charts.value_bins(clv),
        "lorenz": charts.lorenz(clv),
        "segments": {
            "labels": [r["segment"] for r in segments],
            "customers": [round(r["customer_share"], 4) for r in segments],
            "value": [round(r["clv_share"], 4) for r in segments],
        },
        "tracking": charts.tracking_lines(findings.tracking, past_days[-1] if past_days else None),
        "deciles": charts.deciles(findings.holdout),
        "totals": totals if totals and len(totals["days"]) > 1 else None,
        "pit": past.pit(manifest.get("coverage")),
        "churn": past.churn(manifest.get("churn")),
        "dependence": insight["dependence"] if insight else [],
        "highest": insight["highest"] if insight else 0.0,
        "origins": board.by_day(findings.leaderboard),
    }


def _context(findings: Findings, data: Json, segments: list[Json], insight: Json | None) -> Json:
    manifest, forecasts = findings.manifest, findings.forecasts
    leaderboard, currency = findings.leaderboard, manifest.get("currency")
    risk, flat = tables.at_risk(forecasts), _no_signal(manifest)

    def amount(value: Any, places: int | None = None) -> str:
        return wording.amount(value, currency, places)

    return {
        "manifest": manifest,
        "readiness": findings.readiness,
        "leaderboard": leaderboard,
        "held": leaderboard.get("holdout"),
        "past_days": leaderboard.get("origins") or [],
        "warnings": [text for text in manifest.get("warnings") or [] if text != flat],
        "no_signal": flat,
        "alike": bool(flat) or (len(forecasts) > 1 and data["value"] is None),
        "totals": past.totals(manifest["total"]),
        "intervals": past.intervals(manifest.get("coverage")),
        "near_uniform": past.NEAR_UNIFORM,
        "insight": insight,
        "amount": amount,
        "currency": currency,
        "charts": data,
        "answer": _answer(manifest),
        "tiles": _tiles(manifest, forecasts, data, amount),
        "segments": segments,
        "segment_ends": any(row["upper"] is not None for row in segments),
        "matrix": tables.matrix(forecasts, [row["segment"] for row in segments]),
        "months": _thinned(data["tracking"]),
        "whose_line": _whose_line(findings),
        "holdout_total": _totals(findings.holdout),
        "top": _listed(tables.most_valuable(forecasts)),
        "risk": _listed(risk.rows),
        "risk_rule": risk.rule,
        "gone": risk.gone,
        "board": board.rows(leaderboard),
        "main": board.MAIN,
        "further": board.FURTHER,
        "day_tables": board.day_tables(data["origins"]),
        "naive_wins": board.naive_wins(leaderboard.get("rows") or []),
        "quarantine": findings.quarantine.to_dict("records"),
        "meanings": {rule.name: rule.meaning for rule in RULES},
        "decimals": wording.decimals,
        "status_labels": STATUS_LABELS,
    }


def _no_signal(manifest: Json) -> str | None:
    """What is said of a log whose past does not tell customers apart."""
    return NO_SIGNAL if manifest.get("signal") is False else None


def _answer(manifest: Json) -> Json:
    """The sentence the whole report is about, in parts: before, amount, after, interval."""
    total, n = manifest["total"], manifest["counts"]["customers"]
    currency, value = manifest.get("currency"), manifest["total"]["clv"]
    what = "spend" if manifest["margin"] == 1 else "bring a margin of"
    rate = manifest["annual_discount_rate"]
    worth = f", counted in today's money at {wording.percent(rate)} a year" if rate else ""
    interval = None
    if _finite(total["lower"]) and _finite(total["upper"]):
        places = wording.decimals([value, total["upper"]])
        low = wording.amount(total["lower"], currency, places)
        high = wording.amount(total["upper"], currency, places)
        interval = f"{wording.percent(manifest['level'])} interval {low} to {high}"
    return {
        "before": f"{wording.count(n, 'customer')} will {what} about",
        "amount": wording.amount(value, currency),
        "after": f"in the {wording.count(manifest['horizon_days'], 'day')} after"
        f" {wording.day(manifest['as_of'])}{worth}",
        "interval": interval,
    }


def _finite(value: Any) -> bool:
    return value is not None and bool(np.isfinite(value))


def _mean(values: Floats) -> float:
    said = values[np.isfinite(values)]
    return float(said.mean()) if len(said) else float("nan")


def _tiles(manifest: Json, forecasts: pd.DataFrame, data: Json, amount: Any) -> list[Json]:
    """Headline figures, each with a label, the figure and a line that puts it in proportion."""
    clv, counts = floats(forecasts["clv"]), manifest["counts"]
    orders, again = floats(forecasts["expected_purchases"]), floats(forecasts["p_purchase"])
    once = (forecasts["group"] == "onetimer").to_numpy(dtype=bool)
    mean, n = _mean(clv), len(forecasts)
    share = data["lorenz"]["top_decile"] if data["lorenz"] else None
    middle = float(np.median(clv)) if n else float("nan")
    places = wording.decimals([mean, middle])
    unsaid = "the chosen model does not say"
    return [
        {
            "label": f"Expected value, next {wording.count(manifest['horizon_days'], 'day')}",
            "figure": amount(manifest["total"]["clv"]),
            "note": _answer(manifest)["interval"] or "no interval: no past window to learn it from",
        },
        {
            "label": "Expected value per customer",
            "figure": amount(mean, places),
            "note": f"half of them below {amount(middle, places)}",
        },
        {
            "label": f"Held by the top 10{wording.SPACE}%",
            "figure": wording.percent(share),
            "note": "of the expected value" if share is not None else "no value to share out",
        },
        {
            "label": "Expected orders",
            "figure": wording.number(float(orders.sum()), 0 if orders.sum() >= 10 else 1),
            "note": f"{wording.number(_mean(orders), 2)} per customer, counted as purchase days",
        },
        {
            "label": "Chance of buying again",
            "figure": wording.percent(_mean(again)),
            "note": f"one-time buyers {wording.percent(_mean(again[once]))},"
            f" repeat buyers {wording.percent(_mean(again[~once]))}"
            if np.isfinite(again).any()
            else unsaid,
        },
        {
            "label": "Value so far",
            "figure": amount(manifest["total"]["historic"]),
            "note": f"{wording.day(counts['first_day'], short=True)} to"
            f" {wording.day(counts['last_day'], short=True)};"
            f" {wording.percent(_mean(once.astype(np.float64)))} bought on one day only",
        },
    ]


def _whose_line(findings: Findings) -> str:
    """Who expects the purchases of the tracking chart, where it is not the champion itself."""
    by = next(iter(findings.tracking.get("by", ())), "")
    champion = findings.manifest["champion"]["name"]
    if not by or by == champion:
        return ""
    weights = (findings.manifest.get("insight") or {}).get("weights") or ()
    member = any(row["member"] == by and row["weight"] > 0 for row in weights)
    told = f"the {registry.entry(by).short}"
    if member:
        told += ", a member of the ensemble"
    if registry.entry(champion).learns:
        return f"{told}: the champion forecasts spend, not when purchases come"
    return told


def _thinned(lines: Json | None) -> list[Json]:
    """About a row a month of the tracking chart, for those who read rather than look."""
    if lines is None:
        return []
    n = len(lines["days"])
    at = np.unique(np.linspace(0, n - 1, min(n, MONTHLY_ROWS)).round().astype(int))
    return [{k: lines[k][i] for k in ("days", "actual", "expected")} for i in at]


def _totals(holdout: pd.DataFrame) -> Json | None:
    if holdout.empty:
        return None
    predicted = float(floats(holdout["predicted"]).sum())
    actual = float(floats(holdout["actual"]).sum())
    return {
        "predicted": predicted,
        "actual": actual,
        "customers": len(holdout),
        "error": predicted / actual - 1 if actual > 0 else None,
    }


def _listed(customers: pd.DataFrame) -> list[Json]:
    return [{str(k): v for k, v in row.items()} for row in customers.to_dict("records")]
