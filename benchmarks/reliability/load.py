"""Readers and writers who keep asking, whatever happens, and judge each answer."""

from __future__ import annotations

import http.client
import itertools
import json
import math
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote

from benchmarks.reliability.served import Served
from benchmarks.reliability.truth import Truth

RIGHT, REFUSED, CUT, WRONG, MIXED = "right", "refused", "cut off", "wrong", "mixed"
READS, PAGES, PREDICTS, WRITES = "customer", "page", "predict", "write"
#: Askers of each kind, and the seconds each rests between two questions.
ASKERS = {READS: (2, 0.02), PAGES: (1, 0.03), PREDICTS: (1, 0.03), WRITES: (2, 0.02)}
PROFILES = [
    {"num_orders": n, "total_spent": 40.0 * n, "tenure": 30 * n + 60, "recency": 20}
    for n in (2, 3, 8)
]
#: The day after the last of the log.
ORDERED_ON = "2024-06-24"
PAGE = 60
PATIENCE = 30.0
#: No two orders of any load are of the same amount.
_CENTS = itertools.count(10_000)


class Answer(NamedTuple):
    """
    Attributes
    ----------
    began, ended : of the request, monotonic
    what : what was wrong with it, where it was
    """

    kind: str
    began: float
    ended: float
    verdict: str
    what: str = ""


class Order(NamedTuple):
    customer_id: str
    amount: str


class Settled(NamedTuple):
    """
    Attributes
    ----------
    lost, twice : acknowledged orders that are not there, and orders that are there twice
    stale : customers whose forecast is not of the orders that are there
    """

    lost: int
    twice: int
    stale: int


