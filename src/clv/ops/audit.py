"""The audit: who wrote what, when, and who was not allowed to. Entries are never changed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from clv.ops.store.tables import audit as table

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from clv.core.types import Json

#: Outcomes of a write.
DONE, REFUSED = "done", "refused"
MOST_LISTED = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """
    Attributes
    ----------
    entry_no : rises with time
    actor : a key's id, "loopback", "cli", or "nobody" for one without a valid key
    action : what was asked, as key.make or run.publish
    target : of what, as the id of a run
    outcome : done, or refused (not allowed)
    """

    entry_no: int
    at: datetime
    actor: str
    action: str
    target: str | None
    outcome: str
    request_id: str | None
    detail: Json

    def to_json(self) -> Json:
        return {**asdict(self), "at": self.at.isoformat()}


def write(
    conn: Connection,
    *,
    actor: str,
    action: str,
    target: str | None = None,
    outcome: str = DONE,
    request_id: str | None = None,
    detail: Json | None = None,
) -> None:
    """Add an entry in the transaction of the write itself: they stand or fall together."""
    conn.execute(
        insert(table).values(
            at=datetime.now(UTC),
            actor=actor,
            action=action,
            target=target,
            outcome=outcome,
            request_id=request_id,
            detail=detail or {},
        )
    )


def entries(conn: Connection, limit: int = 100, before: int | None = None) -> list[Entry]:
    """Entries, newest first.

    Parameters
    ----------
    limit : most to give, up to MOST_LISTED
    before : only those with a lower number, as the last one of the page before
    """
    wanted = select(table).order_by(table.c.entry_no.desc()).limit(min(limit, MOST_LISTED))
    if before is not None:
        wanted = wanted.where(table.c.entry_no < before)
    names = [field.name for field in fields(Entry)]
    return [Entry(**{name: getattr(row, name) for name in names}) for row in conn.execute(wanted)]
