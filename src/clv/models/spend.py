"""What a customer spends per order: Gamma-Gamma, or a shrunken mean where that cannot stand.

Where many orders are free, times the chance that an order is paid.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Self

import numpy as np

from clv.core.errors import ClvError, FitError, RunError
from clv.core.types import Floats, Json
from clv.models import fitted
from clv.models.base import History
from clv.numerics import gammagamma, paidshare
from clv.numerics.correlation import Correlation, pearson, spearman
from clv.numerics.gammagamma import GammaGammaParams
from clv.numerics.paidshare import PaidShareParams
from clv.numerics.shrinkage import ShrunkenMean, expected_value, shrunken_mean

Orders = Literal["all", "repeat"]
Method = Literal["gamma-gamma", "shrunken mean"]

#: Repeat buyers below which orders cannot tell customers from chance.
FEWEST_REPEATERS = 30
#: Gamma-Gamma's population mean may differ from the observed one by this factor.
LARGEST_MEAN_RATIO = 2.0
#: Free share of all purchase days above which it is forecast apart whether an order is paid. On
#: CDNOW, with 80 of 69,659, the papers' figures stand.
MANY_FREE = 0.1
REPEATERS, PAYERS = "repeat buyers", "customers with several paid orders"
SURPRISING = 0.05
WEAK, STRONG = 0.1, 0.3


class Independence(NamedTuple):
    """Do frequent buyers spend otherwise per order? Tested among repeat buyers.

    Attributes
    ----------
    repeaters : customers tested; those with several paid orders where many are free
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

    Attributes
    ----------
    paid_ : chance that an order is paid, where more than a tenth of the purchase days are free;
        all else is then learned from paid orders alone. None elsewhere
    method_, reason_ : what tells the value of an order, and why it is not Gamma-Gamma
    notes_ : what of paid_ could not be had from the data alone, and what was done instead
    """

    name = "gammagamma"

    paid_: PaidShareParams | None
    notes_: tuple[str, ...]
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
        self.paid_, self.notes_ = None, ()
        if free_share(history) > MANY_FREE:
            self.paid_, self.notes_ = paid_share(history, self.spend)
        x, m = self._averaged(history)
        seen = (x > 0) & (m > 0)
        if not seen.any():
            raise FitError(
                "spend: no customer has a positive mean spend, so there is no order value to"
                " learn. Check the amount column."
            )
        repeat, paid, first, total = columns_of(history)
        paired = repeat
        if self.paid_ is not None:
            # What the first paid order brought is known only where it was the first of all.
            repeat = np.maximum(paid - 1.0, 0.0)
            paired = np.where(first > 0, repeat, 0.0)
        again = seen & (repeat > 0)
        self.independence_ = independence(repeat[again], m[again], self.tested_)
        self.n_customers_ = int(seen.sum())
        self.shrunken_ = shrunken_mean(
            x, m, paired, first, total - first, by_frequency=self.independence_.rejected
        )
        self.params_ = self.standard_errors_ = self.loglik_ = None
        self.method_, self.reason_ = "shrunken mean", self._learn(x[seen], m[seen])
        if not self.reason_:
            self.method_ = "gamma-gamma"
        return self

    def expected_value(self, history: History) -> Floats:
        """(n,) mean spend per order expected of each customer, in the log's currency."""
        x, m = self._averaged(history)
        if self.method_ == "gamma-gamma" and self.params_ is not None:
            value = gammagamma.expected_value(self.params_, x, m)
        else:
            value = expected_value(self.shrunken_, x, m)
        if self.paid_ is None:
            return value
        return value * paidshare.expected_share(self.paid_, *orders(history, self.spend))

    def population_mean(self) -> float:
        """Spend per order expected of a customer of whom nothing is known."""
        share = 1.0 if self.paid_ is None else paidshare.population_share(self.paid_)
        if self.method_ == "gamma-gamma" and self.params_ is not None:
            return share * gammagamma.population_mean(self.params_)
        return share * self.shrunken_.mean

    def state(self) -> Json:
        """What was learned, as JSON."""
        test = self.independence_
        return {
            "spend": self.spend,
            "paid_share": self.paid_ and self.paid_._asdict(),
            "notes": self.notes_,
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

    @property
    def tested_(self) -> str:
        """Whose orders tell customers from chance, in words."""
        return REPEATERS if self.paid_ is None else PAYERS

    @classmethod
    def of(cls, state: Json) -> Self:
        """The model whose `state` this is.

        Raises
        ------
        RunError : a line of it is missing
        """
        try:
            model, test = cls(state["spend"]), state["independence"]
            paid = state["paid_share"]
            model.paid_ = PaidShareParams(**paid) if paid else None
            model.notes_ = tuple(state["notes"])
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
            raise RunError(
                f"model: its spend part cannot be read ({missing}). Fit it again."
            ) from None
        return model

    def _averaged(self, history: History) -> tuple[Floats, Floats]:
        return averaged(history, self.spend, paid_only=self.paid_ is not None)

    def _learn(self, x: Floats, m: Floats) -> str:
        """Fit Gamma-Gamma; the reason it cannot stand, or nothing."""
        repeaters = self.independence_.repeaters
        if repeaters < FEWEST_REPEATERS:
            return f"only {repeaters} {self.tested_}; Gamma-Gamma needs {FEWEST_REPEATERS}."
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


def averaged(history: History, spend: Orders, *, paid_only: bool) -> tuple[Floats, Floats]:
    """Orders averaged and mean spend over them; a net refund counts as nothing spent.

    Parameters
    ----------
    spend : whether the first order counts, see `SpendModel`
    paid_only : leave out free orders

    Returns
    -------
    (n,) orders and (n,) mean spend, 0 where there is no order
    """
    paid, every = orders(history, spend)
    x = paid if paid_only else every
    _, _, first, value = columns_of(history)
    if spend == "repeat":
        value = value - first
    return x, np.maximum(value, 0.0) / np.maximum(x, 1.0)


def orders(history: History, spend: Orders) -> tuple[Floats, Floats]:
    """(n,) paid orders and (n,) orders of each customer, the first among them where it counts."""
    repeat, paid, first, _ = columns_of(history)
    if spend == "all":
        return paid, repeat + 1.0
    return paid - (first > 0), repeat


def columns_of(history: History) -> tuple[Floats, Floats, Floats, Floats]:
    """(n,) repeat orders, paid orders, spend on the first order and on all."""
    names = ("x", "paid_purchases", "first_value", "total_value")
    repeat, paid, first, total = (history.frame[name].to_numpy(np.float64) for name in names)
    return repeat, paid, first, total


def free_share(history: History) -> float:
    """Share of all customers' purchase days that are worth nothing."""
    repeat, paid, _, _ = columns_of(history)
    return 1.0 - float(paid.sum()) / float((repeat + 1.0).sum())


def paid_share(history: History, spend: Orders) -> tuple[PaidShareParams, tuple[str, ...]]:
    """How the chance that an order is paid differs between customers.

    Returns
    -------
    its parameters, and what could not be had from the data alone
    """
    paid, every = orders(history, spend)
    try:
        found, notes = fitted.held(lambda sd: paidshare.fit(paid, every, prior_sd=sd))
    except FitError as error:
        share = (float(paid.sum()) + 0.5) / (float(every.sum()) + 1.0)
        alike = PaidShareParams(paidshare.WEIGHT * share, paidshare.WEIGHT * (1.0 - share))
        return alike, (f"{error} Here the share of all orders stands in.",)
    return found.params, notes


def independence(x: Floats, m: Floats, who: str = REPEATERS) -> Independence:
    """Test Gamma-Gamma's assumption that spend per order does not depend on frequency.

    Parameters
    ----------
    x : (n,) repeat purchases of repeat buyers
    m : (n,) their mean spend per order
    who : they are, in words

    Returns
    -------
    Independence
    """
    linear, ranked = pearson(x, m), spearman(x, m)
    rho = ranked.coefficient
    chance = "below 0.001" if ranked.p_value < 0.001 else f"{ranked.p_value:.3f}"
    told = f"rank correlation {rho:.2f}, p {chance}, {len(x):,} {who}"
    direction = "more" if rho > 0 else "less"
    if len(x) < FEWEST_REPEATERS:
        verdict = f"Too few {who} to test whether frequent buyers spend otherwise ({told})."
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
