"""Jobs as the API asks for them and tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.apps.api.answers.encoding import answer
from clv.core.errors import RunError, UnsuitedError
from clv.ops import audit, uploads
from clv.ops.work import jobs, kinds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from clv.apps.api.services.wiring import Services
    from clv.core.types import Json
    from clv.ops.work.jobs import Job

#: What nobody but the machine's own needs to know: which process has it.
_HIDDEN = frozenset({"worker"})


def submit(services: Services, kind: str, params: Json, who: str, request_id: str) -> Job:
    """Ask for long work; the audit has who did. The queue only wakes a worker.

    Raises
    ------
    SettingError : what is asked cannot be
    UnsuitedError : the log of the run now served is asked for, and there is none
    UnknownUploadError : the file it names was not sent in
    StoreError : it could not be written
    """
    checked = kinds.checked(kind, params)
    source = checked.get("source", {})
    if "log" in source:
        _require_log(services)
    if "upload" in source:
        uploads.find(services.settings.home, source["upload"])
    with services.store.writing() as conn:
        made = jobs.create(conn, kind, checked, who)
        audit.write(
            conn, actor=who, action=f"job.{kind}", target=made.job_id, request_id=request_id
        )
    if services.queue is not None:
        services.queue.offer(made.job_id)
    return made


def cancel(services: Services, job_id: str, who: str, request_id: str) -> Job:
    """
    Raises
    ------
    JobError : there is none of that id
    """
    found = jobs.ask_to_cancel(services.store, job_id)
    with services.store.writing() as conn:
        audit.write(conn, actor=who, action="job.cancel", target=job_id, request_id=request_id)
    return found


def told(job: Job) -> Json:
    """`schemas.jobs.JobTold`."""
    made = {name: value for name, value in job.to_json().items() if name not in _HIDDEN}
    place = f"/api/jobs/{job.job_id}"
    return {**made, "links": {"self": place, "cancel": None if job.over else f"{place}/cancel"}}


def accepted(job: Job) -> Response:
    """A job that was asked for; the header Location says where to look how far it is."""
    made = told(job)
    return answer(made, 202, {"location": made["links"]["self"]})


def page(found: Sequence[Job], limit: int) -> Json:
    """`schemas.jobs.JobPage`."""
    last = found[-1].job_id if len(found) == limit else None
    return {"jobs": [told(job) for job in found], "count": len(found), "next_before": last}


def _require_log(services: Services) -> None:
    try:
        champion = services.champions.current().champion
    except RunError:
        raise UnsuitedError(
            "source: no run is served whose log could be taken. Send a log to /api/uploads and"
            ' give its id as {"upload": ID}, or have a shop made up with {"sample": 2000}.'
        ) from None
    if champion.scorer is None:
        raise UnsuitedError(
            "source: the run now served learned from a table of customers and has no log. Send a"
            ' log to /api/uploads and give its id as {"upload": ID}.'
        )
