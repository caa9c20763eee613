"""One result shape for everything measured of the service, and the verdict on it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Literal

from benchmarks.result import NONE, seconds, table

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = ("case", "measured", "aim", "", "of what, and beside what")
MET = "met"


@dataclass(frozen=True)
class Aim:
    """
    Attributes
    ----------
    value : in the unit of what is measured
    side : whether that is the least or the most it may be
    """

    value: float
    side: Literal["least", "most"]

    def met(self, figure: float) -> bool:
        return figure >= self.value if self.side == "least" else figure <= self.value

    def verdict(self, figure: float) -> str:
        """Met, or by how much it was missed, as a share of the aim."""
        if self.met(figure):
            return MET
        return f"missed by {abs(figure / self.value - 1.0):.0%}"


@dataclass(frozen=True)
class Row:
    """
    Attributes
    ----------
    case : what was asked
    figure : measured
    unit : of figure and aim
    note : of what, and what the figure is beside
    aim : None where it is told for information
    """

    case: str
    figure: float
    unit: str
    note: str
    aim: Aim | None = None

    @property
    def met(self) -> bool | None:
        """None without an aim."""
        return None if self.aim is None else self.aim.met(self.figure)

    @property
    def told(self) -> str:
        """In a line."""
        words = [f"{self.case}: {seconds(self.figure)} {self.unit}"]
        if self.aim is not None:
            words.append(self.aim.verdict(self.figure))
        return ", ".join(words)

    def cells(self) -> tuple[str, ...]:
        """Texts in the order of `COLUMNS`."""
        aim, verdict = NONE, NONE
        if self.aim is not None:
            aim = f"{'>=' if self.aim.side == 'least' else '<='} {self.aim.value:g}"
            verdict = self.aim.verdict(self.figure)
        return self.case, f"{seconds(self.figure)} {self.unit}", aim, verdict, self.note


def rows_table(rows: Sequence[Row]) -> str:
    """All of them, as Markdown."""
    return table(COLUMNS, [row.cells() for row in rows])


def ratio(ours: Sequence[float], bare: Sequence[float]) -> float:
    """Median of the ratios of rounds, in each of which both were measured one after the other."""
    return median(our / other for our, other in zip(ours, bare, strict=True))


def share_within(waits: Sequence[float], share: float) -> float:
    """The shortest time within which so many were answered; one that was measured."""
    ordered = sorted(waits)
    place = -(-len(ordered) * share // 1)
    return ordered[max(int(place), 1) - 1]
