"""Models on past days whose future is known."""

from clv.evaluation.backtest.champion import RULE, Champion, choose
from clv.evaluation.backtest.evened import evened
from clv.evaluation.backtest.kept import Kept
from clv.evaluation.backtest.origins import Origin, last_origin, last_part, rolling
from clv.evaluation.backtest.trial import Fresh, Said, Trial, figures, run_trial

__all__ = [
    "RULE",
    "Champion",
    "Fresh",
    "Kept",
    "Origin",
    "Said",
    "Trial",
    "choose",
    "evened",
    "figures",
    "last_origin",
    "last_part",
    "rolling",
    "run_trial",
]
