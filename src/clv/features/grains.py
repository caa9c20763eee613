"""The tables that features are aggregates of: a row a purchase day, an order, a category."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import ibis
from ibis import _

from clv.features.festivals import country_code, festivals, run_up
from clv.features.formulas import whole_days

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from clv.features.seen import Seen

#: Numbers that are no money, rounded so that their sums are exact.
FINE = "decimal(18, 6)"
#: The Monday that weeks are counted from.
MONDAY = date(1970, 1, 5)


def purchase_days(seen: Seen) -> ir.Table:
    """A row a purchase day.

    Returns
    -------
    customer_id, date, value (exact decimal), ago (days before as_of), number (1 for the first),
    is_first, is_last, gap (days since the purchase day before), is_new_week and is_new_month
    (first purchase day in it), week_streak and month_streak (weeks or months in a row with a
    purchase, this one included), weekday (0 for Monday), month (1 to 12), season (0 for winter
    to 3 for autumn), in_run_up (on a major holiday or shortly before); where acquisition cost
    is known, acquisition_cost, value_so_far (net spend up to the day) and days_in (days since
    the first purchase)
    """
    ordered = {"group_by": "customer_id", "order_by": "date"}
    each = ibis.window(**ordered)
    days = _with_run_up(seen)
    days = days.mutate(
        today=seen.today,
        monday=ibis.literal(MONDAY),
        before=_.date.lag().over(each),
        is_last=_.date.lead().over(each).isnull(),
        number=ibis.row_number().over(each) + 1,
    )
    days = days.mutate(
        ago=whole_days(_.today, _.date),
        gap=whole_days(_.date, _.before),
        is_first=_.before.isnull(),
        week=_week(_.date),
        week_before=_week(_.before),
        month_number=_month(_.date),
        month_before=_month(_.before),
        weekday=_.date.day_of_week.index().cast("int64"),
        month=_.date.month().cast("int64"),
        number=_.number.cast("int64"),
    )
    so_far = ibis.cumulative_window(**ordered)
    days = days.mutate(
        week_begun=_begun(_.week, _.week_before).max().over(so_far),
        month_begun=_begun(_.month_number, _.month_before).max().over(so_far),
    )
    if "acquisition_cost" in seen.has:
        days = _with_payback(days, seen)
    return days.mutate(
        is_new_week=_.is_first | (_.week != _.week_before),
        is_new_month=_.is_first | (_.month_number != _.month_before),
        week_streak=_.week - _.week_begun + 1,
        month_streak=_.month_number - _.month_begun + 1,
        season=((_.month % 12) / 3).floor().cast("int64"),
    )


#: Aggregates of purchase days that every customer's row begins with.
TOTALS = {"n": _.count(), "first": _.date.min(), "last": _.date.max(), "total": _.value.sum()}


def with_ages(summed: ir.Table, seen: Seen) -> ir.Table:
    """The aggregates `TOTALS` told in days.

    Returns
    -------
    the other columns and x (repeat purchase days), t_x (days from first to last), T (days from
    first to as_of), quiet (days from last to as_of), first and last (dates), today (as_of)
    """
    dated = summed.mutate(today=seen.today)
    return dated.mutate(
        n=_.n.cast("int64"),
        x=(_.n - 1).cast("int64"),
        t_x=whole_days(_["last"], _["first"]),
        T=whole_days(_.today, _["first"]),
        quiet=whole_days(_.today, _["last"]),
    )


def returns(seen: Seen) -> ir.Table:
    """A row a day on which a customer who returned anything bought or returned."""
    assert seen.returned is not None
    return seen.returned.mutate(today=seen.today)


def order_lines(seen: Seen) -> ir.Table:
    """A row an accepted row of the log; numbers as exact decimals, empty where absurdly large."""
    assert seen.lines is not None
    numbers = {
        name: _[name].try_cast(FINE)
        for name in ("quantity", "discount", "cost", "eco_share", "impact_score")
        if name in seen.has
    }
    hour = {}
    if "timestamp" in seen.has:
        # A day written as a time is that of midnight, and tells no hour.
        is_day = _.timestamp == _.timestamp.truncate("D")
        hour["hour"] = ibis.ifelse(is_day, ibis.null("int64"), _.timestamp.hour().cast("int64"))
    return seen.lines.mutate(**numbers, **hour)


def bought_lines(seen: Seen) -> ir.Table:
    """The rows of `order_lines` that are purchases."""
    return order_lines(seen).filter(_.amount >= 0)


def orders(seen: Seen) -> ir.Table:
    """A row an order: lines and amount."""
    lines = bought_lines(seen).filter(_.order_id.notnull())
    return lines.group_by("customer_id", "order_id").agg(lines=_.count(), amount=_.amount.sum())


def categories(seen: Seen) -> ir.Table:
    return levels(bought_lines(seen), "category", _.amount)


def products(seen: Seen) -> ir.Table:
    """A row a product of a customer."""
    lines = bought_lines(seen).filter(_.product.notnull())
    return _with_logs(
        lines.group_by("customer_id", "product").agg(
            rows=_.count(), begun=_.date.min(), ended=_.date.max()
        )
    )


def channels(seen: Seen) -> ir.Table:
    return levels(seen.days, "channel_group", _.value)


def campaigns(seen: Seen) -> ir.Table:
    return levels(bought_lines(seen), "campaign", _.amount)


def levels(rows: ir.Table, column: str, amount: ibis.Deferred) -> ir.Table:
    """A row a value of a text column, of each customer.

    Returns
    -------
    customer_id, level, rows (how many have it), amount (of those), begun (first date), place and
    place_in_time: 0 for the most frequent and for the earliest. Of equally frequent ones the
    larger amount goes first, then the alphabet; of equally early ones the alphabet
    """
    found = rows.filter(rows[column].notnull()).rename(level=column)
    counted = found.group_by("customer_id", "level").agg(
        rows=_.count(), amount=amount.sum(), begun=_.date.min()
    )
    often = [ibis.desc("rows"), ibis.desc("amount"), "level"]
    return _with_logs(counted).mutate(
        place=ibis.row_number().over(ibis.window(group_by="customer_id", order_by=often)),
        place_in_time=ibis.row_number().over(
            ibis.window(group_by="customer_id", order_by=["begun", "level"])
        ),
    )


def eco_days(seen: Seen) -> ir.Table:
    """A row a purchase day with a sustainability figure: their means over its lines."""
    lines = bought_lines(seen)
    sums: dict[str, ibis.Deferred] = {}
    for name in ("eco_share", "impact_score"):
        if name in seen.has:
            sums[name] = (_[name].sum().cast("float64") / _[name].count().nullif(0)).cast(FINE)
    if "eco_share" in seen.has:
        money = (_.amount.cast("float64") * _.eco_share.cast("float64")).try_cast(FINE)
        sums |= {"eco_amount": money.sum(), "amount": _.amount.sum(where=_.eco_share.notnull())}
    days = lines.group_by("customer_id", "date").agg(**sums)
    for name in ("eco_share", "impact_score"):
        if name in seen.has:
            only = ibis.window(group_by=["customer_id", _[name].isnull()], order_by="date")
            days = days.mutate(
                **{
                    f"{name}_number": ibis.row_number().over(only) + 1,
                    f"{name}_is_last": _.date.lead().over(only).isnull(),
                }
            )
    return days


#: Table of each grain; of "customer" there is none, it is what the others are joined into.
GRAINS: dict[str, Callable[[Seen], ir.Table]] = {
    "days": purchase_days,
    "returns": returns,
    "lines": bought_lines,
    "orders": orders,
    "categories": categories,
    "products": products,
    "channels": channels,
    "eco": eco_days,
}


def logged_countries(seen: Seen) -> ir.Table:
    return levels(bought_lines(seen), "customer_country", _.amount)


def countries(seen: Seen) -> ir.Table | None:
    """customer_id and country in two letters, of the customers whose country is known.

    They are as the table of customers says; where it does not, as the log said first.
    """
    told = _told_countries(seen)
    if told is None:
        return None
    if seen.standing is not None:
        return told.join(seen.standing.codes, "name").select("customer_id", "country")
    names = told.select("name").distinct().to_pyarrow()["name"].to_pylist()
    codes = {name: code for name in sorted(names) if (code := country_code(name))}
    if not codes:
        return None
    table = ibis.memtable(
        {"name": list(codes), "country": list(codes.values())},
        schema={"name": "string", "country": "string"},
    )
    return told.join(table, "name").select("customer_id", "country")


def _told_countries(seen: Seen) -> ir.Table | None:
    column = seen.column("country")
    if column is not None and seen.known is not None:
        return seen.known.filter(_[column].notnull()).select("customer_id", name=_[column])
    if "customer_country" in seen.has:
        logged = logged_countries(seen).filter(_.place_in_time == 0)
        return logged.select("customer_id", name=_.level)
    return None


def _with_run_up(seen: Seen) -> ir.Table:
    """Purchase days with their place in the run-up to the holidays of the customer's country."""
    days = seen.days
    known = countries(seen)
    if known is None:
        days = days.mutate(country=ibis.literal(seen.country))
    else:
        days = days.left_join(known, "customer_id").drop("customer_id_right")
        days = days.mutate(country=_.country.fill_null(seen.country))
    table = seen.standing.eves if seen.standing is not None else _eves(seen, known)
    joined = days.left_join(table, [days.country == table.holder, days.date == table.eve])
    return joined.mutate(in_run_up=_.eve.notnull()).drop("holder", "eve")


