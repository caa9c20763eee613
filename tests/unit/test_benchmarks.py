import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks import against_pymc, ours
from benchmarks.__main__ import MEMORY, NAMES, ROWS, RUN, Measured, chosen, main, page, tables
from benchmarks.bench import LEAST, Bench
from benchmarks.biglog import FIRST_DAY, SPAN, write_big_log
from benchmarks.memory import Footprint, footprints_table
from benchmarks.peer import Peer, versions
from benchmarks.population import PURCHASES, SHORTEST, customers, sorted_keys
from benchmarks.publishing import Published
from benchmarks.result import COLUMNS, Result, least, seconds, side_by_side, table
from benchmarks.scoring import Scored
from benchmarks.whole_run import Watched, resident_mb, stages_table

#: Answers each request like a fit that finds the truth, in a second more than the last one.
FAKE_PEER = """
import json, sys
for fits, line in enumerate(sys.stdin, 1):
    asked = json.loads(line)
    print("noise", file=sys.stderr)
    if asked["method"] == "break":
        raise ValueError("no such method")
    params = {"r": 0.24259, "alpha": 30.8952, "a": 0.79292, "b": 2.42591}
    answer = {"params": params, "seconds": float(fits), "searching": fits / 10}
    answer["compiled_to"] = "C"
    if asked["method"] == "mcmc":
        answer |= {"deviations": params, "draws": 2 * asked["draws"]}
        answer |= {"effective": 1234.5, "divergences": 0}
    print(json.dumps(answer), flush=True)
"""

RESULT = Result(
    case="fit BG/NBD",
    sizes="10 customers",
    ours_seconds=0.125,
    rival_seconds=10.0,
    repeats=5,
    rival_repeats=1,
    floor_seconds=0.01,
    floor="a pass",
    note="Log-likelihood -1.",
)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "log.parquet"
    write_big_log(path, customers=2_000, rows=20_000, seed=3)
    return path


def test_the_log_has_the_rows_and_customers_asked_for(log):
    rows = pq.read_table(log)
    assert rows.schema.names == ["customer_id", "date", "amount"]
    assert rows.num_rows == 20_000
    assert len(rows["customer_id"].unique()) == 2_000
    days = rows["date"].to_numpy().astype("datetime64[D]")
    assert (np.diff(days) >= np.timedelta64(0)).all()
    assert days.min() >= FIRST_DAY
    assert days.max() < FIRST_DAY + SPAN


def test_one_row_in_a_hundred_takes_back_an_earlier_one_to_the_cent(log):
    frame = pq.read_table(log).to_pandas()
    returns = frame[frame["amount"] < 0]
    assert len(returns) == 200
    for row in returns.itertuples():
        bought = frame[
            (frame["customer_id"] == row.customer_id)
            & (frame["amount"] == -row.amount)
            & (frame["date"] <= row.date)
        ]
        assert len(bought) >= 1, row


def test_the_same_seed_writes_the_same_log(log, tmp_path):
    for seed, same in ((3, True), (4, False)):
        write_big_log(tmp_path / "again.parquet", customers=2_000, rows=20_000, seed=seed)
        assert pq.read_table(tmp_path / "again.parquet").equals(pq.read_table(log)) is same


def test_too_few_rows_a_customer_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Ask for more rows a customer"):
        write_big_log(tmp_path / "log.parquet", customers=1_000, rows=1_001, seed=0)


def test_histories_can_be():
    seen = customers(5_000, seed=1)
    assert ((seen.x == 0) == (seen.t_x == 0)).all()
    assert (seen.x <= seen.t_x).all()
    assert (seen.t_x <= seen.T).all()
    assert (seen.T >= SHORTEST).all()
    assert ((seen.m > 0) == (seen.x > 0)).all()


def test_a_result_is_a_row_with_its_ratio():
    assert RESULT.ratio == 80.0
    row = dict(zip(COLUMNS, RESULT.row(), strict=True))
    assert (row["clv, s"], row["rival, s"], row["ratio"]) == ("0.125", "10", "80")
    assert row["runs"] == "5 and 1"
    assert "Log-likelihood -1." in row["of what, and what came out"]


def test_a_job_no_rival_did_has_no_ratio():
    alone = replace(RESULT, rival_seconds=None, rival_repeats=0)
    assert alone.ratio is None
    row = dict(zip(COLUMNS, alone.row(), strict=True))
    assert (row["rival, s"], row["ratio"], row["runs"]) == ("-", "-", "5")
    assert alone.told == "fit BG/NBD: 0.125 s"
    assert RESULT.told == "fit BG/NBD: 80 times faster than lifetimes"


