"""Every feature of every customer of a log, and the dictionary that says what each one is."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from clv.core.errors import FitError, RunError
from clv.core.types import AsOf, Horizon, Json
from clv.data.engine import storage_errors
from clv.features import catalogue
from clv.features.book import History
from clv.features.matrix import matrix
from clv.features.reference import Reference
from clv.models.companion import OUTPUTS, companion, outputs
from clv.models.regular import MBGCNBD
from clv.ops.config import FeaturesConfig
from clv.ops.job import RunSettings
from clv.ops.machine import Machine
from clv.ops.manifest import counts
from clv.ops.pipeline import opened
from clv.ops.progress import Reporter, Stages

#: Theme of what the purchase model says, and the mark of a log that one can be fitted to.
MODELLED, AGAIN = "Purchase model", "repeaters"
#: Where it comes from: the model of when, and of how much.
_WHEN = "Platzer & Reutterer 2016; date"
_HOW_MUCH = "Platzer & Reutterer 2016; Fader & Hardie 2013; date, amount"
#: What there is no model for.
_WITHOUT = "no features of a purchase model (model_value and its like): {why}"


@dataclass(frozen=True)
class Learned:
    """What an earlier call knew of its customers as a population.

    Attributes
    ----------
    channels : group of each channel
    model : the purchase model of these customers; None where none could be fitted
    """

    channels: dict[str, str]
    reference: Reference
    model: MBGCNBD | None

    def to_json(self) -> Json:
        return {
            "channels": self.channels,
            "population": self.reference.to_json(),
            "purchase_model": self.model.state() if self.model is not None else None,
        }

    @classmethod
    def read(cls, path: str) -> Learned:
        """
        Raises
        ------
        RunError : the file cannot be read, or is none that `to_json` made
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            state = content.get("purchase_model")
            model = MBGCNBD.of_state(state) if state is not None else None
            reference = Reference.from_json(content["population"])
            return cls(dict(content["channels"]), reference, model)
        except OSError as error:
            raise RunError(f"reference: {path} cannot be read ({error.strerror}).") from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RunError(
                f"reference: {path} is none that --save-reference wrote ({error!r}). Write it anew."
            ) from None


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
    horizon = Horizon(config.horizon)
    earlier = Learned.read(config.reference) if config.reference is not None else None
    settings = RunSettings(
        log,
        config.ingest_settings(machine.s3_endpoint),
        machine=machine,
        channel_groups=config.channel_groups,
        beside=config.beside(),
    )
    with (
        tempfile.TemporaryDirectory(prefix="clv-") as work,
        opened(settings, Path(work), stages, earlier.channels if earlier else None) as held,
    ):
        as_of, sources = held.read.as_of, held.book.sources
        history = held.book.history(as_of, horizon.n_days)
        if earlier is not None:
            learned = earlier
            why = "" if earlier.model else "the population saved has none. Save it anew"
        else:
            with stages.stage("learn what customers are like"):
                model, why = _model(history)
                learned = Learned(held.channels, Reference.learn(sources, as_of), model)
        with stages.stage("build features"):
            table = matrix(sources, as_of, learned.reference).to_pyarrow()
            if learned.model is not None:
                table = _with_model(table, learned.model, history, horizon)
        if save_reference is not None:
            with storage_errors(save_reference.parent):
                save_reference.write_text(json.dumps(learned.to_json(), indent=1), encoding="utf-8")
        there = sources.seen(as_of).known_columns
        left_out = tuple(name for name in there if name not in learned.reference.known)
        told = (*held.files.warnings, *held.read.notices, *held.files.notices)
        told += (_WITHOUT.format(why=why),) if why else ()
        return Built(table, as_of, counts(held.read), left_out, told)


def dictionary() -> list[Json]:
    """What each feature is: theme, name, meaning, unit, when it is absent, source, needs."""
    described = [
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
    modelled = [
        {
            "theme": MODELLED,
            "name": name,
            "meaning": meaning,
            "unit": unit,
            "absent": "",
            "source": _HOW_MUCH if unit == "currency" else _WHEN,
            "needs": [AGAIN],
        }
        for name, (_, meaning, unit) in OUTPUTS.items()
    ]
    return [*described, *modelled]


def _model(history: History) -> tuple[MBGCNBD | None, str]:
    """The purchase model of all customers; or why there is none."""
    try:
        return companion(history), ""
    except FitError as error:
        return None, error.message


def _with_model(table: pa.Table, model: MBGCNBD, history: History, horizon: Horizon) -> pa.Table:
    """The features, and behind them what the model says of each customer's window ahead."""
    ids = history.frame["customer_id"].astype(str)
    said = outputs(model, history, horizon).set_axis(ids, axis=0)
    said = said.reindex(table["customer_id"].to_pylist())
    for name in OUTPUTS:
        values = pa.array(said[name].to_numpy(np.float64), from_pandas=True)
        table = table.append_column(name, values)
    return table
