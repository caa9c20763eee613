"""Training by the service, from an upload to a model that answers; runs served and taken back."""

import pytest

from clv.core.errors import StoreError
from clv.ops import audit, uploads
from clv.ops.store.publishing import publish
from clv.ops.work import jobs
from clv.ops.work.context import JobContext
from clv.ops.work.kinds import perform
from clv.ops.work.liveness import Liveness

BINARY = {"content-type": "application/octet-stream"}
PROFILE = {"num_orders": 6, "total_spent": 480.0, "tenure": 200, "recency": 12}


@pytest.fixture(scope="module")
def writes(opened, made):
    """Shared by the tests here; none of them needs it as it was."""
    return opened(made.log)


def done(api, job_id):
    """The job, its work done as a worker would, in this process."""
    worked(api, job_id)
    return api.ok(f"/api/jobs/{job_id}")


def worked(api, job_id):
    services = api.services
    place = services.settings.workplace()
    job = jobs.claim(services.store, job_id, "tester")
    context = JobContext(job, place, services.store, lambda *_: None)
    result = perform(context)
    if not context.done:
        with services.store.writing() as conn:
            jobs.finished(conn, job, result)
    with services.store.reading() as conn:
        return jobs.find(conn, job_id)


def test_past_days_are_looked_back_on_and_a_shop_is_made_up(writes):
    settings = {"origins": 2, "models": ["mbgnbd"], "horizon": 60}
    params = {"source": {"log": "champion"}, "settings": settings}
    asked = writes.post("/api/jobs", {"kind": "backtest", "params": params})
    assert (asked.status_code, asked.headers["location"]) == (202, asked.json()["links"]["self"])
    result = done(writes, asked.json()["job_id"])["result"]
    assert (len(result["origins"]), result["champion"]["name"]) == (2, "mbgnbd")
    shop = {"settings": {"customers": 60, "transactions": 200}}
    asked = writes.post("/api/jobs", {"kind": "generate", "params": shop})
    assert done(writes, asked.json()["job_id"])["status"] == "done"
    with writes.services.store.reading() as conn:
        assert {"job.backtest", "job.generate"} <= {one.action for one in audit.entries(conn)}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"kind": "publish", "params": {"run": "latest"}}, "give 'backtest' or 'generate'"),
        ({"kind": "backtest"}, "source"),
        ({"kind": "backtest", "params": {"source": {"path": "/etc/passwd"}}}, "machine itself"),
        ({"kind": "backtest", "params": {"source": {"upload": "0" * 32}}}, "there is none"),
        ({"kind": "generate", "params": {"settings": {"customers": 10**7}}}, "machine itself"),
        (
            {"kind": "generate", "params": {"settings": {"transactions": 10**8, "days": 20_000}}},
            "transactions: more than 5,000,000 are only made at the machine itself",
        ),
    ],
)
def test_other_work_is_not_taken(writes, body, said):
    answer = writes.post("/api/jobs", body)
    assert answer.status_code in (404, 422)
    assert said in answer.text


def sent_in(api, name, content):
    return api.ask("POST", f"/api/uploads?name={name}", content=content, headers=BINARY)


def test_a_model_is_trained_on_an_upload_and_answers(writes, made):
    content = (made.shop / "transactions.parquet").read_bytes()
    answer = sent_in(writes, "orders.parquet", content)
    assert answer.status_code == 201
    upload = answer.json()
    assert writes.ok(answer.headers["location"]) == upload
    assert upload["bytes"] == len(content)
    body = {
        "model_type": "mbg_nbd",
        "source": {"upload": upload["upload_id"]},
        "settings": {"budget": "fast", "horizon": 90},
    }
    asked = writes.post("/api/model/train", body)
    assert asked.status_code == 202
    assert asked.headers["location"] == asked.json()["links"]["self"]
    job = done(writes, asked.json()["job_id"])
    assert (job["status"], job["progress"], job["links"]["cancel"]) == ("done", 1, None)
    result = job["result"]
    assert result["model"] == "mbgnbd"
    assert {"rmse", "mae", "r2"} <= result["metrics"].keys()
    assert result["training_samples"] > 200
    told = writes.post("/api/predict?model_type=mbg_nbd", PROFILE).json()
    assert (told["model"], told["horizon_days"]) == ("mbgnbd", 90)
    assert told["model_version"] == result["run_id"]
    assert writes.post("/api/predict", PROFILE).json()["horizon_days"] == 180
    runs = writes.ok("/api/runs")["runs"]
    assert [run["served_as"] for run in runs] == [["model:mbgnbd"], ["champion"]]


