"""What a backtest has done so far, on disk: begun again, it goes on where it was stopped."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from clv.core.types import Json

if TYPE_CHECKING:
    from clv.evaluation.backtest.origins import Origin
    from clv.evaluation.backtest.trial import Said


@dataclass(frozen=True)
class Kept:
    """A folder with a file for each origin and model that is done.

    Attributes
    ----------
    folder : made if absent
    asked : what the work depends on: the log's hash, settings, versions. Work done under another
        is left alone and not looked at
    """

    folder: Path
    asked: Json

    def said(self, origin: Origin, model: str) -> Said | str | None:
        """What the model said there before, why it failed, or None where it was not asked."""
        from clv.evaluation.backtest.trial import Said

        path = self._path(origin, model)
        try:
            with np.load(path, allow_pickle=False) as found:
                told = json.loads(str(found["told"]))
                if "failed" in told:
                    return str(told["failed"])
                return Said(
                    found["value"],
                    found["chance"],
                    float(told["loglik"]),
                    float(told["seconds"]),
                    tuple(told["notes"]),
                    found.get("spending"),
                )
        except (OSError, ValueError, KeyError, BadZipFile):
            # A file cut short is as good as none.
            return None

    def keep(self, origin: Origin, model: str, said: Said | str) -> None:
        """Keep it, all at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(origin, model)
        beside = path.with_name(f".{path.name}.partial")
        with beside.open("wb") as file:
            if isinstance(said, str):
                np.savez(file, told=json.dumps({"failed": said}))
            else:
                told = {"loglik": said.loglik, "seconds": said.seconds, "notes": list(said.notes)}
                arrays = {"value": said.value, "chance": said.chance, "spending": said.spending}
                each = {name: array for name, array in arrays.items() if array is not None}
                np.savez(file, allow_pickle=False, told=np.array(json.dumps(told)), **each)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)

    def _path(self, origin: Origin, model: str) -> Path:
        text = json.dumps(self.asked, sort_keys=True, default=str)
        mark = hashlib.sha256(text.encode()).hexdigest()[:12]
        name = f"{model}-{origin.cutoff}-{origin.window.n_days}-{mark}.npz"
        return self.folder / name
