"""A table of features as a matrix of numbers, the same way for whoever is scored later."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from pandas.api import types

from clv.core.errors import ColumnError
from clv.core.types import Floats, Ints, Json

Kind = Literal["number", "text"]
#: A text is told apart from the others if so many rows, and such a share of them, have it.
FEWEST_ROWS, SMALLEST_SHARE = 10, 0.005
#: A feature most of whose texts are rare tells nothing: a date, an address, an id.
SMALLEST_COVER = 0.2
#: Texts of one feature that are told apart.
MOST_LEVELS = 20
OTHER = "other"


def as_text(value: object, known: Collection[str] = ()) -> str:
    """A value told of a feature of texts, as a file would have it: 2.0 is 2.

    Parameters
    ----------
    known : texts of the feature; a truth is that of them which says it, TRUE as well as true
    """
    if isinstance(value, bool):
        said = str(value)
        return next((text for text in known if text.lower() == said.lower()), said)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


@dataclass(frozen=True)
class Encoder:
    """Which columns learners see, and in which order.

    Numbers stay as they are. A text becomes a column of 0 and 1 for each of its frequent values,
    and one for all others; where it is absent, all of them are.

    Attributes
    ----------
    numbers : features that are numbers
    levels : frequent values of features that are texts, the most frequent first
    others : texts that had rare values besides
    dropped : features that tell nothing, and why
    """

    numbers: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]
    others: tuple[str, ...]
    dropped: dict[str, str]

    @classmethod
    def learn(cls, frame: pd.DataFrame, kinds: Mapping[str, Kind] | None = None) -> Self:
        """From a table of features, one row a customer.

        Parameters
        ----------
        kinds : what each column is, where its type does not say; days become their number since
            1970

        Raises
        ------
        ColumnError : a column told to be of numbers holds something else
        """
        numbers: list[str] = []
        levels: dict[str, tuple[str, ...]] = {}
        others: list[str] = []
        dropped: dict[str, str] = {}
        for name in map(str, frame.columns):
            if (kinds or {}).get(name, _kind(frame[name])) == "number":
                if why := _no_news(_numbers(frame[name], name)):
                    dropped[name] = why
                else:
                    numbers.append(name)
                continue
            texts = _texts(frame[name])
            counts: pd.Series[Any] = texts.value_counts().sort_index()
            counts = counts.sort_values(ascending=False, kind="stable")
            enough = max(FEWEST_ROWS, SMALLEST_SHARE * len(frame))
            frequent = counts[counts >= enough][:MOST_LEVELS]
            if counts.empty:
                dropped[name] = "empty for all"
            elif frequent.sum() < SMALLEST_COVER * counts.sum():
                dropped[name] = f"{len(counts)} different texts, hardly any of them frequent"
            elif len(counts) == 1 and not texts.isna().any():
                dropped[name] = "the same for all"
            else:
                levels[name] = tuple(frequent.index)
                if len(counts) > len(frequent):
                    others.append(name)
        return cls(tuple(numbers), levels, tuple(others), dropped)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns of the matrix: features, or feature = text."""
        return (
            *self.numbers,
            *(f"{name} = {level}" for name in self.levels for level in self.texts(name)),
        )

    @property
    def features(self) -> tuple[str, ...]:
        """Features that learners see, be it in several columns."""
        return (*self.numbers, *self.levels)

    def of(self, frame: pd.DataFrame) -> Floats:
        """(n, columns) of a table; NaN for what is absent, a missing column for everybody.

        What is not finite is absent.

        Raises
        ------
        ColumnError : a column that was of numbers holds something else
        """
        found = np.full((len(frame), len(self.names)), np.nan)
        for place, name in enumerate(self.numbers):
            if name in frame:
                found[:, place] = _numbers(frame[name], name)
        place = len(self.numbers)
        for name, levels in self.levels.items():
            columns = self.texts(name)
            if name in frame:
                values = _texts(frame[name])
                codes = pd.Categorical(values, categories=list(levels)).codes
                codes = np.where((codes < 0) & values.notna().to_numpy(), len(levels), codes)
                known = codes >= 0
                for offset in range(len(columns)):
                    found[known, place + offset] = codes[known] == offset
            place += len(columns)
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        """What the columns of a feature stand for, one text each."""
        return (*self.levels[name], OTHER) if name in self.others else self.levels[name]

    def origins(self) -> Ints:
        """(columns,) place of each column's feature in `features`."""
        counts = [1] * len(self.numbers) + [len(self.texts(name)) for name in self.levels]
        return np.repeat(np.arange(len(counts)), counts)

    def to_json(self) -> Json:
        """What was learned."""
        return {
            "numbers": list(self.numbers),
            "levels": {name: list(levels) for name, levels in self.levels.items()},
            "others": list(self.others),
            "dropped": self.dropped,
        }

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """What `to_json` told."""
        return cls(
            tuple(content["numbers"]),
            {name: tuple(levels) for name, levels in content["levels"].items()},
            tuple(content["others"]),
            dict(content["dropped"]),
        )


def _kind(column: pd.Series[Any]) -> Kind:
    if types.is_numeric_dtype(column) or types.is_datetime64_any_dtype(column):
        return "number"
    told = types.infer_dtype(column, skipna=True)
    return "number" if told in ("decimal", "boolean", "date", "datetime", "empty") else "text"


def _texts(column: pd.Series[Any]) -> pd.Series[Any]:
    """Texts, None where absent."""
    return pd.Series(column.astype("string").astype(object)).where(column.notna())


def _numbers(column: pd.Series[Any], name: str) -> Floats:
    """(n,) NaN where absent or not finite."""
    if types.infer_dtype(column, skipna=True) in ("date", "datetime", "datetime64"):
        days = pd.to_datetime(column).to_numpy("datetime64[D]")
        return np.where(np.isnat(days), np.nan, days.astype(np.int64).astype(np.float64))
    try:
        values = pd.to_numeric(column).to_numpy(np.float64, na_value=np.nan)
    except (ValueError, TypeError):
        wrong = column[pd.to_numeric(column, errors="coerce").isna() & column.notna()]
        raise ColumnError(
            f"feature {name}: {len(wrong)} row(s) hold text where a number is needed, such as"
            f" {str(wrong.iloc[0])!r}. Mend them or leave the column out."
        ) from None
    return np.where(np.isfinite(values), values, np.nan)


def _no_news(values: Floats) -> str:
    """Why numbers tell nothing; empty if they do."""
    known = values[~np.isnan(values)]
    if not known.size:
        return "empty for all"
    if known.size == values.size and known.min() == known.max():
        return "the same for all"
    return ""
