"""What all learners stand on: examples from past days, as numbers, and the way back to them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeVar

import numpy as np
import pandas as pd

from clv.core.errors import FitError, RunError
from clv.core.types import Floats, Horizon
from clv.features.book import MOST_REMEMBERED
from clv.features.reference import Reference
from clv.models.companion import companion, outputs
from clv.models.learners.base import Rows
from clv.models.learners.encoder import Encoder
from clv.models.lookback import cutoffs, training_window
from clv.models.regular import MBGCNBD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from clv.features.book import History
    from clv.models.lesson import Lesson

Found = TypeVar("Found")

#: Days in the past that examples are taken from.
MOST_CUTOFFS = 6
#: Purchases among the examples below which there is nothing to learn.
FEWEST_BOUGHT = 50
#: Customers turned into numbers at once, and how many such lots at most: one waits while two are
#: worked on.
CHUNK, LOTS = 20_000, 3
FILE = "groundwork.json"
VERSION = 1


@dataclass(frozen=True)
class Groundwork:
    """How customers become rows of numbers, learned with the examples.

    Attributes
    ----------
    window : how far ahead the examples look, and with them every learner
    companion : purchase model fitted to all customers
    reference : what features need to know of the population
    encoder : which columns a learner sees, and in which order
    """

    window: Horizon
    companion: MBGCNBD
    reference: Reference
    encoder: Encoder

    def known(self, history: History) -> pd.DataFrame:
        """Features of the customers, those of the purchase model among them."""
        features = history.features(self.reference)
        told = outputs(self.companion, history, self.window)
        return pd.concat([features, told], axis=1, copy=False)

    def matrix(self, history: History) -> Floats:
        """(n, columns) of the customers, NaN for what is absent."""
        return self.encoder.of(self.known(history))

    def each(self, history: History, do: Callable[[Floats], Found], threads: int) -> list[Found]:
        """What is made of the matrix, lot by lot, in the order of the customers.

        A few lots are worked on at once, with one thread one; never is all of the matrix there at
        the same time.
        """
        known = self.known(history)

        def lot(start: int) -> Found:
            return do(self.encoder.of(known.iloc[start : start + CHUNK]))

        with ThreadPoolExecutor(LOTS if threads > 1 else 1) as pool:
            return list(pool.map(lot, range(0, max(1, len(known)), CHUNK)))

    def save(self, folder: Path) -> None:
        content = {
            "version": VERSION,
            "window": self.window.n_days,
            "companion": self.companion.state(),
            "reference": self.reference.to_json(),
            "encoder": self.encoder.to_json(),
        }
        (folder / FILE).write_text(json.dumps(content))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        RunError : the file is missing, of another version, or incomplete
        """
        try:
            content = json.loads((folder / FILE).read_text())
            if content["version"] != VERSION:
                raise RunError(
                    f"model: {folder / FILE} is of version {content['version']}, not {VERSION}."
                    " Fit it again."
                )
            return cls(
                Horizon(content["window"]),
                MBGCNBD.of_state(content["companion"]),
                Reference.from_json(content["reference"]),
                Encoder.from_json(content["encoder"]),
            )
        except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise RunError(f"model: {folder / FILE} cannot be read ({error!r}).") from None


def lay(history: History, lesson: Lesson) -> tuple[Groundwork, Rows]:
    """Look back from a history and learn how to turn customers into rows; once, whoever asks.

    Examples are customers on up to `MOST_CUTOFFS` earlier days, as many as the lesson says at
    most, with what they did in the window after; no window reaches beyond the history's as_of.

    Raises
    ------
    FitError : too little was bought in windows of the past
    """
    alike = lesson.seed, lesson.examples
    return history.remember(("groundwork", *alike), lambda: _lay(history, *alike))


def _lay(history: History, seed: int, most: int) -> tuple[Groundwork, Rows]:
    window = training_window(history)
    days = cutoffs(history, window, MOST_CUTOFFS)
    rng = np.random.default_rng(seed)
    frames, values, bought = [], [], []
    for cutoff in days:
        earlier = history.rewind(cutoff, window)
        outcome = history.followed(earlier, window)
        model = companion(earlier)
        drawn = np.arange(len(earlier))
        share = most // len(days)
        if len(drawn) > share:
            drawn = np.sort(rng.choice(len(drawn), share, replace=False))
        some = earlier.of_rows(drawn)
        # Features of all are kept where that is no burden: other days will ask for them again.
        small = len(earlier) <= MOST_REMEMBERED
        features = earlier.features().iloc[drawn] if small else some.features()
        told = outputs(model, some, window)
        frames.append(pd.concat([features.reset_index(drop=True), told], axis=1))
        values.append(outcome.value[drawn])
        bought.append(outcome.purchases[drawn] > 0)
    spenders = sum(int((value > 0).sum()) for value in values)
    if spenders < FEWEST_BOUGHT:
        raise FitError(
            f"learners: {spenders} customer(s) bought in the {len(days)} window(s) of"
            f" {window.n_days} days that the past has; {FEWEST_BOUGHT} are needed to learn from."
            " Give a longer log or a shorter horizon."
        )
    examples = pd.concat(frames, ignore_index=True)
    dropped = {*_of_the_day(frames, history.of_the_day()), *_gone(examples, history)}
    examples = examples.drop(columns=list(dropped))
    encoder = Encoder.learn(examples)
    rows = Rows.of(
        encoder.of(examples), encoder.names, np.concatenate(values), np.concatenate(bought)
    )
    ground = Groundwork(window, companion(history), history.reference(), encoder)
    return ground, rows


def _gone(examples: pd.DataFrame, history: History) -> list[str]:
    """Columns of customers that were features on a past day, and have too many values by now."""
    known = history.reference().known
    return [n for n in map(str, examples) if n.startswith("known_") and n not in known]


def _of_the_day(frames: list[pd.DataFrame], known: frozenset[str]) -> list[str]:
    """Columns that tell days apart, not customers: few days are too few to learn from them.

    Parameters
    ----------
    known : features that are so by what they mean, however many countries there are on a day
    """

    def constant(name: str) -> bool:
        return all((frame[name].nunique() <= 1) for frame in frames)  # noqa: PD101 empty counts

    return [name for name in frames[0].columns if name in known or constant(name)]