def test_a_file_that_is_none_is_refused(writes):
    writes.refused(sent_in(writes, "orders.exe", b"MZ"), 422, "upload")
    writes.refused(sent_in(writes, "orders.csv", b""), 422, "upload")
    writes.refused(writes.ask("POST", "/api/uploads", content=b"a", headers=BINARY), 422)
    for name in ("../../etc/passwd.csv", "..\\x.csv", "%00.csv"):
        answer = sent_in(writes, name, b"a,b\n")
        assert answer.status_code in (201, 400)
        if answer.status_code == 201:
            assert "/" not in answer.json()["name"]


def test_an_upload_is_listed_and_removed(writes):
    made = sent_in(writes, "a.csv", b"a,b\n1,2\n").json()
    assert made in writes.ok("/api/uploads")["uploads"]
    gone = writes.delete(f"/api/uploads/{made['upload_id']}")
    assert gone.json() == {"upload_id": made["upload_id"], "removed": True}
    writes.refused(writes.get(f"/api/uploads/{made['upload_id']}"), 404, "upload-unknown")
    writes.refused(writes.delete("/api/uploads/..%2F..%2Fruns"), 404)


def test_a_file_that_is_too_large_leaves_nothing(opened):
    api = opened(None, upload_limit=2048)
    api.refused(sent_in(api, "a.csv", b"x" * 4096), 413)

    def pieces():
        for _ in range(8):
            yield b"x" * 1024

    answer = api.ask("POST", "/api/uploads?name=a.csv", content=pieces(), headers=BINARY)
    api.refused(answer, 413)
    folder = api.services.settings.home / uploads.FOLDER
    assert not folder.exists() or not list(folder.iterdir())


def test_jobs_are_listed_page_by_page_and_cancelled(writes):
    ids = [writes.post("/api/train/bgnbd?n_samples=60").json()["job_id"] for _ in range(3)]
    first = writes.ok("/api/jobs?limit=2&status=queued")
    assert [job["job_id"] for job in first["jobs"]] == ids[:0:-1]
    second = writes.ok("/api/jobs", params={"limit": 2, "before": first["next_before"]})
    assert second["jobs"][0]["job_id"] == ids[0]
    assert "worker" not in second["jobs"][0]
    cancelled = writes.post(f"/api/jobs/{ids[0]}/cancel").json()
    assert (cancelled["status"], cancelled["links"]["cancel"]) == ("cancelled", None)
    assert writes.post(f"/api/jobs/{ids[1]}/cancel").json()["status"] == "cancelled"
    assert writes.post(f"/api/jobs/{ids[2]}/cancel").json()["cancel_asked"]
    writes.refused(writes.delete(f"/api/jobs/{ids[2]}"), 405)
    with writes.services.store.reading() as conn:
        told = audit.entries(conn, 3)
    assert [(one.action, one.target) for one in told] == [
        ("job.cancel", job_id) for job_id in reversed(ids)
    ]
    assert all(one.request_id for one in told)


def test_what_cannot_be_audited_is_not_done(writes, monkeypatch):
    def full(*_, **__):
        raise StoreError("store: it is full.")

    job_id = writes.post("/api/train/bgnbd?n_samples=60").json()["job_id"]
    count = writes.ok("/api/jobs?limit=1000")["count"]
    monkeypatch.setattr(audit, "write", full)
    assert writes.client.post("/api/train/bgnbd?n_samples=60").status_code == 503
    assert writes.client.post(f"/api/jobs/{job_id}/cancel").status_code == 503
    assert writes.ok("/api/jobs?limit=1000")["count"] == count
    assert not writes.ok(f"/api/jobs/{job_id}")["cancel_asked"]


def test_places_of_the_machine_are_not_told(writes):
    """Jobs that somebody at the machine asked for."""
    services = writes.services
    secret = "postgresql://shop:secret@db.internal/shop?table=orders"
    files = {"customers": "/home/bob/secret/people.csv", "series": f"upload:{'0' * 32}"}
    for path, shown in (
        ("/home/bob/secret/orders.csv", "orders.csv"),
        (secret, "postgresql:..."),
        ("sqlite:///home/bob/secret/shop.db?table=orders", "sqlite:..."),
        ("s3://bucket-of-bob/secret.csv", "s3:..."),
        ("cdnow", "cdnow"),
    ):
        made = jobs.submit(
            services, "train", {"source": {"path": path}, "settings": files}, "cli", local=True
        )
        taken = jobs.claim(services.store, made.job_id, "tester")
        said = f"source: {path} cannot be read, nor {services.settings.home}/runs. See {path}."
        jobs.failed(services.store, taken, {"code": "source", "message": said})
        answer = writes.get(f"/api/jobs/{made.job_id}")
        told = answer.json()
        assert told["params"]["source"] == {"path": shown}
        assert told["params"]["settings"] == {**files, "customers": "people.csv"}
        message = told["problem"]["message"]
        assert message == f"source: {shown} cannot be read, nor CLV_HOME/runs. See {shown}."
        for text in (answer.text, writes.get("/api/jobs?limit=1000").text):
            assert not any(word in text for word in ("bob", "secret", "db.internal"))


