"""Why a customer is forecast what they are: contributions of learners, and words for them."""

from clv.models.reasons.drivers import Drivers, Explainer
from clv.models.reasons.sentences import moved_by, reasons

__all__ = ["Drivers", "Explainer", "moved_by", "reasons"]
