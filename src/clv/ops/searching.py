"""Settings of learners searched before models are compared, on a past they are not judged on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import clv.models.learners.registry as learners
from clv.data.textfile import file_digest
from clv.evaluation import tuning
from clv.evaluation.backtest.trial import FEWEST_CUSTOMERS
from clv.models.ensemble import Ensemble

if TYPE_CHECKING:
    from clv.core.types import Json
    from clv.evaluation.backtest import Origin
    from clv.evaluation.tuning import Search
    from clv.features.book import Book, History
    from clv.ops.job import Log, RunSettings
    from clv.ops.progress import Stages

FOLDER = "tuning"


def search_settings(
    log: Log, origins: Sequence[Origin], settings: RunSettings, stages: Stages
) -> list[Search]:
    """Settings of the learners that are compared, alone or in the ensemble, where time is given.

    Parameters
    ----------
    origins : past days that models will be judged from, the earliest first: the search sees
        nothing after the first of them
    """
    names = searched(settings)
    if settings.tune is None or not names:
        return []
    history = _before_all(log.book, origins)
    lesson = settings.budget.lesson(settings.seed)
    about = {
        "log": [origin.sha256 for origin in log.read.origins],
        "as_of": str(history.as_of),
        "window": history.window,
    }
    journal = settings.machine.home / FOLDER / f"{mark(settings, about)}.log"
    with stages.stage("search settings of learners"):
        return tuning.tune(history, names, settings.tune, lesson, journal, stages.note)


def searched(settings: RunSettings) -> tuple[str, ...]:
    """Learners that are compared, or members of an ensemble that is."""
    members = settings.budget.members if Ensemble.name in settings.compared else ()
    named = dict.fromkeys((*settings.compared, *members))
    return tuple(name for name in named if name in learners.NAMES)


def mark(settings: RunSettings, about: Json) -> str:
    """Name of a search: the same only where it would judge the same settings by the same days.

    Parameters
    ----------
    about : the log's hashes, and the day and window that the search ends by
    """
    beside = settings.beside
    content = {
        **about,
        "version": version("clv"),
        "lesson": asdict(settings.budget.lesson(settings.seed)),
        "reading": asdict(replace(settings.ingest, s3_endpoint=None)),
        "channel_groups": settings.channel_groups,
        "beside": asdict(beside),
        "files": [content_of(path) for path in (beside.customers, beside.series)],
    }
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _before_all(book: Book, origins: Sequence[Origin]) -> History:
    """The history as of the first day that models can be judged from."""
    for origin in origins:
        history = book.history(origin.cutoff, origin.window.n_days)
        if len(history) >= FEWEST_CUSTOMERS:
            break
    return history


def content_of(path: str | None) -> str | None:
    """SHA-256 of a file's content; the path itself where there is no file."""
    if path is None or not Path(path).is_file():
        return path
    return file_digest(Path(path))
