"""Rows are accepted, quarantined under the first rule they break, or dropped by choice."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clv.core.errors import ColumnError, LogError, SettingError, SourceError, TooManyBadRowsError
from clv.core.schema import OPTIONAL_COLUMNS, QUARANTINE, TRANSACTIONS
from clv.core.types import AsOf
from clv.data.engine import DuckDBEngine
from clv.data.ingest import Columns, IngestSettings, ingest
from clv.data.rules import RULES
from clv.features.ledger import Ledger

HEAD = "customer_id,date,amount\n"
GOOD = "c1,2024-01-05,10\nc2,2024-02-05,20\n"


def test_the_tables_keep_their_contracts(read):
    found = read(HEAD + GOOD + "c3,never,1\n")
    transactions = found.transactions.to_pyarrow()
    assert transactions.schema.names == TRANSACTIONS.names
    assert transactions.schema.types == TRANSACTIONS.types
    assert found.quarantine.to_pyarrow().schema.types == QUARANTINE.types


def test_optional_columns_come_in_their_contract_types(read):
    text = (
        "customer_id,date,amount,order_id,channel,category,product,quantity,discount,cost,currency"
        ",is_return,campaign,Country,eco_share,impact_score,datetime\n"
        "c,2024-01-05,10,7,Web,books,b1,2,0.5,4,usd,no,spring,France,0.25,3,2024-01-05 10:00\n"
        "c,2024-01-06,10,8,nan,,b2,two,,x,usd,perhaps,,,,,later\n"
    )
    found = read(text)
    table = found.transactions.order_by("line").to_pyarrow()
    assert {n: table.schema.field(n).type for n in OPTIONAL_COLUMNS} == OPTIONAL_COLUMNS
    first, second = table.to_pylist()
    assert (first["channel"], first["currency"], first["is_return"]) == ("Web", "USD", False)
    assert (first["quantity"], first["eco_share"], first["order_id"]) == (2.0, 0.25, "7")
    assert all(second[name] is None for name in ("channel", "quantity", "cost", "is_return"))
    lost = [notice for notice in found.notices if "could not be read" in notice]
    assert [notice.split()[0] for notice in lost] == ["timestamp", "quantity", "cost", "is_return"]


@pytest.mark.parametrize("word", ["", "  ", "nan", "NULL", "None", "N/A", '"\t"'])
def test_a_customer_that_stands_for_nothing_is_missing(read, word):
    assert read(f"{HEAD}{GOOD}{word},2024-01-05,1\n").by_rule == {"missing_customer": 1}


def test_ids_stay_text(column):
    ids = ["007", "9007199254740993", "1e5", "12.0", "ÄÖ 1", "0x1"]
    text = HEAD + "".join(f" {name} ,2024-01-05,1\n" for name in ids)
    assert column("customer_id", text) == ids


def test_the_first_broken_rule_names_the_row(read):
    found = read(HEAD + GOOD + ",never,abc\nc,,abc\nc,2024-01-05,abc\n")
    assert found.by_rule == {"missing_customer": 1, "missing_date": 1, "unreadable_amount": 1}
    assert [found.quarantine.order_by("line").rule.execute()[i] for i in range(3)] == list(
        found.by_rule
    )


def test_a_quarantined_row_is_kept_as_it_stood_with_its_line(read, tmp_path):
    found = read(HEAD + GOOD + '"c,3",never,  7\n')
    [row] = found.quarantine.execute().to_dict("records")
    assert (row["source"], row["line"], row["rule"]) == (
        str(tmp_path / "log.csv"),
        4,
        "unreadable_date",
    )
    assert json.loads(row["row"]) == {"customer_id": "c,3", "date": "never", "amount": "  7"}
    assert row["detail"].endswith("in the column's format: never")


def test_lines_are_counted_over_blank_ones_and_quoted_breaks(read):
    found = read(HEAD + '\n"c\n1",2024-01-05,1\n\n\nc2,2024-01-06,2\nc3,2024\n\n')
    assert list(found.transactions.order_by("line").line.execute()) == [3, 7]
    assert list(found.quarantine.line.execute()) == [8]
    assert found.rows_in == 3


@pytest.mark.parametrize("line", ["c1,2024-01-05", "c1,2024-01-05,1,more", '"c1,2024-01-05,1'])
def test_a_line_that_does_not_split_is_quarantined(read, line):
    found = read(HEAD + GOOD + line + "\n" + GOOD)
    assert (found.accepted, found.by_rule) == (4, {"unreadable_line": 1})
    assert found.quarantine.row.execute()[0] == line


def test_rows_after_as_of_are_set_apart_and_not_held_against_the_log(read):
    late = "c9,2025-01-01,5\n,2025-01-01,x\n" * 20
    found = read(HEAD + GOOD + late, as_of=AsOf.parse("2024-12-31"), max_bad=0)
    assert (found.accepted, found.by_rule) == (2, {"after_as_of": 40})
    assert found.as_of_given


def test_without_as_of_the_last_accepted_day_counts(read):
    found = read(HEAD + GOOD + "c3,2024-09-09,x\n")
    assert (str(found.as_of), found.as_of_given) == ("2024-02-05", False)


def test_an_as_of_day_allows_dates_after_today(read):
    found = read(HEAD + "c,2031-01-05,1\n", as_of=AsOf.parse("2031-12-31"))
    assert found.accepted == 1


RETURNS = HEAD + (
    "c1,2024-01-05,10\nc1,2024-01-09,-4\nc1,2024-01-01,-1\nc2,2024-01-09,-7\nc1,2024-01-05,-2\n"
)


@pytest.mark.parametrize(
    ("option", "accepted", "by_rule", "dropped"),
    [
        ("net", [10, -4, -2], {"return_without_purchase": 2}, {}),
        ("keep", [10, -4, -1, -7, -2], {}, {}),
        ("drop", [10], {}, {"returns": 4}),
    ],
)
def test_returns_by_option(read, option, accepted, by_rule, dropped):
    found = read(RETURNS, returns=option)
    assert [float(x) for x in found.transactions.order_by("line").amount.execute()] == accepted
    assert (found.by_rule, found.dropped_by) == (by_rule, dropped)
    assert found.rows_in == found.accepted + found.quarantined + found.dropped


def test_a_purchase_after_as_of_excuses_no_return(read):
    text = HEAD + "c1,2024-01-05,10\nc2,2024-01-09,-7\nc2,2025-01-01,50\n"
    found = read(text, as_of=AsOf.parse("2024-12-31"))
    assert found.by_rule == {"after_as_of": 1, "return_without_purchase": 1}


@pytest.mark.parametrize(
    ("rows", "net", "keep", "drop"),
    [
        # Given back in full, at once, in parts, or more than that.
        ("a,2024-01-05,10\na,2024-01-09,-10\n", 1, 0, 0),
        ("a,2024-01-05,10\na,2024-01-05,-10\n", 1, 1, 0),
        ("a,2024-01-05,10\na,2024-01-06,5\na,2024-01-09,-5\na,2024-01-10,-30\n", 1, 0, 0),
        # Never the purchase after, nor a cent less than all, nor what was free.
        ("a,2024-01-05,10\na,2024-01-06,-20\na,2024-01-09,1\n", 0, 0, 0),
        ("a,2024-01-05,10\na,2024-01-09,-9.99\n", 0, 0, 0),
        ("a,2024-01-05,0\na,2024-01-09,-10\n", 0, 0, 0),
        ("a,2024-01-05,-10\n", 1, 1, 1),
    ],
)
def test_customers_without_any_purchase_left_are_told(read, rows, net, keep, drop):
    for option, expected in (("net", net), ("keep", keep), ("drop", drop)):
        found = read(HEAD + GOOD + rows, returns=option)
        assert found.without_purchase == expected
        told = [notice for notice in found.notices if notice.startswith("returned_all: 1 cust")]
        assert len(told) == expected


@pytest.mark.parametrize("returns", ["net", "keep", "drop"])
def test_customers_without_any_purchase_left_are_those_the_ledger_does_not_have(
    read, engine, returns
):
    draw = np.random.default_rng(3)
    rows = "".join(
        f"{customer},2024-01-{day:02},{amount}\n"
        for customer in range(200)
        for day, amount in zip(
            draw.integers(1, 9, 4), draw.choice([-2, -1, 0, 1, 2], 4), strict=True
        )
    )
    found = read(HEAD + rows, returns=returns, as_of=AsOf.parse("2024-01-07"))
    late = found.quarantine.filter(found.quarantine.rule == "after_as_of").count().execute()
    assert late > 0
    known = {row.split(",")[0] for row in rows.splitlines() if row.split(",")[1] <= "2024-01-07"}
    left = Ledger.of(found.transactions, engine.ibis, returns).as_of(found.as_of)
    assert found.without_purchase == len(known) - left.customer_id.nunique().execute()
    assert found.without_purchase > 3


def test_a_return_after_as_of_takes_nothing_back(read):
    text = HEAD + "c1,2024-01-05,10\nc2,2024-01-09,5\nc1,2025-01-01,-10\n"
    assert read(text, as_of=AsOf.parse("2024-12-31")).without_purchase == 0
    assert read(text, as_of=AsOf.parse("2025-12-31")).without_purchase == 1


def test_a_row_flagged_as_return_is_negative(read):
    rows = "c,2024-01-05,9,0\nc,2024-01-06,4,yes\nc,2024-01-07,-3,TRUE\n"
    found = read("customer_id,date,amount,is_return\n" + rows)
    assert [float(x) for x in found.transactions.order_by("line").amount.execute()] == [9, -4, -3]


def test_free_orders_and_equal_lines_are_kept_and_told(read):
    found = read(HEAD + GOOD + GOOD + "c3,2024-01-05,0\n")
    assert found.accepted == 5
    assert found.notices[0].startswith("duplicate_lines: 2 rows")
    assert found.notices[1].startswith("zero_amounts: 1 rows")


def test_too_many_bad_rows_stop_it_and_keep_the_quarantine(read):
    with pytest.raises(
        TooManyBadRowsError, match=r"3 of 5 rows \(60%\).*2 missing_customer"
    ) as told:
        read(HEAD + GOOD + ",2024-01-05,1\n" * 2 + "c,x,1\n", max_bad=0.5)
    assert "line 4 (missing_customer)" in told.value.message
    assert told.value.quarantine.column("line").to_pylist() == [4, 5, 6]
    assert told.value.quarantine.schema.types == QUARANTINE.types


def test_the_refused_rows_outlive_the_engine(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(HEAD + GOOD + "c,never,1\n" * 3)
    with (
        pytest.raises(TooManyBadRowsError) as told,
        DuckDBEngine(tmp_path / "engine", "500MB", 1) as engine,
    ):
        ingest(path, IngestSettings(), engine)
    assert told.value.quarantine.column("rule").to_pylist() == ["unreadable_date"] * 3


def test_bad_rows_within_the_limit_do_not_stop_it(read):
    assert read(HEAD + GOOD + "c,x,1\n" * 2, max_bad=0.5).accepted == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("\n \n\n", "is empty"),
        (HEAD, "log.csv has no rows"),
        (HEAD + "c,x,1\n", "none of its 1 rows can be used: 1 unreadable_date"),
    ],
)
def test_a_log_with_nothing_to_use_is_told(read, text, told):
    with pytest.raises((SourceError, LogError), match=told):
        read(text)


def test_names_are_given_to_a_log_without_header(read):
    found = read("c1|2024-01-05|3\nc2|2024-01-06|4\n", header=("customer_id", "date", "amount"))
    assert list(found.transactions.order_by("line").line.execute()) == [1, 2]
    with pytest.raises(ColumnError, match=r"2 names were given.*has 3 columns"):
        read("c1|2024-01-05|3\n", header=("customer_id", "date"))


def test_doubled_and_missing_names_are_told_apart(read):
    found = read("customer_id,date,amount,,note,note\nc,2024-01-05,1,a,b,c\nc,x,1,a,b,c\n")
    row = json.loads(found.quarantine.row.execute()[0])
    assert list(row) == ["customer_id", "date", "amount", "column 4", "note", "note (2)"]


@pytest.mark.parametrize(
    "options", [{"max_bad": 1.5}, {"returns": "ignore"}, {"decimal": "dot"}, {"rates": {"USD": 0}}]
)
def test_an_option_out_of_range_is_told(options):
    with pytest.raises(SettingError):
        IngestSettings(**options)


def test_progress_is_told(tmp_path, engine):
    path = tmp_path / "log.csv"
    path.write_text(HEAD + GOOD)
    said = []
    ingest(path, IngestSettings(), engine, said.append)
    assert said == ["reading the log", "checking 2 rows"]


def parquet(tmp_path, engine, frame, **columns):
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table(frame), path)
    settings = IngestSettings(columns=Columns(**columns), today=date(2026, 1, 1), max_bad=1)
    return ingest(path, settings, engine)


def test_parquet_types_are_used_as_they_are(tmp_path, engine):
    frame = {
        "customer_id": pa.array([17850.0, 2.0, None, 3.0]),
        "date": pa.array(
            pd.to_datetime(["2024-01-05 23:30", "2024-03-02 00:00", "2024-03-03 00:00", None])
        ),
        "amount": pa.array([1.1, float("nan"), 3.0, 4.0]),
    }
    found = parquet(tmp_path, engine, frame)
    [row] = found.transactions.execute().to_dict("records")
    assert (row["customer_id"], str(row["amount"]), row["line"]) == ("17850", "1.1000", 1)
    assert row["timestamp"] == pd.Timestamp("2024-01-05 23:30")
    assert found.by_rule == {"missing_customer": 1, "missing_date": 1, "missing_amount": 1}


def test_parquet_moments_fall_on_the_day_of_their_zone(tmp_path, engine):
    moments = pa.array(pd.to_datetime(["2024-01-05 23:30"]), pa.timestamp("us", "Europe/Berlin"))
    frame = {"customer_id": ["1"], "date": moments, "amount": [1]}
    found = parquet(tmp_path, engine, frame)
    assert found.transactions.date.execute()[0] == pd.Timestamp("2024-01-06")


def test_parquet_text_is_read_like_csv(tmp_path, engine):
    frame = {
        "id": pa.array(["1", "2"]).dictionary_encode(),
        "on": [20240105, 20240106],
        "paid": ["1.234,50", "7"],
    }
    found = parquet(tmp_path, engine, frame, customer="id", date="on", amount="paid")
    assert [float(x) for x in found.transactions.order_by("line").amount.execute()] == [1234.5, 7]


def test_a_nested_parquet_column_is_refused(tmp_path, engine):
    frame = {"customer_id": ["1"], "date": ["2024-01-05"], "amount": [{"value": 1}]}
    with pytest.raises(ColumnError, match="not single values"):
        parquet(tmp_path, engine, frame)


def test_the_rules_are_documented():
    from tests.conftest import ROOT

    page = (ROOT / "docs" / "rules.md").read_text()
    documented = [line for line in page.splitlines() if line.startswith("| `")]
    names = [line.split("`")[1] for line in documented[: len(RULES)]]
    assert names == [rule.name for rule in RULES]
    for rule, line in zip(RULES, documented, strict=False):
        assert rule.meaning in line
        assert ("does not count" in line) is not rule.counts


def test_working_files_are_gone_afterwards(tmp_path, engine, read):
    read((HEAD + GOOD).encode("utf-16"))
    read(HEAD + GOOD + "broken\n")
    assert not (engine.folder / "staged").exists()
