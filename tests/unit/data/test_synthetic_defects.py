"""Planted defects: each row listed is as listed, all others are whole, and readers find them."""

import numpy as np
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest

from clv.data.ingest import IngestSettings, ingest
from clv.data.rules import CODE
from clv.data.synthetic import tables
from clv.data.synthetic.defects import AS_TEXT, DUPLICATE, KINDS, planted
from clv.data.synthetic.shop import Shop
from clv.data.synthetic.world import draw

SHARE = 0.05


@pytest.fixture(scope="module")
def shop():
    return Shop(customers=600, transactions=3_000, seed=9)


@pytest.fixture(scope="module")
def log(shop):
    return tables.transactions(draw(shop))


@pytest.fixture(scope="module")
def spoilt(shop, log):
    return planted(log, SHARE, 1, shop.rng("defects"))


def test_each_kind_is_planted_as_often_as_asked(log, spoilt):
    bad, listed = spoilt
    assert listed.num_rows == round(SHARE * log.num_rows)
    counts = {row["values"]: row["counts"] for row in listed["defect"].value_counts().to_pylist()}
    assert counts.keys() == {defect.name for defect in KINDS}
    assert max(counts.values()) - min(counts.values()) <= 1
    assert bad.num_rows == log.num_rows + counts[DUPLICATE]
    assert len(set(listed["line"].to_pylist())) == listed.num_rows
    assert {rule for rule in listed["rule"].to_pylist() if rule} <= CODE.keys()


def test_rows_are_what_the_list_says(spoilt):
    bad, listed = spoilt
    rows = bad.take(np.array(listed["line"]) - 1).to_pylist()
    for row, told in zip(rows, listed.to_pylist(), strict=True):
        assert row[told["column"]] == told["became"], told
        assert row["order_id"] == told["order_id"]
        assert not row["is_return"]
        if told["defect"] != DUPLICATE:
            assert told["became"] != told["was"]


def test_all_other_rows_are_the_clean_log(log, spoilt):
    bad, listed = spoilt
    kinds = dict(zip(listed["line"].to_pylist(), listed["defect"].to_pylist(), strict=True))
    twins = [line - 1 for line, kind in kinds.items() if kind == DUPLICATE]
    every = bad.to_pylist()
    for twin in twins:
        assert every[twin] == every[twin - 1]
    left = bad.take(np.setdiff1d(np.arange(bad.num_rows), twins))
    changed = np.zeros(bad.num_rows, dtype=bool)
    changed[[line - 1 for line, kind in kinds.items() if kind != DUPLICATE]] = True
    whole = np.flatnonzero(~np.delete(changed, twins))
    for name in log.column_names:
        was, now = log[name].take(whole), left[name].take(whole)
        if name in ("amount",):
            now = now.cast("float64")
        elif name in AS_TEXT:
            was = was.cast("string")
        assert now.equals(was.cast(now.type)), name


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_readers_find_every_row_that_breaks_a_rule(form, shop, log, tmp_path, engine):
    first_line = 1 if form == "parquet" else 2
    bad, listed = planted(log, SHARE, first_line, shop.rng("defects"))
    path = tmp_path / f"bad.{form}"
    (pq.write_table if form == "parquet" else csv.write_csv)(bad, path)
    read = ingest(path, IngestSettings(), engine)
    assert read.rows_in == bad.num_rows
    assert read.rows_in == read.accepted + read.quarantined + read.dropped
    refused = {row["line"]: row["rule"] for row in read.quarantine.to_pyarrow().to_pylist()}
    expected = {row["line"]: row["rule"] for row in listed.to_pylist() if row["rule"]}
    assert {line: refused.get(line) for line in expected} == expected
    # The purchase before a return may be among the bad rows.
    others = {rule for line, rule in refused.items() if line not in expected}
    assert others <= {"return_without_purchase"}
    told = " ".join(read.notices)
    for notice in ("duplicate_lines", "zero_amounts", "customer_spellings", "channel_spellings"):
        assert notice in told


def test_few_rows_take_few_defects():
    tiny = tables.transactions(draw(Shop(customers=10, transactions=20, days=60)))
    bad, listed = planted(tiny, 0.1, 1, np.random.default_rng(1))
    assert listed.num_rows == 2
    assert bad.num_rows == tiny.num_rows
    whole, none = planted(tiny, 0.0, 1, np.random.default_rng(1))
    assert (whole.num_rows, none.num_rows) == (tiny.num_rows, 0)
