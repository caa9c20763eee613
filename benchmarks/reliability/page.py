"""The outcomes as a page: docs/reliability.md."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.reliability.load import ASKERS, PAGES, PREDICTS, READS, WRITES
from benchmarks.reliability.outcome import Outcome
from benchmarks.reliability.truth import RUNS, WRITTEN

ASKED = {
    READS: "ask for one customer",
    PAGES: "turn pages and read the totals",
    PREDICTS: "send profiles",
    WRITES: "send orders",
}
HOW = f"""\
`clv serve` with its worker runs as it does for anybody, in a process of its own: once on SQLite
with nothing else, once on PostgreSQL and Redis. Its two runs, of one shop and different models and
customers ({" and ".join(str(customers) for _, customers in RUNS.values())}), give different
answers to every question, so that each answer shows which run it came from. Clients keep asking
all the while, on kept connections: {{askers}}. Then something is done to the service, the clients
go on for a while, and everything is counted.

Every answer is compared, number by number, with the file of the run it names. Orders are of
{WRITTEN} customers of whom nothing else is compared meanwhile; each has an amount of its own and an
`Idempotency-Key`, and is sent again under the same key until it is answered. In the end every
order is looked up in what the service tells of the customer, and what it says they spent so far
must be the sum of these orders."""
MEANING = """\
- *right*: answered, and by one run, to the last digit.
- *refused*: told so by a problem document, 503 with `Retry-After`, 409 where a page went on in a
  run no longer served or others wrote of the same customer, 507 where the disk is full. Nothing is
  half done: what is refused may be sent again.
- *cut off*: no answer, because the process was not there, or the client waited in vain.
- *wrong*: any other answer. *mixed*: numbers of one run under the name of another, pages or totals
  of two. Both must be 0.
- *kept*: orders the service said it keeps. *lost*: those of them that were not there in the end.
  *twice*: orders kept more than once. *stale*: customers whose forecast was not of the orders that
  were there. All must be 0.
- *silence*: longest time in which no read, and no order, was answered rightly, whoever asked.
- *recovered*: from the fault to the last request that was refused or cut off by it; 0 where none
  was."""


def page(outcomes: Sequence[Outcome], about: str) -> str:
    """Everything there is to tell, as Markdown.

    Parameters
    ----------
    about : the machine and versions
    """
    askers = ", ".join(f"{count} {ASKED[kind]}" for kind, (count, _) in ASKERS.items())
    bad = [outcome for outcome in outcomes if not outcome.faultless]
    requests = sum(outcome.requests for outcome in outcomes)
    kept = sum(outcome.acknowledged for outcome in outcomes)
    parts = [
        "# What faults cost",
        f"Made by `make reliability` ({about}; load and service on the same machine).",
        f"{requests:,} requests and {kept:,} orders while {len(outcomes)} things were done to the"
        f" service: {_count(bad)}.",
        "## What was done",
        HOW.format(askers=askers),
        "## What came of it",
    ]
    for place in dict.fromkeys(outcome.place for outcome in outcomes):
        here = [outcome for outcome in outcomes if outcome.place == place]
        parts += [f"### {place}", _table(here), *_more(here)]
    parts += ["## What the counts mean", MEANING]
    return "\n\n".join(parts) + "\n"


def _count(bad: Sequence[Outcome]) -> str:
    totals = {
        "answered wrong": sum(outcome.wrong for outcome in bad),
        "mixed of two runs": sum(outcome.mixed for outcome in bad),
        "orders lost": sum(outcome.lost for outcome in bad),
        "kept twice": sum(outcome.twice for outcome in bad),
        "forecasts without them": sum(outcome.stale for outcome in bad),
    }
    return ", ".join(f"{count} {what}" for what, count in totals.items())


def _table(outcomes: Sequence[Outcome]) -> str:
    head = (
        "| | requests | right | refused | cut off | wrong | mixed | kept | lost | twice | stale"
        " | silence of reads, s | of orders, s | recovered, s |"
    )
    rows = [
        f"| {o.scenario} | {o.requests:,} | {o.right:,} | {o.refused:,} | {o.cut_off:,}"
        f" | {o.wrong} | {o.mixed} | {o.acknowledged:,} | {o.lost} | {o.twice} | {o.stale}"
        f" | {o.silent_reads:.1f} | {o.silent_writes:.1f} | {o.recovered:.1f} |"
        for o in outcomes
    ]
    return "\n".join([head, "|---|" + "--:|" * 13, *rows])


def _more(outcomes: Sequence[Outcome]) -> list[str]:
    told = [f"- {o.scenario}: {o.more}." for o in outcomes if o.more]
    return ["\n".join(told)] if told else []
