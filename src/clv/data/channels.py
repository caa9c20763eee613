"""Groups of sales channels: few enough to compare, the usual words brought together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from clv.data.columns import bare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import ibis.expr.types as ir

UNKNOWN = "Unknown"
OTHER = "Other"
#: Most groups a log may have before its rarest channels become "Other".
MOST = 20

#: Usual words of each group, without case, blanks and signs.
DEFAULT_GROUPS: dict[str, tuple[str, ...]] = {
    "WEB": ("web", "website", "webshop", "online", "onlineshop", "eshop", "ecommerce", "internet"),
    "OTA/GDS": (
        *("ota", "gds", "otagds", "onlinetravelagency", "bookingcom", "booking", "expedia"),
        *("agoda", "hotelscom", "airbnb", "tripadvisor", "amadeus", "sabre", "travelport"),
    ),
    "Direct": ("direct", "phone", "telephone", "walkin", "frontdesk", "callcenter", "callcentre"),
    "Corporate": ("corporate", "company", "business", "negotiated", "b2b"),
    "Specialty": ("specialty", "speciality", "group", "groups", "wholesale", "touroperator"),
    UNKNOWN: ("", "unknown", "na", "nan", "none", "null", "notset", "undefined"),
}


def learn_channel_groups(
    transactions: ir.Table, groups: Mapping[str, Sequence[str]] | None = None
) -> dict[str, str]:
    """Group of every channel of a log.

    A channel in `groups` takes that group, else the one it has in `DEFAULT_GROUPS`. Any other
    keeps its own name, in its most frequent spelling, where the log then has 20 groups at
    most; else the 19 most frequent keep theirs and the rest is "Other".

    Parameters
    ----------
    transactions : accepted rows; without a column `channel` the answer is empty
    groups : group -> channels, laid over `DEFAULT_GROUPS`: a channel named in both takes the
        group named here, and a usual group named here only gains channels

    Returns
    -------
    channel, without case, blanks and signs -> group
    """
    if "channel" not in transactions.columns:
        return {}
    words = _words(groups)
    counts = (
        transactions.filter(transactions.channel.notnull())
        .group_by("channel")
        .agg(n=lambda t: t.count())
        .order_by(ibis.desc("n"), "channel")
        .execute()
    )
    learned: dict[str, str] = {}
    weight: dict[str, int] = {}
    for channel, n in zip(counts["channel"], counts["n"], strict=True):
        group = learned.setdefault(bare(channel), words.get(bare(channel), channel.strip()))
        weight[group] = weight.get(group, 0) + int(n)
    own = [group for group in weight if group not in set(words.values())]
    if len(weight) <= MOST:
        return learned
    named = len(weight) - len(own)
    ranked = sorted(own, key=lambda group: (-weight[group], group))
    kept = set(ranked[: max(MOST - 1 - named, 0)])
    return {
        channel: group if group in kept or group not in own else OTHER
        for channel, group in learned.items()
    }


def with_channel_group(transactions: ir.Table, learned: Mapping[str, str]) -> ir.Table:
    """The transactions with a column `channel_group`, where they have a channel at all.

    Parameters
    ----------
    transactions : accepted rows
    learned : what `learn_channel_groups` returned, of this log or the one a model was fitted on

    Returns
    -------
    the same rows; "Unknown" where the channel is missing, "Other" where it was never learned
    """
    if "channel" not in transactions.columns:
        return transactions
    # \w of the engines knows ASCII only, so letters and digits are named by their class.
    plain = transactions.channel.lower().re_replace(r"[^\p{L}\p{N}]+", "")
    cases = [(plain == channel, ibis.literal(group)) for channel, group in learned.items()]
    known = ibis.cases(*cases, else_=OTHER) if cases else ibis.literal(OTHER)
    return transactions.mutate(
        channel_group=ibis.ifelse(transactions.channel.isnull(), UNKNOWN, known)
    )


def _words(groups: Mapping[str, Sequence[str]] | None) -> dict[str, str]:
    given = groups or {}
    # A usual group that the user writes in another case is still the same group.
    spelled = {bare(group): group for group in given}
    usual = {spelled.get(bare(group), group): words for group, words in DEFAULT_GROUPS.items()}
    return {
        bare(word): group
        for chosen in (usual, given)
        for group, words in chosen.items()
        for word in (*words, group)
    }
