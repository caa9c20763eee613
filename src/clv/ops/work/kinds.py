"""Every kind of job by name: what it may be asked, and where its work is. Light to import."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from clv.core.errors import JobError

if TYPE_CHECKING:
    from clv.core.types import Json
    from clv.ops.work.context import JobContext
    from clv.ops.work.params import Params


@dataclass(frozen=True)
class Kind:
    """
    Attributes
    ----------
    params : name of its class in `clv.ops.work.params`
    place : module and function of its work, given a JobContext and returning its result
    """

    name: str
    params: str
    place: str
    about: str


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "train",
            "TrainParams",
            "clv.ops.work.training:train",
            "Compare models on a log, forecast with the best, and publish the run",
        ),
        Kind(
            "backtest",
            "BacktestParams",
            "clv.ops.work.lookingback:look_back",
            "Hold models against many past days of a log",
        ),
        Kind(
            "generate",
            "GenerateParams",
            "clv.ops.work.shops:make_up",
            "Make up a shop whose truth is known",
        ),
        Kind(
            "publish",
            "PublishParams",
            "clv.ops.work.training:publish_run",
            "Make a finished run the one that readers see",
        ),
    )
}


def kind_of(name: str) -> Kind:
    """
    Raises
    ------
    JobError : there is no such kind
    """
    if name not in KINDS:
        raise JobError(f"job: {name!r} is no kind of job. Known: {', '.join(KINDS)}.")
    return KINDS[name]


def checked(name: str, params: Json, *, local: bool = False) -> Json:
    """The parameters, as they go into the record.

    Parameters
    ----------
    local : the asker sits at this machine, and may name its files

    Raises
    ------
    JobError : there is no such kind
    SettingError : a parameter that is none, or a value that cannot be used
    """
    from clv.ops.work import params as known

    taken = cast("type[Params]", getattr(known, kind_of(name).params)).checked(params)
    if not local:
        taken.require_far()
    taken.require()
    return taken.model_dump(mode="json")


def perform(context: JobContext) -> Json:
    """Do a job's work, in this process.

    Raises
    ------
    ClvError : any of its tree
    """
    module, _, function = kind_of(context.job.kind).place.partition(":")
    work = getattr(import_module(module), function)
    return cast("Json", work(context))
