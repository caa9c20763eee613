"""Each thing measured, as rows with their aims."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.api import paced, wrk
from benchmarks.api.questions import PAGES, SEED, bodies, profiles
from benchmarks.api.row import Aim, Row, ratio, share_within

if TYPE_CHECKING:
    from benchmarks.api.servers import Server

GET_CUSTOMER, POST_PREDICT = "/api/customers/", "/api/predict"
#: Share of the bare route's requests a second that the service shall answer.
SHARE = Aim(0.5, "least")
WAIT, BATCH, PAGE, APPENDED = (Aim(value, "most") for value in (20.0, 150.0, 20.0, 1000.0))
#: Profiles of a batch, and made up to ask one of at random.
IN_BATCH, PROFILES = 1000, 20_000
#: Of the waits told.
QUANTILE = 0.99
_OF_PEAK = 0.5


@dataclass(frozen=True)
class Effort:
    """How long and how often each thing is measured.

    Attributes
    ----------
    rounds, span : of throughput, and seconds of each server in each of them
    paced : seconds at the fixed rate
    batches, pages, orders : requests of each kind
    """

    rounds: int = 7
    span: int = 6
    paced: float = 30.0
    batches: int = 50
    pages: int = 20
    orders: int = 20


QUICK = Effort(rounds=2, span=2, paced=3.0, batches=5, pages=3, orders=3)


@dataclass
class Bench:
    """
    Attributes
    ----------
    ids : of all customers published
    """

    work: Path
    ids: Sequence[str]
    effort: Effort
    service: Server
    bare: Server

    @cached_property
    def customers(self) -> Path:
        return wrk.written(self.work / "customers.txt", self.ids)

    @cached_property
    def profiles(self) -> Path:
        return wrk.written(self.work / "profiles.txt", bodies(PROFILES))

    def requests(self, method: str, path: str, bare_path: str) -> tuple[list[float], list[float]]:
        """Requests a second of the service and of the bare route, round by round, in turns."""
        lines = self.customers if method == "GET" else self.profiles
        ours, bare = wrk.Asked(method, path, lines), wrk.Asked(method, bare_path, lines)  # type: ignore[arg-type]
        pair = [(self.service.url, ours), (self.bare.url, bare)]
        for url, asked in pair:
            wrk.throughput(url, asked, max(self.effort.span // 3, 1), self.work)
        found: list[list[float]] = [[], []]
        for turn in range(self.effort.rounds):
            # Who goes first changes.
            for place in (0, 1) if turn % 2 else (1, 0):
                url, asked = pair[place]
                found[place].append(wrk.throughput(url, asked, self.effort.span, self.work))
        return found[0], found[1]


def customer(at: Bench) -> list[Row]:
    """A customer's forecast, any of all."""
    ours, bare = at.requests("GET", GET_CUSTOMER, "/bare/")
    return [_share("GET /api/customers/{id}", ours, bare, f"Any of {len(at.ids):,} customers.")]


def predict(at: Bench) -> list[Row]:
    """A profile's forecast: how many a second, and the waits at half of that."""
    ours, bare = at.requests("POST", POST_PREDICT, "/bare")
    told = "Made-up profiles of seven fields, answered by the published ensemble."
    rate = _OF_PEAK * median(ours)
    asked = [paced.post(POST_PREDICT, body) for body in bodies(int(rate * at.effort.paced), 1)]
    waits = paced.waits("127.0.0.1", at.service.port, asked, rate)
    wait = Row(
        f"POST /api/predict, p{QUANTILE * 100:g} of waits",
        1000.0 * share_within(waits, QUANTILE),
        "ms",
        f"{len(waits):,} requests at {rate:,.0f} a second, half of the most it answers; median"
        f" {1000 * median(waits):.2g} ms, longest {1000 * max(waits):.3g} ms. A wait counts from"
        " the moment the request was due.",
        WAIT,
    )
    return [_share("POST /api/predict", ours, bare, told), wait]


def batch(at: Bench) -> list[Row]:
    """Many profiles at once."""
    spent = []
    for turn in range(at.effort.batches + 1):
        body = json.dumps({"customers": list(profiles(IN_BATCH, SEED + turn))})
        took, answer = _timed(at.service, "POST", "/api/predict/batch", content=body)
        if answer["count"] != IN_BATCH:
            raise RuntimeError(f"{answer['failed']} profiles failed: {answer['problems'][:1]}")
        spent.append(took)
    case = f"POST /api/predict/batch, {IN_BATCH:,} profiles"
    # The first one warms up.
    return _median_and_worst(case, spent[1:], BATCH, "Different profiles each time, in one request")


