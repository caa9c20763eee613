"""The reasons behind a customer's forecast, in words: rhythm, silence, order value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clv.core.types import Floats

if TYPE_CHECKING:
    import pandas as pd

    from clv.features.book import History

#: An order value within this part of the typical one is not worth a word.
NOTEWORTHY = 0.1


def reasons(history: History, prediction: pd.DataFrame, typical_order_value: float) -> pa.Array:
    """One sentence a customer.

    Parameters
    ----------
    history, prediction : same customers, same order
    typical_order_value : median expected order value of the population the run learned from

    Returns
    -------
    (n,) strings such as "ordered every 24 days, now 90 quiet; may be gone; spends 40 % more
    an order than is typical"
    """
    frame = history.frame
    x, t_x = frame["x"].to_numpy(), frame["t_x"].to_numpy()
    quiet = frame["T"].to_numpy() - t_x
    once = x == 0
    gap = np.where(once, 0, np.rint(t_x / np.maximum(x, 1))).astype(np.int64)
    rhythm = _choose(
        once,
        _join("ordered once, ", _text(quiet), " days ago"),
        _join("ordered every ", _text(np.maximum(gap, 1)), " days, now ", _text(quiet), " quiet"),
    )
    alive = _of_life(prediction["p_alive"].to_numpy(dtype=np.float64))
    spend = _of_spend(
        prediction["expected_order_value"].to_numpy(dtype=np.float64), typical_order_value
    )
    return pc.binary_join_element_wise(rhythm, alive, spend, "")


def _of_life(p_alive: Floats) -> pa.Array:
    words = np.array(
        ["", "; most likely gone", "; may be gone", "; still a customer"], dtype=object
    )
    # A chance of exactly 1 is a model's assumption (BG/NBD of one-timers), not a finding.
    known = ~np.isnan(p_alive) & (p_alive < 1.0)
    at = np.where(known, 1 + (p_alive >= 0.25).astype(int) + (p_alive >= 0.75), 0)
    return pa.array(words[at], pa.string())


def _of_spend(value: Floats, typical: float) -> pa.Array:
    if not typical > 0:
        return pa.array(np.full(len(value), ""), pa.string())
    ratio = value / typical - 1.0
    percent = _text(np.rint(np.abs(ratio) * 100).astype(np.int64))
    more = _join("; spends ", percent, " % more an order than is typical")
    less = _join("; spends ", percent, " % less an order than is typical")
    usual = pa.array(np.full(len(value), "; spends what is typical"), pa.string())
    return _choose(np.abs(ratio) < NOTEWORTHY, usual, _choose(ratio > 0, more, less))


def _text(numbers: np.ndarray) -> pa.Array:
    return pc.cast(pa.array(numbers), pa.string())


def _join(*parts: str | pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _choose(condition: np.ndarray, yes: pa.Array, no: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(condition), yes, no)
