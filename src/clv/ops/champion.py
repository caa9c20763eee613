"""A published run in memory: answers for customers told by their orders, or by a profile."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from clv.core.errors import SettingError, UnsuitedError
from clv.core.schema import OPTIONAL_COLUMNS
from clv.core.types import AsOf
from clv.data.accepted import accepted_rows
from clv.data.engine import DuckDBEngine
from clv.data.recipes import Recipes
from clv.data.settings import Columns
from clv.ops.oneprofile import OneProfile
from clv.ops.predictconfig import PredictConfig
from clv.ops.profilescoring import ProfileScorer, features_of
from clv.ops.progress import Silent
from clv.ops.rescoring import Scored, rescore
from clv.ops.runs import served
from clv.ops.scoring import Scorer
from clv.ops.tablescoring import TableScorer
from clv.ops.tabletold import TABLE

if TYPE_CHECKING:
    from clv.core.types import Horizon, Json
    from clv.ops.machine import Machine
    from clv.ops.oneprofile import Figures
    from clv.ops.profile import Profile
    from clv.ops.runs import Run

#: Column of the rows -> the field of a log that it is; the others are called alike.
_FIELD = {"customer_id": "customer", "is_return": "return_flag"}
#: Columns that count whether the run's log had them or not: they say what an amount is.
_ALWAYS = ("is_return", "currency")


class Desk:
    """An engine that stays for the next customer, used by one after the other."""

    def __init__(self, machine: Machine, since: date | None) -> None:
        self._machine, self._since = machine, since
        # Whoever is at the desk may ask it more than once.
        self._lock = RLock()
        self._recipes: Recipes | None = None
        self._leave: weakref.finalize[..., Desk] | None = None

    @contextmanager
    def recipes(self) -> Iterator[Recipes]:
        """The engine's statements, for whoever is at the desk."""
        with self._lock:
            if self._recipes is None:
                place, machine = Path(tempfile.mkdtemp(prefix="clv-")), self._machine
                # Whoever loads a run to answer for as long as its process lives never closes it.
                self._leave = weakref.finalize(self, shutil.rmtree, place, ignore_errors=True)
                engine = DuckDBEngine(place, machine.memory_limit, machine.threads)
                self._recipes = Recipes(engine, self._since)
            yield self._recipes

    def close(self) -> None:
        with self._lock:
            if self._recipes is not None:
                self._recipes.engine.close()
            if self._leave is not None:
                self._leave()
            self._recipes = self._leave = None


