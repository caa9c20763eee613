"""The job that holds models against the past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.ops.backtesting import RESULT, backtest
from clv.ops.config import FOLDS, BacktestConfig
from clv.ops.work import share
from clv.ops.work.params import BacktestParams
from clv.ops.work.sources import found
from clv.ops.work.workplace import BACKTESTS

if TYPE_CHECKING:
    from clv.core.types import Json
    from clv.ops.work.context import JobContext

#: Parts of each row of a backtest that only the file has: figures of every single day.
DETAILS = frozenset({"origins", "intervals", "churn", "totals", "notes"})


def look_back(context: JobContext) -> Json:
    """Models on past days of a log. Begun again, the job goes on where it was.

    Returns
    -------
    {"backtest": folder below `backtests`, "file", "champion", "as_of", "origins": past days,
    "rows": per model its figures, "warnings", "notices"}; the file has every figure of every day
    """
    params = BacktestParams.checked(context.job.params)
    weights = dict(share.FOLDS if params.config.scheme == FOLDS else share.BACKTEST)
    if params.config.tune is None:
        weights.pop("search settings of learners", None)
    if "sample" in params.source:
        weights = {**share.SHOP, **weights}
    reporter = context.reporter(weights)
    context.folder.mkdir(parents=True, exist_ok=True)
    log = found(context, params.source, params.settings, reporter)
    out = context.home / BACKTESTS / context.job.job_id
    config = BacktestConfig.checked(log.settings)
    told = backtest(log.log, config, context.machine, out, reporter)
    rows = [{k: v for k, v in row.items() if k not in DETAILS} for row in told["rows"]]
    return {
        "backtest": context.job.job_id,
        "file": RESULT,
        "champion": told["champion"],
        "as_of": told["as_of"],
        "origins": told.get("origins"),
        "rows": rows,
        "warnings": told["warnings"],
        "notices": told["notices"],
    }
