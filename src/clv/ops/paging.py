"""Which customers are asked for, in which order, and where a page goes on."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from clv.core.errors import SettingError, StaleCursorError
from clv.ops.store.tables import SORTS
from clv.ops.store.tallying import NAMES

if TYPE_CHECKING:
    from clv.core.types import Json

ID = "customer_id"
#: What customers can be sorted by.
ORDERS = (ID, *SORTS)
DAYS = ("next_purchase_date", "last_purchase")
MOST = 1000
#: What stands for a name that the run does not say.
UNKNOWN = "Unknown"

#: What is told of a page that cannot go on.
_BROKEN = "cursor: is broken. Give next_cursor of the page before as it came, or none to begin."

#: Lowest and highest value, each included; None is no end.
Bounds = tuple[float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class CustomerQuery:
    """Customers asked for: those who meet all conditions.

    Parameters
    ----------
    segment, value_tier, clv_level, mismatch, group, channel : names, of which a customer has one;
        none given is any
    min_churn_risk, max_churn_risk : of no order within the horizon, 1 - p_purchase
    search : beginning of the id
    sort : one of ORDERS; unless given, clv, or customer_id where something is searched for. Ties
        go by customer_id, and who lacks the figure comes last
    descending : unless given, of clv
    limit : customers on a page
    cursor : `Page.next_cursor` of the page before

    Raises
    ------
    SettingError : a condition that cannot be; the message begins with its name
    """

    segment: Sequence[str] = ()
    value_tier: Sequence[str] = ()
    clv_level: Sequence[str] = ()
    mismatch: Sequence[str] = ()
    group: Sequence[str] = ()
    channel: Sequence[str] = ()
    min_clv: float | None = None
    max_clv: float | None = None
    min_p_alive: float | None = None
    max_p_alive: float | None = None
    min_churn_risk: float | None = None
    max_churn_risk: float | None = None
    min_historic_value: float | None = None
    max_historic_value: float | None = None
    search: str | None = None
    sort: str | None = None
    descending: bool | None = None
    limit: int = 100
    cursor: str | None = None

    def __post_init__(self) -> None:
        for name in NAMES:
            given = getattr(self, name)
            # One name is as good as a list of it.
            several = (given,) if isinstance(given, str) else tuple(sorted(set(given or ())))
            object.__setattr__(self, name, several)
        if not 1 <= self.limit <= MOST:
            raise SettingError(f"limit: {self.limit} is outside 1 to {MOST}.")
        if self.sort is not None and self.sort not in ORDERS:
            raise SettingError(f"sort: {self.sort!r} is not one of {', '.join(ORDERS)}.")
        for name in ("clv", "p_alive", "churn_risk", "historic_value"):
            low, high = getattr(self, f"min_{name}"), getattr(self, f"max_{name}")
            for end, value in (("min", low), ("max", high)):
                if value is not None and not math.isfinite(value):
                    raise SettingError(f"{end}_{name}: {value} is not a number to compare with.")
            if low is not None and high is not None and low > high:
                raise SettingError(f"min_{name}: {low:g} is above max_{name}, {high:g}.")

    @property
    def order(self) -> tuple[str, bool]:
        """Column to sort by, and whether the highest comes first."""
        column = self.sort or (ID if self.search else "clv")
        down = column == "clv" if self.descending is None else self.descending
        return column, down

    @property
    def named(self) -> dict[str, Sequence[str]]:
        """Names asked for, by what they are names of."""
        return {name: getattr(self, name) for name in NAMES if getattr(self, name)}

    @property
    def bounds(self) -> dict[str, Bounds]:
        """Ends of figures, by column."""
        ends: dict[str, Bounds] = {
            "clv": (self.min_clv, self.max_clv),
            "p_alive": (self.min_p_alive, self.max_p_alive),
            "p_purchase": _chances(self.min_churn_risk, self.max_churn_risk),
            "historic_value": (self.min_historic_value, self.max_historic_value),
        }
        return {column: pair for column, pair in ends.items() if pair != (None, None)}

    @property
    def fingerprint(self) -> str:
        """Of all that a cursor must agree with."""
        asked = [self.named, self.bounds, self.search, *self.order]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the figure it is sorted by, and the customer."""

    value: Any
    customer_id: str


