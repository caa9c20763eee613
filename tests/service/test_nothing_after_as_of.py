"""Rows after as_of change no byte of the forecasts."""

import numpy as np
import pytest

from clv.core.types import AsOf
from clv.data.settings import IngestSettings
from clv.ops.budget import BUDGETS
from clv.ops.job import RunSettings
from clv.ops.pipeline import run
from tests.logs import write_log

AS_OF = "2024-03-01"


def forecasts(log, place, budget):
    settings = IngestSettings(as_of=AsOf.parse(AS_OF))
    done = run(RunSettings(str(log), ingest=settings, out=place, budget=BUDGETS[budget]))
    return (done.folder / "forecasts.parquet").read_bytes()


@pytest.mark.parametrize("budget", ["fast", pytest.param("standard", marks=pytest.mark.slow)])
def test_planted_rows_change_no_byte(tmp_path, budget):
    lines = write_log(tmp_path / "all.csv", customers=250).read_text().splitlines()
    past = [line for line in lines[1:] if line.split(",")[1] <= AS_OF]
    bare = tmp_path / "bare.csv"
    bare.write_text("\n".join([lines[0], *past]) + "\n")
    rng = np.random.default_rng(1)
    planted = [
        f"{rng.integers(0, 900):05d},2024-{rng.integers(4, 12):02d}-{rng.integers(1, 28):02d},"
        f"{rng.choice([-500, 0, 99_999.99])},{rng.choice(['Moon', 'WEB'])}"
        for _ in range(500)
    ]
    mixed = list(rng.permutation(np.array([*past, *planted], dtype=object)))
    full = tmp_path / "full.csv"
    full.write_text("\n".join([lines[0], *mixed]) + "\n")
    one, two = forecasts(bare, tmp_path / "one", budget), forecasts(full, tmp_path / "two", budget)
    assert one == two
