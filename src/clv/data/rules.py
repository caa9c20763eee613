"""The rules every row is held to, in the order they are asked; the first one broken names it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Days before this and amounts beyond this are taken for slips of the pen.
FIRST_DAY = date(1970, 1, 1)
LARGEST_AMOUNT = 10**9
#: Sums below this fit the exact decimals, 18 digits of which 4 are decimals.
LARGEST_TOTAL = 9 * 10**13

#: Texts that stand for nothing.
MISSING = ("", "nan", "null", "none", "n/a", "#n/a", "<na>", "nat", "undefined")


@dataclass(frozen=True)
class Rule:
    """A rule: its name in `quarantine.parquet`, what it means, and whether it counts as bad.

    Attributes
    ----------
    name : as in the column `rule`
    meaning : when a row breaks it
    counts : whether a row that breaks it counts toward --max-bad
    """

    name: str
    meaning: str
    counts: bool = True


RULES = (
    Rule("unreadable_line", "the line does not split into the log's columns"),
    Rule("after_as_of", "the date is after the as-of day that was asked for", counts=False),
    Rule("missing_customer", "the customer is empty, or a word for nothing such as nan"),
    Rule("missing_date", "the date is empty"),
    Rule("unreadable_date", "the date is no day of the calendar in the column's format"),
    Rule(
        "implausible_date", "the date is before 1970, or after tomorrow where no as-of day is given"
    ),
    Rule("missing_amount", "the amount, the quantity or the unit price is empty"),
    Rule("unreadable_amount", "the amount, the quantity or the unit price is no number"),
    Rule("implausible_amount", "the amount is beyond a billion (1,000,000,000) either way"),
    Rule("missing_currency", "the log has several currencies and the row names none"),
    Rule("unknown_currency", "the rates table has no rate for the row's currency"),
    Rule("return_without_purchase", "a return by a customer who had bought nothing by that day"),
)

#: Code of a rule in the checked table: its place in RULES, from 1. 0 is accepted.
CODE = {rule.name: place for place, rule in enumerate(RULES, start=1)}
ACCEPTED = 0
DROPPED_RETURN = 255


def verdict(broken: Mapping[str, str], dropped: str | None) -> str:
    """SQL for the code of the first rule a row breaks, 255 for a dropped return, else 0.

    Parameters
    ----------
    broken : rule -> SQL condition that the row breaks it; rules not named are not asked
    dropped : SQL condition that the user's option drops the row
    """
    cases = [
        f"WHEN coalesce({broken[rule.name]}, false) THEN {CODE[rule.name]}"
        for rule in RULES
        if rule.name in broken
    ]
    if dropped is not None:
        cases.append(f"WHEN coalesce({dropped}, false) THEN {DROPPED_RETURN}")
    return f"(CASE {' '.join(cases)} ELSE {ACCEPTED} END)::UTINYINT"


def is_missing(text: str) -> str:
    """SQL for whether the trimmed text stands for nothing."""
    words = ", ".join(f"'{word}'" for word in MISSING)
    return f"({text} IS NULL OR (length({text}) < 10 AND lower({text}) IN ({words})))"


def name_of(code: str) -> str:
    """SQL for the rule's name, from its code."""
    cases = " ".join(f"WHEN {place} THEN '{name}'" for name, place in CODE.items())
    return f"CASE {code} {cases} END"


def detail_of(code: str, shown: Mapping[str, str]) -> str:
    """SQL for what is wrong with the row, in plain words.

    Parameters
    ----------
    code : SQL of the rule's code
    shown : rule -> SQL of the text that broke it, where there is one to show
    """
    cases = []
    for rule in RULES:
        meaning = "'" + rule.meaning.replace("'", "''") + "'"
        if rule.name in shown:
            meaning = f"concat({meaning}, ': ', left({shown[rule.name]}, 80))"
        cases.append(f"WHEN {CODE[rule.name]} THEN {meaning}")
    return f"CASE {code} {' '.join(cases)} END"
