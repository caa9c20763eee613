"""Trees by XGBoost: boosted in two ways, and a forest of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from clv.core.errors import RunError
from clv.core.types import Floats, Json
from clv.models.learners.base import FLOOR, LogLearner, Settings, threads_for, through
from clv.models.learners.rows import Rows

if TYPE_CHECKING:
    from optuna import Trial

FILE = "trees.ubj"
#: Rows that contributions are computed of at once.
CHUNK = 65_536
#: Held while a booster is set and asked: two threads at once would meet it half set.
ASKED = Lock()
#: A leaf holds a two-hundredth of the rows, but no fewer nor more than these.
SHARE_IN_LEAF, FEWEST_IN_LEAF, MOST_IN_LEAF = 200, 5, 50


def fewest_in_leaf(n: int, wanted: int | None) -> int:
    """How many of n rows a leaf holds at least, unless so many are wanted."""
    return wanted or int(np.clip(n // SHARE_IN_LEAF, FEWEST_IN_LEAF, MOST_IN_LEAF))


@dataclass(frozen=True)
class XGBoostSettings(Settings):
    """Settings of `XGBoost`.

    Attributes
    ----------
    rounds : trees, where there are no later rows to check by
    most_rounds, patience : trees at most, and without progress on the check, where there are
    learning_rate : share of its own answer that a tree adds
    depth : of a tree
    rows_share, features_share : drawn for each tree, and for each split
    in_leaf : rows, or what weighs as much; by their number unless given
    ridge : pull of leaves towards 0
    power : of the variance over the mean; between 1 (Poisson) and 2 (Gamma)
    """

    rounds: int = 100
    most_rounds: int = 2_000
    patience: int = 50
    learning_rate: float = 0.05
    depth: int = 3
    rows_share: float = 0.8
    features_share: float = 0.5
    in_leaf: int | None = None
    ridge: float = 1.0
    power: float = 1.4

    @classmethod
    def suggest(cls, trial: Trial) -> Self:
        """As `Settings.suggest`."""
        return cls(
            rounds=trial.suggest_int("rounds", 50, 800, log=True),
            learning_rate=trial.suggest_float("learning_rate", 0.01, 0.1, log=True),
            depth=trial.suggest_int("depth", 2, 6),
            rows_share=trial.suggest_float("rows_share", 0.5, 1.0),
            features_share=trial.suggest_float("features_share", 0.2, 1.0),
            in_leaf=trial.suggest_int("in_leaf", 5, 200, log=True),
            ridge=trial.suggest_float("ridge", 0.1, 30.0, log=True),
            power=trial.suggest_float("power", 1.2, 1.8),
        )


@dataclass(frozen=True)
class ForestSettings(Settings):
    """Settings of `RandomForest`.

    Attributes
    ----------
    trees, depth, in_leaf : how many, how deep, and rows in a leaf; by their number unless given
    rows_share, most_rows : drawn for each tree: that share, but no more than so many
    features_share : drawn for each split
    """

    trees: int = 100
    depth: int = 8
    in_leaf: int | None = None
    rows_share: float = 0.63
    most_rows: int = 20_000
    features_share: float = 0.5

    @classmethod
    def suggest(cls, trial: Trial) -> Self:
        """As `Settings.suggest`."""
        return cls(
            depth=trial.suggest_int("depth", 4, 12),
            in_leaf=trial.suggest_int("in_leaf", 2, 100, log=True),
            rows_share=trial.suggest_float("rows_share", 0.3, 0.9),
            features_share=trial.suggest_float("features_share", 0.2, 0.8),
        )


@dataclass(frozen=True)
class MachineSettings(Settings):
    """Settings of `GradientBoosting`.

    Attributes
    ----------
    rounds, most_rounds, patience, learning_rate, depth, in_leaf : as in `XGBoostSettings`
    """

    rounds: int = 100
    most_rounds: int = 1_000
    patience: int = 30
    learning_rate: float = 0.1
    depth: int = 3
    in_leaf: int | None = None

    @classmethod
    def suggest(cls, trial: Trial) -> Self:
        """As `Settings.suggest`."""
        return cls(
            rounds=trial.suggest_int("rounds", 30, 400, log=True),
            learning_rate=trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
            depth=trial.suggest_int("depth", 2, 5),
            in_leaf=trial.suggest_int("in_leaf", 5, 200, log=True),
        )


class XGBoostTrees(LogLearner):
    """What learners have in common whose trees XGBoost grows.

    Attributes
    ----------
    trees_ : the library's own object
    rounds_ : trees, or forests, that were kept
    """

    trees_: Any
    rounds_: int

    def _grow(
        self,
        rows: Rows,
        check: Rows | None,
        params: Json,
        rounds: tuple[int, int, int] = (1, 1, 0),
    ) -> None:
        """Grow trees: so many, or at most so many with such patience where there is a check."""
        import xgboost as library

        plain, most, patience = rounds
        threads = threads_for(rows.X, self.threads)
        data = library.QuantileDMatrix(
            rows.X, rows.y, weight=rows.weight, nthread=threads, max_bin=256
        )
        params = {
            "tree_method": "hist",
            "base_score": 1.0,
            "seed": self.seed,
            "nthread": threads,
            "verbosity": 0,
            **params,
        }
        stopping: Json = {}
        if check is not None and patience:
            later = library.QuantileDMatrix(
                check.X, check.y, weight=check.weight, nthread=threads, ref=data
            )
            stopping = {
                "evals": [(later, "check")],
                "early_stopping_rounds": patience,
                "verbose_eval": False,
            }
        trees = library.train(params, data, most if stopping else plain, **stopping)
        if stopping:
            trees = trees[: trees.best_iteration + 1]
        self.trees_, self.rounds_ = trees, trees.num_boosted_rounds()

    def _score(self, X: Floats) -> Floats:
        """(n,) what the trees add up to."""
        with ASKED:
            self.trees_.set_param({"nthread": threads_for(X, self.threads)})
            told = self.trees_.inplace_predict(X, predict_type="margin")
        return np.asarray(told, dtype=np.float64)

    def _paths(self, X: Floats) -> Floats:
        """(n, f + 1) contributions to `_score`: what each split on a row's paths changed.

        Saabas' attribution. Shapley values of the same trees take ten times as long, an hour for
        a million customers.
        """
        import xgboost as library

        threads = threads_for(X, self.threads)
        found = np.empty((len(X), X.shape[1] + 1))
        for start in range(0, len(X), CHUNK):
            data = library.DMatrix(X[start : start + CHUNK], nthread=threads)
            with ASKED:
                self.trees_.set_param({"nthread": threads})
                found[start : start + CHUNK] = self.trees_.predict(
                    data, pred_contribs=True, approx_contribs=True
                )
        return found

    def _save(self, folder: Path) -> Json:
        self.trees_.save_model(folder / FILE)
        return {"rounds": self.rounds_}

    def _load(self, folder: Path, state: Json) -> None:
        import xgboost as library

        try:
            self.trees_ = library.Booster(model_file=folder / FILE)
        except library.core.XGBoostError as error:
            raise RunError(f"model: {folder / FILE} cannot be read ({error}).") from None
        self.rounds_ = state["rounds"]


class XGBoost(XGBoostTrees):
    """Boosted trees under Tweedie's deviance, on rows and features drawn.

    References
    ----------
    Chen & Guestrin (2016), arXiv 1603.02754; Tweedie's deviance: Jørgensen (1987)
    """

    name = "xgboost"
    settings_kind = XGBoostSettings

    def _learn(self, rows: Rows, check: Rows | None) -> None:
        s: XGBoostSettings = self.settings
        params = {
            "objective": "reg:tweedie",
            "tweedie_variance_power": s.power,
            "eval_metric": f"tweedie-nloglik@{s.power}",
            "eta": s.learning_rate,
            "max_depth": s.depth,
            "subsample": s.rows_share,
            "colsample_bynode": s.features_share,
            "min_child_weight": fewest_in_leaf(len(rows), s.in_leaf),
            "lambda": s.ridge,
        }
        self._grow(rows, check, params, (s.rounds, s.most_rounds, s.patience))

    def _log(self, X: Floats) -> Floats:
        return self._score(X)

    def _parts(self, X: Floats) -> Floats:
        return self._paths(X)


class GradientBoosting(XGBoostTrees):
    """Friedman's machine: small trees, each on all rows and features, under Poisson's deviance.

    Poisson's and not the squared error: forecasts stay positive, and large customers weigh by
    their spend rather than by its square.

    References
    ----------
    Friedman (2001), "Greedy function approximation: a gradient boosting machine"
    """

    name = "gradient_boosting"
    settings_kind = MachineSettings

    def _learn(self, rows: Rows, check: Rows | None) -> None:
        s: MachineSettings = self.settings
        params = {
            "objective": "count:poisson",
            "eval_metric": "poisson-nloglik",
            "max_delta_step": 0.7,
            "eta": s.learning_rate,
            "max_depth": s.depth,
            "min_child_weight": fewest_in_leaf(len(rows), s.in_leaf),
        }
        self._grow(rows, check, params, (s.rounds, s.most_rounds, s.patience))

    def _log(self, X: Floats) -> Floats:
        return self._score(X)

    def _parts(self, X: Floats) -> Floats:
        return self._paths(X)


class RandomForest(XGBoostTrees):
    """Deep trees averaged, each on rows of its own and with features drawn at every split.

    References
    ----------
    Breiman (2001), "Random forests"
    """

    name = "random_forest"
    settings_kind = ForestSettings

    def _learn(self, rows: Rows, check: Rows | None) -> None:  # noqa: ARG002
        s: ForestSettings = self.settings
        params = {
            "objective": "reg:squarederror",
            "eta": 1.0,
            "num_parallel_tree": s.trees,
            "max_depth": s.depth,
            "subsample": min(s.rows_share, s.most_rows / len(rows)),
            "colsample_bynode": s.features_share,
            "min_child_weight": fewest_in_leaf(len(rows), s.in_leaf),
            "lambda": 0.0,
        }
        self._grow(rows, None, params)

    def _log(self, X: Floats) -> Floats:
        return _log_of_mean(self._score(X))

    def _parts(self, X: Floats) -> Floats:
        return through(_log_of_mean, self._paths(X))


def _log_of_mean(mean: Floats) -> Floats:
    return np.log(np.maximum(mean, FLOOR))
