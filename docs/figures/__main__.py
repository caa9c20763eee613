"""Draw the figures of docs/methodology into docs/images: `python -m docs.figures [NAME ...]`."""

from __future__ import annotations

import sys
from pathlib import Path

from docs.figures import FIGURES, NEED_SHARED, drawn, logs

IMAGES = Path(__file__).resolve().parents[1] / "images"


def main(names: list[str]) -> None:
    if unknown := [name for name in names if name not in FIGURES]:
        sys.exit(f"{', '.join(unknown)}: no such figure. There are {', '.join(FIGURES)}.")
    for name in names or FIGURES:
        if name in NEED_SHARED and not logs.SHARED.is_dir():
            sys.stderr.write(f"{name}: left as it is, for there are no logs at {logs.SHARED}\n")
            continue
        (IMAGES / f"{name}.svg").write_text(drawn(name), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
