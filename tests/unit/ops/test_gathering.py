"""A run's log with the orders that came in since is one log again."""

from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clv.data.engine import DuckDBEngine
from clv.data.ingest import ingest
from clv.ops.config import RunConfig
from clv.ops.orderrows import rounded
from clv.ops.work.gathering import columns_of, gather


def order(customer_id="0042", day=date(2024, 5, 1), amount="12.50", order_id=None, **more):
    return SimpleNamespace(
        customer_id=customer_id, date=day, amount=amount, order_id=order_id, more=more
    )


@pytest.fixture
def log(tmp_path):
    """Accepted rows as a run keeps them: two of a customer with an id padded by zeros."""
    table = pa.table(
        {
            "line": pa.array([1, 2], pa.int64()),
            "customer_id": ["0042", "0042"],
            "date": [date(2024, 1, 1), date(2024, 2, 1)],
            "amount": pa.array([Decimal("10.0000"), Decimal("-4.2500")], pa.decimal128(18, 4)),
            "channel": ["WEB", None],
            "currency": ["EUR", "USD"],
            "is_return": [False, True],
        }
    )
    pq.write_table(table, tmp_path / "transactions.parquet")
    return tmp_path / "transactions.parquet"


def gathered(log, orders):
    place = log.with_name("log.parquet")
    names = gather(log, orders, place)
    return names, pq.read_table(place).to_pylist(), place


def test_orders_stand_behind_the_rows_of_the_log(log):
    names, rows, _ = gathered(log, [order(channel="shop", quantity="2"), order("7", order_id="A")])
    assert [row["customer_id"] for row in rows] == ["0042", "0042", "0042", "7"]
    assert [row["amount"] for row in rows] == [10, Decimal("-4.25"), Decimal("12.5"), 12.5]
    assert [row["channel"] for row in rows] == ["WEB", None, "shop", None]
    assert [row["quantity"] for row in rows] == [None, None, 2.0, None]
    assert [row["order_id"] for row in rows] == [None, None, None, "A"]
    # Amounts are in the run's currency whatever the row was in.
    assert {"line", "currency"}.isdisjoint(names)


def test_a_run_on_it_knows_the_currency_that_the_run_before_knew(log, tmp_path):
    place = log.with_name("log.parquet")
    names = gather(log, [order(currency="eur", day=date(2024, 2, 1))], place, "EUR")
    settings = RunConfig.checked({**columns_of(names), "horizon": 30})
    with DuckDBEngine(tmp_path / "work") as engine:
        read = ingest(place, settings.ingest_settings(None), engine)
        assert (read.currency, read.accepted) == ("EUR", 3)


@pytest.mark.parametrize(
    "amount", ["1.00005", "-1.00005", "1.00045", "2.5", "-0.00001", "0.00005", "7.12344999"]
)
def test_amounts_are_rounded_as_a_log_s_are(amount, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text(f"customer_id,date,amount\na,2024-01-01,9\na,2024-01-02,{amount}\n")
    with DuckDBEngine(tmp_path / "work") as engine:
        rows = ingest(log, RunConfig.checked({}).ingest_settings(None), engine).transactions
        read = rows.order_by("date").amount.to_pyarrow().to_pylist()[-1]
    assert f"{rounded(amount):f}" == f"{read:f}"


def test_without_orders_it_is_the_log_again(log):
    names, rows, _ = gathered(log, [])
    assert names == ["customer_id", "date", "amount", "channel", "is_return"]
    assert len(rows) == 2


def test_what_cannot_be_read_of_an_order_is_left_empty(log):
    _, rows, _ = gathered(
        log,
        [
            order(quantity="many", timestamp="2024-05-01T10:30:00+02:00", eco_share=""),
            order(timestamp="noon", is_return="Returned", unheard_of="x"),
        ],
    )
    assert rows[2]["quantity"] is None
    assert rows[2]["timestamp"] == datetime(2024, 5, 1, 10, 30)
    assert rows[3]["timestamp"] is None
    assert rows[3]["is_return"] is True


def test_a_run_reads_it_without_having_to_recognise_a_column(log, tmp_path):
    names, rows, place = gathered(log, [order(), order(amount="3", is_return="yes")])
    settings = RunConfig.checked(columns_of(names)).ingest_settings()
    with DuckDBEngine(tmp_path / "work") as engine:
        read = ingest(place, settings, engine)
        assert (read.accepted, read.quarantined) == (len(rows), 0)
        assert {found.how for found in read.mapping.values()} == {"given"}
        assert read.transactions.amount.sum().execute() == Decimal("15.25")
        assert read.as_of.day == date(2024, 5, 1)