def _eves(seen: Seen, known: ir.Table | None) -> ir.Table:
    """Days in the run-up to a major holiday, by country."""
    named = {seen.country}
    if known is not None:
        named |= {*known.select("country").distinct().to_pyarrow()["country"].to_pylist()}
    rows = [
        (country, day)
        for country in sorted(named)
        for day in run_up(festivals(country, seen.first_year, seen.as_of.day.year + 1).major)
    ]
    holders, eves = zip(*rows, strict=True)
    return ibis.memtable(
        {"holder": holders, "eve": eves},
        schema={"holder": "string", "eve": "date"},
    )


def _with_payback(days: ir.Table, seen: Seen) -> ir.Table:
    """With acquisition cost, net spend up to the day, and days since the first purchase."""
    assert seen.known is not None
    cost = seen.known.select(
        "customer_id", acquisition_cost=seen.known[str(seen.column("acquisition_cost"))]
    )
    so_far = ibis.cumulative_window(group_by="customer_id", order_by="date")
    days = days.left_join(cost, "customer_id").drop("customer_id_right")
    days = days.mutate(value_so_far=_.value.sum().over(so_far), begun=_.date.min().over(so_far))
    return days.mutate(
        value_so_far=_.value_so_far.cast("float64"), days_in=whole_days(_.date, _.begun)
    )


def _with_logs(counted: ir.Table) -> ir.Table:
    """Counts n with n x log n rounded, so that its sums are exact: what entropies are made of."""
    number = _.rows.cast("float64")
    return counted.mutate(
        rows_log=(number * number.ln()).round(9).cast("decimal(38, 9)"),
        rows=_.rows.cast("int64"),
    )


def _week(day: ibis.Deferred) -> ibis.Deferred:
    return (whole_days(day, _.monday) / 7).floor().cast("int64")


def _month(day: ibis.Deferred) -> ibis.Deferred:
    return (day.year() * 12 + day.month()).cast("int64")


def _begun(now: ibis.Deferred, before: ibis.Deferred) -> ibis.Deferred:
    """Number of the week or month where a run of them begins; empty in its middle."""
    goes_on = (now - before <= 1).fill_null(False)
    return ibis.ifelse(goes_on, ibis.null("int64"), now)
