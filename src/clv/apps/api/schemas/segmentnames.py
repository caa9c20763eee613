"""Names of segments, tiers, levels and groups, however they are written."""

from __future__ import annotations

import re

from clv.core.errors import SettingError
from clv.ops.paging import UNKNOWN
from clv.segments.levels import ABOVE, ALIGNED, BELOW, LEVELS, TIERS
from clv.segments.rfm import SEGMENT_FLOORS

#: Respect -> its names, the best first. Channels are whatever a log has.
KNOWN: dict[str, tuple[str, ...]] = {
    "segment": tuple(reversed(SEGMENT_FLOORS)),
    "value_tier": tuple(reversed(TIERS)),
    "clv_level": tuple(reversed(LEVELS)),
    "mismatch": (ABOVE, ALIGNED, BELOW),
    "group": ("repeater", "onetimer"),
}
#: Other name -> respect and name.
ALIASES = {
    "high_value": ("value_tier", "High-CLV"),
    "medium_value": ("value_tier", "Growth-Potential"),
    "growth": ("value_tier", "Growth-Potential"),
    "low_value": ("value_tier", "Low-CLV"),
    "loyal": ("segment", "Loyal Customers"),
    "potential": ("segment", "Potential Loyalists"),
    "churned": ("segment", "Lost"),
    "one_time": ("group", "onetimer"),
    "onetimers": ("group", "onetimer"),
    "repeat": ("group", "repeater"),
    "repeaters": ("group", "repeater"),
}


def plain(name: str) -> str:
    """A name without case, blanks and signs: High-CLV is high_clv."""
    return re.sub(r"[\W_]+", "_", name.lower()).strip("_")


_MEANT = {
    **{plain(name): (by, name) for by in reversed(KNOWN) for name in KNOWN[by]},
    **ALIASES,
}
_OF = {by: {plain(name): name for name in names} for by, names in KNOWN.items()}
for _alias, (_by, _name) in ALIASES.items():
    _OF[_by][_alias] = _name


def named(by: str, asked: str) -> str:
    """The name in a respect; channels as they are written.

    Raises
    ------
    SettingError : there is none such
    """
    if by not in _OF or asked == UNKNOWN:
        return asked
    name = _OF[by].get(plain(asked))
    if name is None:
        raise SettingError(f"{by}: {asked[:64]!r} is not one of {', '.join(KNOWN[by])}.")
    return name


def meant(asked: str) -> tuple[str, str]:
    """Respect and name; what is no known name is a channel's."""
    return _MEANT.get(plain(asked), ("channel", asked))


def aliases_of(by: str, name: str) -> list[str]:
    return [alias for alias, of in ALIASES.items() if of == (by, name)]
