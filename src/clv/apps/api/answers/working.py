"""Jobs as the API asks for them and tells of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from clv.apps.api.answers.encoding import answer
from clv.apps.api.edge.problems import ProblemError
from clv.core.errors import LostRunError, RunError, UnsuitedError
from clv.data.bundled import CDNOW
from clv.ops import keys, runs, uploads
from clv.ops.work import jobs, kinds, liveness
from clv.ops.work.madeup import real_run_served
from clv.ops.work.params import FILES, UPLOADED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from clv.apps.api.edge.auth import Actor
    from clv.apps.api.services.wiring import Services
    from clv.core.types import Json
    from clv.ops.work.jobs import Job

#: What nobody but the machine's own needs to know: which process has it.
_HIDDEN = frozenset({"worker"})


def train(services: Services, params: Json, who: Actor, request_id: str) -> Json:
    """Ask for a training. A run on a made-up shop takes the place of a real one only where
    somebody who may publish says so.

    Raises
    ------
    ProblemError : somebody else says so
    SettingError, UnsuitedError, UnknownUploadError, StoreError : as `submit`
    """
    replaces = "sample" in params["source"] and params["model_type"] is None
    if replaces and params["publish"] and not who.allows(keys.ADMIN):
        if real_run_served(services.store):
            raise ProblemError(
                403,
                "forbidden",
                f"publish: the run now served learned from orders, and key {who.name} may not put"
                " one on a made-up shop in its place; that needs the scope admin. Leave publish"
                " out, or name a model_type to have it served beside.",
            )
        # By the time it is trained, a real one may be served.
        params = {**params, "publish": None}
    return submit(services, "train", params, who.name, request_id)


def publish(services: Services, params: Json, who: str, request_id: str) -> Json:
    """Ask for a finished run to be served.

    Raises
    ------
    RunError : there is no such run here
    SettingError, StoreError : as `submit`
    """
    checked = kinds.checked("publish", params)
    try:
        runs.find(checked["run"], services.settings.home)
    except RunError:
        raise RunError(
            f"run: there is none with the id {checked['run']} here, or it is not whole. Runs are in"
            " the folder runs of CLV_HOME."
        ) from None
    return submit(services, "publish", params, who, request_id)


def submit(services: Services, kind: str, params: Json, who: str, request_id: str) -> Json:
    """Ask for long work; the job, as it is told.

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
    return told(services, jobs.enter(services, kind, checked, who, request_id))


def cancel(services: Services, job_id: str, who: str, request_id: str) -> Json:
    """Ask that a job stops; the job, as it is told.

    Raises
    ------
    JobError : there is none of that id
    """
    return told(services, jobs.ask_to_cancel(services.store, job_id, who, request_id))


def told(services: Services, job: Job) -> Json:
    """`schemas.jobs.JobTold`."""
    [made] = _told(services, [job])
    return made


def accepted(made: Json) -> Response:
    """A job that was asked for; the header Location says where to look how far it is."""
    return answer(made, 202, {"location": made["links"]["self"]})


def page(services: Services, found: Sequence[Job], limit: int) -> Json:
    """`schemas.jobs.JobPage`."""
    last = found[-1].job_id if len(found) == limit else None
    return {"jobs": _told(services, found), "count": len(found), "next_before": last}


def _told(services: Services, found: Sequence[Job]) -> list[Json]:
    waits = any(job.status == jobs.QUEUED for job in found)
    forsaken = waits and not liveness.anybody(services.settings.home)
    return [_one(services, job, forsaken) for job in found]


def _one(services: Services, job: Job, forsaken: bool) -> Json:
    """
    Parameters
    ----------
    forsaken : nobody is there to do it
    """
    made = {name: value for name, value in job.to_json().items() if name not in _HIDDEN}
    if forsaken and job.status == jobs.QUEUED:
        made["stage"] = liveness.NOBODY
    places = _places(job.params)
    made["params"] = _named(made["params"], places)
    if job.problem is not None:
        home = services.settings.home
        shown = {**places, str(home.resolve()): "CLV_HOME"}
        if home.is_absolute():
            shown[str(home)] = "CLV_HOME"
        made["problem"] = {**job.problem, "message": _without(job.problem["message"], shown)}
        if job.problem["code"] == LostRunError.code:
            # It tells where the run was, which may be anywhere.
            made["problem"]["message"] = "run: the one that is published cannot be read."
    place = f"/api/jobs/{job.job_id}"
    made["links"] = {"self": place, "cancel": None if job.over else f"{place}/cancel"}
    return made


def _places(params: Json) -> dict[str, str]:
    """Places of the machine that a job names, which only somebody at it may; by what is shown."""
    source, settings = params.get("source") or {}, params.get("settings") or {}
    named = [source.get("path"), params.get("run"), *(settings.get(name) for name in FILES)]
    return {
        each: _short(each)
        for each in named
        if isinstance(each, str) and each != CDNOW and not each.startswith(UPLOADED)
    }


def _short(place: str) -> str:
    """The name of a file; of an address, which may hold a password, its kind."""
    kind, colon, _ = place.partition(":")
    return f"{kind}:..." if colon and "/" not in kind else Path(place).name


def _named(value: Any, places: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _named(each, places) for name, each in value.items()}
    return places.get(value, value) if isinstance(value, str) else value


def _without(text: str, places: dict[str, str]) -> str:
    for place in sorted(places, key=len, reverse=True):
        text = text.replace(place, places[place])
    return text


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
