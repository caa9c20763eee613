"""The requests of other systems, exactly as they are sent, answered as they expect."""

import json
from datetime import UTC, datetime

import pytest

from tests.mission import S1, S3, S4, S5

JSON = {"content-type": "application/json"}


def sent(api, path, body):
    answer = api.ask("POST", path, content=body, headers=JSON)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("body", [S3, S4, S5], ids=["S3", "S4", "S5"])
@pytest.mark.parametrize("path", ["/api/predict", "/predict"])
def test_a_profile_is_answered_as_s4_answers_it(anywhere, path, body):
    told = sent(anywhere, path, body)
    assert told["clv_lower"] <= told["predicted_clv"] <= told["clv_upper"]
    assert told["predicted_clv"] > 0
    assert told["segment"] in ("High-CLV", "Growth-Potential", "Low-CLV")
    assert told["confidence"] in ("High", "Medium", "Low")
    assert told["recommended_cac"] == pytest.approx(0.3 * told["predicted_clv"])
    assert told["reasons"]
    assert told["model_version"] == anywhere.run.manifest["run_id"]
    assert told["as_of"] == str(datetime.now(UTC).date())
    assert told["horizon_days"] == 180
    assert told["currency"] == "USD"


def test_fields_that_follow_from_others_are_taken_and_told(anywhere):
    told = sent(anywhere, "/api/predict", S3)
    assert {"purchase_frequency", "monthly_spending"} <= set(told["not_used"])
    assert "total_spent" not in told["not_used"]


def test_s5_means_days_since_the_last_purchase_by_recency(anywhere):
    told = sent(anywhere, "/predict", S5)
    plain = {"num_orders": 5, "total_spent": 1500.0, "avg_order_value": 300.0}
    plain |= {"days_since_first_purchase": 180, "days_since_last_purchase": 30}
    same = anywhere.post("/predict", plain).json()
    assert told["customer_id"] == "CUST_001"
    assert told["predicted_clv"] == pytest.approx(same["predicted_clv"])


def test_the_model_is_chosen_as_s5_chooses_it(anywhere):
    told = sent(anywhere, "/predict?model_type=bg_nbd", S5)
    assert told["model"] == "bgnbd"
    answer = anywhere.ask("POST", "/predict?model_type=xgboost", content=S5, headers=JSON)
    assert "POST /api/train/xgboost" in anywhere.refused(answer, 409, "unsuited").detail


def test_s5_sends_a_batch(anywhere):
    told = sent(anywhere, "/predict/batch", json.dumps({"customers": [json.loads(S5)] * 3}))
    assert told["count"] == 3
    assert [one["customer_id"] for one in told["predictions"]] == ["CUST_001"] * 3


def test_s2_sends_features(anywhere):
    features = json.loads(S3)
    told = sent(
        anywhere, "/predict/clv", json.dumps({"customer_id": "12345", "features": features})
    )
    assert told["customer_id"] == "12345"
    assert told["predicted_clv"] == pytest.approx(
        sent(anywhere, "/api/predict", S3)["predicted_clv"]
    )


def test_s2_asks_for_segments(anywhere):
    told = anywhere.ok("/segments/active")
    assert told == anywhere.ok("/api/segments/active")
    assert sum(one["customers"] for one in told["segments"]) == told["customers"] > 0


@pytest.mark.parametrize("path", ["/", "/invocations", "/api/predict/transactions"])
def test_s1_sends_orders(anywhere, path):
    (told,) = sent(anywhere, path, S1)["predictions"]
    assert told["CustomerID"] == "C001"
    assert told["group"] == "onetimer"
    assert told["CLV_lower"] <= told["CLV"] <= told["CLV_upper"]
    assert told["Segment"] in (
        *("Champions", "Loyal Customers", "Potential Loyalists", "At Risk", "Lost"),
    )
    assert told["CLV_Level"] in ("Low", "Mid", "High", "Top")
    assert told["Mismatch"] in ("Aligned", "CLV above segment", "CLV below segment")
    assert 0 <= told["P_return"] <= 1


def test_s3_and_s5_ask_what_there_is(anywhere):
    assert anywhere.ok("/")["links"]["docs"] == "/api/docs"
    assert anywhere.ok("/health")["status"] in ("ok", "degraded")
    assert anywhere.ok("/model/info")["model"] == "bgnbd"
    figures = anywhere.ok("/model/performance")
    assert {"rmse", "mae", "r2"} <= figures["metrics"].keys()
    assert figures["training_samples"] == anywhere.run.manifest["counts"]["customers"]


def test_who_reads_html_gets_to_the_documentation(api):
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = api.get("/", headers=browser, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/api/docs")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_sample_data_may_be_sent_back(anywhere, method):
    told = anywhere.ask(method, "/generate-sample-data?n_customers=20").json()
    assert told["count"] == len(told["profiles"]) == 20
    answered = sent(anywhere, "/predict/batch", json.dumps(told["profiles"]))
    assert (answered["count"], answered["problems"]) == (20, [])


@pytest.mark.parametrize("model", ["xgboost", "bg_nbd"])
def test_s5_has_a_model_trained(own_api, model):
    answer = own_api.post(f"/train/{model}?n_samples=500")
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == job["links"]["self"]
    assert job["params"]["source"] == {"sample": 500}
    assert own_api.ok(job["links"]["self"])["status"] == "queued"
