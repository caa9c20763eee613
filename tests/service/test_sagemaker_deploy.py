"""A model in S3 and behind an endpoint, by moto's server in Amazon's place."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import boto3
import httpx
import pytest
from botocore.stub import Stubber
from moto.server import ThreadedMotoServer

from clv.apps.sagemaker.endpoint import CloudError, Deployment, Endpoints
from clv.apps.sagemaker.storage import require_place, unpack
from clv.core.errors import DependencyError
from clv.ops.runs import Run
from tests.commands import clv, train_all
from tests.logs import write_log

REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/clv"


@pytest.fixture(scope="module")
def cloud():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        told = {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        }
        for name, value in told.items():
            patch.setenv(name, value)
        yield told["AWS_ENDPOINT_URL"]
    server.stop()


@pytest.fixture
def api(cloud):
    httpx.post(f"{cloud}/moto-api/reset")
    return boto3.client("sagemaker", endpoint_url=cloud, region_name=REGION)


@pytest.fixture
def endpoints(cloud):
    return Endpoints(REGION, cloud)


def wanted(**more):
    told = {
        "name": "hotel-clv",
        "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/clv:1",
        "model_data": "s3://hotel/model/model.tar.gz",
        "role": ROLE,
    }
    return Deployment(**{**told, **more})


def there(api):
    return {
        "endpoints": [e["EndpointName"] for e in api.list_endpoints()["Endpoints"]],
        "configs": [
            c["EndpointConfigName"] for c in api.list_endpoint_configs()["EndpointConfigs"]
        ],
        "models": [m["ModelName"] for m in api.list_models()["Models"]],
    }


def test_an_endpoint_is_made_asked_and_taken_away(api, endpoints, cloud):
    assert endpoints.deploy(wanted(), pause=1) == "InService"
    assert there(api) == {name: ["hotel-clv"] for name in ("endpoints", "configs", "models")}
    model = api.describe_model(ModelName="hotel-clv")
    assert model["PrimaryContainer"]["ModelDataUrl"] == "s3://hotel/model/model.tar.gz"
    assert model["ExecutionRoleArn"] == ROLE
    told = {"Body": '{"predictions": []}', "ContentType": "application/json"}
    httpx.post(
        f"{cloud}/moto-api/static/sagemaker/endpoint-results",
        json={"account_id": "123456789012", "region": REGION, "results": [told]},
    )
    assert json.loads(endpoints.invoke("hotel-clv", b"{}")) == {"predictions": []}
    assert endpoints.delete("hotel-clv") == ["endpoint", "endpoint configuration", "model"]
    assert there(api) == {"endpoints": [], "configs": [], "models": []}
    assert endpoints.delete("hotel-clv") == []


def test_one_that_is_there_gets_the_new_model(monkeypatch):
    """What is asked of Amazon, as moto cannot update an endpoint: what serves is left alone."""
    api = boto3.client("sagemaker", region_name=REGION)
    arn = "arn:aws:sagemaker:us-east-1:123456789012:"
    named = {"EndpointName": "hotel-clv"}
    now = datetime(2026, 1, 1, tzinfo=UTC)
    there = {
        **named,
        "EndpointArn": f"{arn}endpoint/hotel-clv",
        "EndpointConfigName": "hotel-clv",
        "EndpointStatus": "InService",
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    config, model = {"EndpointConfigName": "hotel-clv-2"}, {"ModelName": "hotel-clv-2"}
    with Stubber(api) as stub:
        stub.add_response("describe_endpoint", there, named)
        for call in ("delete_endpoint_config", "delete_model"):
            stub.add_client_error(call, "ValidationException", "Could not find it")
        made = {
            **model,
            "PrimaryContainer": {"Image": wanted().image, "ModelDataUrl": wanted().model_data},
            "ExecutionRoleArn": ROLE,
        }
        stub.add_response("create_model", {"ModelArn": f"{arn}model/hotel-clv-2"}, made)
        variants = [wanted().variant("hotel-clv-2")]
        stub.add_response(
            "create_endpoint_config",
            {"EndpointConfigArn": f"{arn}endpoint-config/hotel-clv-2"},
            {**config, "ProductionVariants": variants},
        )
        stub.add_response(
            "update_endpoint", {"EndpointArn": there["EndpointArn"]}, {**named, **config}
        )
        stub.add_response("describe_endpoint", {**there, **config}, named)
        monkeypatch.setattr("clv.apps.sagemaker.endpoint.client", lambda *_: api)
        assert Endpoints(REGION).deploy(wanted(), wait=False) == "InService"
        stub.assert_no_pending_responses()


def half_made(api, name="hotel-clv"):
    api.create_model(ModelName=name, PrimaryContainer={"Image": "x"}, ExecutionRoleArn=ROLE)


def test_what_was_half_made_is_taken_away(api, endpoints):
    half_made(api)
    half_made(api, "hotel-clv-2")
    assert endpoints.delete("hotel-clv") == ["model", "model of an update"]
    assert there(api)["models"] == []


def test_what_was_half_made_is_no_hindrance(api, endpoints):
    half_made(api)
    assert endpoints.deploy(wanted(), pause=1) == "InService"
    image = api.describe_model(ModelName="hotel-clv")["PrimaryContainer"]["Image"]
    assert image == wanted().image


def test_a_serverless_endpoint_has_memory_and_no_instances(api, endpoints):
    endpoints.deploy(wanted(memory_mb=3_072, concurrency=2), pause=1)
    [variant] = api.describe_endpoint_config(EndpointConfigName="hotel-clv")["ProductionVariants"]
    assert variant["ServerlessConfig"] == {"MemorySizeInMB": 3_072, "MaxConcurrency": 2}
    assert "InstanceType" not in variant


def test_what_amazon_refuses_is_told_in_its_words(api, endpoints):
    with pytest.raises(CloudError, match="Could not connect"):
        Endpoints(REGION, "http://127.0.0.1:9").deploy(wanted(), wait=False)
    with pytest.raises(CloudError, match=r"create_endpoint_config was refused: .*potato"):
        endpoints.deploy(wanted(instance_type="ml.potato"), wait=False)


def test_without_credentials_it_says_so(tmp_path):
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    env |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path), "COLUMNS": "200"}
    words = [sys.executable, "-m", "clv", "sagemaker", "delete", "hotel-clv"]
    for more, code, said in (
        ([], 2, "Set AWS_DEFAULT_REGION, or give --region"),
        (["--region", REGION], 12, "Check credentials, region and the network"),
    ):
        done = subprocess.run(
            [*words, *more], env=env, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == code, done.stderr
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_without_boto3_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(DependencyError, match=r"pip install 'clv\[aws\]'"):
        Endpoints(REGION).delete("hotel-clv")
    with pytest.raises(DependencyError, match=r"clv\[aws\]"):
        require_place("s3://hotel/model", None)


def test_the_commands_do_the_same(api, cloud, tmp_path):
    done = clv(
        tmp_path, "sagemaker", "deploy", "shop-clv", "--model", "s3://m/model.tar.gz",
        "--image", "image", "--role", ROLE, "--no-wait",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("shop-clv: ")
    told = {"Body": '{"predictions": [1]}', "ContentType": "application/json"}
    httpx.post(
        f"{cloud}/moto-api/static/sagemaker/endpoint-results",
        json={"account_id": "123456789012", "region": REGION, "results": [told]},
    )
    (tmp_path / "asked.json").write_text("{}")
    asked = clv(tmp_path, "sagemaker", "invoke", "shop-clv", "asked.json")
    assert json.loads(asked.stdout) == {"predictions": [1]}, asked.stderr
    gone = clv(tmp_path, "sagemaker", "delete", "shop-clv")
    assert gone.stdout == "shop-clv: endpoint, endpoint configuration, model\n"
    lost = clv(tmp_path, "sagemaker", "invoke", "shop-clv", "nowhere.json")
    assert lost.returncode == 2
    assert "nowhere.json" in lost.stderr


def test_a_log_in_s3_becomes_a_model_in_s3(cloud, tmp_path):
    store = boto3.client("s3", endpoint_url=cloud, region_name=REGION)
    store.create_bucket(Bucket="hotel")
    log = write_log(tmp_path / "stays.csv")
    store.upload_file(str(log), "hotel", "stays/2024.csv")
    words = ["--input-data", "s3://hotel/stays/", "--horizon", "90", "--models", "mbgnbd"]
    done = train_all(tmp_path, *words, "--output-model", "s3://hotel/model")
    assert done.returncode == 0, done.stderr
    assert "s3://hotel/model/model.tar.gz" in done.stdout
    keys = {o["Key"] for o in store.list_objects_v2(Bucket="hotel", Prefix="model/")["Contents"]}
    assert {"model/manifest.json", "model/forecasts.parquet", "model/model.tar.gz"} <= keys
    store.download_file("hotel", "model/model.tar.gz", str(tmp_path / "model.tar.gz"))
    unpack(tmp_path / "model.tar.gz", tmp_path / "model")
    assert Run.open(tmp_path / "model").manifest["horizon_days"] == 90
    # What cannot be written is said before anything is learned.
    refused = train_all(tmp_path, *words, "--output-model", "s3://nobodys/model")
    assert refused.returncode == 7
    assert "there is no bucket 'nobodys'" in refused.stderr
