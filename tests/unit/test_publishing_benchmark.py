"""The benchmark of publishing: a small run, and its tables."""

import pytest

from benchmarks.publishing import (
    FILTERS,
    POSTGRESQL,
    SQLITE,
    TOGETHER,
    Published,
    kinds,
    page_times,
    write_run,
)
from clv.ops.store.publishing import publish


def test_a_made_up_run_is_published_and_paged_through(sqlite_store, tmp_path):
    done = publish(sqlite_store, write_run(tmp_path / "run", 2_000))
    assert done.customers == 2_000
    for asked in (*FILTERS.values(), *TOGETHER.values()):
        assert min(page_times(sqlite_store, asked)) > 0


def test_tables_tell_ratios_medians_and_the_worst():
    pages = {"all, by clv": {SQLITE: [1.0, 2.0, 9.0], POSTGRESQL: [3.0, 4.0, 5.0]}}
    published = Published(
        1_000, {SQLITE: 2.0, POSTGRESQL: 1.0}, {SQLITE: 0.5, POSTGRESQL: 1}, pages
    )
    assert cells(published.table()) == [
        ["SQLite", "2", "0.5", "4", "500"],
        ["PostgreSQL", "1", "1", "1", "1,000"],
    ]
    assert cells(published.pages_table()) == [["all, by clv", "2", "9", "4", "5"]]
    assert "all, by p_alive, highest first" in kinds()


def test_it_can_be_asked_for_help(capsys):
    from benchmarks.publishing import main

    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "--quick" in capsys.readouterr().out


def cells(table):
    lines = table.split("\n")[2:]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
