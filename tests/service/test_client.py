"""The Python client, asked of a real service."""

import subprocess
import sys
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import pyarrow.parquet as pq
import pytest

from clv.apps.api.routes import health as told
from clv.apps.api.schemas import (
    answer,
    customers,
    jobs,
    models,
    orders,
    predictions,
    runs,
    segments,
    transactions,
    uploads,
)
from clv.apps.api.services import health as parts
from clv.client import (
    Client,
    ClvApiError,
    ClvUnreachableError,
    JobEndedError,
    answers,
    state,
)
from clv.ops.work.params import FEWEST_SAMPLED
from tests.serving import publish, served

PROFILE = {"num_orders": 8, "total_spent": 1250.5, "tenure": 180, "recency": 15}
STAY = {"Arrival Date": "2024-01-15", "Total Revenue USD": 500, "Channel": "WEB"}
SMALL = {"models": ["mbgnbd"], "budget": "fast", "horizon": 90}
#: Of the client -> of the service.
SAME = {
    answers.OfRun: answer.OfRun,
    answers.Forecast: customers.Forecast,
    answers.Customer: customers.Customer,
    answers.CustomerLinks: customers.CustomerLinks,
    answers.CustomerDetail: customers.CustomerTold,
    answers.CustomerPage: customers.CustomerPage,
    answers.Order: customers.OrderTold,
    answers.History: customers.History,
    answers.Segment: segments.SegmentTold,
    answers.Segments: segments.Segments,
    answers.SegmentDetail: segments.SegmentDetail,
    answers.Prediction: predictions.Prediction,
    answers.IndexedPrediction: predictions.IndexedPrediction,
    answers.ItemProblem: predictions.ItemProblem,
    answers.GuestForecast: transactions.GuestForecast,
    answers.GuestProblem: transactions.GuestProblem,
    answers.GuestForecasts: transactions.GuestForecasts,
    answers.Appended: orders.Appended,
    state.Component: parts.Component,
    state.Health: parts.Health,
    state.Champion: told.ChampionTold,
    state.ServiceStatus: told.ServiceStatus,
    state.Model: models.ModelTold,
    state.Models: models.Models,
    state.Figures: models.Figures,
    state.Row: models.Row,
    state.ModelMetrics: models.ModelMetrics,
    state.PublishedRun: runs.RunTold,
    state.Runs: runs.Runs,
    state.Moved: runs.Moved,
    state.JobProblem: jobs.JobProblem,
    state.JobLinks: jobs.JobLinks,
    state.Job: jobs.JobTold,
    state.JobPage: jobs.JobPage,
    state.Upload: uploads.UploadTold,
}


@pytest.fixture(scope="module")
def service(one_run, tmp_path_factory):
    home = tmp_path_factory.mktemp("served")
    publish(home, one_run)
    with served(home) as running:
        yield running


@pytest.fixture
def client(service):
    with Client(service.url, timeout=60) as opened:
        yield opened


@pytest.fixture(scope="module")
def changing_service(one_run, tmp_path_factory):
    """For tests that change what is served."""
    home = tmp_path_factory.mktemp("changing")
    publish(home, one_run)
    with served(home) as running:
        yield running


@pytest.fixture
def changing(changing_service):
    with Client(changing_service.url, timeout=60) as opened:
        yield opened


@pytest.fixture(scope="module")
def forecasts(one_run):
    table = pq.read_table(one_run / "forecasts.parquet", columns=["customer_id", "clv", "group"])
    return table.to_pandas().set_index("customer_id")


@pytest.mark.parametrize("kind", SAME, ids=lambda kind: kind.__name__)
def test_answers_are_typed_as_the_service_has_them(kind):
    assert get_type_hints(kind).keys() == SAME[kind].model_fields.keys()


def fits(kind, found):
    """What was found, which is of the kind that the client says."""
    assert matches(found, kind), found
    return found


