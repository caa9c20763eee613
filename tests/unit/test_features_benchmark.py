"""The benchmark of features measures what it says."""

import pytest

from benchmarks.features import build, main

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("every", [1, 4])
def test_features_are_built_and_timed(every, tmp_path):
    result = build(tmp_path, 800, every, repeats=1)
    n = float(result.case.split(" of ")[1].split(" customers")[0].replace(",", ""))
    assert 700 / every < n <= 800 / every + 1
    assert result.ours_seconds > 0
    assert result.floor_seconds > 0
    rows = float(result.note.split(" customers a second")[0].replace(",", ""))
    assert rows == pytest.approx(n / result.ours_seconds, rel=0.01)
    assert result.sizes.startswith("800 customers with ")


def test_all_sizes_are_printed(capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.features.SIZES", ((50_000, 20),))
    monkeypatch.setattr("gc.collect", lambda: 0)
    main(["--quick"])
    told = capsys.readouterr().out
    assert told.count(" features of ") == 1
    assert "load" in told
