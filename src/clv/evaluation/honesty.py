"""What intervals promised and what they reached, on customers they were not learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clv.core.types import Json
from clv.evaluation.metrics import coverage
from clv.models.intervals import cross_fitted

if TYPE_CHECKING:
    from clv.evaluation.backtest import Trial


def holdout_table(trial: Trial, model: str, level: float, seed: int) -> pd.DataFrame:
    """The champion on the holdout: customer_id, group, predicted, lower, upper, actual."""
    predicted = trial.predictions[model]["clv"].to_numpy(dtype=np.float64)
    onetimer = trial.onetimer()
    lower, upper = cross_fitted(
        onetimer, predicted, trial.actual, trial.origin.window.n_days, level, seed
    )
    return pd.DataFrame(
        {
            "customer_id": trial.history.frame["customer_id"],
            "group": np.where(onetimer, "onetimer", "repeater"),
            "predicted": predicted,
            "lower": lower,
            "upper": upper,
            "actual": trial.actual,
        }
    )


def coverage_of(holdout: pd.DataFrame, level: float) -> Json:
    """Shares of outcomes inside, below and above, for all and by group."""

    def reached(rows: pd.DataFrame) -> Json:
        below, inside, above = coverage(
            rows["actual"].to_numpy(), rows["lower"].to_numpy(), rows["upper"].to_numpy()
        )
        return {"reached": inside, "below": below, "above": above, "customers": len(rows)}

    by_group = {str(name): reached(rows) for name, rows in holdout.groupby("group")}
    return {"promised": level, **reached(holdout), "by_group": by_group}
