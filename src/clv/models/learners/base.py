"""What every learner is, and what all share: units, level, importance, files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    NamedTuple,
    Protocol,
    Self,
    cast,
    runtime_checkable,
)

import numpy as np

from clv.core.errors import ClvError, SettingError
from clv.core.types import Floats, Json
from clv.models import fitted
from clv.models.learners.rows import NAMED, Rows

__all__ = [
    "Learner",
    "LogLearner",
    "Rows",
    "Settings",
    "Told",
    "secant",
    "threads_for",
    "through",
]

if TYPE_CHECKING:
    from optuna import Trial

#: No forecast is lower, in units of the mean spend: its logarithm must be finite.
FLOOR = 1e-6
LOG_FLOOR = float(np.log(FLOOR))
#: Rows that importance is averaged over.
SAMPLED = 2_000
#: Values in a matrix from which on several threads are worth their waiting for one another.
WORTH_THREADS = 200_000
#: Below such a difference a slope is a derivative.
CLOSE = 1e-9


@dataclass(frozen=True)
class Settings(ABC):
    """What a learner can be told before it learns.

    Raises
    ------
    SettingError : the power of a variance over a mean is not between Poisson's and Gamma's
    """

    def __post_init__(self) -> None:
        power = getattr(self, "power", None)
        if power is not None and not 1.0 < power < 2.0:
            raise SettingError(
                f"power: {power:g} is not between 1 (Poisson) and 2 (Gamma), both excluded."
            )

    @classmethod
    @abstractmethod
    def suggest(cls, trial: Trial) -> Self:
        """Settings drawn by a trial of Optuna, from the range worth searching."""


class Told(NamedTuple):
    """All that a learner says of customers.

    Attributes
    ----------
    value, chance : (n,) as `Learner.predict` and `Learner.p_buy`, up to the last digits
    effects : (n, f) as `Learner.contributions`, without the base
    """

    value: Floats
    chance: Floats | None
    effects: Floats


@runtime_checkable
class Learner(Protocol):
    """Learns spend over a window from features. Files hold no code."""

    name: str
    threads: int

    def fit(self, rows: Rows, check: Rows | None = None) -> Self:
        """Learn; `check` are later rows, which say when to stop.

        Raises
        ------
        FitError : too few rows, no feature, or a target that cannot be
        DependencyError : the learner needs a package that is not installed
        """
        ...

    def predict(self, X: Floats) -> Floats:
        """(n,) expected spend over the window, positive, in currency, of (n, f) features."""
        ...

    def p_buy(self, X: Floats) -> Floats | None:
        """(n,) chance of buying in the window; None where the learner has no notion of it."""
        ...

    def contributions(self, X: Floats) -> Floats:
        """(n, f + 1) that add up to log(predict(X)) in each row; the last column is the base."""
        ...

    def told(self, X: Floats) -> Told:
        """Forecasts, chances and contributions, sooner than one after the other."""
        ...

    def importance(self) -> dict[str, float]:
        """Share by feature of the mean absolute contribution; adds up to 1, or all 0."""
        ...

    def save(self, folder: Path) -> None:
        """Write JSON, npz, text or UBJ files into an existing, empty folder."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Runs no code from the files."""
        ...


