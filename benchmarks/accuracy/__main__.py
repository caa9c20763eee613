"""Every case, the page made of them, and what the README says of it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import numpy as np
from pyarrow import parquet

from benchmarks.accuracy import fresh, made, readme
from benchmarks.accuracy.cases import Case, Kind, cases, data
from benchmarks.accuracy.judge import OURS, Verdict, judge
from benchmarks.accuracy.page import page
from benchmarks.accuracy.timing import Timed, logs, whole_run
from benchmarks.result import machine
from clv.core.types import AsOf, Horizon

PAGE = Path("docs/results.md")
PACKAGES = ("clv", "lifetimes", "xgboost-cpu", "lightgbm", "jax", "numpy", "scipy")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--budget", default="standard", choices=("fast", "standard", "best"))
    parser.add_argument("--only", help="logs whose name has this in it; nothing is written")
    parser.add_argument(
        "--seen", action="store_true", help="the made-up shops that were looked at, too"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a small shop on one day, standing for every kind of log; nothing is written",
    )
    parser.add_argument("--keep", type=Path, help="a folder; verdicts found in it are not redone")
    asked = parser.parse_args(arguments)
    about = machine(PACKAGES)
    with TemporaryDirectory(prefix="clv-benchmarks-") as folder:
        if asked.quick:
            verdicts, timed = quick(Path(folder))
        else:
            made.write(Path(folder))
            fresh.write(Path(folder))
            every = [
                case
                for case in cases(Path(folder), seen=asked.seen)
                if (asked.only or "").lower() in case.log.lower()
            ]
            missing = {str(case.path) for case in every if not case.path.exists()}
            if missing:
                told = f"{', '.join(sorted(missing))}: not there. Set CLV_DATA_DIR ({data()}).\n"
                parser.exit(2, told)
            # Before the rest, while nothing else of ours has warmed or filled the machine.
            timed = [] if asked.only else _timed(asked.budget, asked.keep)
            verdicts = [_told(_verdict(case, asked.budget, asked.keep)) for case in every]
    budget = "fast" if asked.quick else asked.budget
    told, short = page(verdicts, budget, about, timed), readme.told(verdicts, timed)
    if asked.only or asked.quick:
        print(f"{told}\n{short}")
    else:
        PAGE.write_text(told, encoding="utf-8")
        text = readme.README.read_text(encoding="utf-8")
        readme.README.write_text(readme.put(text, short), encoding="utf-8")


def quick(folder: Path) -> tuple[list[Verdict], list[Timed]]:
    """One small case judged once, and told as if it were of every kind."""
    log = folder / "small.parquet"
    parquet.write_table(fresh.small(np.random.default_rng(0)), log)
    case = Case("small shop", log, AsOf(date(2021, 10, 31)), Horizon(60))
    verdict = _told(judge(case, "fast"))
    kinds: tuple[Kind, ...] = get_args(Kind)
    verdicts = [replace(verdict, case=replace(case, kind=kind)) for kind in kinds]
    return verdicts, [whole_run("small shop", log, "fast")]


def _timed(budget: str, keep: Path | None) -> list[Timed]:
    file = keep / f"whole runs, {budget}.json" if keep else None
    if file and file.exists():
        return [Timed(**told) for told in json.loads(file.read_text())]
    timed = [whole_run(name, log, budget) for name, log in logs().items()]
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps([asdict(each) for each in timed]))
    return timed


def _verdict(case: Case, budget: str, keep: Path | None) -> Verdict:
    if keep is None:
        return judge(case, budget)
    keep.mkdir(parents=True, exist_ok=True)
    file = keep / f"{case.log}, {case.kind}, {case.horizon} after {case.cutoff}, {budget}.json"
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
