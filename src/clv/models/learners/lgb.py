"""Trees by LightGBM, and the learner made of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from clv.core.errors import RunError
from clv.core.types import Floats, Ints, Json
from clv.models.learners.base import LogLearner, Settings, threads_for
from clv.models.learners.rows import Rows
from clv.models.learners.xgb import fewest_in_leaf

if TYPE_CHECKING:
    from optuna import Trial

FILE = "trees.txt"
Singles = NDArray[np.float32]
#: Rows that contributions are computed of at once: small enough for the processor's cache.
CHUNK = 2_048


@dataclass(frozen=True)
class LightGBMSettings(Settings):
    """Settings of `LightGBM`.

    Attributes
    ----------
    rounds : trees, where there are no later rows to check by
    most_rounds, patience : trees at most, and without progress on the check, where there are
    learning_rate : share of its own answer that a tree adds
    leaves : of a tree
    rows_share, features_share : drawn for each tree, and for each split
    in_leaf : rows; by their number unless given
    ridge : pull of leaves towards 0
    power : of the variance over the mean; between 1 (Poisson) and 2 (Gamma)
    """

    rounds: int = 100
    most_rounds: int = 2_000
    patience: int = 50
    learning_rate: float = 0.05
    leaves: int = 10
    rows_share: float = 0.8
    features_share: float = 0.7
    in_leaf: int | None = None
    ridge: float = 1.0
    power: float = 1.3

    @classmethod
    def suggest(cls, trial: Trial) -> Self:
        """As `Settings.suggest`."""
        return cls.of_trees(trial, power=trial.suggest_float("power", 1.2, 1.8))

    @classmethod
    def of_trees(cls, trial: Trial, power: float) -> Self:
        """Settings drawn but for the power of the variance."""
        return cls(
            rounds=trial.suggest_int("rounds", 50, 800, log=True),
            learning_rate=trial.suggest_float("learning_rate", 0.01, 0.1, log=True),
            leaves=trial.suggest_int("leaves", 4, 48, log=True),
            rows_share=trial.suggest_float("rows_share", 0.5, 1.0),
            features_share=trial.suggest_float("features_share", 0.2, 1.0),
            in_leaf=trial.suggest_int("in_leaf", 5, 200, log=True),
            ridge=trial.suggest_float("ridge", 0.1, 30.0, log=True),
            power=power,
        )


class LightGBMTrees:
    """Boosted trees.

    Attributes
    ----------
    model : the library's own object
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._tables: _Tables | None = None

    @classmethod
    def grow(
        cls,
        rows: Rows,
        check: Rows | None,
        objective: str,
        settings: LightGBMSettings,
        seed: int,
        threads: int,
    ) -> Self:
        """Grow trees towards the rows' targets; `check` are later rows, to stop by."""
        import lightgbm as library

        params = {
            "objective": objective,
            "tweedie_variance_power": settings.power,
            "learning_rate": settings.learning_rate,
            "num_leaves": settings.leaves,
            "bagging_fraction": settings.rows_share,
            "bagging_freq": 1,
            "feature_fraction_bynode": settings.features_share,
            "min_data_in_leaf": fewest_in_leaf(len(rows), settings.in_leaf),
            "lambda_l2": settings.ridge,
            "deterministic": True,
            "force_row_wise": True,
            "seed": seed,
            "num_threads": threads_for(rows.X, threads),
            "verbosity": -1,
        }
        data = library.Dataset(rows.X, rows.y, weight=rows.weight)
        if check is None:
            model = library.train(params, data, settings.rounds)
        else:
            later = library.Dataset(check.X, check.y, weight=check.weight, reference=data)
            model = library.train(
                params,
                data,
                settings.most_rounds,
                valid_sets=[later],
                callbacks=[library.early_stopping(settings.patience, verbose=False)],
            )
        # By way of its text: up to the best round, and without the training data.
        return cls(library.Booster(model_str=model.model_to_string()))

    @property
    def rounds(self) -> int:
        return int(self.model.num_trees())

    def score(self, X: Floats, threads: int) -> Floats:
        """(n,) what the trees add up to."""
        told = self.model.predict(X, raw_score=True, num_threads=threads_for(X, threads))
        return np.asarray(told, dtype=np.float64)

    def paths(self, X: Floats, threads: int) -> tuple[Floats, Floats]:
        """The score, and what each split on a row's paths changed of it.

        Saabas' attribution, by a table with a row a leaf. The library's Shapley values take
        sixty times as long.

        Returns
        -------
        (n,) as `score`; (n, f + 1) contributions to it, the base last
        """
        if self._tables is None:
            self._tables = _Tables.of(self.model.dump_model()["tree_info"], X.shape[1])
        changes, used, values, first, base = self._tables
        score, found = np.empty(len(X)), np.zeros((len(X), X.shape[1] + 1))
        found[:, -1] = base
        for start in range(0, len(X), CHUNK):
            some = X[start : start + CHUNK]
            leaves = self.model.predict(some, pred_leaf=True, num_threads=threads_for(X, threads))
            places = (leaves.reshape(len(some), -1) + first).astype(np.int32)
            ends = np.arange(0, places.size + 1, places.shape[1], dtype=np.int32)
            fallen = csr_array(
                (np.ones(places.size, dtype=np.float32), places.ravel(), ends),
                shape=(len(some), len(changes)),
            )
            found[start : start + CHUNK, used] = fallen @ changes
            score[start : start + CHUNK] = values[places].sum(axis=1)
        return score, found

    def save(self, path: Path) -> None:
        self.model.save_model(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        RunError : the file is missing or broken
        """
        import lightgbm as library

        try:
            return cls(library.Booster(model_file=path))
        except library.basic.LightGBMError as error:
            raise RunError(f"model: {path} cannot be read ({error}).") from None


class LightGBM(LogLearner):
    """Boosted trees under Tweedie's deviance, grown leaf by leaf.

    Attributes
    ----------
    trees_ : fitted

    References
    ----------
    Ke et al. (2017), "LightGBM: a highly efficient gradient boosting decision tree"
    """

    name = "lightgbm"
    settings_kind = LightGBMSettings

    trees_: LightGBMTrees

    def _learn(self, rows: Rows, check: Rows | None) -> None:
        self.trees_ = LightGBMTrees.grow(
            rows, check, "tweedie", self.settings, self.seed, self.threads
        )

    def _log(self, X: Floats) -> Floats:
        return self.trees_.score(X, self.threads)

    def _parts(self, X: Floats) -> Floats:
        return self.trees_.paths(X, self.threads)[1]

    def _all(self, X: Floats) -> tuple[Floats, Floats | None, Floats]:
        score, parts = self.trees_.paths(X, self.threads)
        return score, None, parts

    def _save(self, folder: Path) -> Json:
        self.trees_.save(folder / FILE)
        return {}

    def _load(self, folder: Path, state: Json) -> None:  # noqa: ARG002
        self.trees_ = LightGBMTrees.load(folder / FILE)


class _Tables(NamedTuple):
    """What each leaf of all trees stands for.

    Attributes
    ----------
    changes : (leaves, features that are used) what its path changed, feature by feature
    used : which these are
    values : (leaves,) what it adds to the score
    first : (trees,) place of each tree's first leaf
    base : what the roots add up to
    """

    changes: Singles
    used: Ints
    values: Floats
    first: Ints
    base: float

    @classmethod
    def of(cls, trees: list[Json], n_features: int) -> Self:
        changes, values, base = [], [], 0.0
        for tree in trees:
            table = np.zeros((max(1, tree["num_leaves"]), n_features))
            leaves = np.zeros(len(table))
            root = tree["tree_structure"]
            _weigh(root)
            base += root["mean"]
            _walk(root, np.zeros(n_features), table, leaves)
            changes.append(table)
            values.append(leaves)
        first = np.cumsum([0, *(len(leaves) for leaves in values)])[:-1]
        whole = np.vstack(changes)
        used = np.flatnonzero(whole.any(axis=0))
        return cls(whole[:, used].astype(np.float32), used, np.concatenate(values), first, base)


def _weigh(node: Json) -> None:
    """Set every node's mean: that of its leaves, by the rows that fell into them."""
    if "leaf_value" in node:
        node["mean"], node["rows"] = node["leaf_value"], node.get("leaf_count", 1)
        return
    left, right = node["left_child"], node["right_child"]
    _weigh(left)
    _weigh(right)
    node["rows"] = left["rows"] + right["rows"]
    node["mean"] = (left["mean"] * left["rows"] + right["mean"] * right["rows"]) / node["rows"]


def _walk(node: Json, so_far: Floats, table: Floats, leaves: Floats) -> None:
    if "leaf_value" in node:
        place = node.get("leaf_index", 0)
        table[place], leaves[place] = so_far, node["leaf_value"]
        return
    for child in (node["left_child"], node["right_child"]):
        changed = so_far.copy()
        changed[node["split_feature"]] += child["mean"] - node["mean"]
        _walk(child, changed, table, leaves)
