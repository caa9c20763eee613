"""What a run found: all that the report is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from clv.core.types import Json


@dataclass(frozen=True)
class Findings:
    """The results of one run.

    Attributes
    ----------
    manifest : inputs, settings, counts, champion, stages, notices, warnings; "total" with
        "past", "coverage", "churn", "insight" and "signal" may each be absent
    readiness : ``verdict`` and ``checks``, each with name, status, found, means, instead
    leaderboard : ``rule``, ``holdout`` (None where none was possible), ``origins`` (the past
        days) and ``rows``, each with means over those days, ``spread`` and its own ``origins``
    forecasts : the table `clv.core.schema.FORECASTS`, one row a customer
    holdout : the champion on the holdout: customer_id, group, predicted, lower, upper, actual;
        amounts in the log's currency; may be empty
    tracking : day, actual, expected: cumulative repeat purchases; expected may be NaN; by: name
        of the model that expects them
    quarantine : a sample of the table `clv.core.schema.QUARANTINE`, at most 20 rows
    """

    manifest: Json
    readiness: Json
    leaderboard: Json
    forecasts: pd.DataFrame
    holdout: pd.DataFrame
    tracking: pd.DataFrame
    quarantine: pd.DataFrame
