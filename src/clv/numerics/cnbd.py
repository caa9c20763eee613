"""What BG/CNBD-k and MBG/CNBD-k share: gaps between purchases are Erlang-k, steadier than chance.

Every k-th tick of a Poisson process is a purchase; see `betageometric` for the rest.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from scipy.special import gammaln

from clv.core.errors import FitError
from clv.core.types import Floats, Parameter
from clv.numerics import betageometric, purchases
from clv.numerics.atpurchase import DropsAtPurchase
from clv.numerics.optimise import Fit, Names, Objective
from clv.numerics.special import total

#: Beyond it gaps are all but equal, and the models of subscriptions fit better.
LARGEST_K = 12


class CNBDParams(NamedTuple):
    """Tick rate ~ Gamma(r, alpha), alpha in units of time; dropout chance ~ Beta(a, b).

    Every k-th tick is a purchase: the purchase rate's mean is r / (alpha k).
    """

    r: Parameter
    alpha: Parameter
    a: Parameter
    b: Parameter
    k: int

    @property
    def silence_tells(self) -> bool:
        """The next purchase of a regular buyer is the nearer the longer the silence."""
        return self.k > 1

    @property
    def chances_at_first(self) -> int:
        """Chances to drop out of a customer who has bought once: 0 or 1."""
        return 0

    def loglik(self, x: Floats, t_x: Floats, T: Floats, log_gaps: Floats | None = None) -> Floats:
        """Log-likelihood of each history.

        Parameters
        ----------
        x, t_x, T : (n,) repeat purchases, time of the last, time observed
        log_gaps : (n,) sum of the logarithms of the gaps between purchases, 0 where x = 0;
            without it the likelihood is that of x and t_x alone, on the scale of k = 1

        Returns
        -------
        (n,)
        """
        x = np.asarray(x, dtype=np.float64)
        ends = betageometric.loglik(self, x, t_x, T, x + self.chances_at_first)
        if log_gaps is None:
            return ends + seen_ends(self.k, x, t_x)
        return ends + seen_gaps(self.k, x, log_gaps)

    def log_odds_dropped(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Log-odds of having dropped out by T, (n,); -inf where there was no chance to."""
        return betageometric.log_odds_dropped(
            self, x, t_x, T, np.asarray(x, dtype=np.float64) + self.chances_at_first
        )

    def active(self, x: Floats, t_x: Floats, T: Floats) -> DropsAtPurchase:
        """The customers, should they be active at T."""
        R, A, z = betageometric.waiting(self, x, t_x, T)
        B = np.asarray(self.b + (np.asarray(x, dtype=np.float64) + self.chances_at_first))
        return DropsAtPurchase(self.k, R, A, z, self.a, B)


C = TypeVar("C", bound=CNBDParams)


def seen_gaps(k: int, x: Floats, log_gaps: Floats) -> Floats:
    """What the gaps themselves add to the log-likelihood.

    Parameters
    ----------
    k : rhythm
    x : (n,) repeat purchases
    log_gaps : (n,) sum of the logarithms of the gaps

    Returns
    -------
    (n,) exactly 0 at k = 1
    """
    return np.asarray((k - 1) * log_gaps - gammaln(k) * x)


def seen_ends(k: int, x: Floats, t_x: Floats) -> Floats:
    """What stands in for `seen_gaps` where the purchases between first and last are not known.

    The gaps' shares of t_x are Dirichlet(k, ..., k), whatever the parameters; integrated out
    they leave t_x^(k x - 1) / Gamma(k x), here over the same at k = 1.

    Parameters
    ----------
    k : rhythm
    x, t_x : (n,) repeat purchases and time of the last

    Returns
    -------
    (n,) exactly 0 at k = 1 and at x = 0
    """
    some = np.maximum(x, 1.0)
    log_last = np.log(np.where((x > 0) & (t_x > 0), t_x, 1.0))
    found = (k - 1) * x * log_last - (gammaln(k * some) - gammaln(some))
    return np.where(x > 0, found, 0.0)


def fit(
    kind: type[C],
    model: str,
    chances_at_first: int,
    k: int,
    histories: tuple[Floats, Floats, Floats, Floats],
    prior_sd: float | None,
    total_log_gaps: float | None,
) -> Fit[C]:
    """Maximum likelihood, or with a prior maximum a posteriori, from distinct histories.

    Parameters
    ----------
    kind, model : of the parameters, and the model's name
    chances_at_first : chances to drop out of a customer who has bought once: 0 or 1
    k : rhythm, a whole number from 1 to `LARGEST_K`
    histories : x, t_x, T and n, (d,) each, sorted by x
    prior_sd : as in `purchases.fit`
    total_log_gaps : sum of the logarithms of all gaps of all customers. It moves no parameter,
        but fits of different k compare by it; without it they compare by x and t_x alone

    Returns
    -------
    Fit : k is given, not estimated: its standard error and covariances are 0

    Raises
    ------
    HistoryError : a history that cannot be
    FitError : k is out of range, or a parameter runs away
    """
    if not (1 <= k <= LARGEST_K and k == int(k)):
        raise FitError(f"{model}: k is {k}; it has to be a whole number from 1 to {LARGEST_K}.")
    x, t_x, T, n = (np.atleast_1d(np.asarray(column, dtype=np.float64)) for column in histories)

    def build(x: Floats, t_x: Floats, T: Floats, n: Floats) -> Objective:
        return betageometric.objective(k, x, t_x, T, x + float(chances_at_first), n)

    def starts(rate: float) -> list[tuple[float, ...]]:
        return betageometric.starts(k * rate)

    names = Names(
        f"{model}-{k}",
        ("r", "alpha", "a", "b"),
        *betageometric.RUNAWAY_MEANINGS,
        purchases.ADVICE,
    )
    found = purchases.fit(build, starts, names, (x, t_x, T, n), prior_sd)
    params, errors, without_k, loglik, customers, steps = found
    repeats = total(n, x)
    if total_log_gaps is None:
        loglik += total(n, seen_ends(k, x, t_x))
    else:
        loglik += float(seen_gaps(k, np.array([repeats]), np.array([total_log_gaps]))[0])
    covariance = np.zeros((5, 5))
    covariance[:4, :4] = without_k
    values, deviations = np.append(params, k), np.append(errors, 0)
    fit_of = Fit.of(kind, values, deviations, covariance, loglik, customers, steps)
    return fit_of._replace(
        params=fit_of.params._replace(k=k), standard_errors=fit_of.standard_errors._replace(k=0)
    )


def simulate_log_gaps(k: int, x: Floats, t_x: Floats, rng: np.random.Generator) -> Floats:
    """Sum of the logarithms of each customer's gaps, drawn given x and t_x.

    Parameters
    ----------
    k : rhythm
    x, t_x : (n,) repeat purchases and time of the last, as `simulate` gives them
    rng : source of randomness

    Returns
    -------
    (n,) 0 where x = 0
    """
    counts = x.astype(np.int64)
    owner = np.repeat(np.arange(len(x)), counts)
    parts = rng.gamma(k, size=len(owner))
    whole = np.bincount(owner, weights=parts, minlength=len(x))
    shares = np.bincount(owner, weights=np.log(parts), minlength=len(x))
    bought = x > 0
    scale = np.log(np.where(bought, t_x, 1.0)) - np.log(np.where(bought, whole, 1.0))
    return np.where(bought, shares + x * scale, 0.0)
