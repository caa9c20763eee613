"""Customer-days: what each customer spent on each day, net of returns, as known on a day.

Every feature starts here, and here alone rows after as_of are cut away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import ibis
import ibis.expr.types as ir
from ibis import _

if TYPE_CHECKING:
    from clv.core.types import AsOf

Returns = Literal["net", "drop", "keep"]


@dataclass(frozen=True)
class Ledger:
    """The accepted log, added up once to customer and day.

    Attributes
    ----------
    days : customer_id, date, purchased (sum of amounts above zero), refunded (sum of
        amounts below zero, as a positive number), sales (rows that are no refund),
        channel_group (the first in the alphabet where a day has several)
    returns : "net" takes refunds off as `as_of` tells; "keep" only off their own day;
        "drop" finds none, ingest has dropped them
    """

    days: ir.Table
    returns: Returns = "net"

    def as_of(self, as_of: AsOf) -> ir.Table:
        """Purchase days up to and including as_of.

        Returns
        -------
        customer_id, date, value (net spend of the day, exact decimal, never negative),
        channel_group

        Notes
        -----
        A refund is taken off the purchases of its own day, then off the most recent ones
        before it, and never off later ones. Walking back in time with the refund still to
        be placed as `carry`, that is Lindley's recursion
        carry' = max(0, carry + refunded - purchased), solved by a running sum S and its
        running minimum: carry = S - min(0, S_1, ..., S_n). A refund that comes after as_of
        is not known yet and takes nothing off.

        A day that refunds bring to zero or less is no purchase. A day of free orders alone
        (amount 0, nothing refunded) is a purchase worth 0.
        """
        known = self.days.filter(_.date <= ibis.literal(as_of.day))
        if self.returns != "net":
            net = known.mutate(value=_.purchased - _.refunded)
        else:
            returners = known.filter(_.refunded > 0).select("customer_id").distinct()
            plain = known.anti_join(returners, "customer_id").mutate(value=_.purchased)
            net = plain.union(_netted(known.semi_join(returners, "customer_id")))
        free = (_.purchased == 0) & (_.refunded == 0) & (_.sales > 0)
        return net.filter((_.value > 0) | free).select(
            "customer_id", "date", "value", "channel_group"
        )


def _netted(days: ir.Table) -> ir.Table:
    order = {"group_by": "customer_id", "order_by": ibis.desc("date")}
    back_to_here = ibis.cumulative_window(**order)
    nothing = ibis.literal(0, "decimal(18, 4)")
    summed = days.mutate(S=(_.refunded - _.purchased).sum().over(back_to_here))
    placed = summed.mutate(low=ibis.least(_.S.min().over(back_to_here), nothing))
    carried = placed.mutate(
        carry=(_.S - _.low).lag(1).over(ibis.window(**order)).fill_null(nothing)
    )
    return carried.mutate(value=ibis.greatest(_.purchased - _.refunded - _.carry, nothing)).drop(
        "S", "low", "carry"
    )


def customer_days(transactions: ir.Table) -> ir.Table:
    """Add the accepted log up to one row per customer and day.

    Parameters
    ----------
    transactions : the table `TRANSACTIONS`, with channel_group
    """
    zero = ibis.literal(0, "decimal(18, 4)")
    return transactions.group_by("customer_id", "date").agg(
        purchased=ibis.greatest(_.amount, zero).sum(),
        refunded=ibis.greatest(-_.amount, zero).sum(),
        sales=(_.amount >= 0).cast("int64").sum(),
        channel_group=_.channel_group.min(),
    )
