"""Every fault on SQLite, and on PostgreSQL and Redis, and the page made of what came of them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.reliability.faults import EVERYWHERE, PRODUCTION, Fault, Site
from benchmarks.reliability.fulldisk import full_disk
from benchmarks.reliability.outcome import Outcome
from benchmarks.reliability.page import page
from benchmarks.reliability.served import serving
from benchmarks.reliability.truth import Truth, two_runs
from benchmarks.result import machine
from clv.ops.runs import Run
from tests.services import postgresql, redis_process

PAGE = Path("docs/reliability.md")
PACKAGES = ("clv", "fastapi", "uvicorn", "sqlalchemy", "psycopg", "redis", "huey")
SQLITE, POSTGRESQL = "SQLite", "PostgreSQL and Redis"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__)
    parser.add_argument("--only", help="faults whose name has this in it; the page is not written")
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="clv-reliability-") as folder:
        outcomes = list(every(Path(folder), two_runs(Path(folder)), asked.only or ""))
    told = page(outcomes, machine(PACKAGES))
    if asked.only:
        print(told)
    else:
        PAGE.write_text(told)
    if bad := [outcome for outcome in outcomes if not outcome.faultless]:
        parser.exit(1, "".join(f"{o.place}, {o.scenario}: {o.examples}\n" for o in bad))


def every(folder: Path, runs: list[Run], only: str = "") -> Iterator[Outcome]:
    """Outcomes of all faults whose name has a text in it, as they come.

    Parameters
    ----------
    folder : an empty one for each place
    """
    for place, faults in (
        (SQLITE, EVERYWHERE),
        (POSTGRESQL, (*EVERYWHERE, *PRODUCTION)),
    ):
        wanted = [fault for fault in faults if only in fault.__name__]
        if wanted:
            with site(folder / place.split()[0], place, runs) as here:
                for fault in wanted:
                    yield _told(_under(here, fault))
    if only in full_disk.__name__:
        yield _told(full_disk(folder / "disk", SQLITE, runs))


@contextmanager
def site(folder: Path, place: str, runs: list[Run]) -> Iterator[Site]:
    """A service at work on SQLite, or on servers of its own."""
    folder.mkdir()
    with ExitStack() as stack:
        database = redis = None
        if place == POSTGRESQL:
            database = stack.enter_context(postgresql())
            redis = stack.enter_context(redis_process())
        served = stack.enter_context(
            serving(
                folder,
                runs,
                None if database is None else database.fresh(),
                None if redis is None else redis.url,
            )
        )
        made = Site(place, served, Truth.of(runs), database, redis)
        made.learn()
        yield made


def _under(site: Site, fault: Fault) -> Outcome:
    return site.put_under(fault)


def _told(outcome: Outcome) -> Outcome:
    print(
        f"{outcome.place}: {outcome.scenario}: {outcome.requests:,} requests,"
        f" {outcome.refused} refused, {outcome.cut_off} cut off, {outcome.wrong} wrong,"
        f" {outcome.mixed} mixed, {outcome.acknowledged} orders, {outcome.lost} lost,"
        f" {outcome.twice} twice, {outcome.stale} stale, recovered after {outcome.recovered:.1f} s",
        flush=True,
    )
    return outcome


if __name__ == "__main__":
    main()