@dataclass(frozen=True, slots=True)
class Page:
    """
    Attributes
    ----------
    customers : in the order asked for
    next_cursor : to go on with; None on the last page
    """

    customers: list[Json]
    next_cursor: str | None


def cursor(run_no: int, query: CustomerQuery, place: Place) -> str:
    """Text to go on from a place with, in the same run, by the same query."""
    value = place.value.isoformat() if isinstance(place.value, date) else place.value
    content = json.dumps([run_no, query.fingerprint, value, place.customer_id]).encode()
    return base64.urlsafe_b64encode(_digest(content) + content).decode().rstrip("=")


def place_of(run_no: int, query: CustomerQuery) -> Place | None:
    """Where the page before ended; None at the first.

    Raises
    ------
    SettingError : the cursor is broken, or of another query
    StaleCursorError : another run is served by now
    """
    if query.cursor is None:
        return None
    try:
        padded = query.cursor.encode("ascii") + b"=" * (-len(query.cursor) % 4)
        raw = base64.b64decode(padded, b"-_", validate=True)
        digest, content = raw[:8], raw[8:]
        if digest != _digest(content):
            raise SettingError(_BROKEN)
        number, fingerprint, value, customer_id = json.loads(content)
        place = Place(_value(query.order[0], value), _known(customer_id))
    # Anybody can make one that is deep, or has a number that no float holds.
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise SettingError(_BROKEN) from error
    if fingerprint != query.fingerprint:
        raise SettingError(
            "cursor: goes on with another sort or other conditions. Keep those of the page before,"
            " or give no cursor to begin."
        )
    if number != run_no:
        raise StaleCursorError(
            "cursor: another run was published since the page before. Begin again without it."
        )
    return place


def findable(customer_id: str) -> bool:
    """Whether a customer may have that id: no null character, and no half of a pair, is stored."""
    return "\0" not in customer_id and not any("\ud800" <= c <= "\udfff" for c in customer_id)


def after_all(prefix: str) -> str | None:
    """First text after all that begin with the prefix, by numbers of characters; None is no end."""
    for length in range(len(prefix), 0, -1):
        following = ord(prefix[length - 1]) + 1
        if following == 0xD800:  # those up to 0xDFFF are halves of pairs
            following = 0xE000
        if following <= 0x10FFFF:
            return prefix[: length - 1] + chr(following)
    return None


def _chances(least: float | None, most: float | None) -> Bounds:
    """Bounds of a chance p from those of 1 - p, exact where subtraction rounds."""
    low = None if most is None else _first(lambda p: 1 - p <= most)
    high = None if least is None else _last(lambda p: 1 - p >= least)
    return low, high


def _first(holds: Any) -> float:
    """Least p in [0, 1] for which it holds; above 1 where it does for none."""
    below, at = -1, _number(math.nextafter(1.0, 2.0))
    while at - below > 1:
        middle = (below + at) // 2
        below, at = (below, middle) if holds(_float(middle)) else (middle, at)
    return _float(at)


def _last(holds: Any) -> float:
    """Highest p in [0, 1] for which it holds; below 0 where it does for none."""
    at, above = -1, _number(math.nextafter(1.0, 2.0))
    while above - at > 1:
        middle = (at + above) // 2
        at, above = (middle, above) if holds(_float(middle)) else (at, middle)
    return _float(at) if at >= 0 else -1.0


def _number(value: float) -> int:
    # Floats of one sign are in the order of their bits read as a whole number.
    return int(struct.unpack("<q", struct.pack("<d", value))[0])


def _float(number: int) -> float:
    return float(struct.unpack("<d", struct.pack("<q", number))[0])


def _value(column: str, value: Any) -> Any:
    if column == ID:
        if value is not None:
            raise TypeError(value)
    elif column in DAYS:
        return None if value is None else date.fromisoformat(value)
    elif value is not None:
        number = float(value)
        if not math.isfinite(number):
            raise ValueError(value)
        return number
    return None


def _known(customer_id: Any) -> str:
    if not isinstance(customer_id, str) or not findable(customer_id):
        raise TypeError(customer_id)
    return customer_id


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(b"clv customers " + content).digest()[:8]