def test_a_job_that_nobody_is_there_to_do_says_so(opened, made):
    api = opened(made.log, embedded_worker=False)
    asked = api.post("/api/train/bgnbd?n_samples=60").json()
    assert "`clv worker`" in asked["stage"]
    place = asked["links"]["self"]
    assert api.ok(place)["stage"] == api.ok("/api/jobs")["jobs"][0]["stage"] == asked["stage"]
    with Liveness(api.services.settings.home).shown():
        assert api.ok(place)["stage"] is None
    assert api.post(f"{place}/cancel").json()["stage"] is None


# A made-up shop in place of a real one

SETTINGS = {"budget": "fast", "horizon": 90, "models": ["mbgnbd"]}


def of_sample(**more):
    return {"source": {"sample": 120}, "settings": SETTINGS, **more}


def test_a_made_up_shop_does_not_take_the_place_of_a_real_one(opened, made):
    api = opened(made.log, require_keys=True)
    trains, rules = api.key("train", "read", "predict"), api.key("admin")
    before = api.get("/api/model/info", headers=rules).json()
    assert not before["made_up"]
    for path, body in (
        ("/api/model/train", of_sample(publish=True)),
        ("/api/train/champion?n_samples=500&publish=true", None),
    ):
        problem = api.refused(api.post(path, body, headers=trains), 403, "forbidden")
        assert "scope admin" in problem.detail
    asked = api.post("/api/model/train", of_sample(), headers=trains)
    assert asked.status_code == 202
    result = worked(api, asked.json()["job_id"]).result
    assert (result["published"], result["made_up"]) == (None, True)
    assert api.get("/api/model/info", headers=rules).json()["revision"] == before["revision"]
    # Beside it, by its name, it says what it is.
    asked = api.post("/api/model/train", of_sample(model_type="mbgnbd"), headers=trains).json()
    assert worked(api, asked["job_id"]).result["published"] == "model:mbgnbd"
    named = api.post("/api/predict?model_type=mbgnbd", PROFILE, headers=trains).json()
    assert "made-up shop" in named["notices"][0]
    assert not any("made-up" in one for one in ask_champion(api, trains)["notices"])
    # Who may publish may say so.
    asked = api.post("/api/model/train", of_sample(publish=True), headers=rules).json()
    assert worked(api, asked["job_id"]).result["published"] == "champion"
    info = api.get("/api/model/info", headers=rules).json()
    assert info["made_up"]
    assert "made-up shop" in info["warnings"][0]
    assert "made-up shop" in ask_champion(api, trains)["notices"][0]
    orders = [{"date": "2024-01-05", "amount": 20}, {"date": "2024-02-01", "amount": 30}]
    guests = {"customers": [{"CustomerID": "1", "transactions": orders}]}
    told = api.post("/api/predict/transactions", guests, headers=trains).json()
    assert "made-up shop" in told["notices"][0]
    # Its log is of a made-up shop still, and in place of such a one it may be served.
    again = {"source": {"log": "champion"}, "settings": SETTINGS}
    asked = api.post("/api/model/train", again, headers=trains).json()
    assert worked(api, asked["job_id"]).result["published"] == "champion"
    assert api.get("/api/model/info", headers=rules).json()["made_up"]


def test_before_anything_real_is_served_a_made_up_shop_may_be(opened, made):
    api = opened(None, require_keys=True)
    trains = api.key("train", "read")
    asked = api.post("/api/model/train", of_sample(publish=True), headers=trains).json()
    # Meanwhile a real one was published: it stays.
    publish(api.services.store, made.log)
    assert worked(api, asked["job_id"]).result["published"] is None


def ask_champion(api, headers):
    return api.post("/api/predict", PROFILE, headers=headers).json()


@pytest.mark.parametrize("job_id", ["nobody", "' OR 1=1", "0" * 16])
def test_a_job_there_is_not_is_not_found(api, job_id):
    api.refused(api.get(f"/api/jobs/{job_id}"), 404, "job")
    api.refused(api.post(f"/api/jobs/{job_id}/cancel"), 404, "job")
    api.refused(api.get("/api/jobs", params={"before": job_id}), 404, "job")


