"""What a reader should know of an accepted log: things that are odd, though no row broke a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.data.columns import has_amount, passed_over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.data.columns import Mapping
    from clv.data.engine import Engine

_PLAIN = "lower(regexp_replace({}, '[^\\p{{L}}\\p{{N}}]+', '', 'g'))"


def notices_of(engine: Engine, mapping: Mapping, names: Sequence[str]) -> list[str]:
    """Sentences on the columns taken and the accepted rows, each beginning with its name.

    Parameters
    ----------
    engine : holds the table `checked`
    mapping, names : field -> column, and every column of the log
    """
    found = [_doubles(engine), _zeros(engine), _spellings_of_customers(engine)]
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
