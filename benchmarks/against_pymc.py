"""pymc-marketing, in an environment of its own: its BG/NBD as one optimum and as MCMC."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import ours
from benchmarks.population import SORT, sorted_keys
from benchmarks.result import Result, least, seconds, side_by_side
from clv.numerics import bgnbd, histories

if TYPE_CHECKING:
    from benchmarks.bench import Bench
    from benchmarks.population import Customers
    from clv.core.types import Floats, Json

RIVAL = "pymc-marketing"
PARAMS = bgnbd.BGNBDParams._fields
#: As pymc-marketing samples by itself, but for the chains, of which two cores run two at a time.
CHAINS, DRAWS, TUNE = 2, 1_000, 1_000
#: Draws enough to have everything compiled.
A_FEW = 10


def fit_map(at: Bench, n: int, repeats: int, rival_repeats: int) -> Result:
    """Our maximum of the likelihood and its maximum a posteriori, on the likelihood alone.

    The first of the rival's fits, which compiles, is told apart and not in its median.

    Raises
    ------
    ArithmeticError : our optimum is worse than the rival's
    """
    seen = at.customers(n)
    path = at.peer.hand_over(seen)
    first = at.peer.ask(customers=path, method="map")
    answers: list[Json] = []

    def rival() -> None:
        answers.append(at.peer.ask(customers=path, method="map"))

    spent, found, _, _ = side_by_side(
        lambda: ours.fit(bgnbd, seen.x, seen.t_x, seen.T), rival, repeats, rival_repeats
    )
    likelihood = _likelihood(seen)
    reached = likelihood(found)
    theirs = likelihood(bgnbd.BGNBDParams(**answers[-1]["params"]))
    # Priors keep the rival from the maximum, never beyond it.
    if reached < theirs - 1e-9 * abs(theirs):
        raise ArithmeticError(f"MAP: log-likelihood {reached:.3f} is below {theirs:.3f}")
    searching = median(answer["searching"] for answer in answers)
    return Result(
        f"fit BG/NBD, {len(seen.x):,} customers, MAP",
        _described(seen),
        median(spent),
        median(answer["seconds"] for answer in answers),
        repeats,
        rival_repeats,
        least(lambda: sorted_keys(seen)),
        SORT,
        f"Log-likelihood {reached:,.3f}, {RIVAL} {theirs:,.3f}, whose default priors keep it"
        f" from the maximum. Of its time {seconds(searching)} s is search, the rest builds the"
        f" model and loads what was compiled to {first['compiled_to']}. Its first fit of these"
        f" customers, not in the median, took {seconds(first['seconds'])} s.",
        RIVAL,
    )


def fit_mcmc(
    at: Bench,
    n: int,
    repeats: int,
    rival_repeats: int,
    draws: int = DRAWS,
    tune: int = TUNE,
) -> Result:
    """Draws of the parameters: ours of Laplace's approximation, the rival's by NUTS.

    A few draws of the rival's go first, which compile; they are told apart.

    Parameters
    ----------
    draws, tune : of each of the rival's chains; we draw as many as all chains together
    """
    seen = at.customers(n)
    columns = (seen.x, seen.t_x, seen.T)
    request = {
        "customers": at.peer.hand_over(seen),
        "method": "mcmc",
        "draws": draws,
        "tune": tune,
        "chains": CHAINS,
        "seed": at.seed,
    }
    first = at.peer.ask(**{**request, "draws": A_FEW, "tune": A_FEW})
    answers: list[Json] = []

    def rival() -> None:
        answers.append(at.peer.ask(**request))

    spent, drawn, _, _ = side_by_side(
        lambda: ours.fit_and_draw(*columns, CHAINS * draws, at.seed), rival, repeats, rival_repeats
    )
    last = answers[-1]
    sampling = median(answer["searching"] for answer in answers)
    return Result(
        f"fit BG/NBD with {len(drawn):,} draws, {len(seen.x):,} customers, MCMC",
        _described(seen),
        median(spent),
        median(answer["seconds"] for answer in answers),
        repeats,
        rival_repeats,
        least(lambda: sorted_keys(seen)),
        SORT,
        f"We fit and draw from Laplace's approximation. {RIVAL} runs NUTS in {CHAINS} chains side"
        f" by side, {draws:,} draws each after {tune:,} to tune, worth {last['effective']:,.0f}"
        f" independent ones, {last['divergences']} divergences. Of its time {seconds(sampling)} s"
        f" is sampling; {A_FEW} draws before, which compile, took {seconds(first['seconds'])} s"
        f" and are not in it. {_beside(drawn, last)}.",
        RIVAL,
    )


def _beside(drawn: Floats, answer: Json) -> str:
    """Mean and standard deviation of each parameter, theirs in brackets."""
    told = []
    for name, mean, sd in zip(PARAMS, drawn.mean(axis=0), drawn.std(axis=0), strict=True):
        theirs, their_sd = answer["params"][name], answer["deviations"][name]
        told.append(f"{name} {mean:.4g} ± {sd:.2g} ({theirs:.4g} ± {their_sd:.2g})")
    return f"Mean ± standard deviation, {RIVAL}'s in brackets: {', '.join(told)}"


def _likelihood(seen: Customers) -> Callable[[bgnbd.BGNBDParams], float]:
    x, t_x, T = (column.astype(np.float64) for column in (seen.x, seen.t_x, seen.T))
    return lambda params: float(params.loglik(x, t_x, T).sum())


def _described(seen: Customers) -> str:
    triples = len(histories.tally(seen.x, seen.t_x, seen.T).x)
    return f"{triples:,} distinct histories in whole days"
