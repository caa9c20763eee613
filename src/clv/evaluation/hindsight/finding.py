"""What is found against a column known of customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Customers below which nothing is said.
FEWEST = 100
#: Rank correlation with a figure of the log from which a column is that figure.
SAME = 0.95


@dataclass(frozen=True)
class Hindsight:
    """A column that may know what came later.

    Attributes
    ----------
    column : as the table calls it
    trace : later: dates after the first purchase; total: what the log itself adds up to by as_of;
        outcome: goes with what came later as nothing known before does; doubt: more than usual
    why : in plain words, to be read after its name
    """

    column: str
    trace: Literal["later", "total", "outcome", "doubt"]
    why: str

    @property
    def left_out(self) -> bool:
        """Whether features shall not be made of it unless the user insists."""
        return self.trace != "doubt"
