"""`clv generate` as a person types it, and the other commands on what it wrote."""

import doctest
import json
import re
from pathlib import Path

import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import clv
from clv.apps.cli import app
from clv.core.errors import SettingError
from clv.data.synthetic.defects import KINDS
from tests.commands import clv as command

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "make-a-test-shop.md"
TABLES = {
    *("transactions", "customers", "profiles", "customers_with_target"),
    *("sustainability", "market", "truth"),
}
#: Enough to run on, and quick.
MODELS = ["mbgnbd", "naive_rate"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("shops")


@pytest.fixture(scope="module")
def made(folder):
    ended = command(folder, "generate")
    assert ended.returncode == 0, ended.stderr
    return ended


def test_without_any_option_a_shop_is_made_and_the_next_step_told(made, folder):
    assert "10,000 transactions of 2,000 customers, 2022-01-01 to 2024-12-30" in made.stdout
    assert "Next: clv run shop/transactions.parquet" in made.stdout
    assert made.stderr == ""
    files = {f"{name}.parquet" for name in TABLES} | {"truth.json"}
    assert {path.name for path in (folder / "shop").iterdir()} == files
    told = json.loads((folder / "shop" / "truth.json").read_text())
    assert told["made_by"] == "clv generate"
    assert told["transactions"] == {"asked": 10_000, "clean": 10_000}
    assert len(told["demand"]) == told["days"] + told["horizon_days"]


def test_a_run_on_it_meets_the_truth(made, folder):
    run = clv.run(folder / "shop" / "transactions.parquet", out=folder / "run", models=MODELS)
    counts = run.manifest["counts"]
    assert (counts["accepted"], counts["quarantined"]) == (10_000, 0)
    true = pq.read_table(folder / "shop" / "truth.parquet").to_pandas()
    # The model knows neither season nor market; that it meets the truth roughly is no luck.
    expected = true["expected_value"].sum()
    assert run.manifest["total"]["clv"] == pytest.approx(expected, rel=0.4)
    both = run.forecasts().to_pandas().merge(true, on="customer_id")
    assert len(both) == counts["customers"]
    assert both[["clv", "expected_value"]].corr("spearman").iloc[0, 1] > 0.5


def test_a_run_on_a_messy_one_finds_the_planted_defects(tmp_path):
    told = clv.generate(
        tmp_path / "messy", customers=700, transactions=3_000, defects=0.05, format="csv", seed=7
    )
    assert sum(told["defects"].values()) == told["files"]["defects"] == 150
    run = clv.run(tmp_path / "messy" / "transactions.csv", out=tmp_path / "run", models=MODELS)
    counts = run.manifest["counts"]
    assert counts["rows_in"] == told["transactions"] == 3_000 + told["defects"]["duplicated_line"]
    assert counts["rows_in"] == counts["accepted"] + counts["quarantined"] + counts["dropped"]
    listed = csv.read_csv(tmp_path / "messy" / "defects.csv").to_pylist()
    planted = {row["line"]: row["rule"] for row in listed if row["rule"]}
    refused = {row["line"]: row["rule"] for row in run.quarantine().to_pylist()}
    assert {line: refused.get(line) for line in planted} == planted
    others = {rule for line, rule in refused.items() if line not in planted}
    assert others <= {"return_without_purchase"}


def test_from_python_the_same_seed_writes_the_same_files(tmp_path):
    options = {"customers": 300, "transactions": 1_200, "days": 400, "horizon": 90, "defects": 0.1}
    for name, seed in (("one", 5), ("again", 5), ("other", 6)):
        told = clv.generate(tmp_path / name, seed=seed, **options)
        assert told["as_of"] == "2023-02-04"
    for name in TABLES | {"defects"}:
        file = f"{name}.parquet"
        one = (tmp_path / "one" / file).read_bytes()
        assert one == (tmp_path / "again" / file).read_bytes()
        assert one != (tmp_path / "other" / file).read_bytes()


def test_a_made_up_shop_is_replaced_and_nothing_else_is(tmp_path):
    small = {"customers": 50, "transactions": 200, "days": 200}
    clv.generate(tmp_path / "shop", defects=0.1, **small)
    clv.generate(tmp_path / "shop", format="csv", **small)
    assert {path.suffix for path in (tmp_path / "shop").iterdir()} == {".csv", ".json"}
    assert not (tmp_path / "shop" / "defects.csv").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(SettingError, match="did not write; nothing was touched"):
        clv.generate(tmp_path / "mine", **small)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep"


def test_a_configuration_file_sets_what_flags_do_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.yaml").write_text(
        "customers: 60\ntransactions: 300\nstart: 2020-02-01\ndays: 100\ndropout: anytime\n"
    )
    ended = CliRunner().invoke(
        app, ["generate", "--config", "shop.yaml", "--days", "120", "--json"]
    )
    told = json.loads(ended.stdout)
    assert (told["customers"], told["transactions"]) == (60, 300)
    assert (told["first_day"], told["as_of"]) == ("2020-02-01", "2020-05-30")
    truth = json.loads((tmp_path / "shop" / "truth.json").read_text())
    assert truth["dropout"]["when"] == "at any time"


