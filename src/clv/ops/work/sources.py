"""Where the log of a job is, made first if need be."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from clv.core.errors import UnsuitedError
from clv.data.accepted import accepted_rows
from clv.ops import uploads
from clv.ops.config import LogConfig, RunConfig
from clv.ops.generating import TRUTH, generate
from clv.ops.keptfiles import CUSTOMERS, KEPT
from clv.ops.orderrows import (
    TOLD_APART,
    currency_of,
    gathered_to,
    mark_of,
    perhaps_unknown,
    unknown,
)
from clv.ops.progress import Stages
from clv.ops.runs import MADE_UP, Run, served
from clv.ops.shopconfig import GenerateConfig
from clv.ops.store import tables
from clv.ops.store.database import lock
from clv.ops.store.publishing import CHAMPION, current
from clv.ops.work.gathering import columns_of, gather
from clv.ops.work.params import FILES, UPLOADED

if TYPE_CHECKING:
    from clv.core.types import Json
    from clv.ops.progress import Reporter
    from clv.ops.work.context import JobContext

#: Order lines of a sample, for each of its customers.
LINES = 5
#: Settings that say how the first log was read; the log gathered from its run needs none.
READ_ONCE = frozenset(LogConfig.model_fields) - {"returns", "channel_groups"}


@dataclass(frozen=True)
class Found:
    """
    Attributes
    ----------
    log : as a run reads it: a path, an address, or the name of the bundled log
    settings : those asked for, over those that come with the log
    read_at : when the log was as it is; what came in later is not in it
    made_up : it is of a made-up shop
    gathered : the last order that came in that it was gathered with, as `orderrows.mark_of` tells
    """

    log: str
    settings: Json
    read_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    made_up: bool = False
    gathered: Json | None = None


def found(context: JobContext, source: Json, settings: Json, reporter: Reporter) -> Found:
    """The log that a job asks for.

    Raises
    ------
    UnknownUploadError : there is no such upload
    StoreError, RunError, LostRunError : nothing is published whose log could be taken
    UnsuitedError : what is published learned from a table of customers
    """
    ((kind, what),) = source.items()
    asked = {**settings, **_files(context, settings)}
    if kind == "upload":
        sent = uploads.find(context.home, what)
        return Found(str(sent.path), asked, sent.received_at)
    if kind == "sample":
        return Found(str(_sample(context, what, reporter)), asked, made_up=True)
    if kind == "log":
        return _published(context, asked, reporter)
    return Found(what, asked)


def _files(context: JobContext, settings: Json) -> Json:
    """Files beside the log by their place, where they were uploaded."""
    told = {name: settings[name] for name in FILES if settings.get(name) is not None}
    return {
        name: str(uploads.find(context.home, value.removeprefix(UPLOADED)).path)
        for name, value in told.items()
        if value.startswith(UPLOADED)
    }


def _sample(context: JobContext, customers: int, reporter: Reporter) -> Path:
    place = context.folder / "sample"
    # Begun again, the job finds the shop that it made before.
    if not (place / TRUTH).is_file():
        made = GenerateConfig(customers=customers, transactions=LINES * customers)
        generate(made, place, reporter)
    return place / "transactions.parquet"


def _published(context: JobContext, asked: Json, reporter: Reporter) -> Found:
    """The log of the run in charge with the orders that came in since, and that run's settings."""
    place = context.folder / "log.parquet"
    stages = Stages(reporter)
    with stages.stage("gather the log"):
        with context.store.writing() as conn:
            # Whoever keeps orders holds this lock: none of a lower number can come later.
            lock(conn, "forecasts")
            read_at, mark = datetime.now(UTC), mark_of(conn)
            now = current(conn, CHAMPION)
            with served():
                run = Run.open(Path(now.folder))
            if run.manifest.get("kind") == "table":
                raise UnsuitedError(
                    "source: the run in charge learned from a table of customers and has no log of"
                    " orders. Upload one."
                )
            gathered = gathered_to(conn, run)
            came = conn.execute(
                tables.purchase.select()
                .where(perhaps_unknown(run, gathered))
                .order_by(tables.purchase.c.purchase_no)
            ).all()
        log = accepted_rows(run.transactions, {order.customer_id for order in came}, TOLD_APART)
        later = unknown(came, log, run, gathered)
        names = gather(run.transactions, later, place, currency_of(run))
    own = {
        name: value
        for name, value in run.manifest["settings"].items()
        if name in RunConfig.model_fields and name not in READ_ONCE
    }
    for name in FILES:
        kept = run.folder / KEPT[name]
        # Where the file has gone meanwhile, it is as the run knew it.
        if own.get(name) and not Path(own[name]).is_file():
            own[name] = str(kept) if kept.is_file() else None
            if name == CUSTOMERS and "known" in own:
                # Columns that hold nothing were not kept.
                there = pq.read_schema(kept).names if kept.is_file() else []
                own["known"] = [column for column in own["known"] if column in there]
    made_up = bool(run.manifest.get(MADE_UP))
    settings = {**own, **columns_of(names), **asked}
    return Found(str(place), settings, read_at, made_up, mark)
