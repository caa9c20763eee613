"""All faults of `make reliability`: nothing lost, kept twice, answered wrong or of two runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.reliability.__main__ import every
from benchmarks.reliability.page import page
from benchmarks.reliability.truth import two_runs

pytestmark = pytest.mark.slow


def test_no_fault_costs_an_order_or_makes_an_answer_wrong(tmp_path: Path):
    outcomes = list(every(tmp_path, two_runs(tmp_path)))
    assert [outcome for outcome in outcomes if not outcome.faultless] == []
    assert {outcome.place for outcome in outcomes} == {"SQLite", "PostgreSQL and Redis"}
    told = page(outcomes, "a machine")
    assert all(outcome.scenario in told for outcome in outcomes)
