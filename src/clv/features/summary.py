"""The summary of purchase models: x, t_x, T and spend of every customer, as of a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
from ibis import _

if TYPE_CHECKING:
    from clv.core.types import AsOf, Horizon
    from clv.features.ledger import Ledger

#: Channel group of every customer of a log without channels.
NO_CHANNEL = "Unknown"


def summary(ledger: Ledger, as_of: AsOf, window: int, every: int = 1) -> ir.Table:
    """One row a customer: the table `clv.core.schema.HISTORY`, ordered by customer_id.

    Parameters
    ----------
    as_of : last day observed; nothing later is read
    window : days that recent columns reach back: (as_of - window, as_of]
    every : gaps are added up for customers who came on every so-many-th day before as_of

    References
    ----------
    Fader, Hardie & Lee (2005), "Counting your customers the easy way": frequency x,
    recency t_x and age T of purchase days.
    """
    days = ledger.as_of(as_of)
    firsts = days.group_by("customer_id").agg(first=_.date.min())
    today, since = ledger.day(as_of), ledger.day(as_of, window)
    zero = ibis.literal(0, "decimal(38, 4)")
    on_first = _.date == _.first
    channel = {}
    if "channel_group" in days.columns:
        channel["channel_group"] = _.channel_group.max(where=on_first)
    grouped = (
        days.join(firsts, "customer_id")
        .group_by("customer_id")
        .agg(
            x=_.count() - 1,
            first=_.date.min(),
            last=_.date.max(),
            second=_.date.min(where=_.date > _.first),
            total_value=_.value.sum(),
            first_value=_.value.sum(where=on_first),
            paid_purchases=_.count(where=_.value > 0),
            recent_value=_.value.sum(where=_.date > since).fill_null(zero),
            recent_purchases=_.count(where=_.date > since),
            last_before=_.date.max(where=_.date <= since),
            **channel,
        )
        .mutate(today=today)
        .mutate(T=_.today.delta(_.first, unit="day").cast("int64"))
    )
    some = firsts.filter(today.delta(firsts["first"], unit="day").cast("int64") % every == 0)
    told = grouped.left_join(_gaps(days.semi_join(some, "customer_id"), since), "customer_id")
    nothing = ibis.ifelse(_.T % every == 0, 0.0, ibis.null("float64"))
    return told.select(
        "customer_id",
        channel_group=_.channel_group if channel else ibis.literal(NO_CHANNEL),
        x=_.x.cast("int64"),
        t_x=_.last.delta(_.first, unit="day").cast("int64"),
        T=_.T,
        total_value=_.total_value.cast("float64"),
        first_value=_.first_value.cast("float64"),
        paid_purchases=_.paid_purchases.cast("int64"),
        recent_value=_.recent_value.cast("float64"),
        recent_purchases=_.recent_purchases.cast("int64"),
        t_x_before=_.last_before.delta(_.first, unit="day").cast("int64"),
        log_gaps=_.log_gaps.fill_null(nothing),
        log_gaps_before=_.log_gaps_before.fill_null(nothing),
        first_gap=_.second.delta(_.first, unit="day").cast("int64"),
    ).order_by("customer_id")


def counted(days: ir.Table, as_of: AsOf) -> ir.Table:
    """Distinct histories and how many customers share each: all that a purchase model asks.

    Parameters
    ----------
    days : customer_id and date of each purchase day, once
    as_of : last day observed; nothing later is read

    Returns
    -------
    x, t_x, T, n in days and customers, ordered as `clv.numerics.histories.Counted` is
    """
    today = ibis.literal(as_of.day)
    each = (
        days.filter(_.date <= today)
        .group_by("customer_id")
        .agg(x=_.count() - 1, first=_.date.min(), last=_.date.max())
    )
    told = each.select(
        x=_.x.cast("int64"),
        t_x=each["last"].delta(each["first"], unit="day").cast("int64"),
        T=today.delta(each["first"], unit="day").cast("int64"),
    )
    return told.group_by(["x", "t_x", "T"]).agg(n=_.count()).order_by(["x", "t_x", "T"])


def _gaps(days: ir.Table, since: ir.Value) -> ir.Table:
    """Logarithms of the days between purchases, added up by customer in exact decimals."""
    by_day = ibis.window(group_by="customer_id", order_by="date")
    lasted = days.mutate(gap=days["date"].delta(days["date"].lag().over(by_day), unit="day"))
    logs = lasted.filter(_.gap.notnull()).mutate(
        log_gap=_.gap.cast("float64").ln().round(9).cast("decimal(38, 9)")
    )
    return logs.group_by("customer_id").agg(
        log_gaps=_.log_gap.sum().cast("float64"),
        log_gaps_before=_.log_gap.sum(where=_.date <= since).cast("float64"),
    )


def outcome(ledger: Ledger, cutoff: AsOf, window: Horizon) -> ir.Table:
    """What customers bought in (cutoff, cutoff + window], as known at its end.

    Returns
    -------
    customer_id, purchases (purchase days), value (net spend); only customers who bought
    """
    days = ledger.as_of(cutoff.plus(window.n_days))
    return (
        days.filter(_.date > ibis.literal(cutoff.day))
        .group_by("customer_id")
        .agg(
            purchases=_.count().cast("int64"),
            value=_.value.sum().cast("float64"),
        )
        .order_by("customer_id")
    )


def repeats_by_day(ledger: Ledger, cutoff: AsOf, end: AsOf) -> ir.Table:
    """How many customers known at the cut-off bought again on each day up to ``end``.

    Returns
    -------
    date, repeats; only days with any, in order
    """
    days = ledger.as_of(end)
    firsts = days.group_by("customer_id").agg(first=_.date.min())
    known = firsts.filter(_.first <= ibis.literal(cutoff.day))
    again = days.join(known, "customer_id").filter(_.date > _.first)
    return again.group_by("date").agg(repeats=_.count().cast("int64")).order_by("date")
