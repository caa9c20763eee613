"""What a customer spends per order: Gamma-Gamma, or a shrunken mean where that cannot stand."""

from __future__ import annotations

from typing import Literal, NamedTuple, Self

import numpy as np

from clv.core.errors import ClvError, FitError, RunError
from clv.core.types import Floats, Json
from clv.models.base import History
from clv.numerics import gammagamma
from clv.numerics.correlation import Correlation, pearson, spearman
from clv.numerics.gammagamma import GammaGammaParams
from clv.numerics.shrinkage import ShrunkenMean, expected_value, shrunken_mean

Orders = Literal["all", "repeat"]
Method = Literal["gamma-gamma", "shrunken mean"]

#: Repeat buyers below which orders cannot tell customers from chance.
FEWEST_REPEATERS = 30
#: Gamma-Gamma's population mean may differ from the observed one by this factor.
LARGEST_MEAN_RATIO = 2.0
SURPRISING = 0.05
WEAK, STRONG = 0.1, 0.3


class Independence(NamedTuple):
    """Do frequent buyers spend otherwise per order? Tested among repeat buyers.

    Attributes
    ----------
    repeaters : customers tested
    pearson, spearman : correlation of x with mean spend per order
    verdict : in plain words
    """

    repeaters: int
    pearson: Correlation
    spearman: Correlation
    verdict: str

    @property
    def rejected(self) -> bool:
        """Whether the correlation is both strong and no chance."""
        surprising = self.spearman.p_value <= SURPRISING and self.repeaters >= FEWEST_REPEATERS
        return surprising and abs(self.spearman.coefficient) >= STRONG