class LogLearner(ABC):
    """A learner of the logarithm of expected spend, in units of the rows' mean spend.

    What it says of the training rows adds up to what they spent: a loss other than Poisson's
    does not see to that by itself.

    Parameters
    ----------
    settings : those of the learner's `settings_kind`; its defaults unless given
    seed : of whatever it draws
    threads : it may use at most

    Attributes
    ----------
    names_ : of the features, in the order of the columns
    scale_ : mean spend of the training rows, in currency; 1 where nobody spent
    share_ : of the training rows that bought, by weight
    level_ : what forecasts are multiplied by to add up over the training rows
    silent_ : whether nobody spent, so that there was nothing to learn
    """

    name: str
    settings_kind: ClassVar[type[Any]]
    names_: tuple[str, ...]
    scale_: float
    share_: float
    level_: float
    silent_: bool

    def __init__(
        self, settings: Settings | None = None, *, seed: int = 0, threads: int = 2
    ) -> None:
        self.settings: Any = self.settings_kind() if settings is None else settings
        self.seed = seed
        self.threads = threads

    def fit(self, rows: Rows, check: Rows | None = None) -> Self:
        """As `Learner.fit`."""
        rows = rows.that_weigh()
        rows.require()
        if check is not None:
            check = check.like(rows).that_weigh()
            check = check if len(check) else None
        self.names_ = rows.names
        self.scale_, self.level_ = rows.mean() or 1.0, 1.0
        self.share_ = float(np.average(rows.bought, weights=rows.weight))
        self.silent_ = not rows.y.any()
        self._shares = np.zeros(len(rows.names))
        if self.silent_:
            return self
        scaled = rows.in_units_of(self.scale_)
        self._learn(scaled, None if check is None else check.in_units_of(self.scale_))
        self.level_ = 1.0 / float(np.average(np.exp(self._log(rows.X)), weights=rows.weight))
        some = rows.X[:: 1 + len(rows) // SAMPLED]
        sizes = np.abs(self._parts(some)[:, :-1]).mean(axis=0)
        self._shares = sizes / sizes.sum() if sizes.any() else sizes
        return self

    def predict(self, X: Floats) -> Floats:
        """As `Learner.predict`."""
        return np.exp(self._log_currency(self._checked(X)))

    def p_buy(self, X: Floats) -> Floats | None:  # noqa: ARG002
        """As `Learner.p_buy`."""
        return None

    def contributions(self, X: Floats) -> Floats:
        """As `Learner.contributions`."""
        X = self._checked(X)
        wanted = self._log_currency(X)
        parts = np.zeros((len(X), len(self.names_) + 1))
        if not self.silent_:
            parts = self._parts(X)
        # Units, level and the last digits belong to nobody.
        parts[:, -1] += wanted - parts.sum(axis=1)
        return parts

    def told(self, X: Floats) -> Told:
        """As `Learner.told`."""
        if self.silent_:
            return Told(self.predict(X), self.p_buy(X), np.zeros(X.shape))
        log, chance, parts = self._all(self._checked(X))
        return Told(np.exp(log + np.log(self.level_ * self.scale_)), chance, parts[:, :-1])

    def importance(self) -> dict[str, float]:
        """As `Learner.importance`."""
        return dict(zip(self.names_, self._shares.tolist(), strict=True))

    def save(self, folder: Path) -> None:
        """As `Learner.save`."""
        state = {
            "name": self.name,
            "version": fitted.VERSION,
            "settings": asdict(self.settings),
            "seed": self.seed,
            "features": list(self.names_),
            "scale": self.scale_,
            "share": self.share_,
            "level": self.level_,
            "silent": self.silent_,
            "importance": self._shares.tolist(),
        }
        if not self.silent_:
            state |= self._save(folder)
        fitted.write(folder, state)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """As `Learner.load`.

        Raises
        ------
        RunError : the files are missing, of another learner or version, or incomplete
        """

        def of_state(state: Json) -> LogLearner:
            made = cls(cls.settings_kind(**state["settings"]), seed=state["seed"])
            made.names_ = tuple(state["features"])
            made.scale_, made.level_ = state["scale"], state["level"]
            made.share_, made.silent_ = state["share"], state["silent"]
            made._shares = np.array(state["importance"], dtype=np.float64)
            if not made.silent_:
                made._load(folder, state)
            return made

        return cast("Self", fitted.made(folder, cls.name, of_state))

    def _checked(self, X: Floats) -> Floats:
        if not hasattr(self, "names_"):
            raise ClvError(f"{self.name}: not fitted yet. Call fit(rows) or load(folder) first.")
        X = np.asarray(X)
        if X.ndim != 2 or X.shape[1] != len(self.names_):
            raise ClvError(
                f"{self.name}: features of shape {X.shape}, but it learned from"
                f" {len(self.names_)} ({', '.join(self.names_[:NAMED])}, ...). Encode them with"
                " the encoder it was fitted with."
            )
        if np.isinf(X).any():
            raise ClvError(
                f"{self.name}: features are infinite somewhere. Leave such values empty."
            )
        return X

    def _log_currency(self, X: Floats) -> Floats:
        if self.silent_:
            return np.full(len(X), LOG_FLOOR)
        return np.asarray(self._log(X) + np.log(self.level_ * self.scale_), dtype=np.float64)

    @abstractmethod
    def _learn(self, rows: Rows, check: Rows | None) -> None:
        """Learn from spend of mean 1 and weights of mean 1."""

    @abstractmethod
    def _log(self, X: Floats) -> Floats:
        """(n,) logarithm of expected spend, in units of the mean."""

    @abstractmethod
    def _parts(self, X: Floats) -> Floats:
        """(n, f + 1) contributions to `_log`, the base last."""

    def _all(self, X: Floats) -> tuple[Floats, Floats | None, Floats]:
        """`_log`, `p_buy` and `_parts`; together where they share work."""
        return self._log(X), self.p_buy(X), self._parts(X)

    @abstractmethod
    def _save(self, folder: Path) -> Json:
        """Write what does not belong into JSON; what does."""

    @abstractmethod
    def _load(self, folder: Path, state: Json) -> None: ...


def threads_for(X: Floats, most: int) -> int:
    """Threads to use on a matrix, out of so many at most."""
    return most if X.size >= WORTH_THREADS else 1


def through(curve: Callable[[Floats], Floats], parts: Floats) -> Floats:
    """Contributions to a curve of what they add up to.

    Each keeps its share of the way from the base, and together they end at the curve's value.

    Parameters
    ----------
    curve : of (n,) numbers, elementwise
    parts : (n, f + 1) contributions, the base last

    Returns
    -------
    (n, f + 1) contributions to curve(parts.sum(axis=1)), the base curve(parts[:, -1])

    References
    ----------
    Shrikumar, Greenside & Kundaje (2017), arXiv 1704.02685: the rescale rule
    """
    base = parts[:, -1]
    told = parts * secant(curve, base, parts.sum(axis=1))[:, None]
    told[:, -1] = curve(base)
    return told


def secant(curve: Callable[[Floats], Floats], start: Floats, end: Floats) -> Floats:
    """Slope of a curve between two places, elementwise; of its tangent where they coincide."""
    start, end = np.broadcast_arrays(start, end)
    way = end - start
    near = np.abs(way) < CLOSE
    rise = np.where(
        near,
        curve(start + CLOSE) - curve(start - CLOSE),
        curve(end) - curve(start),
    )
    return np.asarray(rise / np.where(near, 2.0 * CLOSE, way))
