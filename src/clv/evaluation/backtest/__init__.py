"""Models on past days whose future is known."""

from clv.evaluation.backtest.champion import RULE, Champion, choose
from clv.evaluation.backtest.evened import evened
from clv.evaluation.backtest.kept import Kept
from clv.evaluation.backtest.origins import Origin, alike, last_origin, last_parts, rolling
from clv.evaluation.backtest.trial import Fresh, Said, Trial, figures, run_trial

__all__ = [
    "RULE",
    "Champion",
    "Fresh",
    "Kept",
    "Origin",
    "Said",
    "Trial",
    "alike",
    "choose",
    "evened",
    "figures",
    "last_origin",
    "last_parts",
    "rolling",
    "run_trial",
]
