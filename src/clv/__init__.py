"""Customer lifetime value from a raw transaction log to a decision.

>>> import clv
>>> run = clv.run("cdnow", horizon=90, out="results")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clv.apps.python import fit, models, open_run, predict, run, validate

__all__ = ["fit", "models", "open_run", "predict", "run", "validate"]


def __getattr__(name: str) -> Any:
    # Imported on first use, so that `import clv` stays instant.
    if name in __all__:
        from clv.apps import python

        return getattr(python, name)
    raise AttributeError(f"module 'clv' has no attribute {name!r}")