def test_people_are_told_of_defects_and_notes(tmp_path):
    words = ["--customers", "50", "--transactions", "200", "--start", "2090-01-01"]
    out = tmp_path / "shop"
    ended = CliRunner().invoke(app, ["generate", *words, "--defects", "0.1", "--out", str(out)])
    assert ended.exit_code == 0, ended.output
    assert "2 missing_date" in ended.output
    assert "Note: The log ends on 2092-12-30, a day yet to come" in ended.output
    assert f"{out / 'defects.parquet'}: 20 rows" in ended.output


def test_a_log_that_ends_in_days_to_come_says_so(tmp_path):
    small = {"customers": 50, "transactions": 200, "days": 200}
    told = clv.generate(tmp_path / "shop", start="2090-01-01", **small)
    assert "read it with --as-of 2090-07-19" in told["notes"][0]


def test_too_few_rows_for_what_chance_adds_are_told(tmp_path):
    told = clv.generate(tmp_path / "shop", customers=1_000, transactions=1_000)
    assert told["transactions"] > 1_000
    assert f"{told['transactions']:,} transactions were made, not 1,000" in told["notes"][0]


@pytest.mark.parametrize(
    ("options", "say"),
    [
        ({"transactions": 5}, "each customer buys at least once"),
        ({"transactions": 900_000}, "orders a customer in 1,095 days are more than"),
        ({"defects": 2}, "Write 2 % as 0.02"),
        ({"start": "soon"}, "Write it as YYYY-MM-DD"),
        ({"returns": 9}, "returns: 9.0 is outside 0 to 0.8"),
        ({"format": "xlsx"}, "format is 'xlsx'"),
        ({"colour": "red"}, "colour is not a setting"),
    ],
)
def test_mistakes_get_a_sentence(tmp_path, options, say):
    with pytest.raises(SettingError, match=say):
        clv.generate(tmp_path / "shop", **options)
    assert not (tmp_path / "shop").exists()


def test_the_how_to_does_what_it_says(tmp_path):
    ran = doctest.testfile(
        str(PAGE), module_relative=False, globs={"folder": tmp_path}, verbose=False
    )
    assert ran.attempted >= 9
    assert ran.failed == 0
    rules = dict(re.findall(r"^\| ([a-z_]+) \| .* \| `?(\w+)", PAGE.read_text(), re.MULTILINE))
    for defect in KINDS:
        if defect.name in rules:
            assert rules[defect.name] == (defect.rule or "accepted")
        else:
            assert f"{defect.name}" in PAGE.read_text()
            assert f"`{defect.rule}`" in PAGE.read_text()


def test_help_teaches_by_examples():
    ended = CliRunner().invoke(app, ["generate", "--help"])
    assert "Examples" in ended.output
    assert "clv run shop/transactions.parquet" in ended.output
