"""The job that makes up a shop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.ops.generating import generate
from clv.ops.work import share
from clv.ops.work.params import GenerateParams
from clv.ops.work.workplace import SAMPLES

if TYPE_CHECKING:
    from clv.core.types import Json
    from clv.ops.work.context import JobContext


def make_up(context: JobContext) -> Json:
    """A made-up shop, in a folder of its own below `samples`.

    Returns
    -------
    as `clv generate` tells it, with "sample": the folder below `samples`
    """
    params = GenerateParams.checked(context.job.params)
    place = context.home / SAMPLES / context.job.job_id
    told = generate(params.config, place, context.reporter(share.SHOP))
    return {**told, "folder": place.name, "sample": place.name}
