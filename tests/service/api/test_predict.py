"""Forecasts for profiles: what counts, under which names, and what is told about it."""

import json
import shutil
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import UTC, datetime

import pytest

from clv.apps.api.schemas.profile import ProfileBody
from clv.apps.api.schemas.told import NAMES
from clv.ops.runs import Run
from clv.ops.store.publishing import publish

PROFILE = {
    "num_orders": 6,
    "total_spent": 480.0,
    "days_since_first_purchase": 200,
    "days_since_last_purchase": 12,
}
PATH = "/api/predict"


def told(api, body, **more):
    answer = api.post(PATH, body, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_example_of_the_documentation_is_answered(api):
    for body in ProfileBody.model_json_schema()["examples"]:
        told(api, body)


@pytest.mark.parametrize("plain", NAMES)
def test_every_name_of_a_thing_means_the_same(api, plain):
    values = {
        "orders": 6,
        "total": 480.0,
        "order_value": 80.0,
        "first_days": 200,
        "last_days": 12,
        "gap_days": 37.6,
        "category_count": 3,
        "channel": "Email",
        "campaign": "Brand",
    }
    names = [name for name in NAMES[plain] if name not in PROFILE]
    base = {name: value for name, value in PROFILE.items() if name not in NAMES[plain]}
    answers = [told(api, {**base, name: values[plain]}) for name in names]
    assert len({one["predicted_clv"] for one in answers}) == 1


def test_the_same_thing_told_twice_and_alike_is_fine(api):
    twice = told(api, {**PROFILE, "total_orders": 6, "recency": 12.0, "features": {"tenure": 200}})
    assert twice["predicted_clv"] == told(api, PROFILE)["predicted_clv"]


@pytest.mark.parametrize(
    ("more", "field", "other"),
    [
        ({"frequency": 7}, "/num_orders", "frequency"),
        ({"monetary_value": 500}, "/total_spent", "monetary_value"),
        ({"features": {"num_orders": 7}}, "/num_orders", "features/num_orders"),
        ({"features": {"recency": 13}}, "/days_since_last_purchase", "recency"),
    ],
)
def test_the_same_thing_told_twice_and_differently_names_both(api, more, field, other):
    problem = api.refused(api.post(PATH, {**PROFILE, **more}), 422, "profile")
    assert problem.errors[0].field == field
    assert other in problem.detail


@pytest.mark.parametrize(
    ("missing", "field"),
    [
        ("num_orders", "/num_orders"),
        ("total_spent", "/total_spent"),
        ("days_since_first_purchase", "/days_since_first_purchase"),
        ("days_since_last_purchase", "/days_since_last_purchase"),
    ],
)
def test_what_is_missing_is_named_as_it_is_usually_called(api, missing, field):
    body = {name: value for name, value in PROFILE.items() if name != missing}
    problem = api.refused(api.post(PATH, body), 422, "profile")
    assert problem.errors[0].field == field
    assert "missing" in problem.detail


def test_what_cannot_be_is_named_as_it_was_sent(api):
    body = {"frequency": 3, "monetary_value": 90, "tenure": 10, "recency": 20}
    problem = api.refused(api.post(PATH, body), 422, "profile")
    assert problem.errors[0].field == "/recency"
    inside = api.post(PATH, {"features": body})
    assert api.refused(inside, 422, "profile").errors[0].field == "/features/recency"


def test_a_gap_stands_in_for_the_first_order(api):
    body = {"num_orders": 6, "total_spent": 480.0, "days_since_last_purchase": 12}
    gap = told(api, {**body, "days_between_purchases": 37.6})
    assert gap["predicted_clv"] == pytest.approx(told(api, PROFILE)["predicted_clv"])


def test_notices_speak_of_the_names_that_were_sent(api):
    notices = told(api, {**PROFILE, "avg_order_value": 200})["notices"]
    assert any(one.startswith("avg_order_value:") for one in notices)


def test_what_does_not_count_is_told_by_its_own_name(api):
    one = told(api, {**PROFILE, "acquisition_cost": 5, "age": 40, "features": {"shoe_size": 43}})
    assert {"acquisition_cost", "age", "shoe_size"} <= set(one["not_used"])
    assert "num_orders" not in one["not_used"]


def test_the_category_count_may_be_told_beside_the_diversity(api):
    one = told(api, {**PROFILE, "num_categories": 4, "category_diversity": 2.7})
    assert "category_diversity" in one["not_used"]
    assert "num_categories" not in one["not_used"]


def test_a_wider_level_gives_a_wider_interval(api):
    widths = []
    for level in (0.5, 0.9, 0.95, 0.99):
        one = told(api, PROFILE, params={"level": level})
        assert one["level"] == level
        widths.append(one["clv_upper"] - one["clv_lower"])
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def test_days_are_counted_from_the_snapshot_date(api):
    one = told(api, {**PROFILE, "snapshot_date": "2020-02-29"})
    assert one["as_of"] == "2020-02-29"
    assert one["next_purchase_date"].startswith("2020-")
    assert told(api, PROFILE)["as_of"] == str(datetime.now(UTC).date())


def test_more_orders_of_the_same_value_are_worth_no_less(api):
    values = [
        told(api, {**PROFILE, "num_orders": n, "total_spent": 80.0 * n})["predicted_clv"]
        for n in (2, 4, 8)
    ]
    assert values == sorted(values)


def test_a_batch_answers_those_it_can_and_tells_of_the_others(anywhere):
    batch = [
        PROFILE,
        {"num_orders": "6"},
        {**PROFILE, "customer_id": 17, "snapshot_date": "2024-01-31"},
        None,
        {**PROFILE, "num_ordrs": 1},
        {"total_spent": 5},
        PROFILE,
    ]
    answer = anywhere.post("/api/predict/batch", {"profiles": batch})
    assert answer.status_code == 200
    made = answer.json()
    assert [one["index"] for one in made["predictions"]] == [0, 2, 6]
    assert made["predictions"][1]["customer_id"] == "17"
    assert made["predictions"][1]["as_of"] == "2024-01-31"
    assert (made["count"], made["failed"]) == (3, 4)
    problems = {one["index"]: one for one in made["problems"]}
    assert sorted(problems) == [1, 3, 4, 5]
    assert problems[1]["field"] == "/num_orders"
    assert problems[4]["message"].endswith("Did you mean num_orders?")
    assert problems[5] == {
        "index": 5,
        "field": "/num_orders",
        "message": "is missing. Give the number of orders so far.",
        "code": "profile",
    }
    alone = {"index": 0, **anywhere.post(PATH, PROFILE).json()}
    assert made["predictions"][0].keys() == alone.keys()
    for name, value in alone.items():
        # Sums of several rows at once are rounded otherwise.
        same = pytest.approx(value, rel=1e-9) if isinstance(value, float) else value
        assert made["predictions"][0][name] == same
    assert made["total_clv"] == pytest.approx(
        sum(one["predicted_clv"] for one in made["predictions"])
    )


def test_a_batch_may_be_a_plain_list_and_empty(api):
    listed = api.post("/api/predict/batch", [PROFILE, PROFILE]).json()
    assert listed["count"] == 2
    assert api.post("/api/predict/batch", []).json()["count"] == 0


def test_a_thousand_at_once_and_not_one_more(api):
    thousand = api.post("/api/predict/batch", [PROFILE] * 1000)
    assert thousand.json()["count"] == 1000
    problem = api.refused(api.post("/api/predict/batch", [PROFILE] * 1001), 422, "validation")
    assert problem.errors[0].field == "/profiles"
    assert "at most 1000" in problem.detail


def test_forecasts_are_counted(own_api):
    before = own_api.get("/metrics").text
    own_api.post("/api/predict/batch", [PROFILE] * 3)
    after = own_api.get("/metrics").text
    tier = told(own_api, PROFILE)["segment"]
    line = f'clv_predictions_total{{model="bgnbd",segment="{tier}"}} 3.0'
    assert line in after
    assert line not in before


@pytest.mark.parametrize("name", ["champion", "CHAMPION", "best", "bg_nbd", "BG-NBD", "bgnbd"])
def test_a_model_goes_by_several_names(api, name):
    assert told(api, PROFILE, params={"model_type": name})["model"] == "bgnbd"


@pytest.mark.parametrize("name", ["xgbost", "'; DROP TABLE run; --", "naive_rate", "../model"])
def test_a_model_there_is_not_is_named_with_those_there_are(api, name):
    problem = api.refused(api.post(PATH, PROFILE, params={"model_type": name}), 422, "setting")
    assert "xgboost" in problem.detail


def test_a_model_trained_by_name_answers_beside_the_champion(own_api, made):
    publish(own_api.services.store, made.table, name="model:gradient_boosting", loaded=False)
    named = told(own_api, {"features": {"age": 40}}, params={"model_type": "gradient_boosting"})
    assert named["model"] == "gradient_boosting"
    assert told(own_api, PROFILE)["model"] == "bgnbd"
    listed = {one["name"]: one for one in own_api.ok("/api/models")["models"]}
    assert listed["gradient_boosting"]["model_version"] == made.table.manifest["run_id"]
    assert listed["bgnbd"]["champion"]
    info = own_api.ok("/api/model/info?model_type=gradient_boosting")
    assert (info["kind"], info["target"]) == ("table", "actual_clv")


def test_a_run_on_a_table_takes_its_columns_under_any_name(table_api):
    usual = {"total_orders": 6, "total_spent": 480.0, "days_since_first_purchase": 200}
    other = {"frequency": 6, "monetary_value": 480.0, "tenure": 200}
    one, same = told(table_api, usual), told(table_api, other)
    assert one["predicted_clv"] == same["predicted_clv"]
    assert one["not_used"] == same["not_used"] == []
    assert one["horizon_days"] is None
    more = told(table_api, {**usual, "features": {"eco_share": 0.2, "shoe_size": 43}})
    assert more["not_used"] == ["shoe_size"]


@pytest.mark.parametrize(
    ("features", "field"),
    [
        ({"eco_share": "much"}, "/features/eco_share"),
        ({"first_purchase_date": "yesterday"}, "/features/first_purchase_date"),
        ({"first_purchase_date": 5}, "/features/first_purchase_date"),
    ],
)
def test_a_column_of_another_kind_is_named(table_api, features, field):
    problem = table_api.refused(table_api.post(PATH, {"features": features}), 422, "profile")
    assert problem.errors[0].field == field


def test_profiles_of_a_table_made_up_are_forecast_apart(table_api):
    profiles = table_api.ok("/api/generate-sample-data?n_customers=40&seed=3")["profiles"]
    made = table_api.post("/api/predict/batch", {"profiles": profiles}).json()
    assert made["problems"] == []
    assert len({one["predicted_clv"] for one in made["predictions"]}) > 20


def test_before_anything_is_published_a_forecast_says_how(empty_api):
    assert "clv publish" in empty_api.refused(empty_api.post(PATH, PROFILE), 404, "run").detail


def test_samples_are_the_same_for_the_same_seed(api):
    one = api.ok("/api/generate-sample-data?n_customers=5&seed=1")
    assert json.dumps(one) == json.dumps(api.ok("/api/generate-sample-data?n_customers=5&seed=1"))
    assert one != api.ok("/api/generate-sample-data?n_customers=5&seed=2")
    api.refused(api.get("/api/generate-sample-data?n_customers=1001"), 422, "validation")


def test_a_run_that_is_lost_is_no_fault_of_the_asker(opened, made, tmp_path, capfd):
    folder = tmp_path / "run"
    shutil.copytree(made.log.folder, folder)
    run = Run.open(folder)
    api = opened(run)
    publish(api.services.store, made.table, name="model:gradient_boosting", loaded=False)
    publish(api.services.store, run, name="model:bgnbd", loaded=False)
    shutil.rmtree(folder)
    customer = "C000001"
    for answer in (
        api.client.post(PATH, json=PROFILE),
        api.client.post(f"{PATH}?model_type=bgnbd", json=PROFILE),
        api.client.post("/api/predict/batch", json=[PROFILE]),
        api.client.get("/api/model/info"),
        api.client.get(f"/api/customers/{customer}/history"),
        api.client.post("/api/train/bgnbd"),
    ):
        told = api.refused(answer, 503, "run-lost")
        assert answer.headers["retry-after"]
        assert str(tmp_path) not in answer.text
        assert told.request_id in told.detail
    assert str(folder) in capfd.readouterr().err
    # What is in the store is answered on, and others by their own run.
    assert api.ok("/api/customers?limit=1")["count"] == 1
    assert told_by(api, "gradient_boosting") == "gradient_boosting"
    assert {one["name"]: one["champion"] for one in api.ok("/api/models")["models"]}["bgnbd"]
    health = api.get("/api/health/ready")
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    champion = health.json()["components"]["champion"]
    assert champion["status"] == "down"
    assert "run-lost" in champion["detail"]
    assert str(tmp_path) not in health.text


def test_a_run_lost_while_it_is_in_memory_is_told_too(opened, made, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(made.log.folder, folder)
    api = opened(Run.open(folder))
    customer = api.ok("/api/customers?limit=1")["customers"][0]["customer_id"]
    told(api, PROFILE)
    shutil.rmtree(folder)
    told(api, PROFILE)
    assert api.ok("/api/health")["components"]["champion"]["status"] == "down"
    for path in (f"/api/customers/{customer}/history", "/api/metrics", "/api/model/readiness"):
        answer = api.client.get(path)
        api.refused(answer, 503, "run-lost")
        assert str(tmp_path) not in answer.text


def test_those_who_wait_for_the_desk_keep_nobody_else_waiting(anywhere):
    api = anywhere
    customer = api.ok("/api/customers?limit=1")["customers"][0]["customer_id"]
    history, path = f"/api/customers/{customer}/history", "/api/predict/transactions"
    guest = {"CustomerID": "G1", "transactions": [{"date": "2023-12-01", "amount": 10}]}
    body = {"customers": [guest]}
    assert api.post(path, body).status_code == 200
    desk = api.services.champions.current().champion._desk
    with ThreadPoolExecutor(48) as crowd:
        with desk._lock:
            asked = [crowd.submit(api.client.post, path, json=body) for _ in range(48)]
            wait(asked, timeout=20, return_when=FIRST_COMPLETED)
            began = time.monotonic()
            health = api.get("/api/health/ready")
            assert health.status_code == 200
            assert health.json()["components"]["store"]["status"] == "ok"
            assert api.get(f"/api/customers/{customer}").status_code == 200
            told(api, PROFILE)
            assert api.post("/api/predict/batch", [PROFILE]).status_code == 200
            # A history is read without the desk.
            assert api.get(history).status_code == 200
            assert time.monotonic() - began < 2
        answers = [each.result() for each in asked]
    turned_away = [each for each in answers if each.status_code != 200]
    assert 0 < len(turned_away) < 48
    for each in turned_away:
        api.refused(each, 503, "busy")
        assert each.headers["retry-after"]
    assert api.post(path, body).status_code == 200


def told_by(api, model):
    body = {"features": {"age": 40}}
    return told(api, body, params={"model_type": model})["model"]


def test_where_no_order_can_be_used_each_says_why(api):
    late = {"date": "2024-06-01", "amount": 10}
    guest = {"CustomerID": "G1", "transactions": [late, {"date": "2199-01-01", "amount": 5}]}
    body = {"snapshot_date": "2024-01-01", "customers": [guest]}
    told = api.post("/api/predict/transactions", body).json()
    assert (told["count"], told["failed"]) == (0, 1)
    assert {(each["field"], each["code"]) for each in told["problems"]} == {
        ("/transactions", "no-purchase"),
        ("/transactions/0", "after_as_of"),
        ("/transactions/1", "after_as_of"),
    }
