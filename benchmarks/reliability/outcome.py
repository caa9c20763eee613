"""What came of a fault, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from benchmarks.reliability.load import CUT, MIXED, REFUSED, RIGHT, WRITES, WRONG, Answer, Load

#: Answers kept to look into, at most.
EXAMPLES = 12


@dataclass(frozen=True)
class Outcome:
    """
    Attributes
    ----------
    requests : sent; the five after it add up to it
    right, refused, cut_off, wrong, mixed : how each was answered
    acknowledged, lost, twice : orders said to be kept, those not there afterwards, and those kept
        more than once
    stale : customers whose forecast is not of the orders that are kept
    silent_reads, silent_writes : longest seconds in which no read, and no write, was answered
        rightly
    recovered : seconds from the fault to the last request that was not answered; 0 if all were
    more : what else was looked at, in words
    examples : some answers that were not right, to look into
    """

    scenario: str
    place: str
    requests: int
    right: int
    refused: int
    cut_off: int
    wrong: int
    mixed: int
    acknowledged: int
    lost: int
    twice: int
    stale: int
    silent_reads: float
    silent_writes: float
    recovered: float
    more: str
    examples: tuple[str, ...]

    @property
    def faultless(self) -> bool:
        """Something was answered and kept; nothing lost, kept twice, left stale, answered wrong."""
        bad = self.wrong or self.mixed or self.lost or self.twice or self.stale
        return not bad and self.right > 0 and self.acknowledged > 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, scenario: str, place: str, load: Load, more: str) -> Outcome:
        settled = load.settle()
        answers = sorted(load.answers, key=lambda answer: answer.ended)
        count = Counter(answer.verdict for answer in answers)
        bad = [a for a in answers if a.verdict in (WRONG, MIXED)]
        odd = bad or [a for a in answers if a.verdict != RIGHT]
        return cls(
            scenario=scenario,
            place=place,
            requests=len(answers),
            right=count[RIGHT],
            refused=count[REFUSED],
            cut_off=count[CUT],
            wrong=count[WRONG],
            mixed=count[MIXED],
            acknowledged=len(load.acknowledged),
            **settled._asdict(),
            silent_reads=_longest([a for a in answers if a.kind != WRITES]),
            silent_writes=_longest([a for a in answers if a.kind == WRITES]),
            recovered=_recovered(answers, load.faults),
            more=more,
            examples=tuple(_examples(odd)),
        )


def _examples(answers: Sequence[Answer]) -> list[str]:
    """One of each kind."""
    told = {(a.kind, a.verdict, a.what[:40]): f"{a.kind}: {a.verdict}: {a.what}" for a in answers}
    return list(told.values())[:EXAMPLES]


def _longest(answers: Sequence[Answer]) -> float:
    """Longest time between two right answers, whoever asked."""
    if not answers:
        return 0.0
    at = [answers[0].began, *(a.ended for a in answers if a.verdict == RIGHT), answers[-1].ended]
    return max(later - earlier for earlier, later in pairwise(at))


def _recovered(answers: Sequence[Answer], faults: Sequence[float]) -> float:
    """The longest, over all faults, from it to the last failure before the next one."""
    longest = 0.0
    for fault, following in zip(faults, [*faults[1:], float("inf")], strict=False):
        failures = [
            a.ended - fault
            for a in answers
            if fault <= a.ended < following and a.verdict != RIGHT and not a.what.startswith("409")
        ]
        longest = max([longest, *failures])
    return longest
