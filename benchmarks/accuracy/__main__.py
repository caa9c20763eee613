"""Every case, and the page made of them."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.accuracy.cases import CASES, data
from benchmarks.accuracy.judge import OURS, judge
from benchmarks.accuracy.page import page

PAGE = Path("docs/results.md")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--budget", default="standard", choices=("fast", "standard", "best"))
    parser.add_argument("--only", help="logs whose name has this in it; the page is not written")
    asked = parser.parse_args()
    cases = [c for c in CASES if not asked.only or asked.only.lower() in c.log.lower()]
    missing = {str(case.path) for case in cases if not case.path.exists()}
    if missing:
        parser.exit(2, f"{', '.join(sorted(missing))}: not there. Set CLV_DATA_DIR ({data()}).\n")
    verdicts = []
    for case in cases:
        verdict = judge(case, asked.budget)
        verdicts.append(verdict)
        own = verdict.figures[OURS]
        print(
            f"{case.log} {case.cutoff} {case.horizon}: {verdict.champion}, Gini {own['gini']:.3f},"
            f" MAE {own['mae']:,.2f}, decile MAPE {own['decile_mape']:.3f},"
            f" Spearman {own['spearman']:.3f}, above {verdict.intervals['above']:.1%},"
            f" {verdict.seconds:.0f} s",
            flush=True,
        )
    told = page(verdicts, asked.budget, "make results")
    if asked.only:
        print(told)
    else:
        PAGE.write_text(told)


if __name__ == "__main__":
    main()