def test_training_without_a_log_to_learn_from_says_where_to_get_one(empty_api, table_api):
    told = empty_api.refused(empty_api.post("/api/train/bg_nbd"), 409, "unsuited")
    assert "/api/uploads" in told.detail
    table_api.refused(table_api.post("/api/model/train", {}), 409, "unsuited")


@pytest.mark.parametrize("model", ["nothing", "naive_rate", "'; DROP TABLE job; --"])
def test_what_is_no_model_cannot_be_trained(api, model):
    api.refused(api.post(f"/api/train/{model}"), 422, "setting")


def test_a_run_is_published_by_its_id_and_taken_back(opened, made):
    api = opened(made.table)
    home = api.services.settings.home
    (home / "runs").mkdir(exist_ok=True)
    run_id = made.log.manifest["run_id"]
    (home / "runs" / run_id).symlink_to(made.log.folder)
    answer = api.post(f"/api/runs/{run_id}/publish")
    assert answer.status_code == 202
    assert done(api, answer.json()["job_id"])["status"] == "done"
    assert api.ok("/api/customers?limit=1")["model_version"] == run_id
    back = api.post("/api/runs/rollback")
    assert back.json()["run_id"] == made.table.manifest["run_id"]
    assert api.ok("/api/customers?limit=1")["model_version"] == back.json()["run_id"]
    api.refused(api.post("/api/runs/rollback"), 404, "run")
    with api.services.store.reading() as conn:
        [last] = audit.entries(conn, 1)
    assert (last.action, last.request_id) == ("run.rollback", back.headers["x-request-id"])


def test_orders_that_came_in_are_kept_when_a_run_is_taken_back(opened, made):
    api = opened(made.log)
    order = {"customer_id": "Later", "date": "2023-12-30", "amount": 77}
    publish(api.services.store, made.table)
    publish(api.services.store, made.log)
    assert api.post("/api/transactions", {"transactions": [order]}).status_code == 200
    publish(api.services.store, made.table)
    api.refused(api.get("/api/customers/Later"), 404, "customer")
    assert api.post("/api/runs/rollback").status_code == 200
    assert api.ok("/api/customers/Later")["historic_value"] == 77


@pytest.mark.parametrize("run_id", ["nobody", "..%2F..%2Fetc", "latest%20", "' OR 1=1"])
def test_a_run_there_is_not_cannot_be_published(api, run_id):
    assert api.post(f"/api/runs/{run_id}/publish").status_code in (404, 422)
    assert api.post(f"/api/runs/rollback?name={run_id}").status_code == 422


@pytest.mark.parametrize("run_id", ["latest", "20250604T083000Z-0a1b2c"])
def test_a_run_that_is_not_here_is_told_at_once(own_api, run_id):
    problem = own_api.refused(own_api.post(f"/api/runs/{run_id}/publish"), 404, "run")
    assert run_id in problem.detail
    assert str(own_api.services.settings.home) not in problem.detail
    assert own_api.ok("/api/jobs")["count"] == 0


def test_what_the_cache_keeps_is_counted_and_forgotten(writes):
    writes.post("/api/cache/clear")
    before = writes.ok("/api/cache/stats")
    assert before["entries"] == 0
    for _ in range(2):
        writes.ok("/api/segments")
    after = writes.ok("/api/cache/stats")
    assert (after["hits"] - before["hits"], after["misses"] - before["misses"]) == (1, 1)
    assert 0 < after["hit_rate"] < 1
    assert writes.post("/api/cache/clear").json()["cleared"] == 1


def test_models_and_their_figures(api, table_api):
    listed = {one["name"]: one for one in api.ok("/api/models")["models"]}
    assert listed["bgnbd"]["champion"]
    assert "bg_nbd" in listed["bgnbd"]["aliases"]
    assert listed["naive_rate"]["train"] is None
    for here in (api, table_api):
        board = here.ok("/api/metrics")
        assert any(row["champion"] for row in board["leaderboard"])
        assert any(row["kind"] == "naive" for row in board["leaderboard"])
        assert here.ok("/api/model/performance")["metrics"]["rmse"] > 0
        assert here.ok("/api/model/info")["profile_fields"]
    assert api.ok("/api/model/readiness")["checks"]
    table_api.refused(table_api.get("/api/model/readiness"), 409, "unsuited")


def test_the_dictionary_of_features_is_whole(api):
    from clv.ops.featuring import dictionary

    assert api.ok("/api/features")["features"] == dictionary()


def test_no_answer_tells_where_things_lie_on_the_machine(writes):
    home = str(writes.services.settings.home)
    for path in ("/api/runs", "/api/model/info", "/api/jobs", "/api/uploads", "/api/metrics"):
        text = writes.get(path).text
        assert home not in text
        assert str(writes.run.folder) not in text