@dataclass
class Load:
    """
    Attributes
    ----------
    answers : of all requests
    acknowledged : orders that the service said it keeps
    unsettled : orders that it never answered for; it may have kept them, and must not twice
    """

    served: Served
    truth: Truth
    answers: list[Answer] = field(default_factory=list)
    acknowledged: list[Order] = field(default_factory=list)
    unsettled: list[Order] = field(default_factory=list)
    faults: list[float] = field(default_factory=list)
    _ending: threading.Event = field(default_factory=threading.Event, repr=False)
    _threads: list[threading.Thread] = field(default_factory=list, repr=False)

    @contextmanager
    def running(self, before: float = 1.0, after: float = 1.5) -> Iterator[None]:
        """Ask while the block runs, and some seconds before and after it."""
        self._ending.clear()
        asking: dict[str, Callable[[_Asker], None]] = {
            READS: self._customer,
            PAGES: self._pages,
            PREDICTS: self._predict,
            WRITES: self._write,
        }
        self._threads = [
            threading.Thread(target=self._go_on, args=(kind, number, asking[kind]), daemon=True)
            for kind, (count, _) in ASKERS.items()
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()
        try:
            time.sleep(before)
            yield
            time.sleep(after)
        finally:
            self._ending.set()
            for thread in self._threads:
                thread.join(60)

    @contextmanager
    def more_writers(self, count: int) -> Iterator[None]:
        """More who write, while the block runs."""
        over = threading.Event()

        def go_on(number: int) -> None:
            asker = _Asker(self, WRITES, number)
            while not over.is_set() and not self._ending.is_set():
                self._write(asker)
            asker.close()

        first = ASKERS[WRITES][0]
        threads = [
            threading.Thread(target=go_on, args=(first + number,), daemon=True)
            for number in range(count)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join(2 * PATIENCE)

    def write_once(self) -> None:
        """An order, and wait until it is kept."""
        asker = _Asker(self, WRITES, -1)
        self._write(asker)
        asker.close()

    def fault(self) -> None:
        """Note that something is done to the service now."""
        self.faults.append(time.monotonic())

    def settle(self) -> Settled:
        """Look up every order by the history the service tells, and what is told beside it."""
        found: dict[str, list[str]] = {}
        stale = 0
        for customer_id in self.truth.written:
            path = f"/api/customers/{quote(customer_id, safe='')}"
            orders = self.served.got("GET", f"{path}/history?limit=1000")["orders"]
            found[customer_id] = [_plain(order["amount"]) for order in orders]
            spent = float(sum(Decimal(order["amount"]) for order in orders))
            # The forecast is of all orders there are, or else a rescoring was lost.
            told = self.served.got("GET", path)["historic_value"]
            stale += not math.isclose(told, spent, abs_tol=0.005)
        lost = sum(_plain(o.amount) not in found[o.customer_id] for o in self.acknowledged)
        both = [*self.acknowledged, *self.unsettled]
        twice = sum(found[o.customer_id].count(_plain(o.amount)) > 1 for o in both)
        return Settled(lost, twice, stale)

    def _go_on(self, kind: str, number: int, ask: Callable[[_Asker], None]) -> None:
        asker = _Asker(self, kind, number)
        while not self._ending.is_set():
            ask(asker)
            time.sleep(ASKERS[kind][1])
        asker.close()

    def _customer(self, asker: _Asker) -> None:
        customer_id = asker.random.choice(self.truth.read)
        told = asker.ask("GET", f"/api/customers/{quote(customer_id, safe='')}")
        if told is not None:
            asker.judge(self._of_run(told["model_version"], [told]))

    def _pages(self, asker: _Asker) -> None:
        """Two pages, one after the other, and the totals."""
        first = asker.ask("GET", f"/api/customers?limit={PAGE}&total=true")
        if first is None:
            return
        asker.judge(self._of_page(first))
        time.sleep(ASKERS[PAGES][1])
        cursor = quote(first["next_cursor"], safe="")
        # Of another run than the first page's it cannot go on, and says so by 409.
        second = asker.ask("GET", f"/api/customers?limit={PAGE}&total=true&cursor={cursor}")
        if second is not None:
            same = second["model_version"] == first["model_version"]
            asker.judge(self._of_page(second) if same else (MIXED, "pages of two runs"))
        totals = asker.ask("GET", "/api/dashboard/summary")
        if totals is not None:
            here = totals["totals"]["customers"] == len(self.truth.rows[totals["model_version"]])
            asker.judge((RIGHT, "") if here else (MIXED, f"totals {totals['totals']}"))

    def _predict(self, asker: _Asker) -> None:
        index = asker.random.randrange(len(PROFILES))
        told = asker.ask("POST", "/api/predict", PROFILES[index])
        if told is None:
            return
        run_id, value = told["model_version"], told["predicted_clv"]
        known = {of: values[index] for of, values in self.truth.profiles.items()}
        if known[run_id] == value:
            asker.judge((RIGHT, ""))
        else:
            asker.judge((MIXED if value in known.values() else WRONG, f"{value} by {run_id}"))

    def _write(self, asker: _Asker) -> None:
        """An order under a key of its own, sent again until it is answered for."""
        order = Order(asker.random.choice(self.truth.written), f"{next(_CENTS) / 100:.2f}")
        body = {"transactions": [{**order._asdict(), "date": ORDERED_ON}]}
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        until = time.monotonic() + PATIENCE
        while not self._ending.is_set() or time.monotonic() < until:
            told = asker.ask("POST", "/api/transactions", body, headers)
            if told is not None:
                kept = (told["accepted"], told["failed"]) == (1, 0)
                customers = [row["customer_id"] for row in told["forecasts"]]
                right = kept and customers == [order.customer_id]
                asker.judge((RIGHT, "") if right else (WRONG, str(told)[:200]))
                if told["accepted"] == 1:
                    self.acknowledged.append(order)
                return
            time.sleep(0.05)
        self.unsettled.append(order)

    def _of_page(self, page: Any) -> tuple[str, str]:
        run_id = page["model_version"]
        customers = page["customers"]
        if len(customers) != PAGE or page["total"] != len(self.truth.rows[run_id]):
            return MIXED, f"{len(customers)} of {page['total']} customers by {run_id}"
        ids = {row["customer_id"] for row in customers}
        written = set(self.truth.written)
        if len(ids) != len(customers):
            return WRONG, "a customer twice on a page"
        return self._of_run(run_id, [r for r in customers if r["customer_id"] not in written])

    def _of_run(self, run_id: str, rows: list[Any]) -> tuple[str, str]:
        for row in rows:
            if not self.truth.right(run_id, row):
                other = self.truth.origin(row)
                what = f"{row['customer_id']} by {other}, said to be by {run_id}"
                return (WRONG if other is None else MIXED), what
        return RIGHT, ""


def _plain(amount: str) -> str:
    """An amount as it was sent, of the exact one that is kept."""
    return f"{Decimal(amount):.2f}"


class _Asker:
    """One who asks, on a connection that is kept."""

    def __init__(self, load: Load, kind: str, number: int) -> None:
        self._load = load
        self._kind = kind
        self._connection: http.client.HTTPConnection | None = None
        self._began = 0.0
        self.random = random.Random(f"{kind} {number}")

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        """What was answered, to be judged; None where it was refused or cut off, and is noted."""
        self._began = time.monotonic()
        try:
            status, told, answered = self._sent(method, path, body, headers or {})
        except (OSError, http.client.HTTPException) as error:
            self.close()
            self._note(CUT, type(error).__name__)
            # Nobody is there: the next try may wait a little.
            time.sleep(0.05)
            return None
        if status == 200:
            return json.loads(answered)
        away = status == 503 and told.get("retry-after") is not None
        # 409: another run is served, or others wrote of the same customer. 507: the disk is full.
        problem = told.get("content-type") == "application/problem+json"
        good = problem and (away or status in (409, 507))
        self._note(REFUSED if good else WRONG, f"{status} {answered.decode()[:300]}")
        return None

    def judge(self, verdict: tuple[str, str]) -> None:
        self._note(*verdict)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _sent(
        self, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self._load.served.port, timeout=PATIENCE
            )
        content = None if body is None else json.dumps(body)
        told = headers | ({} if body is None else {"Content-Type": "application/json"})
        self._connection.request(method, path, content, told)
        answer = self._connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def _note(self, verdict: str, what: str) -> None:
        self._load.answers.append(Answer(self._kind, self._began, time.monotonic(), verdict, what))
