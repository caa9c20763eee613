"""Real logs, as their makers wrote them: each runs or says what to do, and each adds up."""

from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from clv.core.errors import ColumnError
from clv.data.bundled import cdnow_path
from clv.data.engine import DuckDBEngine
from clv.data.ingest import Columns, IngestSettings, ingest


@pytest.fixture
def engine(tmp_path):
    with DuckDBEngine(tmp_path / "engine", "1GB", 1) as engine:
        yield engine


def counts(found):
    assert found.rows_in == found.accepted + found.quarantined + found.dropped
    assert found.quarantined == sum(found.by_rule.values())
    assert found.transactions.count().execute() == found.accepted
    assert found.quarantine.count().execute() == found.quarantined
    return found.rows_in, found.accepted, found.by_rule


def total(found):
    return found.transactions.amount.sum().execute()


def customers(found):
    return found.transactions.customer_id.nunique().execute()


def sources(found):
    return {field: source.column for field, source in found.mapping.items()}


def twin_total(path, column="amount"):
    return Decimal(str(round(sum(x for x in pq.read_table(path)[column].to_pylist() if x), 2)))


@pytest.mark.parametrize("source", ["cdnow", cdnow_path()])
def test_the_bundled_log(engine, source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = ingest(source, IngestSettings(), engine)
    assert counts(found) == (69_659, 69_659, {})
    assert total(found) == Decimal("2500315.63")
    assert customers(found) == 23_570
    assert str(found.as_of) == "1998-06-30"
    assert not found.as_of_given


def test_cdnow_as_published_asks_for_names(engine, data_dir):
    path = data_dir / "cdnow/original/CDNOW_master.txt.gz"
    with pytest.raises(
        ColumnError, match=r"looks like data.*00001 \| 19970101 \| 1 \| 11.77.*--columns"
    ):
        ingest(path, IngestSettings(), engine)


def test_cdnow_as_published_is_the_bundled_log(engine, data_dir):
    path = data_dir / "cdnow/original/CDNOW_master.txt.gz"
    header = ("customer_id", "date", "quantity", "amount")
    found = ingest(path, IngestSettings(header=header), engine)
    assert counts(found) == (69_659, 69_659, {})
    assert total(found) == twin_total(data_dir / "cdnow/transactions.parquet")
    columns = ["customer_id", "date", "amount"]
    published = found.transactions.select(columns).order_by(columns).execute()
    bundled = ingest("cdnow", IngestSettings(), engine)
    assert published.equals(bundled.transactions.select(columns).order_by(columns).execute())
    assert published["customer_id"].iloc[0] == "00001"


def test_the_sample_of_the_papers(engine, data_dir):
    path = data_dir / "cdnow/original/CDNOW_sample.txt.gz"
    header = ("customer_id", "sample_id", "date", "quantity", "amount")
    found = ingest(path, IngestSettings(header=header), engine)
    assert counts(found) == (6_919, 6_919, {})
    assert customers(found) == 2_357
    assert total(found) == twin_total(data_dir / "cdnow/sample.parquet")


def test_online_retail_lines(engine, data_dir):
    found = ingest(data_dir / "online_retail/lines.parquet", IngestSettings(), engine)
    assert counts(found) == (
        541_909,
        406_515,
        {"missing_customer": 135_080, "return_without_purchase": 314},
    )
    assert sources(found) == {
        "customer": "customer_id",
        "date": "invoice_ts",
        "unit_price": "unit_price",
        "quantity": "quantity",
        "order_id": "invoice_no",
        "product": "stock_code",
        "customer_country": "country",
    }
    assert any(notice.startswith("amount: it is quantity x unit_price") for notice in found.notices)
    refused = found.quarantine.filter(found.quarantine.rule == "missing_customer")
    assert refused.row.contains('"customer_id":null').all().execute()


@pytest.mark.parametrize(("returns", "dropped"), [("keep", 0), ("drop", 8_905)])
def test_online_retail_returns_kept_or_dropped(engine, data_dir, returns, dropped):
    path = data_dir / "online_retail/lines.parquet"
    found = ingest(path, IngestSettings(returns=returns), engine)
    counts(found)
    assert found.dropped == dropped
    assert found.by_rule == {"missing_customer": 135_080}
    orders = pq.read_table(data_dir / "online_retail/orders.parquet").to_pandas()
    kept = orders if returns == "keep" else orders[~orders["is_credit_note"]]
    assert float(total(found)) == pytest.approx(kept["amount"].sum(), abs=0.01)


def test_purchases_without_a_header_ask_for_names(engine, data_dir):
    path = data_dir / "purchases_2005_2015/original/purchases.txt.gz"
    with pytest.raises(ColumnError, match=r"Name its 3 columns in order, as --columns"):
        ingest(path, IngestSettings(), engine)


def test_purchases_with_names_given(engine, data_dir):
    folder = data_dir / "purchases_2005_2015"
    header = ("customer_id", "amount", "date")
    found = ingest(folder / "original/purchases.txt.gz", IngestSettings(header=header), engine)
    assert counts(found) == (51_243, 51_243, {})
    assert found.date_reading.startswith("month-first")
    assert customers(found) == 18_417
    assert total(found) == twin_total(folder / "transactions.parquet")
    twin = pq.read_table(folder / "transactions.parquet")["date"].to_pandas()
    days = found.transactions.date.execute().astype("datetime64[ns]")
    assert (days.sort_values().to_numpy() == twin.sort_values().to_numpy()).all()


def test_coffee_without_a_customer_is_told(engine, data_dir):
    path = data_dir / "coffee_vending/original/index_2.csv.gz"
    with pytest.raises(ColumnError, match="cannot be valued per customer without one"):
        ingest(path, IngestSettings(), engine)


def test_coffee_with_its_card_as_customer(engine, data_dir):
    folder = data_dir / "coffee_vending"
    settings = IngestSettings(columns=Columns(customer="card"))
    found = ingest(folder / "original/index_1.csv.gz", settings, engine)
    assert counts(found) == (3_636, 3_547, {"missing_customer": 89})
    assert customers(found) == 1_316
    assert sources(found)["date"] == "date"
    twin = pq.read_table(folder / "transactions.parquet").to_pandas()
    cards = twin[twin["customer_id"].notna()]
    assert total(found) == Decimal(str(round(cards["amount"].sum(), 2)))
    moments = found.transactions.order_by("line").timestamp.execute()
    assert (moments.dt.floor("s").to_numpy() == cards["ts"].dt.floor("s").to_numpy()).all()
    first = found.quarantine.limit(1).execute().iloc[0]
    assert (first["line"], first["rule"]) == (14, "missing_customer")


def test_retail_case_in_two_date_formats(engine, data_dir):
    folder = data_dir / "retail_case_study"
    found = ingest(folder / "original/Transactions.csv.gz", IngestSettings(), engine)
    assert counts(found) == (23_053, 23_053, {})
    assert found.date_reading.startswith("day-first for dates like d-m-yyyy, d/m/yyyy")
    twin = pq.read_table(folder / "transactions.parquet").to_pandas()
    rows = found.transactions.order_by("line").execute()
    assert (rows["date"].astype("datetime64[ns]").to_numpy() == twin["date"].to_numpy()).all()
    assert float(total(found)) == pytest.approx(twin["amount"].sum(), abs=0.01)
    assert (rows["amount"] < 0).sum() == 2_177


def test_the_faulty_twin_of_a_game_is_caught(engine, data_dir):
    folder = data_dir / "mobile_game_intendo_sim"
    clean = ingest(folder / "revenue_clean.parquet", IngestSettings(), engine)
    assert counts(clean) == (195_917, 195_917, {})
    assert [notice.split(":")[0] for notice in clean.notices] == ["duplicate_lines"]
    faulty = ingest(folder / "revenue_faulty.parquet", IngestSettings(), engine)
    assert counts(faulty) == (195_917, 195_917, {})
    told = "\n".join(faulty.notices)
    assert "zero_amounts: 10,451 rows" in told
    assert "customer_spellings: 508 customers" in told
    assert "missing_channels: 975 rows" in told
    assert "channel_spellings: 2 channels" in told


def test_a_log_without_amounts_is_told(engine, data_dir):
    with pytest.raises(ColumnError, match="--amount, or give --quantity and --unit-price"):
        ingest(data_dir / "grocery_elog/transactions.parquet", IngestSettings(), engine)


def test_a_table_of_customers_is_no_log(engine, data_dir):
    with pytest.raises(ColumnError, match="date: no column looks like it"):
        ingest(data_dir / "reference_customers/customers.csv.gz", IngestSettings(), engine)