def test_the_least_of_several_runs_counts():
    ran = []
    assert 0 <= least(lambda: ran.append(1), times=4) < 1
    assert len(ran) == 4


def test_a_table_is_markdown():
    lines = table(("a", "wide", "text"), [("1", "2", "a sentence"), ("333", "4", "x")]).splitlines()
    assert lines[0] == "| a   | wide | text |"
    assert lines[1] == "|-----|------|---|"
    assert lines[2] == "| 1   | 2    | a sentence |"
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.00123456, "0.00123"), (1.2345, "1.23"), (47.26, "47.3"), (1234.5, "1,234")],
)
def test_seconds_have_three_digits(value, told):
    assert seconds(value) == told


def test_both_run_in_turns_as_often_as_asked():
    ran = []
    ours, mine, theirs, yours = side_by_side(
        lambda: ran.append("we") or 1, lambda: ran.append("they") or 2, 3, 1
    )
    assert ran == ["we", "they", "we", "we"]
    assert (len(ours), len(theirs), mine, yours) == (3, 1, 1, 2)


def test_stages_are_listed_with_the_whole_process():
    stages = [{"name": "read", "seconds": 1.5, "peak_memory_mb": 1200}]
    told = stages_table(Watched(2.0, 1300.4, {"stages": stages}))
    assert "| read          | 1.5     | 1,200 |" in told
    assert "| whole process | 2       | 1,300 |" in told


def test_memory_of_children_counts():
    alone = resident_mb(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert resident_mb(os.getpid()) > alone > 20
    finally:
        child.communicate(b"\n")
    assert resident_mb(child.pid) == 0.0


def test_sorted_keys_tell_histories_apart():
    seen = customers(3_000, seed=5)
    keys = sorted_keys(seen)
    assert (np.diff(keys) >= 0).all()
    histories = set(zip(seen.x.tolist(), seen.t_x.tolist(), seen.T.tolist(), strict=True))
    assert len(np.unique(keys)) == len(histories)


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    script = tmp_path_factory.mktemp("peer") / "fake.py"
    script.write_text(FAKE_PEER)
    return (sys.executable, script)


def test_a_peer_answers_as_long_as_it_is_asked(command, tmp_path):
    with Peer(command, tmp_path) as peer:
        answers = [peer.ask(method="map")["seconds"] for _ in range(3)]
    assert answers == [1.0, 2.0, 3.0]
    assert (tmp_path / "said.txt").read_text() == "noise\n" * 3


def test_a_peer_gets_the_customers(command, tmp_path):
    seen = customers(LEAST, seed=1)
    with Peer(command, tmp_path) as peer, np.load(peer.hand_over(seen)) as held:
        for name in ("x", "t_x", "T"):
            np.testing.assert_array_equal(held[name], getattr(seen, name))


def test_a_peer_that_fails_says_why(command, tmp_path):
    with Peer(command, tmp_path) as peer:
        with pytest.raises(RuntimeError, match=r"ended with 1: (?s:.*)ValueError: no such method"):
            peer.ask(method="break")
        with pytest.raises(RuntimeError, match="ended with 1"):
            peer.ask(method="map")


def test_an_absent_peer_is_told_with_what_installs_it(tmp_path):
    for ask in (versions, lambda absent: Peer((absent, "script.py"), tmp_path)):
        with pytest.raises(FileNotFoundError, match=r"`make \.venv/\.peers` installs it"):
            ask(tmp_path / "python")


def test_versions_are_those_of_the_environment_asked():
    assert versions(sys.executable, ("numpy",)) == f"numpy {np.__version__}"


@pytest.fixture(scope="module")
def small(command, tmp_path_factory):
    with Bench(tmp_path_factory.mktemp("bench"), smaller=1_000, command=command) as at:
        yield at


@pytest.mark.parametrize("name", ROWS)
def test_each_row_is_measured(name, small, monkeypatch):
    # Whatever else a run of the tests holds would be collected before each of many runs.
    monkeypatch.setattr("gc.collect", lambda: 0)
    result = ROWS[name](small)
    assert result.ours_seconds > 0
    assert result.floor_seconds > 0
    assert (result.ratio is None) == name.startswith(("size", "features", "generate"))
    assert name.startswith((result.rival, "size"))


def test_the_first_fit_of_a_peer_is_not_in_its_median(command, tmp_path):
    with Bench(tmp_path, smaller=1_000, command=command) as at:
        result = against_pymc.fit_map(at, LEAST, repeats=1, rival_repeats=3)
    assert result.rival_seconds == 3.0
    assert "not in the median, took 1 s" in result.note
    assert "Of its time 0.3 s is search" in result.note


def test_draws_are_as_many_as_the_chains_gave(command, tmp_path):
    with Bench(tmp_path, smaller=1_000, command=command) as at:
        result = against_pymc.fit_mcmc(at, LEAST, 1, 1, draws=25, tune=5)
    assert result.case == "fit BG/NBD with 50 draws, 500 customers, MCMC"
    assert result.rival_seconds == 2.0
    assert "10 draws before, which compile, took 1 s" in result.note
    assert "(0.2426 ± 0.24)" in result.note


def test_an_optimum_below_the_peers_stops_the_run(command, tmp_path, monkeypatch):
    far = PURCHASES._replace(r=5.0)
    monkeypatch.setattr(ours, "fit", lambda *_: far)
    with (
        Bench(tmp_path, smaller=1_000, command=command) as at,
        pytest.raises(ArithmeticError, match="MAP: log-likelihood"),
    ):
        against_pymc.fit_map(at, LEAST, repeats=1, rival_repeats=1)


@pytest.mark.parametrize("job", ["fit", "score"])
def test_memory_is_what_a_job_adds(job, tmp_path):
    seen = customers(2_000, seed=1)
    np.savez(tmp_path / "seen.npz", x=seen.x, t_x=seen.t_x, T=seen.T)
    command = [sys.executable, "-m", "benchmarks.memory", job, str(tmp_path / "seen.npz")]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = Footprint(*json.loads(told.stdout))
    assert (found.job, found.customers, found.held) == (job, 2_000, 48_000)
    assert found.beyond >= 0
    assert found.seconds > 0


def test_memory_is_told_a_customer():
    told = footprints_table([Footprint("fit", 2_000, 0.5, 48_000, 80_000)])
    last = [cell.strip() for cell in told.splitlines()[-1].split("|")[1:-1]]
    assert last == ["fit", "2,000", "0.5", "24", "40"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], list(NAMES)),
        (["memory"], [MEMORY]),
        (["mcmc 100", "CLV RUN"], [RUN, "pymc-marketing MCMC 100k"]),
        (["nothing like it"], []),
    ],
)
def test_words_choose_comparisons(words, names):
    assert chosen(words) == names


