"""The commands as a person types them."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from clv.core.schema import FACTS, FORECASTS
from clv.ops.budget import NAIVE
from tests.commands import clv, clv_alone
from tests.logs import CUSTOMERS, write_log

#: For runs in which it does not matter which model it is.
QUICK = ("--models", "mbgnbd", "--models", "naive_rate")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="module")
def log(folder):
    return write_log(folder / "orders.csv")


@pytest.fixture(scope="module")
def done(folder, log):
    ended = clv_alone(folder, "run", log, "--out", "results", "--json", "--horizon", "180",
                      "--budget", "fast")  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return ended


def test_json_is_all_there_is_on_stdout_and_a_pipe_gets_no_progress(done):
    told = json.loads(done.stdout)
    assert done.stderr == ""
    assert told["counts"]["customers"] == CUSTOMERS
    assert told["horizon_days"] == 180


def test_the_run_folder_is_the_one_of_the_contract(done, folder):
    run = folder / "results"
    assert {path.name for path in run.iterdir()} == {
        *("manifest.json", "forecasts.parquet", "leaderboard.json", "quarantine.parquet"),
        *("readiness.json", "model", "report.html", "customers.parquet", "transactions.parquet"),
    }
    facts = pq.read_table(run / "customers.parquet")
    assert facts.schema.equals(FACTS)
    log = pq.read_table(run / "transactions.parquet").to_pandas()
    assert len(log) == json.loads((run / "manifest.json").read_text())["counts"]["accepted"]
    returned = set(log.loc[log["amount"] < 0, "customer_id"])
    kept = log[~log["customer_id"].isin(returned)]
    days = kept.groupby("customer_id")["date"].agg(["nunique", "min", "max"]).reset_index()
    told = facts.to_pandas()
    told = told[~told["customer_id"].isin(returned)].drop(columns="channel")
    assert told.to_numpy().tolist() == days.to_numpy().tolist()
    table = pq.read_table(run / "forecasts.parquet")
    assert table.schema.equals(FORECASTS)
    assert table.num_rows == CUSTOMERS
    counts = json.loads((run / "manifest.json").read_text())["counts"]
    assert counts["rows_in"] == counts["accepted"] + counts["quarantined"] + counts["dropped"]
    kinds = {path.suffix for path in (run / "model").rglob("*") if path.is_file()}
    assert kinds <= {".json", ".npz", ".parquet", ".txt", ".ubj"}


def test_stages_have_times_and_peaks(done):
    stages = json.loads(done.stdout)["stages"]
    assert len(stages) >= 7
    assert all(stage["seconds"] >= 0 and stage["peak_memory_mb"] > 50 for stage in stages)


def test_the_leaderboard_shows_naive_rows_and_one_champion(done, folder):
    board = json.loads((folder / "results" / "leaderboard.json").read_text())
    kinds = [row["kind"] for row in board["rows"]]
    assert kinds.count("naive") == 3
    champions = [row for row in board["rows"] if row["champion"]]
    assert [row["kind"] for row in champions] == ["model"]
    fitted = [row for row in board["rows"] if row["kind"] == "model" and row["failed"] is None]
    lowest = min(row["deviance"] for row in fitted)
    assert champions[0]["model"] == "ensemble" or champions[0]["deviance"] == lowest
    assert len(champions[0]["origins"]) == len(board["origins"]) == 2


def test_a_note_does_not_repeat_whose_it_is(done, folder):
    board = json.loads((folder / "results" / "leaderboard.json").read_text())
    notes = {row["model"]: row["notes"] for row in board["rows"]}
    assert notes["mbgcnbd"][-1] == "the gaps show no rhythm, so it is the MBG/NBD."


def test_without_json_people_read_sentences(folder, log):
    ended = clv(folder, "run", log, "--out", "spoken", "--margin", "0.4", *QUICK)
    assert ended.returncode == 0, ended.stderr
    assert "customer = customer_id, date = order_date, amount = amount" in ended.stdout
    assert "(the log's last date)" in ended.stdout
    assert "naive: same rate" in ended.stdout
    assert "90 % interval" in ended.stdout
    assert str(Path("spoken") / "report.html") in ended.stdout


def test_a_run_without_out_goes_into_home_and_is_the_latest(folder, log):
    assert clv(folder, "run", log, "--horizon", "90", *QUICK).returncode == 0
    runs = list((folder / ".clv" / "runs").iterdir())
    assert len(runs) == 1
    scored = clv(folder, "predict", "latest", log)
    assert scored.returncode == 0, scored.stderr
    rows = list(csv.DictReader(scored.stdout.splitlines()))
    assert len(rows) == CUSTOMERS
    assert {row["horizon_days"] for row in rows} == {"90"}


def test_predict_gives_what_the_run_gave_for_all_and_for_one(done, folder, log):
    scored = clv(folder, "predict", "results", log, "--out", "again.parquet")
    assert scored.returncode == 0, scored.stderr
    whole = pq.read_table(folder / "results" / "forecasts.parquet")
    assert pq.read_table(folder / "again.parquet").equals(whole)
    wanted = whole["customer_id"][7].as_py()
    lines = log.read_text().splitlines()
    alone = folder / "one.csv"
    alone.write_text("\n".join([lines[0], *(li for li in lines if li.startswith(wanted))]) + "\n")
    one = clv(folder, "predict", "results", alone, "--out", "one.parquet")
    assert one.returncode == 0, one.stderr
    lone, among_all = pq.read_table(folder / "one.parquet").to_pylist()[0], whole.to_pylist()[7]
    assert lone.keys() == among_all.keys()
    for name, value in among_all.items():
        # Arithmetic on one row may round its last digit otherwise than on many.
        close = pytest.approx(value, rel=1e-12) if isinstance(value, float) else value
        assert lone[name] == close, name


def test_flags_win_over_the_file(folder, log):
    (folder / "settings.yaml").write_text("horizon: 30\nlevel: 0.8\nannual-discount-rate: 0.1\n")
    ended = clv(folder, "run", log, "--config", "settings.yaml", "--level", "0.95",
                "--out", "configured", "--json", *QUICK)  # fmt: skip
    told = json.loads(ended.stdout)
    assert (told["horizon_days"], told["level"], told["annual_discount_rate"]) == (30, 0.95, 0.1)


def test_fit_prints_parameters_as_papers_do():
    ended = clv(Path.cwd(), "fit", "bgnbd", "cdnow", "--as-of", "1997-09-30", "--unit", "week",
                "--json")  # fmt: skip
    told = json.loads(ended.stdout)
    assert told["model"] == "bgnbd"
    assert told["customers"] == 23_570
    found = {name: round(figure["value"], 3) for name, figure in told["parameters"].items()}
    # Recomputed independently on the master: .25162, 4.78894, .72343, 2.16109
    assert found == {"r": 0.252, "alpha": 4.789, "a": 0.723, "b": 2.161}
    assert told["log_likelihood"] == pytest.approx(-95368.44, abs=0.01)
    assert all(figure["se"] > 0 for figure in told["parameters"].values())


def test_fit_picks_a_model_and_says_why(folder, log):
    told = json.loads(clv(folder, "fit", "btyd", log, "--json").stdout)
    assert set(told["held"]) == {"nbd", "bgnbd", "mbgnbd", "paretonbd", "bgcnbd", "mbgcnbd"}
    assert told["reason"].split(":")[0] in {
        *("NBD", "BG/NBD", "MBG/NBD", "Pareto/NBD", "BG/CNBD-k", "MBG/CNBD-k")
    }
    printed = clv(folder, "fit", "btyd", log).stdout
    assert told["reason"] in " ".join(printed.split())


def test_fit_takes_what_is_known_of_customers(folder, log):
    with log.open() as rows:
        ids = sorted({row["customer_id"] for row in csv.DictReader(rows)})
    people = folder / "people.csv"
    known = [f"{name},{'f' if i % 3 else 'm'},{i % 7}" for i, name in enumerate(ids)]
    people.write_text("\n".join(["customer_id,gender,visits", *known]) + "\n")
    told = json.loads(clv(folder, "fit", "mbgnbd", log, "--customers", people, "--json").stdout)
    assert list(told["effects"]) == [
        f"{on}: {name}" for on in ("purchases", "dropout") for name in ("gender=m", "visits")
    ]
    assert all(figure["se"] > 0 for figure in told["effects"].values())
    people.write_text("customer_id,gender\n" + f"{ids[0]},f\n")
    ended = clv(folder, "fit", "mbgnbd", log, "--customers", people)
    assert ended.returncode == 3
    assert f"{len(ids) - 1} of {len(ids)} customers of the log are not in" in ended.stderr


def test_fit_tells_the_total_ahead_and_takes_a_prior(folder, log):
    words = ("fit", "mbgnbd", log, "--horizon", "180")
    free, held = (
        json.loads(clv(folder, *words, *more, "--json").stdout)
        for more in ((), ("--prior-sd", "0.3"))
    )
    for told in (free, held):
        ahead = told["ahead"]
        assert (ahead["days"], ahead["level"]) == (180, 0.9)
        assert ahead["lower"] < ahead["purchases"] < ahead["upper"]
    assert held["log_likelihood"] < free["log_likelihood"]
    assert "In the next 180 days:" in clv(folder, *words).stdout


def test_run_compares_the_models_named_and_the_yardsticks(folder, log):
    ended = clv(folder, "run", log, "--out", "named", "--json", "--models", "nbd",
                "--models", "naive_rate")  # fmt: skip
    assert json.loads(ended.stdout)["champion"]["name"] == "nbd"
    compared = json.loads((folder / "named" / "leaderboard.json").read_text())
    assert {row["model"] for row in compared["rows"]} == {"nbd", *NAIVE}


def test_models_lists_every_name(folder):
    names = [row["name"] for row in json.loads(clv(folder, "models", "--json").stdout)]
    assert {"bgnbd", "mbgnbd", "paretonbd", "hybrid", "naive_rate"} <= set(names)


def test_validate_tells_rules_and_readiness_and_can_keep_the_bad_rows(folder, log):
    bad = folder / "bad.csv"
    bad.write_text(log.read_text() + "00001,2024-13-45,12,WEB\n,2023-05-05,9,WEB\n")
    ended = clv(folder, "validate", bad, "--quarantine", "bad.parquet", "--json")
    told = json.loads(ended.stdout)
    assert told["counts"]["by_rule"] == {"missing_customer": 1, "unreadable_date": 1}
    assert told["readiness"]["checks"]
    kept = pq.read_table(folder / "bad.parquet").to_pylist()
    assert [row["rule"] for row in kept] == ["unreadable_date", "missing_customer"]


@pytest.mark.parametrize(
    ("words", "code", "say"),
    [
        (["run", "nowhere.csv"], 3, "nowhere.csv"),
        (["run", "orders.csv", "--amount", "price"], 3, "customer_id, order_date, amount, channel"),
        (["run", "orders.csv", "--horizon", "0"], 2, "horizon: 0 days is outside"),
        (["run", "orders.csv", "--level", "90"], 2, "Write 90 % as 0.9"),
        (["run", "orders.csv", "--margin", "40"], 2, "Write 30 % as 0.3"),
        (["run", "orders.csv", "--as-of", "yesterday"], 2, "Write it as YYYY-MM-DD"),
        (["run", "orders.csv", "--as-of", "2000-01-01"], 4, "after_as_of"),
        (["run", "orders.csv", "--config", "none.yaml"], 2, "none.yaml cannot be read"),
        (["run", "orders.csv", "--out", "."], 6, "not a run folder; nothing was touched"),
        (["predict", "nothing", "orders.csv"], 6, "not a run folder"),
        (["run", "orders.csv", "--models", "arima"], 2, "model: 'arima' is not one"),
        (["run", "orders.csv", "--models", "naive_rate"], 2, "only serve as a yardstick."),
        (["fit", "nbd", "orders.csv", "--customers", "x.csv"], 2, "nbd takes no covariates"),
        (["fit", "bgnbd", "orders.csv", "--covariates", "age"], 2, "say with --customers"),
        (["fit", "gammagamma", "orders.csv", "--horizon", "9"], 2, "not how many purchases"),
        (["fit", "bgnbd", "orders.csv", "--prior-sd", "0"], 2, "prior-sd: 0 is not above 0"),
        (["fit", "bgnbd", "orders.csv", "--horizon", "0"], 2, "horizon: 0 days is outside"),
        (["fit", "arima", "orders.csv"], 2, "none of mbgnbd, bgnbd, paretonbd"),
        (["run", "orders.csv", "--seed", "-1"], 2, "seed: -1 is below 0"),
        (["run", "orders.csv", "--out", "orders.csv/deeper"], 7, "storage"),
        (["predict", "results", "orders.csv", "--out", "no/where.csv"], 7, "is no folder no. Make"),
        (["features", "orders.csv", "--out", "no/where.csv"], 7, "is no folder no. Make"),
        (["run", "orders.csv", "--tune", "10"], 2, "tune: '10' lacks a unit. Write 10m"),
        (["predict", "results", "orders.csv", "--tune", "10m"], 2, "No such option"),
        (["predict", "results", "orders.csv", "--models", "bgnbd"], 2, "No such option"),
        (["predict", "results", "orders.csv", "--out", "where.doc"], 2, ".parquet, .csv, .json"),
    ],
)
def test_mistakes_get_a_sentence_and_an_exit_code(folder, log, done, words, code, say):
    ended = clv(folder, *words)
    assert ended.returncode == code, ended.stderr
    assert say in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unknown_setting_is_named_with_the_known_ones(folder, log):
    (folder / "typo.yaml").write_text("horizn: 30\n")
    ended = clv(folder, "run", log, "--config", "typo.yaml")
    assert ended.returncode == 2
    assert "horizn is not a setting" in ended.stderr
    assert "horizon" in ended.stderr


@pytest.mark.parametrize(("name", "value"), [("CLV_THREADS", "many"), ("CLV_MEMORY_LIMIT", "abc")])
def test_a_bad_environment_is_named(folder, log, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    ended = clv(folder, "run", log)
    assert ended.returncode == 2
    assert f"{name} is '{value}'" in ended.stderr


def test_one_file_serves_every_command(folder, log):
    (folder / "shop.yaml").write_text("as_of: 2024-03-01\nhorizon: 30\nunit: week\n")
    for command in (
        ["run", log, "--out", "shop", *QUICK],
        ["validate", log],
        ["fit", "mbgnbd", log],
    ):
        ended = clv(folder, *command, "--config", "shop.yaml")
        assert ended.returncode == 0, ended.stderr
        assert "2024-03-01" in ended.stdout or command[0] == "fit"


@pytest.mark.parametrize("name", ["scorer.json", "levels.json", "distribution.json", "rfm.json"])
def test_a_broken_model_file_is_told(folder, log, done, name):
    broken = folder / f"broken-{name}"
    shutil.copytree(folder / "results", broken)
    for content in ("{", "{}", None):
        path = broken / "model" / name
        path.write_text(content) if content else path.unlink()
        ended = clv(folder, "predict", broken, log)
        assert ended.returncode == 6, ended.stderr
        assert "cannot be read" in ended.stderr


def test_a_log_that_ended_long_ago_gets_no_false_certainty(folder, log):
    ended = clv(folder, "run", log, "--as-of", "2027-01-01", "--out", "stale", "--json", *QUICK)
    told = json.loads(ended.stdout)
    assert told["total"]["lower"] is None
    assert "nobody bought in the days checked" in told["champion"]["why"]
    horizon = next(c for c in told["readiness"]["checks"] if c["name"] == "horizon")
    assert horizon["status"] == "no"


def test_ctrl_c_is_one_line(folder, log):
    script = "import sys, clv.ops.pipeline as p\n" \
        "def stop(*_): raise KeyboardInterrupt\n" \
        "p.run = stop\nfrom clv.apps.cli import main\n" \
        f"sys.argv = ['clv', 'run', {str(log)!r}]\nmain()"  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 130
    assert ended.stderr.strip() == "clv: stopped. Nothing was published."


def test_a_log_too_small_is_told_so_in_one_sentence(folder):
    few = folder / "few.csv"
    few.write_text(
        "customer,date,amount\n" + "".join(f"{i},2024-01-{i:02d},5\n" for i in range(1, 9))
    )
    ended = clv(folder, "run", few)
    assert ended.returncode == 4
    assert "8 customer(s) ordered by 2024-01-08, too few to learn from" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_reader_who_stops_early_is_no_error(folder, log, done):
    command = f"{sys.executable} -m clv predict results {log} | head -1"
    ended = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert ended.stdout.startswith('"customer_id"')
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "command", [[], ["run"], ["validate"], ["predict"], ["fit"], ["features"], ["models"]]
)
def test_help_teaches(folder, command):
    ended = clv(folder, *command, "--help")
    assert ended.returncode == 0
    assert "Usage" in ended.stdout
    if command in (["run"], ["validate"], ["predict"], ["fit"]):
        assert "Example" in ended.stdout


def test_help_imports_nothing_heavy(folder):
    script = "import sys; sys.argv = ['clv', '--help']\nfrom clv.apps.cli import app\n" \
        "try: app()\nexcept SystemExit: pass\n" \
        "print([m for m in ('pandas', 'duckdb', 'ibis', 'scipy', 'lifelines', 'pyarrow')" \
        " if m in sys.modules])"  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout.splitlines()[-1] == "[]"
