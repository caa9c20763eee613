"""What a reader should know of an accepted log: things that are odd, though no row broke a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.data.columns import has_amount, passed_over
from clv.data.rules import ACCEPTED, CODE, DROPPED_RETURN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.data.columns import Mapping
    from clv.data.engine import Engine
    from clv.data.settings import Returns

_PLAIN = "lower(regexp_replace({}, '[^\\p{{L}}\\p{{N}}]+', '', 'g'))"


def notices_of(
    engine: Engine, mapping: Mapping, names: Sequence[str], without: int = 0
) -> list[str]:
    """Sentences on the columns taken and the accepted rows, each beginning with its name.

    Parameters
    ----------
    engine : holds the table `checked`
    mapping, names : field -> column, and every column of the log
    without : customers without any purchase left
    """
    found = [_doubles(engine), _zeros(engine), _spellings_of_customers(engine)]
    if without:
        found.append(
            f"returned_all: {without:,} customer(s) gave back all that they had bought, or have"
            " returns alone; with no purchase left they do not count as customers and are not"
            " forecast"
        )
    found += [
        f"{field}: {mapping[field].column!r} was taken; the log also has"
        f" {', '.join(map(repr, others))}. Say --{field} to choose"
        for field, others in passed_over(names, mapping).items()
    ]
    if not has_amount(mapping):
        found.append(
            "amount: the log has none, so each row counts as one purchase of the amount 1; values"
            " are numbers of purchases, not money"
        )
    elif "amount" not in mapping:
        found.append(
            f"amount: it is {mapping['quantity'].column} x {mapping['unit_price'].column}, as the"
            " log has no column for it"
        )
    if "channel" in mapping:
        found += [_missing_channels(engine), _spellings_of_channels(engine)]
    return [notice for notice in found if notice]


def without_purchase(engine: Engine, returns: Returns) -> int:
    """Customers of the log of whose purchases none is left once returns are set against them.

    Those who gave back all that they bought, and those of whom the log has usable returns only.

    Parameters
    ----------
    engine : holds the table `checked`

    Notes
    -----
    A return is set against purchases of its day and before, so something is left of a day or a
    later one where more was bought from that day on than was returned. Free orders stay where
    nothing was returned on their day. With "keep" each day stands for itself.
    """
    if not engine.sql("SELECT 1 FROM checked WHERE amount < 0 LIMIT 1"):
        return 0
    later = "sum(net) OVER (PARTITION BY customer_id ORDER BY date DESC)"
    # Who paid more than was returned has a purchase left, and only the others need a closer look.
    [(found,)] = engine.sql(f"""
        WITH summed AS (
            SELECT customer_id, sum(amount) FILTER (rule = {ACCEPTED}) AS total FROM checked
            WHERE rule IN ({ACCEPTED}, {CODE["return_without_purchase"]}, {DROPPED_RETURN})
            GROUP BY customer_id HAVING total IS NULL OR (total <= 0 AND min(amount) < 0)),
        days AS (
            SELECT customer_id, date, sum(amount) AS net, bool_and(amount = 0) AS free
            FROM checked SEMI JOIN summed USING (customer_id)
            WHERE rule = {ACCEPTED} GROUP BY ALL),
        from_then AS (
            SELECT customer_id, free, {"net" if returns == "keep" else later} AS net FROM days),
        purchased AS (
            SELECT customer_id FROM from_then GROUP BY customer_id
            HAVING max(net) > 0 OR bool_or(free))
        SELECT (SELECT count(*) FROM summed) - (SELECT count(*) FROM purchased)""")
    return int(found)


def _doubles(engine: Engine) -> str:
    [(n,)] = engine.sql("SELECT count(*) - count(DISTINCT fingerprint) FROM checked WHERE rule = 0")
    if not n:
        return ""
    return (
        f"duplicate_lines: {n:,} rows are the same as another in every column; they were kept, as"
        " two equal orders look like this too"
    )


def _zeros(engine: Engine) -> str:
    [(n,)] = engine.sql("SELECT count(*) FROM checked WHERE rule = 0 AND amount = 0")
    return f"zero_amounts: {n:,} rows have the amount 0 and were kept" if n else ""


def _spellings_of_customers(engine: Engine) -> str:
    plain = _PLAIN.format("customer_id")
    # Counting is quick and mostly enough; gathering the names is not.
    [(extra,)] = engine.sql(f"""
        SELECT count(*) - count(DISTINCT {plain}) FROM (
            SELECT customer_id FROM checked WHERE rule = 0 GROUP BY 1)""")
    if not extra:
        return ""
    rows = engine.sql(f"""
        SELECT list_sort(list(customer_id)) FROM (
            SELECT DISTINCT customer_id FROM checked WHERE rule = 0)
        GROUP BY {plain} HAVING count(*) > 1 AND {plain} <> '' ORDER BY 1""")
    if not rows:
        return ""
    shown = " and ".join(repr(name) for name in rows[0][0][:2])
    extra = sum(len(names) - 1 for (names,) in rows)
    return (
        f"customer_spellings: {extra:,} customers differ from another only in case or signs, as"
        f" {shown}; they were kept apart. Mend the log if they are the same"
    )


def _missing_channels(engine: Engine) -> str:
    [(n,)] = engine.sql("SELECT count(*) FROM checked WHERE rule = 0 AND channel IS NULL")
    return f"missing_channels: {n:,} rows have no channel" if n else ""


def _spellings_of_channels(engine: Engine) -> str:
    rows = engine.sql(f"""
        SELECT list_sort(list(channel)) FROM (
            SELECT DISTINCT channel FROM checked WHERE rule = 0 AND channel IS NOT NULL)
        GROUP BY {_PLAIN.format("channel")} HAVING count(*) > 1 ORDER BY 1""")
    if not rows:
        return ""
    shown = "; ".join(" and ".join(repr(name) for name in names[:3]) for (names,) in rows[:3])
    return (
        f"channel_spellings: {len(rows):,} channels are spelt in more than one way ({shown}); each"
        " was read as one group"
    )
