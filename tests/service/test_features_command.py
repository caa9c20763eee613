"""`clv features` as a person types it, and from Python."""

import csv
import io
import json

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import clv
from clv.apps.cli import app
from clv.core.errors import ClvError
from clv.features import catalogue
from clv.models.companion import OUTPUTS
from tests.logs import CUSTOMERS, write_log

AS_OF = "2024-03-01"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="module")
def log(folder):
    return write_log(folder / "orders.csv", customers=90)


@pytest.fixture(scope="module")
def beside(folder):
    """Customers of whom most are known, and a market."""
    rows = [f"{i:05d},{20 + i % 50},{i % 7 * 3.5},note {i}" for i in range(90)]
    (folder / "customers.csv").write_text("\n".join(["customer_id,age,cac,note", *rows]) + "\n")
    days = [f"2024-0{1 + i // 20}-{1 + i % 20:02d},{i}" for i in range(59)]
    (folder / "market.csv").write_text("\n".join(["date,spend", *days]) + "\n")
    return ["--customers", folder / "customers.csv", "--series", folder / "market.csv"]


def invoke(*words):
    return CliRunner().invoke(app, ["features", *map(str, words)])


@pytest.fixture(scope="module")
def written(folder, log, beside):
    told = invoke(
        *(log, "--as-of", AS_OF, "--out", folder / "f.parquet", *beside),
        *("--save-reference", folder / "population.json"),
    )
    assert told.exit_code == 0, told.output
    return told


def test_a_row_a_customer_and_a_column_a_feature(written, folder):
    table = pq.read_table(folder / "f.parquet")
    assert 0 < table.num_rows < CUSTOMERS
    assert len(set(table["customer_id"].to_pylist())) == table.num_rows
    names = set(table.column_names)
    assert {"known_age", "cac_efficiency", "series_spend_mean_30d", "first_channel"} <= names
    assert f"{table.num_rows} customers with {len(names) - 1} features as of {AS_OF}" in (
        written.stderr
    )
    assert written.stdout == ""


def test_what_is_no_group_is_left_out_and_told(written, folder):
    assert "known_note" not in pq.read_schema(folder / "f.parquet").names
    assert "left out, as their texts are no groups of customers: note" in written.stderr


def test_columns_of_customers_may_be_chosen(log, beside):
    told = invoke(log, "--as-of", AS_OF, *beside, "--known", "age")
    header = told.stdout.splitlines()[0]
    assert '"known_age"' in header
    assert "cac" not in header


def test_without_a_file_it_pipes_csv(written, folder, log, beside):
    told = invoke(log, "--as-of", AS_OF, *beside)
    rows = list(csv.DictReader(io.StringIO(told.stdout)))
    table = pq.read_table(folder / "f.parquet")
    assert [row["customer_id"] for row in rows] == table["customer_id"].to_pylist()
    assert [float(row["spend_total"]) for row in rows] == table["spend_total"].to_pylist()


def test_a_lone_customer_is_compared_with_the_population_saved(written, folder, log, beside):
    lines = log.read_text().splitlines()
    mine = [line for line in lines[1:] if line.startswith("00000,")]
    lone = folder / "lone.csv"
    lone.write_text("\n".join([lines[0], *mine]) + "\n")
    told = invoke(
        *(lone, "--as-of", AS_OF, *beside, "--reference", folder / "population.json"),
        *("--out", folder / "lone.parquet"),
    )
    assert told.exit_code == 0, told.output
    alone = pq.read_table(folder / "lone.parquet").to_pylist()
    among = pq.read_table(folder / "f.parquet").to_pylist()
    assert alone == [row for row in among if row["customer_id"] == "00000"]


def test_the_list_names_every_feature():
    told = json.loads(invoke("--list", "--json").stdout)
    names = [entry["name"] for entry in told]
    described = [f.name for features in catalogue.described().values() for f in features]
    assert names == [*described, *OUTPUTS]
    assert all(entry["meaning"] and entry["unit"] and entry["source"] for entry in told[-6:])
    shown = invoke("--list").stdout
    assert all(name in shown for name in names)


def test_a_purchase_model_speaks_of_each_customer(written, folder, log):
    table = pq.read_table(folder / "f.parquet")
    assert table.column_names[-6:] == [*OUTPUTS]
    assert all(table[name].null_count == 0 for name in OUTPUTS)
    shorter = clv.build_features(log, as_of=AS_OF, horizon=30)
    ahead = table["model_purchases"].to_numpy()
    assert (shorter["model_purchases"].to_numpy() < ahead).all()
    # What is no matter of the window is the same over any.
    assert shorter["model_alive"].tolist() == table["model_alive"].to_pylist()


def test_rows_after_the_day_change_no_feature(written, folder, log, beside):
    lines = log.read_text().splitlines()
    past = [line for line in lines[1:] if line.split(",")[1] <= AS_OF]
    planted = [f"{i % 120:05d},2024-05-{1 + i % 28:02d},{i % 7 * 900},Moon" for i in range(200)]
    for name, rows in (("bare", past), ("full", [*planted, *past])):
        (folder / f"{name}.csv").write_text("\n".join([lines[0], *rows]) + "\n")
        told = invoke(
            *(folder / f"{name}.csv", "--as-of", AS_OF, *beside),
            *("--out", folder / f"{name}.parquet"),
        )
        assert told.exit_code == 0, told.output
    bare, full = (pq.read_table(folder / f"{name}.parquet") for name in ("bare", "full"))
    assert bare.equals(full)
    assert bare.equals(pq.read_table(folder / "f.parquet"))


def test_without_anybody_who_bought_again_there_is_no_purchase_model(folder):
    rows = [f"{i:03d},2024-01-{1 + i % 28:02d},{5 + i % 9}" for i in range(60)]
    once = folder / "once.csv"
    once.write_text("\n".join(["customer_id,date,amount", *rows]) + "\n")
    place = folder / "once.parquet"
    told = invoke(once, "--out", place, "--save-reference", folder / "once.json")
    assert told.exit_code == 0, told.output
    assert not {*OUTPUTS} & {*pq.read_schema(place).names}
    assert "Note: no features of a purchase model" in told.stderr
    again = invoke(once, "--out", place, "--reference", folder / "once.json")
    assert "the population saved has none" in again.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--horizon", "0"), "horizon: 0 days"),
        ((), "say which log to read"),
        (("--known", "age"), "say with --customers which file"),
        (("--country", "Atlantis"), "country: 'Atlantis'"),
        (("--reference", "absent.json"), "reference: absent.json cannot be read"),
        (("--series", "absent.csv"), "series: there is no file absent.csv"),
    ],
)
def test_what_cannot_be_done_is_told(log, words, message):
    asked = (log, *words) if words else ()
    with pytest.raises(ClvError, match=message):
        CliRunner().invoke(app, ["features", *map(str, asked)], catch_exceptions=False)


def test_another_file_is_no_population(log, folder):
    (folder / "other.json").write_text("[]")
    with pytest.raises(ClvError, match="is none that --save-reference wrote"):
        clv.build_features(log, reference=str(folder / "other.json"))


def test_from_python(written, folder, log, beside):
    frame = clv.build_features(
        log, as_of=AS_OF, customers=str(beside[1]), series=str(beside[3]), country="US"
    )
    table = pq.read_table(folder / "f.parquet")
    assert list(frame.columns) == table.column_names
    assert frame["spend_total"].tolist() == table["spend_total"].to_pylist()
