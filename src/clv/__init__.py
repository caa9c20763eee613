"""Customer lifetime value from a raw transaction log to a decision.

>>> import clv
>>> run = clv.run("cdnow", horizon=90, out="results")  # doctest: +SKIP
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clv.apps.python import (
        backtest,
        build_features,
        fit,
        generate,
        list_models,
        open_run,
        predict,
        run,
        validate,
    )

# Idle threads sleep: by default OpenMP's spin, and two fits at once on two cores then take a
# hundred times as long. It reads this as the first library that uses it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__all__ = [
    "backtest",
    "build_features",
    "fit",
    "generate",
    "list_models",
    "open_run",
    "predict",
    "run",
    "validate",
]


def __getattr__(name: str) -> Any:
    # Imported on first use, so that `import clv` stays instant.
    if name in __all__:
        from clv.apps import python

        return getattr(python, name)
    raise AttributeError(f"module 'clv' has no attribute {name!r}")
