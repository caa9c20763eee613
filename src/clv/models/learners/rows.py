"""What a learner learns from: one row per customer and cut-off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from clv.core.errors import FitError
from clv.core.types import Bools, Floats

#: Fewer teach nothing that a mean does not know.
FEWEST = 10
NAMED = 5


@dataclass(frozen=True, eq=False)
class Rows:
    """Customers as of a cut-off, and what they bought in the window after it.

    Attributes
    ----------
    X : (n, f) features as `Encoder.of` gives them; NaN where absent
    names : (f,) of the columns
    y : (n,) spend in the window, 0 or more, in currency
    bought : (n,) whether anything was bought in it, be it for nothing
    weight : (n,) 0 or more

    Raises
    ------
    FitError : shapes that differ, a value that is infinite, negative or missing where none may be
    """

    X: Floats
    names: tuple[str, ...]
    y: Floats
    bought: Bools
    weight: Floats

    @classmethod
    def of(
        cls,
        X: Floats,
        names: Sequence[str],
        y: Any,
        bought: Any = None,
        weight: Any = None,
    ) -> Self:
        """Rows; whoever spent bought, and all weigh the same, unless told otherwise."""
        y = np.asarray(y, dtype=np.float64)
        return cls(
            np.asarray(X, dtype=np.float64),
            tuple(names),
            y,
            y > 0 if bought is None else np.asarray(bought, dtype=np.bool_),
            np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64),
        )

    def __post_init__(self) -> None:
        n = len(self.y)
        lengths = {"X": len(self.X), "bought": len(self.bought), "weight": len(self.weight)}
        if off := {name: length for name, length in lengths.items() if length != n}:
            raise FitError(f"training rows: {n} targets, but {off}. Give one of each per row.")
        if self.X.ndim != 2 or self.X.shape[1] != len(self.names):
            raise FitError(
                f"training rows: features of shape {self.X.shape}, but {len(self.names)} names."
            )
        if endless := [
            name
            for name, column in zip(self.names, self.X.T, strict=True)
            if np.isinf(column).any()
        ]:
            raise FitError(
                f"training rows: {len(endless)} feature(s) are infinite somewhere"
                f" ({', '.join(endless[:NAMED])}). Leave such values empty."
            )
        for name, column in (("target", self.y), ("weight", self.weight)):
            if wrong := int((~(np.isfinite(column) & (column >= 0))).sum()):
                raise FitError(
                    f"training rows: the {name} is negative, infinite or missing in {wrong} of {n}"
                    " row(s). Give numbers of 0 or more."
                )
        if odd := int(((self.y > 0) & ~self.bought).sum()):
            raise FitError(f"training rows: {odd} of {n} row(s) spent without having bought.")

    def __len__(self) -> int:
        return len(self.y)

    def take(self, index: Any) -> Rows:
        """Those rows: positions, a mask or a slice."""
        return Rows(
            self.X[index], self.names, self.y[index], self.bought[index], self.weight[index]
        )

    def that_weigh(self) -> Rows:
        """Those whose weight is not 0."""
        return self if self.weight.all() else self.take(self.weight > 0)

    def like(self, others: Rows) -> Rows:
        """These rows, if they have the others' features.

        Raises
        ------
        FitError : they have not
        """
        if self.names != others.names:
            raise FitError(
                f"check rows: {len(self.names)} features, where the training rows have"
                f" {len(others.names)}, or others in name or order. Encode both with one encoder."
            )
        return self

    def mean(self) -> float:
        """Weighted mean spend, in currency."""
        return float(np.average(self.y, weights=self.weight))

    def in_units_of(self, scale: float) -> Rows:
        """The same with spend in units of `scale`, and weights of mean 1."""
        return Rows(
            self.X, self.names, self.y / scale, self.bought, self.weight / self.weight.mean()
        )

    def require(self) -> None:
        """Demand enough to fit a learner to.

        Raises
        ------
        FitError : too few rows, or no feature
        """
        if len(self) < FEWEST:
            raise FitError(
                f"training rows: {len(self)} that weigh, where {FEWEST} are needed. Use a longer"
                " log, a shorter horizon, or a purchase model."
            )
        if not self.names:
            raise FitError("training rows: no feature is left to learn from. Give more columns.")