def matches(found, kind):
    if kind is Any:
        return True
    if is_typeddict(kind) and isinstance(found, dict):
        hints = get_type_hints(kind)
        known = kind.__required_keys__ <= found.keys() <= hints.keys()
        return known and all(matches(value, hints[name]) for name, value in found.items())
    outer, inner = get_origin(kind), get_args(kind)
    if outer in (Union, UnionType):
        return any(matches(found, one) for one in inner)
    if outer is Literal:
        return found in inner
    if outer is list:
        return isinstance(found, list) and all(matches(one, inner[0]) for one in found)
    if outer is dict:
        return isinstance(found, dict) and all(matches(one, inner[1]) for one in found.values())
    known = isinstance(kind, type) and not is_typeddict(kind)
    return known and isinstance(found, (int, float) if kind is float else kind)


def test_what_is_served(client, one_run):
    assert fits(state.Health, client.health())["status"] == "ok"
    champion = fits(state.ServiceStatus, client.status())["champion"]
    # Other tests may have brought other runs.
    runs = fits(state.Runs, client.runs())["runs"]
    [run] = [each for each in runs if "champion" in each["served_as"]]
    assert champion["run_id"] == run["run_id"]
    assert fits(state.Models, client.models())["count"] > 10
    metrics = fits(state.ModelMetrics, client.metrics())
    assert [row["model"] for row in metrics["leaderboard"] if row["champion"]] == ["ensemble"]


def test_customers_come_over_all_pages_once_each(client, forecasts):
    found = list(client.customers(page_size=37))
    assert {each["customer_id"] for each in found} == set(forecasts.index)
    assert len(found) == len(forecasts)
    values = [each["clv"] for each in found]
    assert values == sorted(values, reverse=True)
    fits(list[answers.Customer], found)
    # Pages come as they are needed.
    assert next(client.customers(page_size=1)) == found[0]


def test_customers_by_conditions(client, forecasts):
    worth = client.customers(group="repeater", min_clv=50, sort="customer_id", page_size=10)
    wanted = forecasts[(forecasts["group"] == "repeater") & (forecasts["clv"] >= 50)]
    assert [each["customer_id"] for each in worth] == sorted(wanted.index)
    either = client.customers(segment=["Champions", "Lost"])
    assert {each["segment"] for each in either} == {"Champions", "Lost"}
    with pytest.raises(ClvApiError) as refused:
        list(client.customers(segment="Nobody"))
    assert refused.value.status == 422


def test_a_customer_and_their_orders(client, forecasts):
    found = fits(answers.CustomerDetail, client.customer("00005"))
    assert found["clv"] == pytest.approx(forecasts["clv"]["00005"])
    history = fits(answers.History, client.history("00005", limit=1))
    assert len(history["orders"]) == 1
    assert history["count"] >= found["purchases"]


@pytest.mark.parametrize("name", ["nobody", "a/b c?", "../admin", "%"])
def test_a_customer_who_is_not_there(client, name):
    with pytest.raises(ClvApiError, match="there is none with the id") as refused:
        client.customer(name)
    error = refused.value
    assert (error.status, error.code) == (404, "customer")
    assert error.request_id


def test_a_profile(client):
    found = fits(answers.Prediction, client.predict({**PROFILE, "customer_id": "C1"}, level=0.8))
    assert (found["customer_id"], found["level"]) == ("C1", 0.8)
    assert found["clv_lower"] <= found["predicted_clv"] <= found["clv_upper"]
    with pytest.raises(ClvApiError) as refused:
        client.predict({**PROFILE, "num_orders": -1, "colour": "red"})
    assert refused.value.code == "validation"
    assert {error.field for error in refused.value.errors} == {"/num_orders", "/colour"}


def test_many_profiles_keep_their_order_and_fail_alone(client):
    profiles = [{**PROFILE, "customer_id": str(number)} for number in range(2050)]
    profiles[1500] = {"num_orders": 3}
    found = client.predict_many(profiles)
    assert found.predictions[1500] is None
    assert {problem["index"] for problem in found.problems} == {1500}
    ids = [each and each["customer_id"] for each in found.predictions]
    assert ids == [None if n == 1500 else str(n) for n in range(2050)]
    assert [each and each["index"] for each in found.predictions[-2:]] == [2048, 2049]
    assert found.total_clv == pytest.approx(2049 * found.predictions[0]["predicted_clv"])
    fits(answers.IndexedPrediction, found.predictions[0])


