"""A customer told by counts, sums and days instead of a log, as other systems send them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from clv.core.errors import ProfileError

#: A mean order value further from total over orders, as a share of it, is worth a word.
DISAGREES = 0.05


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of one customer.

    Attributes
    ----------
    x, t_x, T : repeat purchase days; days from first to last purchase, and from first to today
    total : net spend so far
    customer_id : of the one who asks, given back
    more : what else is known, by plain names: category_count, channel, age, ...
    fields : all that was told, by the names of the table of customers that a run learned from
    notices : where what was told did not agree, and what was taken
    """

    x: float
    t_x: float
    T: float
    total: float
    customer_id: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        orders: float | None,
        total: float | None = None,
        order_value: float | None = None,
        first_days: float | None = None,
        last_days: float | None = None,
        gap_days: float | None = None,
        customer_id: str | None = None,
        more: Mapping[str, Any] | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> Self:
        """From what was told; what is missing is worked out from the rest where it can be.

        Parameters
        ----------
        orders : so far, one or more; several on one day count as one purchase
        total, order_value : spend so far, and its mean an order: at least one of them
        first_days, last_days : since the first and the last order
        gap_days : mean days between orders; stands in for one of the two

        Raises
        ------
        ProfileError : something needed is missing, or cannot be; `field` says which
        """
        if orders is None:
            raise ProfileError("orders", "is missing. Give the number of orders so far.")
        for name, value in (
            ("orders", orders),
            ("total", total),
            ("order_value", order_value),
            ("first_days", first_days),
            ("last_days", last_days),
            ("gap_days", gap_days),
        ):
            if value is not None and not (0.0 <= value < math.inf):
                raise ProfileError(name, f"is {value:g}. Give a number from 0 on.")
        if orders < 1:
            raise ProfileError("orders", f"is {orders:g}. A customer has ordered at least once.")
        notices: list[str] = []
        spent = _total(orders, total, order_value, notices)
        T, quiet = _days(orders, first_days, last_days, gap_days)
        t_x = T - quiet
        x = min(orders - 1.0, t_x)
        if x < orders - 1.0:
            notices.append(
                f"orders: {orders:g} orders within {t_x:g} days count as {x + 1:g} purchase days"
            )
        return cls(x, t_x, T, spent, customer_id, more or {}, fields or {}, tuple(notices))


def _total(
    orders: float, total: float | None, order_value: float | None, notices: list[str]
) -> float:
    if total is None:
        if order_value is None:
            raise ProfileError(
                "total", "is missing. Give the spend so far, or the mean order value."
            )
        return orders * order_value
    told = total if order_value is None else order_value * orders
    if abs(told - total) > DISAGREES * max(total, 1.0):
        notices.append(
            f"order_value: {order_value:g} is not {total:g} over {orders:g} orders; the total"
            " counts"
        )
    return total


def _days(
    orders: float, first: float | None, last: float | None, gap: float | None
) -> tuple[float, float]:
    """Days since the first order, and since the last."""
    between = (orders - 1.0) * gap if gap is not None else None
    if orders == 1.0:
        between = 0.0
    if first is None and last is not None and between is not None:
        first = last + between
    elif last is None and first is not None and between is not None:
        last = max(first - between, 0.0)
    if first is None or last is None:
        name = "first_days" if first is None else "last_days"
        raise ProfileError(
            name,
            f"is missing. Give the days since the {name.removesuffix('_days')} order, or the mean"
            " days between orders.",
        )
    if last > first:
        raise ProfileError(
            "last_days",
            f"is {last:g}, and the first order was {first:g} days ago. The last cannot be before"
            " the first.",
        )
    if orders == 1.0 and last < first:
        raise ProfileError(
            "orders",
            f"is 1, and yet the first order was {first:g} and the last {last:g} days ago. Mend one"
            " of them.",
        )
    return first, last
