"""Figures for Prometheus, in a registry of each application.

With several processes (PROMETHEUS_MULTIPROC_DIR is set, as `clv serve --workers` does) counts are
added up over all of them; what is read from the store at each scrape is the same in all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import func, select

from clv.core.errors import ClvError, RunError
from clv.ops.store import tables
from clv.ops.store.publishing import current

if TYPE_CHECKING:
    from clv.core.types import Json
    from clv.ops.cache import Cache, State
    from clv.ops.store.database import Store
    from clv.ops.store.publishing import Current

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
#: Of forecasts, in the log's currency.
_VALUES = (0.0, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1e3, 2.5e3, 1e4, 1e5, 1e6)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"

Seen = tuple[Callable[[], None], Callable[[float], None]]


class Metrics:
    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        made: Json = {"registry": self._registry}
        self._requests = Counter(
            "clv_requests", "Requests answered.", ["route", "method", "status"], **made
        )
        self._seconds = Histogram(
            "clv_request_seconds",
            "Time until the answer was sent.",
            ["route", "method"],
            buckets=_SECONDS,
            **made,
        )
        self._refused = Counter("clv_refused", "Requests turned away.", ["code"], **made)
        self._predictions = Counter(
            "clv_predictions", "Customers forecast on request.", ["model", "segment"], **made
        )
        self._values = Histogram(
            "clv_forecast_value",
            "Forecasts made on request, in the currency of the log.",
            ["model"],
            buckets=_VALUES,
            **made,
        )
        self._cache = Counter("clv_cache", "Questions to the cache.", ["result"], **made)
        self.hit, self.miss = (self._cache.labels(result).inc for result in ("hit", "miss"))
        #: Finding a child by its labels costs more than counting; each is found once.
        self._seen: dict[tuple[str, str, int], Seen] = {}
        self._segment = lru_cache(self._predictions.labels)
        self._model = lru_cache(self._values.labels)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        seen = self._seen.get((route, method, status))
        if seen is None:
            named = method if method in _METHODS else "other"
            seen = (
                self._requests.labels(route, named, status).inc,
                self._seconds.labels(route, named).observe,
            )
            if named == method:
                self._seen[route, method, status] = seen
        seen[0]()
        seen[1](seconds)

    def refused(self, code: str) -> None:
        self._refused.labels(code).inc()

    def predicted(self, model: str, segments: Iterable[str], values: Iterable[float]) -> None:
        """Forecasts made on request, one of each a customer."""
        for segment in segments:
            self._segment(model, segment).inc()
        observe = self._model(model).observe
        for value in values:
            observe(value)

    def told(self, store: Store, ups: dict[str, bool]) -> bytes:
        """All figures, as Prometheus reads them; asks the store.

        Parameters
        ----------
        ups : whether each part of the service works
        """
        registry = self._registry
        if os.environ.get(_MULTIPROCESS):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry) + generate_latest(_At(store, ups))


class _At:
    """What the store says at this moment."""

    def __init__(self, store: Store, ups: dict[str, bool]) -> None:
        self._store = store
        self._ups = ups

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("clv_up", "1 where a part works.", labels=["component"])
        for name, works in self._ups.items():
            up.add_metric([name], float(works))
        yield up
        try:
            jobs, champion = self._asked()
        except ClvError:
            return
        by_status = GaugeMetricFamily("clv_jobs", "Jobs on record.", labels=["status"])
        for status, count in jobs.items():
            by_status.add_metric([status], float(count))
        yield by_status
        if champion is not None:
            age = (datetime.now(UTC) - champion.created_at).total_seconds()
            yield GaugeMetricFamily("clv_model_age_seconds", "Since the run was made.", age)
            yield GaugeMetricFamily(
                "clv_forecasts_published", "Customers of the run served.", champion.customers
            )

    def _asked(self) -> tuple[dict[str, int], Current | None]:
        job = tables.job
        counted = select(job.c.status, func.count()).group_by(job.c.status)
        with self._store.reading() as conn:
            jobs = {row[0]: row[1] for row in conn.execute(counted)}
            try:
                return jobs, current(conn)
            except RunError:
                return jobs, None


class CountedCache:
    """A cache whose hits and misses are counted over all processes."""

    def __init__(self, cache: Cache, metrics: Metrics) -> None:
        self._cache = cache
        self._metrics = metrics
        self.put, self.clear, self.close = cache.put, cache.clear, cache.close
        self.stats = cache.stats

    def get(self, key: str) -> bytes | None:
        found = self._cache.get(key)
        if found is None:
            self._metrics.miss()
        else:
            self._metrics.hit()
        return found

    @property
    def state(self) -> State:
        return self._cache.state
