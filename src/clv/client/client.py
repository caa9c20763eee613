"""A client of the service: one method for each thing people ask it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import date
from types import TracebackType
from typing import Any, Self, Unpack, cast
from urllib.parse import quote

import httpx

from clv.client.answers import (
    By,
    Customer,
    CustomerDetail,
    Forecast,
    GuestForecasts,
    History,
    IndexedPrediction,
    ItemProblem,
    Prediction,
    SegmentDetail,
    Segments,
)
from clv.client.batching import MOST_ITEMS, Added, Predicted, moved, sent
from clv.client.conditions import Conditions
from clv.client.errors import StaleCursorError
from clv.client.sending import Sender
from clv.client.state import Health, ModelMetrics, Models, ServiceStatus
from clv.client.training import Fields, Training


class Client(Training):
    """Asks a service for forecasts, sends it orders, has it train.

    A request that found no answer is sent again where that is safe: reads, predictions, and
    orders, whose key keeps them from being counted twice. Whatever is turned away as one too many
    is sent again after as long as the service asks for.

    Parameters
    ----------
    url : of the service
    key : of `clv keys make`; on the service's own machine none is needed
    timeout : seconds to wait for an answer
    retries : how often a request is sent again, at most
    transport : another way to the service than over the network

    Raises
    ------
    ClvApiError, ClvUnreachableError : every method
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        key: str | None = None,
        timeout: float = 10,
        *,
        retries: int = 3,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._sender = Sender(url, key, timeout, retries, transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._sender.close()

    def health(self) -> Health:
        """How each part of the service does; also where it is down."""
        return cast("Health", self._sender.get("/api/health", answered=(503,)))

    def status(self) -> ServiceStatus:
        """What is served, since when."""
        return cast("ServiceStatus", self._sender.get("/api/status"))

    def customers(
        self,
        *,
        page_size: int = 500,
        restart: bool = False,
        **conditions: Unpack[Conditions],
    ) -> Iterator[Customer]:
        """All customers who meet the conditions, page by page as they are needed.

        Parameters
        ----------
        restart : where another run is published meanwhile, begin anew with its customers, so that
            some come twice; the later one counts

        Raises
        ------
        StaleCursorError : another run was published meanwhile, and restart is not asked for
        """
        query = {**conditions, "limit": page_size}
        cursor: str | None = None
        while True:
            try:
                page = self._sender.get("/api/customers", {**query, "cursor": cursor})
            except StaleCursorError:
                if not restart:
                    raise
                cursor = None
                continue
            yield from page["customers"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def customer(self, customer_id: str) -> CustomerDetail:
        """A customer's forecast, next order and reasons."""
        return cast("CustomerDetail", self._sender.get(_customer(customer_id)))

    def history(self, customer_id: str, limit: int = 100) -> History:
        """Orders of a customer, the newest last; beyond the limit the oldest are left out."""
        path = f"{_customer(customer_id)}/history"
        return cast("History", self._sender.get(path, {"limit": limit}))

    def predict(
        self, profile: Fields, *, model_type: str | None = None, level: float | None = None
    ) -> Prediction:
        """What a customer like this will spend, told by counts, sums and days."""
        query = {"model_type": model_type, "level": level}
        return cast(
            "Prediction", self._sender.post("/api/predict", query, body=dict(profile), again=True)
        )

    def predict_many(
        self,
        profiles: Sequence[Fields],
        *,
        model_type: str | None = None,
        level: float | None = None,
        batch_size: int = MOST_ITEMS,
    ) -> Predicted:
        """The same for any number of them; those that cannot be used do not hinder the others."""
        query = {"model_type": model_type, "level": level}

        def send(_places: Sequence[int], lot: Sequence[Fields]) -> Any:
            body = {"profiles": [dict(each) for each in lot]}
            return self._sender.post("/api/predict/batch", query, body=body, again=True)

        found: list[IndexedPrediction | None] = [None] * len(profiles)
        problems: list[ItemProblem] = []
        for places, answer in sent([dict(each) for each in profiles], batch_size, send):
            problems += moved(answer["problems"], places)
            for prediction in moved(answer["predictions"], places):
                found[prediction["index"]] = prediction
        return Predicted(found, problems)

    def predict_transactions(
        self,
        customers: Sequence[Fields],
        snapshot_date: date | str | None = None,
        xdays: int | None = None,
        *,
        batch_size: int = MOST_ITEMS,
    ) -> GuestForecasts:
        """What customers will spend who are told by their orders, each with CustomerID and
        transactions.

        Parameters
        ----------
        snapshot_date : last day that counts. Give it with more customers than go in one request,
            else each request would take the last day of its own orders
        """
        told = [dict(each) for each in customers]
        asked = {} if snapshot_date is None else {"snapshot_date": str(snapshot_date)}
        days = {} if xdays is None else {"xdays": xdays}

        def send(_places: Sequence[int], lot: Sequence[Fields]) -> Any:
            if len(lot) < len(told) and snapshot_date is None:
                raise ValueError(
                    f"snapshot_date: {len(told)} customers go in several requests."
                    " Say on which day all of them hold."
                )
            body = {**asked, **days, "customers": lot}
            return self._sender.post("/api/predict/transactions", body=body, again=True)

        parts = list(sent(told, batch_size, send)) or [((), send((), []))]
        first: GuestForecasts = parts[0][1]
        for places, answer in parts[1:]:
            first["predictions"] += answer["predictions"]
            first["problems"] += moved(answer["problems"], places)
            first["count"] += answer["count"]
            first["failed"] += answer["failed"]
            first["notices"] += [each for each in answer["notices"] if each not in first["notices"]]
        return first

    def add_transactions(
        self,
        rows: Sequence[Fields],
        *,
        idempotency_key: str | None = None,
        batch_size: int = MOST_ITEMS,
    ) -> Added:
        """Have orders kept, and their customers forecast anew; those refused hinder no other.

        Lines of an order, told by its `order_id`, go in one request: lines that come after it are
        taken for the same again.

        Parameters
        ----------
        idempotency_key : made for each call, so that nothing is counted twice where a request is
            sent again. Give one of your own, with the same rows, to repeat a call that broke off
        """
        key = idempotency_key or str(uuid.uuid4())

        def send(places: Sequence[int], lot: Sequence[Fields]) -> Any:
            first = places[0] if places else 0
            headers = {"Idempotency-Key": f"{key}.{first}" if first else key}
            body = {"transactions": lot}
            return self._sender.post("/api/transactions", body=body, headers=headers, again=True)

        counts = dict.fromkeys(("accepted", "duplicates", "failed"), 0)
        problems: list[ItemProblem] = []
        forecasts: dict[str, Forecast] = {}
        without: dict[str, None] = {}
        told = [dict(row) for row in rows]
        for places, answer in sent(told, batch_size, send, _order):
            for name in counts:
                counts[name] += answer[name]
            problems += moved(answer["problems"], places)
            for gone in answer["without_purchase"]:
                without[gone] = None
                forecasts.pop(gone, None)
            for forecast in answer["forecasts"]:
                forecasts[forecast["customer_id"]] = forecast
                without.pop(forecast["customer_id"], None)
        return Added(
            **counts, problems=problems, forecasts=forecasts, without_purchase=list(without)
        )

    def segments(self, by: By = "segment", *, active: bool = False) -> Segments:
        """Segments, what they are worth and what to do with them.

        Parameters
        ----------
        active : only those that have customers now
        """
        path = "/api/segments/active" if active else "/api/segments"
        return cast("Segments", self._sender.get(path, {"by": by}))

    def segment(self, name: str, *, by: By | None = None, top: int = 10) -> SegmentDetail:
        """A segment and its most valuable customers."""
        path = f"/api/segments/{quote(name, safe='')}"
        return cast("SegmentDetail", self._sender.get(path, {"by": by, "top": top}))

    def metrics(self, model_type: str | None = None) -> ModelMetrics:
        """Leaderboard, backtest and calibration of the served run."""
        return cast("ModelMetrics", self._sender.get("/api/metrics", {"model_type": model_type}))

    def models(self) -> Models:
        """Every model by name, and which are served."""
        return cast("Models", self._sender.get("/api/models"))


def _customer(customer_id: str) -> str:
    return f"/api/customers/{quote(customer_id, safe='')}"


def _order(row: Fields) -> str | None:
    """What lines of one order share; an id that is none is the service's to refuse."""
    told = row.get("order_id")
    return str(told) if isinstance(told, str | int) and not isinstance(told, bool) else None
