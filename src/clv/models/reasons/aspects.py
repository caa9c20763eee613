"""What a learner's columns say, as a reader is told it: one aspect for all forms of a feature."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pyarrow as pa

from clv.core.types import Bools, Floats, Ints
from clv.models.learners.encoder import Encoder
from clv.models.reasons.phrases import (
    FORM_OF,
    OF_REPEATERS,
    OF_THE_ONE_DAY,
    UNSPOKEN,
    Phrase,
    of_column,
    phrase,
    unit,
)
from clv.models.reasons.values import ABSENT, join, written

#: Place of no aspect at all.
NONE = -1
#: Features that tell one-timers, and their value of these.
_ONCE = (("purchase_days", 1.0), ("repeat_days", 0.0), ("is_onetimer", 1.0))


@dataclass(frozen=True, eq=False)
class Aspects:
    """What the columns of a matrix tell of a customer.

    Attributes
    ----------
    encoder : that made the matrix
    names : (a,) features, each standing for its other forms too
    of_column : (columns,) place of each column's aspect
    catalogued : names are those of our features; else of columns of a table, told as they are
    """

    encoder: Encoder
    names: tuple[str, ...]
    of_column: Ints
    catalogued: bool = True

    @classmethod
    def of(cls, encoder: Encoder, *, catalogued: bool = True) -> Self:
        """Those of an encoder's columns."""
        features = encoder.features
        plain = [_plain(name, features) if catalogued else name for name in features]
        names = tuple(dict.fromkeys(plain))
        place = np.array([names.index(name) for name in plain], dtype=np.int64)
        return cls(encoder, names, place[encoder.origins()], catalogued)

    @cached_property
    def phrases(self) -> tuple[Phrase, ...]:
        """(a,) how each is told."""
        return tuple(phrase(name) if self.catalogued else of_column(name) for name in self.names)

    @cached_property
    def of_one_timers(self) -> Ints:
        """(a,) place of what is told of a one-timer instead of each; `NONE` where nothing is."""
        told = [None if n in OF_REPEATERS else OF_THE_ONE_DAY.get(n, n) for n in self.names]
        places = {name: place for place, name in enumerate(self.names)}
        return np.array([places.get(name or "", NONE) for name in told], dtype=np.int64)

    def once(self, X: Floats) -> Bools:
        """(n,) who bought on one day only; nobody where no column tells."""
        for name, value in _ONCE:
            if self.catalogued and name in self.encoder.numbers:
                return np.asarray(X[:, self.encoder.numbers.index(name)] == value)
        return np.zeros(len(X), dtype=np.bool_)

    @cached_property
    def family(self) -> Ints:
        """(a,) number of each one's family, from 0 on."""
        families = list(dict.fromkeys(told.family for told in self.phrases))
        return np.array([families.index(told.family) for told in self.phrases], dtype=np.int64)

    def parts(self, contributions: Floats) -> Floats:
        """(n, a) contributions of aspects, of (n, columns) or more contributions of columns."""
        return np.asarray(contributions[:, : len(self.of_column)] @ self._sums)

    def families(self, parts: Floats) -> Floats:
        """(n, families) contributions of families, of (n, a) of aspects."""
        return np.asarray(parts @ np.eye(int(self.family.max()) + 1)[self.family])

    def is_number(self, aspect: int) -> bool:
        """Whether its values are numbers."""
        return self.names[aspect] not in self.encoder.levels

    def columns(self, aspect: int) -> Ints:
        """Places of the columns that hold its value: one of a number, one a level of a text."""
        name = self.names[aspect]
        features = self.encoder.features
        return np.flatnonzero(self.encoder.origins() == features.index(name))

    def forms(self, name: str) -> Ints:
        """Places of the columns of a feature that is a number, then of its other forms."""
        aspect = self.names.index(name)
        own = self.columns(aspect)
        return np.concatenate([own, np.setdiff1d(np.flatnonzero(self.of_column == aspect), own)])

    def values(self, X: Floats, rows: Ints, aspect: Ints) -> Floats:
        """(k,) value of an aspect of a row each: a number, or the place of a text's level."""
        found = X[rows, self._first[aspect]]
        for text in np.flatnonzero(~self._numeric):
            some = np.flatnonzero(aspect == text)
            if len(some):
                levels = X[np.ix_(rows[some], self.columns(int(text)))]
                found[some] = np.where(np.isnan(levels[:, 0]), np.nan, levels.argmax(axis=1))
        return found

    def told(
        self, aspect: Ints, values: Floats, currency: str | None, days: int | None = None
    ) -> pa.Array:
        """(n,) texts such as "spend in the last 90 days (EUR 310)"; null where there is no aspect.

        Parameters
        ----------
        aspect, values : (n,) as `values` gives them; `NONE` for no aspect
        currency : code of the log's, where it is known
        days : that the purchase model among the features looks ahead, where it shall be told
        """
        order = np.argsort(aspect, kind="stable")
        places, starts = np.unique(aspect[order], return_index=True)
        pieces = []
        for place, rows in zip(places, np.split(order, starts[1:]), strict=True):
            if place == NONE:
                pieces.append(pa.nulls(len(rows), pa.string()))
            else:
                pieces.append(self._told(int(place), values[rows], currency, days))
        back = np.empty(len(order), dtype=np.int64)
        back[order] = np.arange(len(order))
        return pa.concat_arrays(pieces or [pa.array([], pa.string())]).take(pa.array(back))

    def _told(
        self, aspect: int, values: Floats, currency: str | None, days: int | None
    ) -> pa.Array:
        name = self.names[aspect]
        words = phrase(name, days).words if self.catalogued else self.phrases[aspect].words
        if not self.is_number(aspect):
            texts = pa.array([*self.encoder.texts(name), ABSENT])
            at = np.where(np.isnan(values), len(texts) - 1, values).astype(np.int64)
            return join(f"{words} (", texts.take(pa.array(at)), ")")
        if self.catalogued and name in UNSPOKEN:
            return pa.array([words] * len(values), pa.string())
        of = unit(name) if self.catalogued else ""
        return join(f"{words} (", written(values, of, currency), ")")

    @cached_property
    def _sums(self) -> Floats:
        return np.eye(len(self.names))[self.of_column]

    @cached_property
    def _first(self) -> Ints:
        return np.array([self.columns(a)[0] for a in range(len(self.names))], dtype=np.int64)

    @cached_property
    def _numeric(self) -> np.ndarray:
        return np.array([self.is_number(a) for a in range(len(self.names))])


def _plain(name: str, features: tuple[str, ...]) -> str:
    """The feature that one is another form of, where learners see both."""
    plain = FORM_OF.get(name, name)
    return plain if plain in features else name
