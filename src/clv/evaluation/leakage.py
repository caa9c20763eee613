"""Columns that know the target: under another name, cut from it, or what it was computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clv.core.types import Bools, Floats
from clv.data.columns import bare
from clv.evaluation import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Rank correlation, or R2 of a straight line, from which a number is the target itself.
TWIN_RANK, TWIN_R2 = 0.999, 0.995
#: The same from which it is suspicious.
NEAR_RANK, NEAR_R2 = 0.98, 0.97
#: A column is a label made from the target if thresholds on the target would put customers into
#: its groups so well: 1 is always, 0 is by chance.
LABEL = 0.85
#: Groups such a column has at most, and customers in each on average at least.
MOST_GROUPS, SMALLEST_GROUP = 20, 10
#: R2 of a product of so many columns from which the target is probably one; or this part of what
#: the champion reaches, where that is good.
FORMULA_R2, FORMULA_PART, GOOD = 0.90, 0.97, 0.5
MOST_FACTORS = 3
#: Customers below which nothing is said.
FEWEST = 30


@dataclass(frozen=True)
class Suspicion:
    """A column that may know the target.

    Attributes
    ----------
    why : in plain words, to be read after its name
    left_out : whether learners shall not see it unless told to
    """

    column: str
    why: str
    left_out: bool


def suspicions(frame: pd.DataFrame, target: Floats) -> list[Suspicion]:
    """Every column that is an id, the target itself or nearly so, or a label cut from it.

    Parameters
    ----------
    frame : (n, columns) of the rows that have a target
    target : (n,)
    """
    found = [_id(str(name), frame[name]) for name in frame]
    if len(target) >= FEWEST:
        left = [str(name) for name, of_id in zip(frame, found, strict=True) if of_id is None]
        found += [_label(name, frame[name], target) or _twin(name, frame[name], target)
                  for name in left]  # fmt: skip
    return [each for each in found if each is not None]


def _id(name: str, column: pd.Series) -> Suspicion | None:
    known = column.dropna()
    distinct = len(known) > FEWEST and known.nunique() == len(known)
    if not distinct or not bare(name).endswith("id"):
        return None
    if pd.api.types.is_float_dtype(known) and not (known % 1 == 0).all():
        return None
    return Suspicion(name, "names each customer, which says nothing of others", True)


def _label(name: str, column: pd.Series, target: Floats) -> Suspicion | None:
    agreement = label_agreement(column, target)
    if agreement < LABEL:
        return None
    return Suspicion(
        name,
        f"parts customers into {column.nunique()} groups that hardly overlap in the target"
        f" (agreement {agreement:.2f} of 1), as if it had been cut from it",
        True,
    )


def label_agreement(column: pd.Series, target: Floats) -> float:
    """How far thresholds on the target find the groups of a column, beyond chance: 1 is always.

    Parameters
    ----------
    column : (n,) groups, as texts or numbers; those without one are passed over
    target : (n,)

    Returns
    -------
    0 where the column has too many groups, or too few customers in them, to be a label
    """
    known = column.notna().to_numpy()
    groups = column[known].astype(str).to_numpy()
    names, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if not 2 <= len(names) <= MOST_GROUPS or len(groups) < SMALLEST_GROUP * len(names):
        return 0.0
    return _agreement(place, sizes, target[known])


def _agreement(place: np.ndarray, sizes: np.ndarray, target: Floats) -> float:
    """How far thresholds on the target find the groups, beyond chance.

    References
    ----------
    Cohen (1960), "A coefficient of agreement for nominal scales"
    """
    means = np.bincount(place, weights=target) / sizes
    by_value = np.argsort(means, kind="stable")
    found = np.empty(len(place), dtype=np.int64)
    found[np.argsort(target, kind="stable")] = np.repeat(by_value, sizes[by_value])
    agreed = float(np.mean(found == place))
    chance = float(np.sum((sizes / len(place)) ** 2))
    # Ties of the target may fall on either side of a threshold; means tell them apart no better.
    return (agreed - chance) / (1.0 - chance) if chance < 1.0 else 0.0


def _twin(name: str, column: pd.Series, target: Floats) -> Suspicion | None:
    if not pd.api.types.is_numeric_dtype(column):
        return None
    values = column.to_numpy(dtype=np.float64)
    known = np.isfinite(values)
    if known.sum() < max(FEWEST, len(target) // 2) or np.ptp(values[known]) == 0:
        return None
    rank = abs(metrics.spearman(target[known], values[known]))
    line = float(np.corrcoef(values[known], target[known])[0, 1] ** 2)
    told = f"rank correlation {rank:.3f}, R2 of a straight line {line:.3f}"
    if rank >= TWIN_RANK or line >= TWIN_R2:
        return Suspicion(name, f"is the target under another name ({told})", True)
    if rank >= NEAR_RANK or line >= NEAR_R2:
        return Suspicion(
            name,
            f"nearly equals the target ({told}). Was it known before what the target counts?"
            " If not, drop it",
            False,
        )
    return None


def formula(frame: pd.DataFrame, target: Floats, reached: float) -> str | None:
    """A product of powers of at most three columns that tells the target, in a sentence.

    Where it tells nearly all, the target was probably computed from the columns, and forecasts
    repeat that formula rather than tell what customers will do.

    Parameters
    ----------
    frame : (n, columns) that learners see
    target : (n,)
    reached : R2 of the champion, on rows it had not seen
    """
    logs, positive = _logs(frame), target > 0
    if not logs or positive.sum() < FEWEST:
        return None
    best = 0.0
    names: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    for _ in range(MOST_FACTORS):
        tried = [(*chosen, name) for name in logs if name not in chosen]
        if not tried:
            break
        scored = [(_r2_of_product(logs, each, target, positive), each) for each in tried]
        score, chosen = max(scored, key=lambda pair: pair[0])
        if score > best + 0.01:
            best, names = score, chosen
    enough = best >= FORMULA_R2 or (reached >= GOOD and best >= FORMULA_PART * reached)
    if not enough:
        return None
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
    what = "a product of powers of" if names[1:] else "a power of"
    told = (
        f"{what} {listed} alone explains the target with R2 {best:.2f}, where the champion reaches"
        f" {reached:.2f}: "
    )
    if best < FORMULA_R2:
        return told + "the other columns add little to it"
    return (
        told + "the target looks computed from the columns beside it. Forecasts then repeat that"
        " formula. A target worth learning is what customers brought after the day as of which the"
        " columns are known"
    )


def _logs(frame: pd.DataFrame) -> Mapping[str, Floats]:
    """Logarithms of the columns that are positive throughout."""
    found = {}
    for name in frame.select_dtypes("number"):
        values = frame[name].to_numpy(dtype=np.float64)
        if np.isfinite(values).all() and values.min() > 0 and np.ptp(values) > 0:
            found[str(name)] = np.log(values)
    return found


def _r2_of_product(
    logs: Mapping[str, Floats], names: Sequence[str], target: Floats, positive: Bools
) -> float:
    columns = np.column_stack([np.ones(len(target)), *(logs[name] for name in names)])
    powers, *_ = np.linalg.lstsq(columns[positive], np.log(target[positive]), rcond=None)
    told = np.exp(np.clip(columns @ powers, -50.0, 50.0))
    told *= target.sum() / told.sum()
    return metrics.r2(target, told)