def test_customers_told_by_orders(client):
    guests = [{"CustomerID": f"G{n}", "transactions": [STAY]} for n in range(5)]
    guests[3] = {"CustomerID": "G3", "transactions": []}
    whole = fits(answers.GuestForecasts, client.predict_transactions(guests, "2025-06-04", 365))
    assert [each["CustomerID"] for each in whole["predictions"]] == ["G0", "G1", "G2", "G4"]
    assert [problem["index"] for problem in whole["problems"]] == [3]
    assert (whole["count"], whole["failed"]) == (4, 1)
    lots = client.predict_transactions(guests, "2025-06-04", 365, batch_size=2)
    for one, other in zip(lots.pop("predictions"), whole.pop("predictions"), strict=True):
        assert one == {
            name: pytest.approx(value) if isinstance(value, float) else value
            for name, value in other.items()
        }
    assert lots == whole
    with pytest.raises(ValueError, match="go in several requests"):
        client.predict_transactions(guests, batch_size=2)


def test_orders_sent_again_under_their_key_are_kept_once(changing):
    row = {"customer_id": "00007", "date": "2024-06-24", "amount": "42.50"}
    before = changing.history("00007")["count"]
    rows = [row, {**row, "date": "never"}, {**row, "customer_id": "new", "amount": 10}]
    added = changing.add_transactions(rows, idempotency_key="order-run-7", batch_size=2)
    assert (added.accepted, added.duplicates, added.failed) == (2, 0, 1)
    assert [problem["index"] for problem in added.problems] == [1]
    assert added.forecasts.keys() == {"00007", "new"}
    assert changing.add_transactions(rows, idempotency_key="order-run-7", batch_size=2) == added
    assert changing.history("00007")["count"] == before + 1
    assert changing.customer("00007")["clv"] == added.forecasts["00007"]["clv"]
    # Without a key of the caller's each call has its own.
    changing.add_transactions([row])
    assert changing.history("00007")["count"] == before + 2


def test_segments(client, forecasts):
    found = fits(answers.Segments, client.segments("value_tier", active=True))
    assert sum(each["customers"] for each in found["segments"]) >= len(forecasts)
    one = fits(answers.SegmentDetail, client.segment("Growth-Potential", top=3))
    assert len(one["top_customers"]) == 3


@pytest.mark.timeout(300)
def test_training_publishing_and_going_back(changing):
    first = changing.status()["champion"]["run_id"]
    seen = []
    job = fits(state.Job, changing.train(sample=FEWEST_SAMPLED, settings=SMALL, publish=True))
    done = changing.wait(job, seen.append, timeout=200)
    assert [each["progress"] for each in seen] == sorted(each["progress"] for each in seen)
    assert seen[-1] == done == changing.job(job["job_id"])
    assert done in changing.jobs(kind="train")["jobs"]
    made = changing.status()["champion"]["run_id"]
    assert made != first
    assert fits(state.Moved, changing.rollback())["run_id"] == first
    changing.wait(changing.publish(made), timeout=60)
    assert changing.status()["champion"]["run_id"] == made
    assert changing.rollback()["run_id"] == first


@pytest.mark.timeout(300)
def test_training_on_a_file_and_a_job_that_does_not_end_well(changing, tmp_path):
    log = tmp_path / "orders.csv"
    log.write_text("customer_id,date,amount\n1,2024-01-01,10\n")
    with pytest.raises(JobEndedError, match="failed") as ended:
        changing.wait(changing.train(log, settings=SMALL), timeout=200)
    assert ended.value.job["problem"]["code"]
    job = changing.train(sample=20_000, publish=False)
    with pytest.raises(TimeoutError, match="is not over"):
        changing.wait(job, timeout=0)
    changing.cancel(job)
    with pytest.raises(JobEndedError, match="cancelled"):
        changing.wait(job, timeout=60)


def test_nobody_there(client):
    with (
        Client("http://127.0.0.1:1", retries=0) as nobody,
        pytest.raises(ClvUnreachableError, match="Is `clv serve` running"),
    ):
        nobody.health()


def test_it_needs_httpx_and_nothing_else_of_ours():
    program = """
import sys, clv.client
print(sorted({name.split(".")[0] for name in sys.modules} & {"numpy", "pydantic", "pandas"}))
print(sorted(name for name in sys.modules if name.startswith("clv.") and "client" not in name))
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stdout == "[]\n[]\n"
