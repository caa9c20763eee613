"""Every feature of every customer of a log, and the dictionary that says what each one is."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from clv.core.errors import RunError
from clv.core.types import AsOf, Json
from clv.data.engine import storage_errors
from clv.features import catalogue
from clv.features.matrix import matrix
from clv.features.reference import Reference
from clv.ops.config import FeaturesConfig
from clv.ops.job import RunSettings
from clv.ops.machine import Machine
from clv.ops.manifest import counts
from clv.ops.pipeline import opened
from clv.ops.progress import Reporter, Stages


@dataclass(frozen=True)
class Built:
    """Features of the customers of a log, and how the log was read.

    Attributes
    ----------
    table : a row a customer, a column a feature
    counts : rows read, accepted, quarantined by rule, dropped
    left_out : columns known of customers that are no features, as their texts differ too much
    notices : what else a reader should know, in sentences
    """

    table: pa.Table
    as_of: AsOf
    counts: Json
    left_out: tuple[str, ...]
    notices: tuple[str, ...] = ()


def build_features(
    log: str,
    config: FeaturesConfig,
    machine: Machine,
    reporter: Reporter,
    save_reference: Path | None = None,
) -> Built:
    """Every feature of every customer who had bought by as_of.

    Parameters
    ----------
    save_reference : where to write what was learned of these customers as a population

    Raises
    ------
    ClvError : a file cannot be read, or what is in it cannot be used
    """
    stages = Stages(reporter)
    channels, reference = _learned(config.reference)
    settings = RunSettings(
        log,
        config.ingest_settings(machine.s3_endpoint),
        machine=machine,
        channel_groups=config.channel_groups,
        beside=config.beside(),
    )
    with (
        tempfile.TemporaryDirectory(prefix="clv-") as work,
        opened(settings, Path(work), stages, channels) as held,
    ):
        as_of, sources = held.read.as_of, held.book.sources
        if reference is None:
            with stages.stage("learn what customers are like"):
                reference = Reference.learn(sources, as_of)
        with stages.stage("build features"):
            table = matrix(sources, as_of, reference).to_pyarrow()
        if save_reference is not None:
            content = {"channels": held.channels, "population": reference.to_json()}
            with storage_errors(save_reference.parent):
                save_reference.write_text(json.dumps(content, indent=1), encoding="utf-8")
        there = sources.seen(as_of).known_columns
        left_out = tuple(name for name in there if name not in reference.known)
        told = (*held.files.warnings, *held.read.notices, *held.files.notices)
        return Built(table, as_of, counts(held.read), left_out, told)


def dictionary() -> list[Json]:
    """What each feature is: theme, name, meaning, unit, when it is absent, source, needs."""
    return [
        {
            "theme": theme,
            "name": feature.name,
            "meaning": feature.meaning,
            "unit": feature.unit,
            "absent": feature.absent,
            "source": feature.source,
            "needs": list(feature.needs),
        }
        for theme, features in catalogue.described().items()
        for feature in features
    ]


def _learned(path: str | None) -> tuple[dict[str, str] | None, Reference | None]:
    """Channel groups and population of an earlier call, where a file of one is named."""
    if path is None:
        return None, None
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        return dict(content["channels"]), Reference.from_json(content["population"])
    except OSError as error:
        raise RunError(f"reference: {path} cannot be read ({error.strerror}).") from None
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"reference: {path} is none that --save-reference wrote ({error!r}). Write it anew."
        ) from None
