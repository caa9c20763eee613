"""Which run readers see: published in one transaction, taken back in another."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, text, update

from clv.core.errors import RunError, SettingError
from clv.ops import audit
from clv.ops.progress import Reporter, Silent, Stages
from clv.ops.runs import READINESS
from clv.ops.store import keeping, loading, runfiles
from clv.ops.store.database import lock, rows
from clv.ops.store.documents import plain
from clv.ops.store.tables import move, pointer
from clv.ops.store.tables import run as table

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from clv.core.types import Json
    from clv.ops.runs import Run
    from clv.ops.store.database import Store

#: What readers see unless they ask for a model by name.
CHAMPION = "champion"
#: Published runs whose forecasts stay in the store.
KEEP = 5
PUBLISH, ROLLBACK = "publish", "rollback"
#: What a run may be served as.
NAMES = rf"{CHAMPION}|model:[a-z0-9_-]{{1,50}}"
#: Longest that PostgreSQL may take over one statement of a publish.
_PATIENCE = "30min"


@dataclass(frozen=True, slots=True)
class Current:
    """A run that a pointer means.

    Attributes
    ----------
    name : of the pointer
    revision : rises with everything that changes what readers see
    folder : of the run, absolute
    level : of its intervals
    customers : that have a forecast
    loaded : its forecasts are in the store
    """

    name: str
    revision: int
    run_no: int
    run_id: str
    kind: str
    folder: str
    as_of: date | None
    horizon_days: int | None
    level: float
    currency: str | None
    model: str
    customers: int
    loaded: bool
    created_at: datetime
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """What readers see from now on.

    Attributes
    ----------
    before : id of the run they saw until now; None before the first
    """

    name: str
    run_id: str
    run_no: int
    revision: int
    customers: int
    model: str
    as_of: date | None
    loaded: bool
    before: str | None

    def to_json(self) -> Json:
        return {**asdict(self), "as_of": None if self.as_of is None else self.as_of.isoformat()}


#: What else has to be so when readers see a run, done in the same transaction.
Besides = Callable[["Connection", Current], object]


def publish(
    store: Store,
    run: Run,
    *,
    name: str = CHAMPION,
    actor: str = "cli",
    reporter: Reporter | None = None,
    loaded: bool = True,
    keep: int = KEEP,
    besides: Besides | None = None,
) -> Published:
    """Make a run the one that readers see, with all its forecasts, in one transaction.

    Whoever reads meanwhile sees the run before it; whoever publishes meanwhile waits. A run that
    is in the store already is only pointed to.

    Parameters
    ----------
    name : pointer to move; "model:NAME" for a model that is asked for by name
    loaded : bring the forecasts into the store; without them the run answers for profiles only
    keep : runs whose forecasts stay in the store, and those that a pointer means or a rollback
        would go to; forecasts of older ones are dropped afterwards
    besides : is called before the end of the transaction, the pointer moved

    Raises
    ------
    SettingError : a name that no pointer may have
    RunError : the run's folder is unfinished, or a file in it missing or broken
    StoreError, StorageError : the store could not take it; it is as it was
    """
    if not re.fullmatch(NAMES, name):
        raise SettingError(
            f"name: {name!r} is neither {CHAMPION} nor model:NAME, as model:xgboost."
        )
    reporter = reporter or Silent()
    stages = Stages(reporter)
    with store.turn(PUBLISH), stages.stage("publish the run"):
        with store.writing() as conn:
            _begin(conn)
            run_no = _entered(conn, run)
            if loaded:
                _load(conn, run_no, run)
            # Whoever keeps orders takes this lock before the run's row, too.
            lock(conn, "forecasts")
            conn.execute(update(table).where(table.c.run_no == run_no).values(**_place(run)))
            done = _point(conn, name, run_no, PUBLISH, actor, besides)
            spared = _ways_back(conn)
        keeping.drop_old(store, keep, reporter, spared)
    return done


def rollback(
    store: Store,
    *,
    name: str = CHAMPION,
    actor: str = "cli",
    request_id: str | None = None,
    besides: Besides | None = None,
) -> Published:
    """Make the run before the one that readers see; again, the one before that.

    Raises
    ------
    RunError : there is none, or its forecasts are no longer in the store
    StoreError : the store cannot be written
    """
    with store.turn(PUBLISH), store.writing() as conn:
        _begin(conn)
        run_no, _ = preceding(conn, name)
        return _point(conn, name, run_no, ROLLBACK, actor, besides, request_id)


def preceding(conn: Connection, name: str = CHAMPION) -> tuple[int, str]:
    """Number and folder of the run that `rollback` would make the one readers see.

    Raises
    ------
    RunError : there is none, or its forecasts are no longer in the store
    """
    now = current(conn, name)
    runs = _stack(conn, name)
    if len(runs) < 2:
        raise RunError(
            f"run: {now.run_id} is the first published as {name}; there is none before it."
        )
    found = conn.execute(select(table).where(table.c.run_no == runs[-2])).one()
    if now.loaded and not found.loaded:
        raise RunError(
            f"run: the forecasts of {found.run_id}, published before, are no longer in the"
            f" store. Publish it again: clv publish {found.folder}"
        )
    return found.run_no, found.folder


def current(conn: Connection, name: str = CHAMPION) -> Current:
    """The run that a pointer means.

    Raises
    ------
    RunError : nothing is published under the name
    """
    return _found(rows(conn, _POINTED, {"wanted": name}), name)


def current_of(store: Store, name: str = CHAMPION) -> Current:
    """As `current`, where nothing else is read with it.

    Raises
    ------
    RunError : nothing is published under the name
    StoreError : the store cannot be asked
    """
    return _found(store.ask(_POINTED, {"wanted": name}), name)


def _found(found: Sequence[tuple[Any, ...]], name: str) -> Current:
    if not found:
        raise RunError(
            "run: nothing is published yet. Make a run with `clv run LOG` and publish it with"
            " `clv publish RUN`."
            if name == CHAMPION
            else f"run: none is published as {name}. Publish one with `clv publish RUN --name"
            f" {name}`."
        )
    return _current(*found[0])


@lru_cache(maxsize=64)
def _current(*row: Any) -> Current:
    """A row of `_POINTED`; made once, as it is asked for with every request."""
    told = dict(zip(_CURRENT, row, strict=True))
    told["loaded"] = bool(told["loaded"])
    # SQLite has days and moments as texts.
    if isinstance(told["as_of"], str):
        told["as_of"] = date.fromisoformat(told["as_of"])
    for name in ("created_at", "published_at"):
        if isinstance(told[name], str):
            told[name] = datetime.fromisoformat(told[name]).replace(tzinfo=UTC)
    return Current(**told)


def listed(conn: Connection, limit: int = 100) -> list[Json]:
    """Published runs, the newest first, each with the pointers that mean it as `served_as`."""
    columns = [table.c[name] for name in _TOLD]
    newest = select(*columns).order_by(table.c.published_at.desc(), table.c.run_no.desc())
    names: dict[int, list[str]] = {}
    for name, run_no in conn.execute(
        select(pointer.c.name, pointer.c.run_no).order_by(pointer.c.name)
    ):
        names.setdefault(run_no, []).append(name)
    return [
        {
            **{
                key: value.isoformat() if isinstance(value, date) else value
                for key, value in zip(_TOLD, row, strict=True)
                if key != "run_no"
            },
            "served_as": names.get(row.run_no, []),
        }
        for row in conn.execute(newest.limit(limit))
    ]


_TOLD = (
    *("run_no", "run_id", "kind", "model", "as_of", "horizon_days", "level", "currency"),
    *("customers", "loaded", "created_at", "published_at", "folder"),
)
_OF_RUN = (
    *("run_no", "run_id", "kind", "folder", "as_of", "horizon_days", "level", "currency"),
    *("model", "customers", "loaded", "created_at", "published_at"),
)
_CURRENT = ("name", "revision", *_OF_RUN)
_POINTED = text(
    f"SELECT pointer.name, pointer.revision, {', '.join(f'run.{name}' for name in _OF_RUN)}"
    " FROM pointer JOIN run ON run.run_no = pointer.run_no WHERE pointer.name = :wanted"
)


def _begin(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        # Waiting for another publish counts as a statement, too.
        conn.execute(text(f"SET LOCAL statement_timeout = '{_PATIENCE}'"))
    lock(conn, PUBLISH)


def _entered(conn: Connection, run: Run) -> int:
    """Number of the run in the store, entered if it is new."""
    folder = run.folder.resolve()
    if ".partial-" in folder.name:
        raise RunError(f"run: {folder} is not finished. Publish the folder that `clv run` printed.")
    manifest = run.manifest
    own = table.c.run_id == str(manifest["run_id"])
    found = conn.execute(select(table.c.run_no).where(own)).scalar_one_or_none()
    if found is not None:
        return int(found)
    readiness = run.readiness if (run.folder / READINESS).is_file() else None
    entered = conn.execute(
        insert(table).values(
            run_id=str(manifest["run_id"]),
            kind=manifest.get("kind", "log"),
            as_of=date.fromisoformat(manifest["as_of"]) if manifest["as_of"] else None,
            horizon_days=manifest.get("horizon_days"),
            level=float(manifest["level"]),
            currency=manifest.get("currency"),
            model=str(manifest["champion"]["name"]),
            customers=int(manifest["counts"]["customers"]),
            loaded=False,
            created_at=datetime.fromisoformat(manifest["created_at"]),
            manifest=plain(manifest),
            leaderboard=plain(run.leaderboard),
            readiness=plain(readiness),
            **_place(run),
        )
    )
    assert entered.inserted_primary_key is not None
    return int(entered.inserted_primary_key[0])


def _place(run: Run) -> Json:
    return {"folder": str(run.folder.resolve()), "published_at": datetime.now(UTC)}


def _load(conn: Connection, run_no: int, run: Run) -> None:
    own = table.c.run_no == run_no
    if conn.execute(select(table.c.loaded).where(own)).scalar_one():
        return
    customers = loading.load(conn, run_no, runfiles.lots(run))
    told = {"customers": customers, "spread": runfiles.spread(run)}
    conn.execute(update(table).where(own).values(loaded=True, **told))


def _point(
    conn: Connection,
    name: str,
    run_no: int,
    action: str,
    actor: str,
    besides: Besides | None,
    request_id: str | None = None,
) -> Published:
    # Orders that come in are scored by the run that the pointer means: one after the other.
    lock(conn, "forecasts")
    now = datetime.now(UTC)
    own = pointer.c.name == name
    before = conn.execute(
        select(pointer.c.run_no, table.c.run_id)
        .join(table, table.c.run_no == pointer.c.run_no)
        .where(own)
    ).one_or_none()
    moved = {"run_no": run_no, "moved_at": now}
    if before is None:
        conn.execute(insert(pointer).values(name=name, revision=1, **moved))
    else:
        conn.execute(update(pointer).where(own).values(revision=pointer.c.revision + 1, **moved))
    if before is None or before.run_no != run_no:
        told = {"name": name, "run_no": run_no, "action": action, "at": now, "actor": actor}
        conn.execute(insert(move).values(**told))
    found = current(conn, name)
    if besides is not None:
        besides(conn, found)
        found = current(conn, name)
    audit.write(
        conn,
        actor=actor,
        action=f"run.{action}",
        target=found.run_id,
        request_id=request_id,
        detail={"name": name, "revision": found.revision},
    )
    return Published(
        name=name,
        run_id=found.run_id,
        run_no=found.run_no,
        revision=found.revision,
        customers=found.customers,
        model=found.model,
        as_of=found.as_of,
        loaded=found.loaded,
        before=None if before is None else before.run_id,
    )


def _ways_back(conn: Connection) -> set[int]:
    """Runs that `rollback` of any pointer would go to."""
    names = conn.scalars(select(pointer.c.name)).all()
    return {run_no for name in names for run_no in _stack(conn, name)[-2:-1]}


def _stack(conn: Connection, name: str) -> list[int]:
    """Runs that a pointer has meant, without those that were taken back; the last is meant now."""
    stack: list[int] = []
    moves = select(move.c.run_no, move.c.action).where(move.c.name == name)
    for run_no, action in conn.execute(moves.order_by(move.c.move_no)):
        if action == ROLLBACK:
            stack.pop()
        else:
            stack.append(run_no)
    return stack
