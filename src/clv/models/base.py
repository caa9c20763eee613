"""What every model is: settings in the constructor, `fit`, `predict`, `save`, `load`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from clv.core.types import Money
from clv.features.book import History

__all__ = ["History", "Model"]

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from clv.core.types import Horizon


@runtime_checkable
class Model(Protocol):
    """The one interface of everything that forecasts value."""

    name: str

    def fit(self, history: History) -> Self: ...

    def predict(self, history: History, horizon: Horizon, money: Money = ...) -> pd.DataFrame:
        """One row per row of history.frame, in its order: the table `PREDICTION`."""
        ...

    def save(self, folder: Path) -> None:
        """Write JSON, Parquet or npz files into an existing, empty folder."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Runs no code from the files."""
        ...