def pages(at: Bench) -> list[Row]:
    """Pages of customers, none of them from the cache."""
    rows = []
    for words, asked in PAGES.items():
        query = dict(asked)
        if query.get("cursor") == "next":
            first = at.service.client.get("/api/customers").raise_for_status().json()
            query["cursor"] = first["next_cursor"]
        spent, count = [], 0
        for _ in range(at.effort.pages + 1):
            at.service.client.post("/api/cache/clear").raise_for_status()
            took, answer = _timed(at.service, "GET", "/api/customers", params=query)
            spent.append(took)
            count = answer["count"]
        spent = spent[1:]
        sent = (
            "&".join(f"{name}={_shown(value)}" for name, value in query.items()) or "no condition"
        )
        rows.append(
            Row(
                f"a page, {words}",
                1000.0 * median(spent),
                "ms",
                f"{count} of {len(at.ids):,} customers; median of {len(spent)}, the longest"
                f" {1000 * max(spent):.3g} ms. Asked with {sent}.",
                PAGE,
            )
        )
    return rows


def appended(at: Bench) -> list[Row]:
    """Orders that come in, until the forecast of their customer is the new one."""
    random = Random(SEED)
    spent = []
    for turn in range(at.effort.orders):
        whose = random.choice(at.ids)
        before = at.service.client.get(GET_CUSTOMER + whose).raise_for_status().json()
        # A day that nobody ordered on before, as every morning brings one.
        day = date.fromisoformat(before["as_of"]) + timedelta(days=turn + 1)
        order = {"customer_id": whose, "date": day.isoformat(), "amount": 20.0 + turn}
        began = time.perf_counter()
        _timed(at.service, "POST", "/api/transactions", json={"transactions": [order]})
        after = at.service.client.get(GET_CUSTOMER + whose).raise_for_status().json()
        spent.append(time.perf_counter() - began)
        if after["rescored_at"] in (None, before["rescored_at"]):
            raise RuntimeError(f"the forecast of {whose} is the one before")
    told = "From an order being sent to its forecast being read, another customer and day each time"
    return _median_and_worst("POST /api/transactions", spent, APPENDED, told)


def elsewhere(at: Bench) -> list[Row]:
    """The same customer from PostgreSQL, for information."""
    ours, bare = at.requests("GET", GET_CUSTOMER, "/bare/")
    note = f"Any of {len(at.ids):,} customers, the store on PostgreSQL on the same machine."
    return [_share("GET /api/customers/{id}, PostgreSQL", ours, bare, note, None)]


CASES = {"customer": customer, "predict": predict, "batch": batch, "pages": pages}
CASES |= {"transactions": appended}


def _share(
    case: str, ours: Sequence[float], bare: Sequence[float], note: str, aim: Aim | None = SHARE
) -> Row:
    return Row(
        case,
        ratio(ours, bare),
        "of bare",
        f"{note} {median(ours):,.0f} requests a second ({min(ours):,.0f} to {max(ours):,.0f}),"
        f" the bare route {median(bare):,.0f} ({min(bare):,.0f} to {max(bare):,.0f}); median ratio"
        f" of {len(ours)} rounds.",
        aim,
    )


def _median_and_worst(case: str, spent: Sequence[float], aim: Aim, note: str) -> list[Row]:
    return [
        Row(case, 1000.0 * median(spent), "ms", f"{note}; median of {len(spent)}.", aim),
        Row(f"{case}, longest", 1000.0 * max(spent), "ms", f"Of the same {len(spent)}.", aim),
    ]


def _timed(server: Server, method: str, path: str, **more: Any) -> tuple[float, Any]:
    """Seconds until the whole answer was there, and the answer."""
    headers = {"Content-Type": "application/json"} if "content" in more else None
    began = time.perf_counter()
    answer = server.client.request(method, path, headers=headers, **more)
    took = time.perf_counter() - began
    return took, answer.raise_for_status().json()


def _shown(value: Any) -> str:
    text = ",".join(value) if isinstance(value, list) else str(value)
    return text if len(text) <= 40 else f"{text[:8]}..."
