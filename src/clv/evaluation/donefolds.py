"""Folds that are done, on disk: begun again, a comparison goes on where it was stopped."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from clv.core.types import Json
from clv.evaluation.folds import Fold
from clv.evaluation.table import Told
from clv.models.learners import registry


@dataclass(frozen=True)
class DoneFolds:
    """A folder with a file for each fold that is done.

    Attributes
    ----------
    folder : made if absent
    asked : what the work depends on, as in `clv.evaluation.backtest.Kept`
    """

    folder: Path
    asked: Json

    def told(self, fold: Fold) -> Told | None:
        """What was said of the fold before; None where it was not asked."""
        try:
            with np.load(self._path(fold), allow_pickle=False) as found:
                told = json.loads(str(found["told"]))
                return Told(
                    {name: found[f"said {name}"] for name in told["said"]},
                    found["chance"],
                    {name: found[f"checked {name}"] for name in told["checked"]},
                    found["checked chance"],
                    told["seconds"],
                    told["failed"],
                    {
                        name: registry.settings_class(name)(**settings)
                        for name, settings in told["settled"].items()
                    },
                )
        except (OSError, ValueError, KeyError, TypeError, BadZipFile):
            # A file cut short is as good as none.
            return None

    def keep(self, fold: Fold, told: Told) -> None:
        """Keep it, all at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(fold)
        beside = path.with_name(f".{path.name}.partial")
        words = {
            "said": list(told.said),
            "checked": list(told.checked),
            "seconds": told.seconds,
            "failed": told.failed,
            "settled": {name: asdict(settings) for name, settings in told.settled.items()},
        }
        arrays: dict[str, Any] = {f"said {name}": values for name, values in told.said.items()}
        arrays |= {f"checked {name}": values for name, values in told.checked.items()}
        arrays |= {"chance": told.chance, "checked chance": told.checked_chance}
        with beside.open("wb") as file:
            np.savez(file, told=np.array(json.dumps(words)), **arrays)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)

    def _path(self, fold: Fold) -> Path:
        text = json.dumps(self.asked, sort_keys=True, default=str)
        mark = hashlib.sha256(text.encode())
        for rows in (fold.taught, fold.stop, fold.check, fold.asked):
            mark.update(rows.tobytes() + b";")
        return self.folder / f"{fold.name.replace(' ', '-')}-{mark.hexdigest()[:12]}.npz"