@dataclass(frozen=True)
class Champion:
    """A run that answers, with all that it learned in memory.

    Attributes
    ----------
    machine : how much of it an answer may use
    scorer, profiles : of a run on a log
    table : of a run on a table of customers
    """

    run: Run
    machine: Machine
    scorer: Scorer | None
    profiles: ProfileScorer | None
    table: TableScorer | None
    _desk: Desk

    @classmethod
    def load(cls, run: Run, machine: Machine) -> Self:
        """
        Raises
        ------
        RunError : a file of the run is missing, broken or of another version
        """
        if run.manifest.get("kind") == TABLE:
            return cls(run, machine, None, None, TableScorer.load(run.model), Desk(machine, None))
        scorer, profiles = Scorer.load(run.model), ProfileScorer.load(run.model)
        since = date.fromisoformat(run.manifest["counts"]["first_day"])
        return cls(run, machine, scorer, profiles, None, Desk(machine, since))

    @property
    def version(self) -> str:
        return str(self.run.manifest["run_id"])

    @property
    def level(self) -> float:
        """Of intervals, unless another is asked for."""
        return float(self.run.manifest["level"])

    def of_profiles(
        self,
        profiles: Sequence[Profile],
        *,
        level: float | None = None,
        today: date | None = None,
    ) -> list[Json]:
        """One answer a profile, in their order: what a customer like that is expected to spend.

        Of a run on a log that is in its horizon; of a run on a table of customers it is its
        target.

        Parameters
        ----------
        today : day on which the profiles hold; the day it is unless given

        Raises
        ------
        SettingError : a level that cannot be
        """
        asked = self._level(level)
        if not profiles:
            return []
        if self.table is not None:
            return _of_table(self.table, profiles, asked)
        assert self.scorer is not None
        assert self.profiles is not None
        day = today or datetime.now(UTC).date()
        figures = self._figures(profiles, asked)
        usual = figures if asked == self.level else self._figures(profiles, self.level)
        return [
            self.profiles.told(profile, found, at_usual, self.scorer, day)
            for profile, found, at_usual in zip(profiles, figures, usual, strict=True)
        ]

    def of_transactions(
        self,
        rows: pa.Table,
        *,
        as_of: AsOf | None = None,
        reached: AsOf | None = None,
        horizon: Horizon | None = None,
        level: float | None = None,
    ) -> Scored:
        """Forecasts for the customers of some orders, as the run would have made them.

        Parameters
        ----------
        rows : one an order or a line of one: customer_id, date and amount, and what the log has
            besides of `clv.core.schema.OPTIONAL_COLUMNS`; texts, or values of their own type
        as_of : last day that counts; the last date of the rows, or the run's where that is later,
            unless given
        reached : a day that has come, whether these customers ordered on it or not: without an
            as_of the last day that counts is no earlier

        Raises
        ------
        UnsuitedError : the run learned from a table of customers
        LogError : no row can be used
        """
        self.require_orders()
        asked = self._config(rows, as_of, horizon, self._level(level))
        with self._desk.recipes() as recipes, served():
            path = recipes.engine.folder / "orders.parquet"
            pq.write_table(self._complete(rows), path)
            return rescore(
                self.run,
                str(path),
                asked,
                self.machine,
                Silent(),
                self.scorer,
                recipes,
                reached,
            )

    def of_log(self, log: str, config: PredictConfig) -> Scored:
        """Forecasts for the customers of a log, its columns recognised as those of any log.

        Raises
        ------
        ClvError : the log cannot be read, or lacks what the run learned from
        """
        with self._desk.recipes() as recipes, served():
            scorer = self.scorer
            return rescore(self.run, log, config, self.machine, Silent(), scorer, recipes)

    def warm(self) -> None:
        """Write the statements for customers, which the first of them would wait for.

        There are two kinds of customers: those who returned something, and those who did not.
        """
        if self.scorer is None:
            return
        day = str(self.run.as_of)
        rows = {"customer_id": ["a", "a"], "date": [day] * 2, "amount": ["2", "-1"]}
        both = pa.table({name: pa.array(values, pa.string()) for name, values in rows.items()})
        for some in (both, both.slice(0, 1)):
            self.of_transactions(some)

    def require_orders(self) -> None:
        """
        Raises
        ------
        UnsuitedError : the run learned from a table of customers
        """
        if self.scorer is None:
            raise UnsuitedError(
                "transactions: the run in charge learned from a table of customers, and cannot"
                " read orders. Send profiles with its columns, or publish a run on a log."
            )

    def accepted(self, customers: Sequence[str]) -> pa.Table:
        """What the run's log says of some customers, row by row; nothing of those it has not.

        Waits for nobody who is at the desk.

        Raises
        ------
        LostRunError : the log is no longer in the run's folder, or broken
        """
        with served():
            return accepted_rows(self.run.transactions, customers)

    @contextmanager
    def at_desk(self) -> Iterator[None]:
        """Have orders scored in the block without waiting for anybody else's."""
        with self._desk.recipes():
            yield

    def close(self) -> None:
        """Let go of the engine and its folder."""
        self._desk.close()

    def _figures(self, profiles: Sequence[Profile], level: float) -> list[Figures]:
        assert self.scorer is not None
        assert self.profiles is not None
        if len(profiles) == 1:
            more = features_of(profiles[0], self.scorer)
            return [self._one.figures(profiles[0], more, level)]
        return self.profiles.figures(profiles, self.scorer, level)

    @cached_property
    def _one(self) -> OneProfile:
        assert self.profiles is not None
        assert self.scorer is not None
        return OneProfile.of(self.profiles, self.scorer)

    def _complete(self, rows: pa.Table) -> pa.Table:
        """The rows with the columns that the run's log had, empty where they have none.

        Nothing was learned from other columns, and each set of them has statements of its own.
        """
        there, mapping = rows.column_names, self.run.manifest["mapping"]
        had = {name for name in OPTIONAL_COLUMNS if _FIELD.get(name, name) in mapping}
        # Without a currency amounts are in the run's; a column of it would have to be filled.
        had = had - {"currency"} | {"is_return"}
        rows = rows.drop_columns([n for n in there if n in {*OPTIONAL_COLUMNS} - had - {*_ALWAYS}])
        for name in OPTIONAL_COLUMNS:
            if name in had and name not in there:
                rows = rows.append_column(name, pa.nulls(rows.num_rows, OPTIONAL_COLUMNS[name]))
        return rows

    def _config(
        self, rows: pa.Table, as_of: AsOf | None, horizon: Horizon | None, level: float
    ) -> PredictConfig:
        there = {_FIELD.get(name, name): name for name in self._complete(rows).column_names}
        asked: Json = {field: there.get(field) for field in Columns.fields()}
        asked |= {"columns": None, "delimiter": None, "sheet": None, "date_format": []}
        asked |= {"decimal": "point", "max_bad": 1.0, "level": level}
        if "currency" not in there:
            asked["rates"] = None
        if as_of is not None:
            asked["as_of"] = str(as_of)
        if horizon is not None:
            asked["horizon"] = horizon.n_days
        return PredictConfig.anew(asked)

    def _level(self, level: float | None) -> float:
        if level is None:
            return self.level
        if not 0.5 <= level <= 0.99:
            raise SettingError(f"level: {level:g} is outside 0.5 to 0.99. Write 90 % as 0.9.")
        return level


def _of_table(scorer: TableScorer, profiles: Sequence[Profile], level: float) -> list[Json]:
    """Forecasts of a table's target; columns that a profile does not tell are empty."""
    told = [dict(profile.fields) for profile in profiles]
    frame = pd.DataFrame([{name: each.get(name) for name in scorer.columns} for each in told])
    ids = [profile.customer_id or "" for profile in profiles]
    rows = scorer.score(ids, frame, level).to_pylist()
    answers = []
    for profile, each, row in zip(profiles, told, rows, strict=True):
        missing = [name for name in scorer.columns if each.get(name) is None]
        notices = [*profile.notices]
        if missing:
            notices.append(f"not told, and so taken as not known: {', '.join(missing)}")
        answers.append(
            {
                "customer_id": profile.customer_id,
                "clv": row["forecast"],
                "clv_lower": row["lower"],
                "clv_upper": row["upper"],
                "value_tier": row["value_tier"],
                "clv_level": row["clv_level"],
                "reasons": row["reasons"],
                "notices": notices,
                "not_used": sorted(each.keys() - {*scorer.columns}),
            }
        )
    return answers
