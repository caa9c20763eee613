"""Where ours is not among the best, by how much, and why: from figures alone.

A reason is told only where the figures it rests on hold, and tells them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.accuracy.judge import ASIDE, MEDIANS, OURS, Verdict
from benchmarks.accuracy.shown import (
    LARGER,
    SHOWN,
    by_row,
    days,
    form,
    listed,
    mean,
    mean_of,
    table,
)
from clv.models import registry

#: A figure this near the best, in parts of the best, is no worse by more than noise.
NOISE = {"gini": 0.01, "mae": 0.03, "decile_mape": 0.10}
#: A total further off than this is called wrong.
OFF = 0.1
#: A cause is named where it makes this part of the gap.
MOST = 0.5
TENTHS = 10


@dataclass(frozen=True)
class Miss:
    """A figure of a row in which another is better by more than noise.

    Attributes
    ----------
    row : log and horizon
    figure : name of it
    best : who is best
    ours, theirs : means over days
    gap : in parts of theirs
    days : the verdicts
    """

    row: str
    figure: str
    best: str
    ours: float
    theirs: float
    gap: float
    days: Sequence[Verdict]

    @property
    def chosen(self) -> str:
        """The models that our default chose, and on how many days."""
        return chosen(self.days)

    @property
    def why(self) -> str:
        """The reason, as far as the figures tell one."""
        if self.figure == "gini":
            return f"*{self.best}* ranks better here; these figures do not tell why."
        told = self._level() or (self._of_none() if self.figure == "mae" else self._tenths())
        if self.figure == "mae" and MEDIANS in self.days[0].figures:
            told += (
                f" clv's medians have MAE {form('mae', mean(self.days, MEDIANS, 'mae'))} and bias"
                f" {form('bias', mean(self.days, MEDIANS, 'bias'))}."
            )
        return told

    def _level(self) -> str:
        """Told where the total is off and, put right, closes most of the gap."""
        off = self._own("bias")
        right = self._own(f"{self.figure}_levelled")
        if abs(off) < OFF or (self.ours - right) < MOST * (self.ours - self.theirs):
            return ""
        entries = [registry.entry(v.champion) for v in self.days]
        lone = [each for each in entries if not each.learns and each.kind != "fallback"]
        told = f"The level: clv's total is {off:+.1%} off; put right in hindsight, this figure"
        told += f" would be {form(self.figure, right)}."
        if lone:
            told += f" On {len(lone)} of {days(self.days)} it chose a purchase model alone."
        return told

    def _of_none(self) -> str:
        """Whether the gap in MAE is made by customers who brought nothing."""
        ours, theirs = self._own("mae_of_none"), self._their("mae_of_none")
        part = (ours - theirs) / (self.ours - self.theirs)
        less = self._their("bias") < self._own("bias")
        total = f"whose total is {'lower' if less else 'no lower'} than clv's"
        if part < MOST:
            return (
                f"Customers who brought something make {1 - part:.0%} of the gap to *{self.best}*,"
                f" {total}."
            )
        idle = mean_of([v.churn["base_rate"] for v in self.days])
        told = f"Customers who brought nothing make {part:.0%} of the gap: *{self.best}*, {total},"
        told += " forecasts less of them."
        if idle > 0.5:
            told += f" {idle:.0%} did not come back, and MAE is least for the median, then 0."
        return told

    def _tenths(self) -> str:
        """The fewest tenths that make most of the gap in decile MAPE, and what is wrong there."""
        gaps = [self._own(f"miss_{i}") - self._their(f"miss_{i}") for i in range(TENTHS)]
        few: list[int] = []
        for i in sorted(range(TENTHS), key=lambda i: -gaps[i]):
            few.append(i)
            part = sum(gaps[i] for i in few) / sum(gaps)
            if part >= MOST:
                break
        named = listed([str(i + 1) for i in sorted(few)])
        which = f"Tenth {named}" if len(few) == 1 else f"Tenths {named}"
        told = f"{which} by forecast (1 the lowest), which brought {self._sum('came', few):.1%} of"
        told += f" all, {'makes' if len(few) == 1 else 'make'} {part:.0%} of the gap: clv forecast"
        told += f" {self._sum('told', few):.1%} there. Put right in hindsight, its total of"
        told += f" {self._own('bias'):+.1%} would leave the figure at"
        return told + f" {form(self.figure, self._own('decile_mape_levelled'))}."

    def _sum(self, name: str, tenths: Sequence[int]) -> float:
        return sum(self._own(f"{name}_{i}") for i in tenths)

    def _own(self, figure: str) -> float:
        return mean(self.days, OURS, figure)

    def _their(self, figure: str) -> float:
        return mean(self.days, self.best, figure)


def chosen(verdicts: Sequence[Verdict]) -> str:
    """The models that our default chose, and on how many days."""
    each = Counter(v.champion for v in verdicts)
    if len(each) == 1:
        return next(iter(each))
    return ", ".join(f"{name} ({count})" for name, count in each.most_common())


def biases(verdicts: Sequence[Verdict], who: str) -> str:
    """The mean bias, and from where to where it goes over the days."""
    each = [v.figures[who]["bias"] for v in verdicts]
    told = form("bias", mean(verdicts, who, "bias"))
    return f"{told} ({min(each):+.0%} to {max(each):+.0%})" if len(each) > 1 else told


def misses(verdicts: Sequence[Verdict]) -> list[Miss]:
    """Every figure of every row in which ours is not among the best."""
    found = []
    for row, some in by_row(verdicts).items():
        for figure, noise in NOISE.items():
            means = {w: mean(some, w, figure) for w in some[0].figures if w not in ASIDE}
            best = (max if figure in LARGER else min)(means, key=lambda who: means[who])
            gap = abs(means[OURS] / means[best] - 1.0)
            if gap > noise:
                found.append(Miss(row, figure, best, means[OURS], means[best], gap, some))
    return found


def told(verdicts: Sequence[Verdict]) -> list[str]:
    """A line for each figure; then each miss with what it is explained by."""
    found = misses(verdicts)
    rows = by_row(verdicts)
    lines = []
    for figure, noise in NOISE.items():
        label = SHOWN[figure][0]
        missed = [f"{m.row} ({m.gap:.1%})" for m in found if m.figure == figure]
        lines.append(
            f"- {label}: best or within {noise:.0%} of the best in every row."
            if not missed
            else f"- {label}: **missed** in {len(missed)} of {len(rows)} rows, by more than"
            f" {noise:.0%}: {', '.join(missed)}."
        )
    parts = ["\n".join(lines)]
    if found:
        head = ["miss", "figure", OURS, "best", "", "chosen", "bias", "best's bias", "why"]
        parts.append(
            table(
                head,
                [
                    [
                        m.row,
                        SHOWN[m.figure][0],
                        form(m.figure, m.ours),
                        m.best,
                        form(m.figure, m.theirs),
                        m.chosen,
                        biases(m.days, OURS),
                        biases(m.days, m.best),
                        m.why,
                    ]
                    for m in found
                ],
            )
        )
    return parts
