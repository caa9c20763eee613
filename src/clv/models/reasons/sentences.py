"""The reasons behind a customer's forecast in words: rhythm, silence, order value, what moved."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from clv.core.types import Bools, Floats, Ints
from clv.models.reasons.aspects import NONE
from clv.models.reasons.values import choose, join, whole

if TYPE_CHECKING:
    import pandas as pd

    from clv.core.types import Horizon
    from clv.features.book import History
    from clv.models.reasons.drivers import Drivers, Explainer

#: An order value within this part of the typical one is not worth a word.
NOTEWORTHY = 0.1
#: Chances of being a customer still below which one is most likely gone, and may be.
GONE = (0.25, 0.75)
_LIFE = ("; most likely gone", "; may be gone", "; still a customer")
_TYPICAL = "; spends what is typical"
_LIKE_EVERYONE = "; forecast like everyone, as the past tells nobody apart"
#: Customers whose sentences are made together, as Arrow's texts end at two billion bytes; lots of
#: them made at once.
CHUNK, THREADS = 100_000, 2
_BETWEEN = pa.array(["", ", ", " and "])


def reasons(
    history: History,
    delivered: pd.DataFrame,
    typical_order_value: float,
    moved: pa.ChunkedArray | None = None,
    *,
    signal: bool = True,
) -> pa.ChunkedArray:
    """One sentence a customer.

    Parameters
    ----------
    history : customers
    delivered : p_alive and expected_order_value of the same, in the same order, as they are told
        beside the reasons; NaN where nothing is told
    typical_order_value : median expected order value of the population the run learned from
    moved : (n,) what moved forecasts, as `moved_by` tells it; None of models that cannot tell
    signal : whether the past tells customers apart; where not, nothing is said of what comes

    Returns
    -------
    (n,) strings such as "ordered every 24 days, now 90 days quiet; may be gone; spends 40 % more
    an order than is typical; forecast lowered by days since the last purchase (90)"
    """
    frame = history.frame
    x, t_x = frame["x"].to_numpy(), frame["t_x"].to_numpy()
    quiet = frame["T"].to_numpy() - t_x
    p_alive = delivered["p_alive"].to_numpy(dtype=np.float64)
    value = delivered["expected_order_value"].to_numpy(dtype=np.float64)
    found = []
    for start in range(0, len(x), CHUNK):
        part = slice(start, start + CHUNK)
        said = [_of_rhythm(x[part], t_x[part], quiet[part])]
        if signal:
            said += [_of_life(p_alive[part]), _of_spend(value[part], typical_order_value)]
        else:
            said.append(_LIKE_EVERYONE)
        if moved is not None:
            said.append(moved[part].combine_chunks())
        found.append(join(*said))
    return pa.chunked_array(found, pa.string())


def sentence(
    x: int,
    t_x: float,
    quiet: float,
    p_alive: float,
    order_value: float,
    typical: float,
    *,
    signal: bool = True,
) -> str:
    """The words of `reasons` for one customer, without what moved the forecast.

    To make one text by way of columns takes a hundred times as long.

    Parameters
    ----------
    x, t_x, quiet : repeat purchase days; days from first to last purchase, and since the last
    p_alive : chance that the customer has not left; NaN where it is not told
    order_value, typical : expected of this customer, and median of the population
    signal : as in `reasons`
    """
    ago = f"{quiet:,.0f} day{'s' * (round(quiet) != 1)}"
    gap = max(round(t_x / max(x, 1)), 1)
    every = "day" if gap == 1 else f"{gap:,} days"
    said = f"ordered once, {ago} ago" if x == 0 else f"ordered every {every}, now {ago} quiet"
    if not signal:
        return said + _LIKE_EVERYONE
    if p_alive < 1.0:
        said += _LIFE[int(p_alive >= GONE[0]) + int(p_alive >= GONE[1])]
    if typical > 0:
        more = order_value / typical - 1.0
        if abs(more) < NOTEWORTHY:
            said += _TYPICAL
        else:
            which = "more" if more > 0 else "less"
            said += f"; spends {abs(more) * 100:,.0f} % {which} an order than is typical"
    return said


def moved_by(
    explainer: Explainer,
    drivers: Drivers,
    currency: str | None,
    window: Horizon | None = None,
) -> pa.ChunkedArray:
    """What moved each forecast, as the end of a sentence.

    Parameters
    ----------
    currency : code of the log's, where it is known
    window : how far the purchase model among the features looks ahead, where it shall be told

    Returns
    -------
    (n,) strings such as "; forecast raised by spend in the last 90 days (EUR 310), lowered by
    days since the last purchase (90)"; empty where nothing did
    """
    days = None if window is None else window.n_days

    def lot(start: int) -> pa.Array:
        aspect, raised, value = drivers.some(slice(start, start + CHUNK))
        told = [
            explainer.aspects.told(aspect[:, slot], value[:, slot], currency, days)
            for slot in range(aspect.shape[1])
        ]
        up, down = raised & (aspect != NONE), ~raised & (aspect != NONE)
        return join(
            _only(up.any(axis=1), "; forecast raised by "),
            _listed(told, up),
            _only(up.any(axis=1) & down.any(axis=1), ", lowered by "),
            _only(~up.any(axis=1) & down.any(axis=1), "; forecast lowered by "),
            _listed(told, down),
        )

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lot, range(0, len(drivers.aspect), CHUNK)))
    return pa.chunked_array(found, pa.string())


def _listed(told: list[pa.Array], shown: Bools) -> pa.Array:
    """(n,) "A", "A and B" or "A, B and C", of the texts that are shown."""
    place = shown.cumsum(axis=1)
    last = place == shown.sum(axis=1)[:, None]
    parts = []
    for slot, text in enumerate(told):
        before = np.where(place[:, slot] == 1, 0, np.where(last[:, slot], 2, 1))
        parts += [
            _BETWEEN.take(pa.array(np.where(shown[:, slot], before, 0))),
            choose(shown[:, slot], text, pa.scalar("")),
        ]
    return join(*parts)


def _of_rhythm(x: Ints, t_x: Ints, quiet: Ints) -> pa.Array:
    once = x == 0
    gap = np.maximum(np.rint(t_x / np.maximum(x, 1)).astype(np.int64), 1)
    every = choose(gap == 1, pa.scalar("day"), join(whole(gap), " days"))
    return choose(
        once,
        join("ordered once, ", _days(quiet), " ago"),
        join("ordered every ", every, ", now ", _days(quiet), " quiet"),
    )


def _of_life(p_alive: Floats) -> pa.Array:
    words = pa.array(["", *_LIFE])
    # A chance of exactly 1 is a model's assumption (BG/NBD of one-timers), not a finding.
    known = ~np.isnan(p_alive) & (p_alive < 1.0)
    at = np.where(known, 1 + (p_alive >= GONE[0]).astype(int) + (p_alive >= GONE[1]), 0)
    return words.take(pa.array(at))


def _of_spend(value: Floats, typical: float) -> pa.Array:
    if not typical > 0:
        return pa.array([""] * len(value), pa.string())
    ratio = value / typical - 1.0
    percent = whole(np.rint(np.abs(ratio) * 100).astype(np.int64))
    more = join("; spends ", percent, " % more an order than is typical")
    less = join("; spends ", percent, " % less an order than is typical")
    usual = pa.scalar(_TYPICAL)
    return choose(np.abs(ratio) < NOTEWORTHY, usual, choose(ratio > 0, more, less))


def _days(numbers: Ints) -> pa.Array:
    return join(whole(numbers), choose(numbers == 1, pa.scalar(" day"), pa.scalar(" days")))


def _only(where: Bools, words: str) -> pa.Array:
    return choose(where, pa.scalar(words), pa.scalar(""))
