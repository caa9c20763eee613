"""The container's training, as SageMaker starts it, stops it and hears of its failures."""

import json
import signal
import time

import pytest

from clv.apps.sagemaker.inference import input_fn, model_fn, output_fn, predict_fn
from clv.apps.sagemaker.layout import Layout
from clv.apps.sagemaker.training import train
from clv.core.errors import SettingError
from tests.containers import entry, laid, write_stays
from tests.customer_tables import customers


@pytest.fixture(scope="module")
def stays(tmp_path_factory):
    return write_stays(tmp_path_factory.mktemp("hotel"))


@pytest.mark.parametrize(
    ("told", "log", "said"),
    [
        ({"horizn": "90"}, True, "horizn is not a setting"),
        ({}, False, "holds no file"),
        ({"horizon": "soon"}, True, "horizon"),
    ],
)
def test_a_failure_is_written_where_sagemaker_looks(tmp_path, stays, told, log, said):
    root = laid(tmp_path, stays if log else None, told)
    done = entry(root, "train")
    _, err = done.communicate(timeout=100)
    assert done.returncode > 0
    assert said in (root / "output" / "failure").read_text()
    assert said in err.decode()
    assert list((root / "model").iterdir()) == []


SECOND = {"current_host": "algo-2", "hosts": ["algo-1", "algo-2"]}


def test_one_machine_of_several_trains(tmp_path, stays):
    root = laid(tmp_path, stays, resourceconfig=SECOND)
    done = entry(root, "train")
    out, err = done.communicate(timeout=100)
    assert done.returncode == 0, err.decode()
    assert "algo-1 trains" in out.decode()
    assert list((root / "model").iterdir()) == []
    assert not (root / "output" / "failure").exists()


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ({"TrainingInputMode": "Pipe"}, "File or FastFile"),
        ({"S3DistributionType": "ShardedByS3Key"}, "FullyReplicated"),
    ],
)
def test_a_log_that_does_not_come_whole_is_refused(tmp_path, stays, channel, said):
    layout = Layout(laid(tmp_path, stays, inputdataconfig={"training": channel}))
    told = {"current_host": "algo-1", "hosts": ["algo-1", "algo-2"]}
    (tmp_path / "input" / "config" / "resourceconfig.json").write_text(json.dumps(told))
    assert layout.leads
    with pytest.raises(SettingError, match=said):
        train(layout)


def test_training_that_is_stopped_ends_soon_and_leaves_no_model(tmp_path, stays):
    root = laid(tmp_path, stays)
    going = entry(root, "train")
    for _ in range(600):
        if (root / "work").exists():
            break
        assert going.poll() is None
        time.sleep(0.1)
    going.send_signal(signal.SIGTERM)
    going.communicate(timeout=30)
    assert going.returncode == 128 + signal.SIGTERM
    assert list((root / "model").iterdir()) == []


def test_a_table_of_customers_is_learned_where_a_target_is_set(tmp_path):
    customers(200).to_csv(tmp_path / "customers.csv", index=False)
    told = {"target": "clv", "models": "gradient_boosting", "folds": "3", "budget": "fast"}
    layout = Layout(laid(tmp_path / "ml", tmp_path / "customers.csv", told))
    run = train(layout)
    assert run.manifest["kind"] == "table"
    model = model_fn(str(layout.model))
    asked = "customer_id,orders,channel,colour,joined\nN1,2,shop,red,2024-05-01\n"
    body, _ = output_fn(predict_fn(input_fn(asked, "text/csv"), model), "application/json")
    model.close()
    [one] = json.loads(body)["predictions"]
    assert one["customer_id"] == "N1"
    assert 5 < one["forecast"] < 60
