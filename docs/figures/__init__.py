"""The figures of docs/methodology, each drawn from real data by a module of its own."""

from __future__ import annotations

from importlib import import_module

from docs.figures import look

#: Each the name of a module here, of its page and of its image.
FIGURES = (
    "nbd", "bgnbd", "mbgnbd", "paretonbd", "cnbd", "btyd", "covariates", "bgbb", "sbg", "bdw",
    "gammagamma", "onetime", "segments", "uncertainty", "reasons", "learners", "ziln",
    "ensemble", "intervals", "backtest", "profiles",
)  # fmt: skip
#: Drawn from logs that are not part of the project.
NEED_SHARED = {"cnbd", "bgbb", "btyd", "covariates"}


def drawn(name: str) -> str:
    """One of FIGURES as SVG."""
    return look.svg(import_module(f"docs.figures.{name}").draw)
