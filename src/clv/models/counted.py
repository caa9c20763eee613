"""Models told by a table of distinct histories with counts, in opportunities or renewals."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any, Self

import numpy as np
import pandas as pd

from clv.core.errors import ClvError, ColumnError, HistoryError
from clv.core.types import Floats
from clv.models import fitted
from clv.numerics import histories


class CountedModel:
    """What such models have in common: how they are fitted, kept and read.

    Attributes
    ----------
    params_, standard_errors_ : named as in the papers
    covariance_ : (k, k) of params_
    loglik_ : total log-likelihood
    n_customers_, n_histories_ : customers fitted, and distinct histories among them
    notes_ : what could not be had from the data alone, and what was done instead
    """

    name: str
    title: str
    unit: str
    columns: tuple[str, ...]
    numerics: ModuleType
    params_kind: Any

    params_: Any
    standard_errors_: Any
    covariance_: Floats
    loglik_: float
    n_customers_: int
    n_histories_: int
    notes_: tuple[str, ...]

    def fit(self, table: pd.DataFrame) -> Self:
        """Learn from distinct histories and the number of customers who share each.

        Where the likelihood has its summit at no finite parameters, a weak prior holds them and
        `notes_` says so.

        Parameters
        ----------
        table : the model's columns, and `customers`; 1 a row unless given. Rows may repeat

        Raises
        ------
        ColumnError : a column is missing
        HistoryError : a history that cannot be, or a count below 0
        FitError : there is nothing to learn from
        """
        seen = columns_of(table, self.columns)
        given = "customers" in table
        n = columns_of(table, ("customers",))[0] if given else np.ones(len(table))
        if broken := int((~(np.isfinite(n) & (n >= 0))).sum()):
            raise HistoryError(
                f"customers: is below 0, empty or infinite in {broken} row(s)."
                " Count the customers of each history."
            )
        self.numerics.check(*seen)
        first, inverse, _ = histories.distinct(*seen)
        shared = np.bincount(inverse, weights=n, minlength=len(first))
        some = shared > 0
        distinct = [column[first][some] for column in seen] + [shared[some]]
        found, self.notes_ = fitted.held(lambda prior_sd: self.numerics.fit(*distinct, prior_sd))
        self.params_, self.standard_errors_ = found.params, found.standard_errors
        self.covariance_, self.loglik_ = found.covariance, found.loglik
        self.n_customers_, self.n_histories_ = found.n_customers, len(distinct[0])
        return self

    def save(self, folder: Path) -> None:
        """Write model.json into an existing folder."""
        self._require_fitted()
        fitted.write(folder, fitted.estimates(self, self.unit))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        RunError : the file is missing, of another model or version, or incomplete
        """
        return fitted.made(folder, cls.name, lambda state: fitted.restore(cls(), state))

    def _require_fitted(self) -> None:
        if not hasattr(self, "params_"):
            raise ClvError(f"{self.title}: not fitted yet. Call fit(table) or load(folder) first.")


def columns_of(table: pd.DataFrame, names: tuple[str, ...]) -> list[Floats]:
    """The named columns, (n,) numbers each.

    Raises
    ------
    ColumnError : a column is missing
    """
    if missing := [name for name in names if name not in table]:
        raise ColumnError(
            f"{', '.join(missing)}: not in the table, which has {', '.join(map(str, table))}."
            " Rename its columns."
        )
    return [table[name].to_numpy(dtype=np.float64) for name in names]