def test_a_word_that_chooses_nothing_is_told(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--only", "nothing like it"])
    assert "no such word in clv run, lifetimes BG/NBD 100k" in capsys.readouterr().err


def test_what_was_chosen_is_printed_and_no_page_written(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gc.collect", lambda: 0)
    main(["--quick", "--only", "Gamma-Gamma 100k"])
    told = capsys.readouterr().out
    assert "fit Gamma-Gamma, 2,000 customers: " in told
    assert "| fit Gamma-Gamma, 2,000 customers |" in told
    assert list(tmp_path.iterdir()) == []


def test_the_page_has_a_table_for_each_rival():
    stages = [{"name": "read", "seconds": 1.5, "peak_memory_mb": 1200}]
    counts = {"rows_in": 10_000_000, "customers": 1_000_000}
    measured = Measured(
        rows=[
            RESULT,
            replace(RESULT, case="MCMC", rival="pymc-marketing"),
            replace(RESULT, case="200 features", rival="", rival_seconds=None),
        ],
        footprints=[Footprint("fit", 2_000, 0.5, 48_000, 80_000)],
        run=Watched(2.0, 1300.4, {"stages": stages, "counts": counts}),
        scored=Scored(1_000_000, {"features and forecasts": 40.0}, {}),
        published=Published(
            1_000_000, {"SQLite": 30.0}, {"SQLite": 8.0}, {"all, by clv": {"SQLite": [2.0, 5.0]}}
        ),
    )
    told = page("a machine", measured)
    beside, other = told.split("## Side by side with pymc-marketing")
    assert "fit BG/NBD" in beside
    assert "MCMC" not in beside
    assert "MCMC" in other
    assert "200 features" not in beside
    assert "200 features" in other.split("## Features")[1]
    assert "asked about\n1,000,000 others" in other
    assert "| features and forecasts | 40" in other
    assert "| SQLite   | 30 " in other
    assert "| all, by clv | 3.5" in other
    assert "| fit | 2,000" in other
    assert "| read          | 1.5" in other
    assert tables(measured).count("| case") == 3