class SpendModel:
    """Expected spend per order of each customer.

    Parameters
    ----------
    spend : "all" learns from every purchase day, "repeat" leaves out the first, as the papers do
    """

    name = "gammagamma"

    params_: GammaGammaParams | None
    standard_errors_: GammaGammaParams | None
    loglik_: float | None
    shrunken_: ShrunkenMean
    method_: Method
    reason_: str
    n_customers_: int
    independence_: Independence

    def __init__(self, spend: Orders = "all") -> None:
        if spend not in ("all", "repeat"):
            raise ClvError(f"spend: {spend!r} is neither 'all' nor 'repeat'.")
        self.spend = spend

    def fit(self, history: History) -> Self:
        """Learn from customers with a positive mean spend; others take no part.

        Raises
        ------
        FitError : no customer has spent anything
        """
        x, m = self._orders(history)
        seen = (x > 0) & (m > 0)
        if not seen.any():
            raise FitError(
                "spend: no customer has a positive mean spend, so there is no order value to"
                " learn. Check the amount column."
            )
        repeat = history.frame["x"].to_numpy(dtype=np.float64)
        self.independence_ = independence(repeat[seen & (repeat > 0)], m[seen & (repeat > 0)])
        self.n_customers_ = int(seen.sum())
        first = history.frame["first_value"].to_numpy(dtype=np.float64)
        total = history.frame["total_value"].to_numpy(dtype=np.float64)
        self.shrunken_ = shrunken_mean(
            x, m, repeat, first, total - first, by_frequency=self.independence_.rejected
        )
        self.params_ = self.standard_errors_ = self.loglik_ = None
        self.method_, self.reason_ = "shrunken mean", self._learn(x[seen], m[seen])
        if not self.reason_:
            self.method_ = "gamma-gamma"
        return self

    def expected_value(self, history: History) -> Floats:
        """(n,) mean spend per order expected of each customer, in the log's currency."""
        x, m = self._orders(history)
        if self.method_ == "gamma-gamma" and self.params_ is not None:
            return gammagamma.expected_value(self.params_, x, m)
        return expected_value(self.shrunken_, x, m)

    def population_mean(self) -> float:
        """Spend per order expected of a customer of whom nothing is known."""
        if self.method_ == "gamma-gamma" and self.params_ is not None:
            return gammagamma.population_mean(self.params_)
        return self.shrunken_.mean

    def state(self) -> Json:
        """What was learned, as JSON."""
        test = self.independence_
        return {
            "spend": self.spend,
            "method": self.method_,
            "reason": self.reason_,
            "customers": self.n_customers_,
            "params": self.params_ and self.params_._asdict(),
            "standard_errors": self.standard_errors_ and self.standard_errors_._asdict(),
            "log_likelihood": self.loglik_,
            "shrunken_mean": self.shrunken_._asdict(),
            "independence": {
                "repeaters": test.repeaters,
                "pearson": test.pearson._asdict(),
                "spearman": test.spearman._asdict(),
                "verdict": test.verdict,
            },
        }

    @classmethod
    def of(cls, state: Json) -> Self:
        """The model whose `state` this is.

        Raises
        ------
        RunError : a line of it is missing
        """
        try:
            model, test = cls(state["spend"]), state["independence"]
            model.method_, model.reason_ = state["method"], state["reason"]
            model.n_customers_, model.loglik_ = state["customers"], state["log_likelihood"]
            params, errors = state["params"], state["standard_errors"]
            model.params_ = GammaGammaParams(**params) if params else None
            model.standard_errors_ = GammaGammaParams(**errors) if errors else None
            model.shrunken_ = ShrunkenMean(**state["shrunken_mean"])
            model.independence_ = Independence(
                test["repeaters"],
                Correlation(**test["pearson"]),
                Correlation(**test["spearman"]),
                test["verdict"],
            )
        except (KeyError, TypeError) as missing:
            raise RunError(f"model: its spend part cannot be read ({missing}).") from None
        return model

    def _orders(self, history: History) -> tuple[Floats, Floats]:
        """Orders averaged and mean spend over them; a net refund counts as nothing spent."""
        x = history.frame["x"].to_numpy(dtype=np.float64)
        value = history.frame["total_value"].to_numpy(dtype=np.float64)
        if self.spend == "all":
            return x + 1.0, np.maximum(value, 0.0) / (x + 1.0)
        value = value - history.frame["first_value"].to_numpy(dtype=np.float64)
        return x, np.maximum(value, 0.0) / np.maximum(x, 1.0)

    def _learn(self, x: Floats, m: Floats) -> str:
        """Fit Gamma-Gamma; the reason it cannot stand, or nothing."""
        repeaters = self.independence_.repeaters
        if repeaters < FEWEST_REPEATERS:
            return f"only {repeaters} repeat buyers; Gamma-Gamma needs {FEWEST_REPEATERS}."
        if self.independence_.rejected:
            return "order value depends on frequency, which Gamma-Gamma rules out."
        try:
            fit = gammagamma.fit(x, m)
            mean = gammagamma.population_mean(fit.params)
        except FitError as error:
            return error.message
        observed = float(m.mean())
        if not 1 / LARGEST_MEAN_RATIO <= mean / observed <= LARGEST_MEAN_RATIO:
            return (
                f"Gamma-Gamma's population mean {mean:.4g} is far from the {observed:.4g} observed:"
                " a few very large orders dominate."
            )
        self.params_, self.standard_errors_ = fit.params, fit.standard_errors
        self.loglik_ = fit.loglik
        return ""


def independence(x: Floats, m: Floats) -> Independence:
    """Test Gamma-Gamma's assumption that spend per order does not depend on frequency.

    Parameters
    ----------
    x : (n,) repeat purchases of repeat buyers
    m : (n,) their mean spend per order

    Returns
    -------
    Independence
    """
    linear, ranked = pearson(x, m), spearman(x, m)
    rho = ranked.coefficient
    chance = "below 0.001" if ranked.p_value < 0.001 else f"{ranked.p_value:.3f}"
    told = f"rank correlation {rho:.2f}, p {chance}, {len(x):,} repeat buyers"
    direction = "more" if rho > 0 else "less"
    if len(x) < FEWEST_REPEATERS:
        verdict = f"Too few repeat buyers to test whether frequent buyers spend otherwise ({told})."
    elif ranked.p_value > SURPRISING or abs(rho) < WEAK:
        verdict = f"Frequent buyers spend neither more nor less per order ({told})."
    elif abs(rho) < STRONG:
        verdict = (
            f"Frequent buyers spend slightly {direction} per order ({told}): usable with care."
        )
    else:
        verdict = (
            f"Frequent buyers spend clearly {direction} per order ({told}): each customer's mean is"
            " drawn toward that of equally frequent ones."
        )
    return Independence(len(x), linear, ranked, verdict)
