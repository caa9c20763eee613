"""The benchmark of `clv generate` measures what it says."""

import pytest

from benchmarks.generate import main, make


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_shop_is_made_and_timed(form, tmp_path):
    result = make(tmp_path, 2_000, form, repeats=1)
    assert (tmp_path / f"{form}-2000" / f"transactions.{form}").is_file()
    assert result.ours_seconds > result.floor_seconds > 0
    assert result.case == f"generate 2,000 transactions as {form}"
    rows = float(result.note.split(" rows a second")[0].replace(",", ""))
    assert rows == pytest.approx(2_000 / result.ours_seconds, rel=0.01)


def test_all_sizes_are_printed(capsys, monkeypatch):
    monkeypatch.setattr("gc.collect", lambda: 0)
    main(["--quick"])
    told = capsys.readouterr().out
    assert told.count("| generate 20,000 transactions as") == 2
    assert "load" in told
