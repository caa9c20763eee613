"""What features need to know of a population: learned once, kept, and used for anyone alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from ibis import _

from clv.core.errors import HistoryError, RunError
from clv.core.types import AsOf
from clv.features.grains import TOTALS, with_ages
from clv.features.quality import beginnings, learn_qualities

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from clv.core.types import Floats, Json
    from clv.features.seen import Seen, Sources

FIFTHS = (0.2, 0.4, 0.6, 0.8)
#: Spend beyond that of one in a hundred customers does not tell how good a source is.
CAP = 0.99
#: Texts with more values than this are names rather than groups.
MOST_GROUPS = 50

Cuts = tuple[float, ...]


class Scale(NamedTuple):
    """Mean and standard deviation of log(1 + figure) over the population."""

    mean: float
    deviation: float


@dataclass(frozen=True)
class Reference:
    """What was learned from the customers known as of a day.

    With it, a lone customer has the same features as among all the others.

    Attributes
    ----------
    as_of : the day
    customers : how many
    recency_cuts, frequency_cuts, monetary_cuts : 20, 40, 60 and 80 % points of days since the
        last purchase (negated, so that larger is better), purchase days and net spend
    scales : of quiet_days, purchase_days and spend_total
    typical_gap : days: half of the repeat customers come back sooner on average; None without any
    qualities : of sources, first campaigns and first categories: `learn_qualities`
    known : columns of the table of customers that are features -> number, text or date
    """

    as_of: AsOf
    customers: int
    recency_cuts: Cuts
    frequency_cuts: Cuts
    monetary_cuts: Cuts
    scales: dict[str, Scale]
    typical_gap: float | None
    qualities: dict[str, dict[str, float]]
    known: dict[str, str]

    @classmethod
    def learn(cls, sources: Sources, as_of: AsOf) -> Reference:
        """Look at every customer known as of a day, and at nothing later.

        Raises
        ------
        HistoryError : nobody had bought by then
        """
        seen = sources.seen(as_of)
        summed = seen.days.group_by("customer_id").agg(**TOTALS)
        customers = with_ages(summed, seen)
        table = customers.select("x", "t_x", "quiet", total=_.total.cast("float64")).to_pyarrow()
        x, t_x, quiet, total = (
            table[name].to_numpy().astype(np.float64) for name in ("x", "t_x", "quiet", "total")
        )
        if len(x) == 0:
            raise HistoryError(
                f"features: nobody had bought by {as_of}, so there is no population to compare"
                " with. Take a later day."
            )
        again = x > 0
        return cls(
            as_of=as_of,
            customers=len(x),
            recency_cuts=_fifths(-quiet),
            frequency_cuts=_fifths(x + 1),
            monetary_cuts=_fifths(total),
            scales={
                "quiet_days": _scale(quiet),
                "purchase_days": _scale(x + 1),
                "spend_total": _scale(total),
            },
            typical_gap=float(np.median(t_x[again] / x[again])) if again.any() else None,
            qualities=_qualities(seen, customers, float(np.quantile(total, CAP))),
            known=_groups(seen),
        )

    def to_json(self) -> Json:
        return {**asdict(self), "as_of": str(self.as_of)}

    @cached_property
    def digest(self) -> str:
        """What two have alike exactly where all in them is."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    @classmethod
    def from_json(cls, content: Json) -> Reference:
        """Read what ``to_json`` wrote.

        Raises
        ------
        RunError : something is missing or of another kind
        """
        try:
            told: dict[str, Any] = {field.name: content[field.name] for field in fields(cls)}
            told["as_of"] = AsOf(date.fromisoformat(told["as_of"]))
            for name in ("recency_cuts", "frequency_cuts", "monetary_cuts"):
                told[name] = tuple(float(cut) for cut in told[name])
            told["scales"] = {name: Scale(*pair) for name, pair in told["scales"].items()}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RunError(
                f"features: what was learned of the population cannot be read ({error!r})."
                " Learn it again."
            ) from error
        return cls(**told)


def _qualities(seen: Seen, customers: ir.Table, cap: float) -> dict[str, dict[str, float]]:
    told = beginnings(seen)
    if told is None:
        return {}
    joined = customers.select("customer_id", "T", "total").left_join(told, "customer_id")
    # Asked once for each kind; found once.
    with joined.drop("customer_id", "customer_id_right").cache() as kept:
        return learn_qualities(kept, cap)


def _groups(seen: Seen) -> dict[str, str]:
    """Columns known of customers; texts only where they are groups."""
    if seen.known is None:
        return {}
    here = seen.known.semi_join(seen.days, "customer_id")
    kinds: dict[str, str] = {}
    texts = []
    for name in seen.known_columns:
        kind = here[name].type()
        if kind.is_string():
            texts.append(name)
        kinds[name] = "text" if kind.is_string() else "date" if kind.is_date() else "number"
    if texts:
        counts = here.agg(**{name: here[name].nunique() for name in texts}).to_pyarrow()
        for name in texts:
            if counts[name][0].as_py() > MOST_GROUPS:
                del kinds[name]
    return kinds


def _fifths(values: Floats) -> Cuts:
    return tuple(float(cut) for cut in np.quantile(values, FIFTHS, method="inverted_cdf"))


def _scale(values: Floats) -> Scale:
    # Sorted, so that the sums do not depend on the order in which the engine told them.
    logs = np.log1p(np.sort(np.maximum(values, 0.0)))
    return Scale(float(logs.mean()), float(logs.std()))
