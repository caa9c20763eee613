"""Every case, and the page made of them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.accuracy import made
from benchmarks.accuracy.cases import Case, cases, data
from benchmarks.accuracy.judge import OURS, Verdict, judge
from benchmarks.accuracy.page import page
from benchmarks.result import machine

PAGE = Path("docs/results.md")
PACKAGES = ("clv", "lifetimes", "xgboost-cpu", "lightgbm", "jax", "numpy", "scipy")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--budget", default="standard", choices=("fast", "standard", "best"))
    parser.add_argument("--only", help="logs whose name has this in it; the page is not written")
    parser.add_argument("--keep", type=Path, help="a folder; verdicts found in it are not redone")
    asked = parser.parse_args()
    about = machine(PACKAGES)
    with TemporaryDirectory(prefix="clv-benchmarks-") as folder:
        made.write(Path(folder))
        every = [c for c in cases(Path(folder)) if (asked.only or "").lower() in c.log.lower()]
        missing = {str(case.path) for case in every if not case.path.exists()}
        if missing:
            told = f"{', '.join(sorted(missing))}: not there. Set CLV_DATA_DIR ({data()}).\n"
            parser.exit(2, told)
        verdicts = [_told(_verdict(case, asked.budget, asked.keep)) for case in every]
    told = page(verdicts, asked.budget, about)
    if asked.only:
        print(told)
    else:
        PAGE.write_text(told)


def _verdict(case: Case, budget: str, keep: Path | None) -> Verdict:
    if keep is None:
        return judge(case, budget)
    keep.mkdir(parents=True, exist_ok=True)
    file = keep / f"{case.log}, {case.horizon} after {case.cutoff}, {budget}.json"
    if file.exists():
        return Verdict.of_json(case, json.loads(file.read_text()))
    verdict = judge(case, budget)
    file.write_text(json.dumps(verdict.to_json()))
    return verdict


def _told(verdict: Verdict) -> Verdict:
    case, own = verdict.case, verdict.figures[OURS]
    print(
        f"{case.log} {case.cutoff} {case.horizon}: {verdict.champion}, Gini {own['gini']:.3f},"
        f" MAE {own['mae']:,.2f}, decile MAPE {own['decile_mape']:.3f},"
        f" Spearman {own['spearman']:.3f}, above {verdict.intervals['above']:.1%},"
        f" {verdict.seconds:.0f} s",
        flush=True,
    )
    return verdict


if __name__ == "__main__":
    main()
