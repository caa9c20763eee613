"""Columns known of customers that know what came later."""

from clv.evaluation.hindsight.finding import Hindsight
from clv.evaluation.hindsight.look import hindsight

__all__ = ["Hindsight", "hindsight"]
