"""What each kind of job does: trains, publishes, takes back, looks back; and what it leaves."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert, select

from clv.core.errors import RunError, StoppedError, StoreError, UnsuitedError, UploadError
from clv.models.btyd import MBGNBD
from clv.ops import forecasts, promotion, runs, uploads
from clv.ops.machine import Machine
from clv.ops.orderrows import gathered_to, perhaps_unknown
from clv.ops.progress import Silent
from clv.ops.runs import Run
from clv.ops.store import publishing, tables
from clv.ops.store.database import Store
from clv.ops.work import jobs, kinds, patience, sources, tidying
from clv.ops.work.context import JobContext
from clv.ops.work.workplace import Workplace
from tests.logs import DAYS, FIRST, write_log

#: A contest that is over within seconds.
QUICK = {"models": ["mbgnbd"], "horizon": 60}
LAST = FIRST + timedelta(days=DAYS - 1)


@dataclass
class Bench:
    """A place of work where jobs are done in this process."""

    place: Workplace
    store: Store
    told: list[tuple[str, float]] = field(default_factory=list)

    def begun(self, kind, params, worker="w"):
        """A job, claimed."""
        checked = kinds.checked(kind, params, local=True)
        with self.store.writing() as conn:
            made = jobs.create(conn, kind, checked, "tester")
        return jobs.claim(self.store, made.job_id, worker)

    def context(self, job):
        return JobContext(job, self.place, self.store, lambda *told: self.told.append(told))

    def do(self, kind, params):
        """Do a job; its row afterwards, and what it returned."""
        job = self.begun(kind, params)
        context = self.context(job)
        result = kinds.perform(context)
        return self.find(job.job_id), result

    def find(self, job_id):
        with self.store.reading() as conn:
            return jobs.find(conn, job_id)

    def current(self, name="champion"):
        with self.store.reading() as conn:
            return publishing.current(conn, name)

    def send(self, path):
        with uploads.receiving(self.place.home, path.name) as coming:
            coming.write(path.read_bytes())
        return coming.upload.upload_id

    def buy(self, *orders):
        kept = [
            {
                "customer_id": customer,
                "date": day,
                "amount": amount,
                "more": {},
                "received_at": datetime.now(UTC),
                "request_id": "test",
            }
            for customer, day, amount in orders
        ]
        with self.store.writing() as conn:
            conn.execute(insert(tables.purchase), kept)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return write_log(tmp_path_factory.mktemp("log") / "orders.csv")


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    home = tmp_path_factory.mktemp("work") / "home"
    opened = Bench(Workplace(Machine(home)), Store.open(None, home))
    yield opened
    opened.store.close()


@pytest.fixture(scope="module")
def training(bench, log):
    """The row of a job that trained on an upload and published the run, and what it told."""
    source, before = {"upload": bench.send(log)}, len(bench.told)
    job, _ = bench.do("train", {"source": source, "settings": QUICK})
    return job, bench.told[before:]


@pytest.fixture(scope="module")
def trained(training):
    return training[0]


@pytest.fixture(scope="module")
def other(bench, trained, log):
    """A job that trained and was to publish nothing, and what came of it."""
    before = bench.current()
    asked = {"source": {"path": str(log)}, "settings": QUICK, "publish": False}
    job, result = bench.do("train", asked)
    assert bench.current() == before
    return job, result


def test_training_publishes_the_best_as_champion(bench, trained):
    assert trained.status == jobs.DONE
    told = trained.result
    assert told["published"] == "champion"
    assert (told["model"], told["kind"], told["horizon_days"]) == ("mbgnbd", "log", 60)
    assert told["as_of"] == str(LAST)
    assert told["customers"] == told["training_samples"] == 400
    assert {"rmse", "mae", "r2", "bias", "deviance"} <= told["metrics"].keys()
    run = Run.open(bench.place.home / "runs" / told["run_id"])
    [row] = [row for row in run.leaderboard["rows"] if row["champion"]]
    assert told["metrics"]["rmse"] == row["rmse"]


def test_what_training_tells_rises_to_the_end(training):
    _, told = training
    assert all(part <= further for (_, part), (_, further) in pairwise(told))
    assert told[-1] == ("publish the run", 1.0)
    assert len({stage for stage, _ in told}) > 10


def test_a_model_asked_for_is_published_beside_the_champion(bench, trained, log):
    before = bench.current()
    asked = {"source": {"path": str(log)}, "settings": {"horizon": 60}, "model_type": "nbd"}
    job, _ = bench.do("train", asked)
    assert job.result["published"] == "model:nbd"
    found = bench.current("model:nbd")
    assert (found.run_id, found.model) == (job.result["run_id"], "nbd")
    assert not found.loaded
    assert bench.current() == before


def test_training_may_publish_nothing(bench, other):
    job, result = other
    assert result["published"] is None
    # Whoever had the work done writes down that it is.
    assert job.status == jobs.RUNNING
    assert runs.find(result["run_id"], bench.place.home).forecasts().num_rows == 400


def test_the_log_of_the_champion_is_trained_on_with_later_orders(bench, trained):
    before, newer = Run.open(Path(bench.current().folder)), LAST + timedelta(days=2)
    bench.buy(("00000", newer, "12.5"), ("newcomer", LAST, "99.99"))
    job = bench.begun("train", {"source": {"log": "champion"}})
    context = bench.context(job)
    during = [("early bird", LAST, "7"), ("00001", LAST, "8")]

    def buys_meanwhile(stage, _):
        if stage == "fit the champion on everything" and during:
            bench.buy(during.pop())

    context.tell = buys_meanwhile
    result = kinds.perform(context)
    after = Run.open(Path(bench.current().folder))
    assert bench.find(job.job_id).result == result
    assert after.manifest["run_id"] == result["run_id"]
    counts, earlier = after.manifest["counts"], before.manifest["counts"]
    assert counts["rows_in"] == earlier["accepted"] + 2
    assert counts["customers"] == earlier["customers"] + 1
    # Its settings, but for how the first log was read.
    assert after.manifest["horizon_days"] == 60
    assert after.as_of.day == newer
    known = pq.read_table(after.transactions, filters=[("customer_id", "==", "newcomer")])
    assert [float(amount) for amount in known["amount"].to_pylist()] == [99.99]
    # What was bought while it trained is not in its log; it is served, and will be trained on.
    assert during == []
    with bench.store.reading() as conn:
        known = perhaps_unknown(after, gathered_to(conn, after))
        waiting = select(tables.purchase.c.customer_id).where(known)
        assert set(conn.scalars(waiting)) == {"00001", "early bird"}
        run_no = bench.current().run_no
        served = {
            name: forecasts.customer(conn, run_no, name)
            for name in ("00001", "early bird", "newcomer")
        }
    anew = {name for name, told in served.items() if told["rescored_at"] is not None}
    assert anew == {"00001", "early bird"}


@pytest.fixture
def made(bench, trained):
    """A job that was stopped once its run was made, before it was published."""
    job = bench.begun("train", {"source": {"upload": "0" * 32}, "settings": QUICK})
    context = bench.context(job)
    context.folder.mkdir(parents=True)
    runs.write_json(context.folder / "run.json", {"run_id": trained.result["run_id"]})
    return context


def test_a_run_made_before_the_job_was_stopped_is_not_made_again(bench, made, trained):
    result = kinds.perform(made)
    assert result["run_id"] == trained.result["run_id"] == bench.current().run_id
    assert bench.find(made.job.job_id).status == jobs.DONE


def test_a_job_cancelled_at_the_last_moment_publishes_nothing(bench, made):
    before = bench.current()
    jobs.ask_to_cancel(bench.store, made.job.job_id)
    with pytest.raises(StoppedError):
        kinds.perform(made)
    assert bench.current() == before
    assert not made.done


def test_a_job_that_another_worker_has_publishes_nothing(bench, made):
    before = bench.current()
    jobs.reclaim(bench.store, lambda job: job.job_id == made.job.job_id)
    jobs.claim(bench.store, made.job.job_id, "other")
    with pytest.raises(StoppedError):
        kinds.perform(made)
    assert bench.current() == before
    assert bench.find(made.job.job_id).status == jobs.RUNNING


def test_a_store_that_is_gone_for_a_while_is_waited_for(bench, made, monkeypatch):
    real, gone = publishing.publish, [StoreError("store: gone."), StoreError("store: gone.")]

    def publish(*arguments, **named):
        if gone:
            raise gone.pop()
        return real(*arguments, **named)

    monkeypatch.setattr(publishing, "publish", publish)
    monkeypatch.setattr(patience, "BETWEEN", 0.01)
    kinds.perform(made)
    assert bench.find(made.job.job_id).status == jobs.DONE
    with pytest.raises(StoreError):
        patience.patiently(lambda: publish_never(), seconds=0)


def publish_never():
    raise StoreError("store: gone.")


def test_a_run_is_published_and_taken_back(bench, other):
    before, run_id = bench.current(), other[1]["run_id"]
    made = bench.do("publish", {"run": run_id})[0]
    assert (made.result["published"], made.status) == ("champion", jobs.DONE)
    shown = bench.current()
    assert shown.run_id == run_id
    assert promotion.take_back(bench.store, bench.place.machine).run_id == before.run_id
    assert bench.current().run_id == before.run_id
    assert bench.current().revision > shown.revision > before.revision
    with pytest.raises(RunError, match="not a run folder"):
        bench.do("publish", {"run": "20200101T000000Z-abcdef"})


def test_a_table_of_customers_is_trained_on(bench, trained, tmp_path):
    table = write_customers(tmp_path / "customers.csv")
    settings = {"target": "spent", "models": ["glm"], "folds": 2, "id": "customer_id"}
    asked = {"source": {"upload": bench.send(table)}, "settings": settings}
    job, result = bench.do("train", asked)
    assert (result["kind"], result["as_of"], result["training_samples"]) == ("table", None, 120)
    assert {"rmse", "mae", "r2", "mape"} <= result["metrics"].keys()
    assert bench.current().kind == "table"
    assert job.status == jobs.DONE
    with pytest.raises(UnsuitedError, match="no log of orders"):
        bench.do("train", {"source": {"log": "champion"}})
    promotion.take_back(bench.store, bench.place.machine)
    assert bench.current().kind == "log"


def write_customers(path):
    rng = np.random.default_rng(3)
    orders, age = rng.poisson(4, 120) + 1, rng.integers(18, 80, 120)
    spent = orders * rng.gamma(5, 8, 120)
    rows = zip(range(120), orders, age, spent.round(2), strict=True)
    lines = ["customer_id,orders,age,spent", *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_backtest_begun_again_goes_on_where_it_was(bench, log, monkeypatch):
    settings = {**QUICK, "origins": 2}
    job = bench.begun("backtest", {"source": {"path": str(log)}, "settings": settings})
    result = kinds.perform(bench.context(job))
    file = bench.place.home / "backtests" / result["backtest"] / result["file"]
    assert len(result["origins"]) == 2
    assert {row["model"] for row in result["rows"]} > {"mbgnbd", "naive_rate"}
    assert result["champion"]["name"] == "mbgnbd"
    # The row stays small; the file has every day.
    assert all("origins" not in row for row in result["rows"])
    assert "origins" in file.read_text()

    def refuse(*_):
        raise AssertionError("fitted again")

    monkeypatch.setattr(MBGNBD, "fit", refuse)
    again = kinds.perform(bench.context(job))
    assert [row["mae"] for row in again["rows"]] == [row["mae"] for row in result["rows"]]


def test_a_sample_is_made_once(bench, monkeypatch):
    asked = {"source": {"sample": 300}, "settings": {**QUICK, "origins": 1}}
    job = bench.begun("backtest", asked)
    result = kinds.perform(bench.context(job))
    assert result["as_of"] == "2024-12-29"
    monkeypatch.setattr(sources, "generate", None)
    assert kinds.perform(bench.context(job))["as_of"] == "2024-12-29"


def test_files_beside_the_log_may_be_uploaded(bench, log, tmp_path):
    beside = tmp_path / "beside.csv"
    beside.write_text("customer_id,age\n" + "".join(f"{n:05d},{n % 60}\n" for n in range(400)))
    settings = {**QUICK, "customers": f"upload:{bench.send(beside)}"}
    job = bench.begun("train", {"source": {"upload": bench.send(log)}, "settings": settings})
    found = sources.found(
        bench.context(job), job.params["source"], job.params["settings"], Silent()
    )
    assert Path(found.settings["customers"]).read_text() == beside.read_text()
    assert found.settings["horizon"] == 60
    # Orders received after the file was are not in it, however late it is read.
    assert (
        found.read_at == uploads.find(bench.place.home, job.params["source"]["upload"]).received_at
    )
    with pytest.raises(UploadError):
        sources.found(bench.context(job), {"upload": "0" * 32}, {}, Silent())


def test_what_was_known_is_learned_from_again_once_its_upload_is_gone(bench, log, tmp_path):
    beside = tmp_path / "beside.csv"
    beside.write_text("customer_id,age,no\n" + "".join(f"{n:05d},{n % 60},\n" for n in range(400)))
    upload = bench.send(beside)
    settings = {**QUICK, "customers": f"upload:{upload}", "known": ["age", "no"]}
    kinds.perform(
        bench.context(
            bench.begun("train", {"source": {"upload": bench.send(log)}, "settings": settings})
        )
    )
    uploads.find(bench.place.home, upload).path.unlink()
    job = bench.begun("train", {"source": {"log": "champion"}})
    bench.place.folder_of(job.job_id).mkdir(parents=True, exist_ok=True)
    found = sources.found(bench.context(job), job.params["source"], {}, Silent())
    assert found.settings["known"] == ["age"]
    again = pq.read_table(found.settings["customers"])
    assert again.column_names == ["customer_id", "age"]
    assert again.num_rows == 400


def test_what_nobody_needs_is_tidied_away(bench, trained):
    home, old = bench.place.home, (datetime.now(UTC) - timedelta(days=40)).timestamp()
    upload = bench.send(write_customers(home / "old.csv"))
    needed = bench.send(home / "old.csv")
    waiting = bench.begun("train", {"source": {"upload": needed}})
    folders = [home / "jobs" / "over", home / "samples" / "old", home / "backtests" / "old"]
    kept = [bench.place.folder_of(waiting.job_id), home / "samples" / "new"]
    unfinished = home / "runs" / ".r.partial-0"
    for folder in (*folders, *kept, unfinished):
        folder.mkdir(parents=True)
    (home / "runs" / ".r.partial-0.lock").touch()
    for path in (*folders, kept[0], *(uploads.find(home, u).path for u in (upload, needed))):
        os.utime(path, (old, old))
    tidying.tidy(bench.place, bench.store)
    assert [folder for folder in (*folders, unfinished) if folder.exists()] == []
    assert all(folder.exists() for folder in kept)
    assert needed in [each.upload_id for each in uploads.listed(home)]
    assert upload not in [each.upload_id for each in uploads.listed(home)]
    assert Run.open(Path(bench.current().folder)).forecasts().num_rows >= 400
