"""lifetimes, the package most people use: fits, the summary of a log, and scoring."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING, Any

import lifetimes
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from lifetimes.utils import summary_data_from_transaction_data

from benchmarks import ours
from benchmarks.population import HORIZON, PURCHASES, SORT, sorted_keys
from benchmarks.result import Result, least, side_by_side, timed
from clv.data.engine import DuckDBEngine
from clv.data.ingest import IngestSettings, ingest
from clv.numerics import bgnbd, gammagamma, histories, mbgnbd, paretonbd

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from benchmarks.bench import Bench
    from benchmarks.population import Customers
    from clv.core.types import AsOf, Floats

RIVALS = {
    bgnbd: (bgnbd.BGNBDParams, lifetimes.BetaGeoFitter),
    mbgnbd: (mbgnbd.MBGNBDParams, lifetimes.ModifiedBetaGeoFitter),
    paretonbd: (paretonbd.ParetoNBDParams, lifetimes.ParetoNBDFitter),
}
#: The least a summary of transactions can be.
GROUP_BY = (
    "SELECT sum(n), min(first), max(last) FROM (SELECT customer_id, count(*) AS n,"
    " min(date) AS first, max(date) AS last FROM transactions GROUP BY 1)"
)
#: Log-likelihoods may differ by rounding alone.
ROUNDING = 1e-9


def fit(
    at: Bench,
    model: ModuleType,
    n: int,
    repeats: int,
    rival_repeats: int,
    arrivals: str = "all along",
) -> Result:
    """A purchase model from x, t_x and T of each customer; grouping them is part of our time.

    Parameters
    ----------
    rival_repeats : 0 leaves lifetimes out

    Raises
    ------
    ArithmeticError : our optimum is worse than the rival's
    """
    seen = at.customers(n, arrivals)
    x, t_x, T = (column.astype(np.float64) for column in (seen.x, seen.t_x, seen.T))
    kind, fitter = RIVALS[model]

    def rival() -> Any:
        return kind(*fitter(penalizer_coef=0.0).fit(seen.x, seen.t_x, seen.T).params_)

    def yardstick(params: Any) -> float:
        return float(params.loglik(x, t_x, T).sum())

    case = f"fit {_title(model)}, {len(seen.x):,} customers, arriving {arrivals}"
    return _compared(
        case,
        _described(seen),
        lambda: ours.fit(model, seen.x, seen.t_x, seen.T),
        rival,
        yardstick,
        (repeats, rival_repeats),
        least(lambda: sorted_keys(seen)),
        SORT,
    )


def fit_spend(at: Bench, n: int, repeats: int, rival_repeats: int) -> Result:
    """Gamma-Gamma from the mean spend of those who bought again.

    Raises
    ------
    ArithmeticError : our optimum is worse than the rival's
    """
    seen = at.customers(n)
    again = seen.x > 0
    x, m = seen.x[again].astype(np.float64), seen.m[again]

    def rival() -> Any:
        found = lifetimes.GammaGammaFitter(penalizer_coef=0.0).fit(seen.x[again], m).params_
        return gammagamma.GammaGammaParams(found["p"], found["q"], found["v"])

    def yardstick(params: Any) -> float:
        return float(gammagamma.loglik(params, x, m).sum())

    return _compared(
        f"fit Gamma-Gamma, {len(seen.x):,} customers",
        f"{len(m):,} of them bought again",
        lambda: gammagamma.fit(x, m).params,
        rival,
        yardstick,
        (repeats, rival_repeats),
        least(lambda: np.log(x * m).sum()),
        "a logarithm of every customer's spend",
    )


def summarise(at: Bench, repeats: int, rival_repeats: int, *, with_returns: bool) -> Result:
    """Histories of every customer from accepted transactions; lifetimes from a pandas frame.

    Ours includes adding up days; both give a pandas frame. With returns, ours also takes them
    off, which lifetimes counts as purchases, and answers have to agree on every other customer.

    Raises
    ------
    ArithmeticError : they do not
    """
    frame = _frame(at.log)
    returners = frame.loc[frame["amount"] < 0, "customer_id"].unique()
    if not with_returns:
        frame, returners = frame[frame["amount"] >= 0], returners[:0]
    with DuckDBEngine(at.engine_folder()) as engine:
        read = ingest(at.log, IngestSettings(returns="net" if with_returns else "drop"), engine)
        with _quiet():
            spent, mine, rival_spent, theirs = side_by_side(
                lambda: ours.summary(read, engine),
                lambda: _rival_summary(frame, read.as_of),
                repeats,
                rival_repeats,
            )
        floor = least(lambda: engine.sql(GROUP_BY))
    agreed = _agree(mine, theirs.drop(returners))
    note = f"x, t_x and T agree on all {agreed:,} customers"
    if with_returns:
        note = f"Ours takes returns off, lifetimes counts them as purchases; {note} without one"
    return Result(
        f"summary of {len(frame):,} rows, {'with returns' if with_returns else 'no returns'}",
        f"{len(theirs):,} customers",
        median(spent),
        median(rival_spent),
        repeats,
        rival_repeats,
        floor,
        "one GROUP BY of the same table in DuckDB: count, first and last date",
        f"{note}.",
    )


def fit_log(at: Bench, repeats: int, rival_repeats: int) -> Result:
    """BG/NBD from accepted transactions without returns; lifetimes from a pandas frame.

    Raises
    ------
    ArithmeticError : our optimum is worse than the rival's
    """
    frame = _frame(at.log)
    frame = frame[frame["amount"] >= 0]
    with DuckDBEngine(at.engine_folder()) as engine:
        read = ingest(at.log, IngestSettings(returns="drop"), engine)
        x, t_x, T, n = ours.grouped(read)
        floor = least(lambda: engine.sql(GROUP_BY))

        def rival() -> bgnbd.BGNBDParams:
            seen = _rival_summary(frame, read.as_of)
            fitter = lifetimes.BetaGeoFitter(penalizer_coef=0.0)
            found = fitter.fit(seen["frequency"], seen["recency"], seen["T"])
            return bgnbd.BGNBDParams(**found.params_)

        return _compared(
            f"fit BG/NBD from {len(frame):,} transactions",
            f"{n.sum():,.0f} customers, {len(x):,} distinct histories in whole days",
            lambda: bgnbd.fit(*ours.grouped(read)).params,
            rival,
            lambda params: float(n @ params.loglik(x, t_x, T)),
            (repeats, rival_repeats),
            floor,
            "one GROUP BY of the same table in DuckDB: count, first and last date",
        )


def score(at: Bench, n: int, repeats: int, rival_repeats: int) -> Result:
    """Expected purchases and P(alive) of every customer by the same parameters.

    Raises
    ------
    ArithmeticError : an answer differs by more than a millionth
    """
    seen = at.customers(n)
    fitter = lifetimes.BetaGeoFitter()
    fitter.params_ = pd.Series(PURCHASES._asdict())

    def rival() -> tuple[Floats, Floats]:
        history = (seen.x, seen.t_x, seen.T)
        ahead = fitter.conditional_expected_number_of_purchases_up_to_time(HORIZON, *history)
        return np.asarray(ahead), fitter.conditional_probability_alive(*history)

    with _quiet():
        spent, mine, rival_spent, theirs = side_by_side(
            lambda: ours.score(seen.x, seen.t_x, seen.T), rival, repeats, rival_repeats
        )
    known = np.isfinite(theirs[0])
    farthest = max(float(np.abs(a - b)[known].max()) for a, b in zip(mine, theirs, strict=True))
    if not (farthest < 1e-6 and np.isfinite(mine[0]).all()):
        raise ArithmeticError(f"scoring: answers differ by up to {farthest:.3g}")
    x, t_x, T = (column.astype(np.float64) for column in (seen.x, seen.t_x, seen.T))
    floor = least(
        lambda: (PURCHASES.r + x) * np.log((PURCHASES.alpha + T) / (PURCHASES.alpha + t_x))
    )
    return Result(
        f"score {len(seen.x):,} customers",
        _described(seen),
        median(spent),
        median(rival_spent),
        repeats,
        rival_repeats,
        floor,
        "one numpy pass with a logarithm",
        f"Answers differ by {farthest:.0e} at most; lifetimes gives no number for"
        f" {int((~known).sum()):,} customers, we for all.",
    )


def _frame(log: Path) -> pd.DataFrame:
    frame: pd.DataFrame = pq.read_table(log).to_pandas()
    frame["date"] = pd.to_datetime(frame["date"])
    return frame


def _rival_summary(frame: pd.DataFrame, as_of: AsOf) -> pd.DataFrame:
    summary: pd.DataFrame = summary_data_from_transaction_data(
        frame, "customer_id", "date", "amount", observation_period_end=str(as_of)
    )
    return summary


def _compared(
    case: str,
    sizes: str,
    own: Callable[[], Any],
    rival: Callable[[], Any],
    yardstick: Callable[[Any], float],
    runs: tuple[int, int],
    floor_seconds: float,
    floor: str,
) -> Result:
    if not runs[1]:
        turns = [timed(own) for _ in range(runs[0])]
        note = f"Log-likelihood {yardstick(turns[-1][1]):,.3f}. lifetimes is not run here."
        spent = [seconds for seconds, _ in turns]
        return Result(case, sizes, median(spent), None, *runs, floor_seconds, floor, note)
    with _quiet():
        spent, mine, rival_spent, theirs = side_by_side(own, rival, *runs)
    reached, rival_reached = yardstick(mine), yardstick(theirs)
    if reached < rival_reached - ROUNDING * abs(rival_reached):
        raise ArithmeticError(f"{case}: log-likelihood {reached:.3f} is below {rival_reached:.3f}")
    note = f"Log-likelihood {reached:,.3f}, lifetimes {rival_reached:,.3f}."
    return Result(
        case, sizes, median(spent), median(rival_spent), *runs, floor_seconds, floor, note
    )


def _agree(mine: pd.DataFrame, theirs: pd.DataFrame) -> int:
    """Customers of theirs, all of whom have the same history in mine."""
    by_id = mine.assign(customer_id=mine["customer_id"].astype(object)).set_index("customer_id")
    same = by_id.loc[theirs.index, ["x", "t_x", "T"]].to_numpy(np.float64) == theirs[
        ["frequency", "recency", "T"]
    ].to_numpy(np.float64)
    if not same.all():
        wrong = int((~same.all(axis=1)).sum())
        raise ArithmeticError(f"summary: {wrong:,} of {len(theirs):,} customers differ")
    return len(theirs)


def _described(seen: Customers) -> str:
    triples = len(histories.group(seen.x, seen.t_x, seen.T).x)
    return f"{triples:,} distinct histories in whole days"


def _title(model: ModuleType) -> str:
    return str(model.NAMES.model)


@contextmanager
def _quiet() -> Iterator[None]:
    # lifetimes warns of overflows and of old pandas calls at every step.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
