"""Scoring a log that tells less than the one learned from: refused, or told, never passed over."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import clv
from clv.core.errors import ColumnError
from tests.commands import clv as command
from tests.logs import write_log

EXTRA = ["Dept", "disc", "qty", "channel", "is_return"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="module")
def orders(folder):
    """A log with a few more columns than needed, as a frame."""
    frame = pd.read_csv(write_log(folder / "plain.csv", customers=500), dtype={"customer_id": str})
    draw, n = np.random.default_rng(2), len(frame)
    return frame.assign(
        Dept=draw.choice(["tea", "coffee", "cups"], n),
        disc=np.where(draw.random(n) < 0.3, 1.5, 0.0),
        qty=draw.integers(1, 5, n),
        is_return=(frame["amount"] < 0).map({True: "yes", False: "no"}),
    )


@pytest.fixture(scope="module")
def log(folder, orders):
    orders.to_csv(folder / "orders.csv", index=False)
    return folder / "orders.csv"


COLUMNS = {"category": "Dept", "discount": "disc"}


@pytest.fixture(scope="module")
def learned(folder, log):
    options = {"models": ["glm"], "horizon": 180, "budget": "fast"}
    return clv.run(log, out=folder / "learned", **COLUMNS, **options)


def named(model, log, folder):
    return clv.run(log, out=folder / model, models=[model], horizon=180, **COLUMNS)


def told(run, *words):
    """What predict says on stderr, and that it succeeded."""
    ended = command(run.folder.parent, "predict", run.folder, *words, "--out", "p.parquet")
    assert ended.returncode == 0, ended.stderr
    return ended.stderr


def test_columns_that_learners_learned_from_must_be_there(learned, orders, folder):
    orders.drop(columns=EXTRA).to_csv(folder / "less.csv", index=False)
    with pytest.raises(ColumnError) as error:
        clv.predict(learned, str(folder / "less.csv"))
    said = error.value.message
    assert "lacks 4 of 7 column(s) that the run learned from:" in said
    for told in ("category ('Dept' then)", "discount ('disc' then)", "quantity ('qty' then)"):
        assert told in said
    assert "channel" in said
    assert "say which, as --category NAME; or make a run on a log such as this one." in said


def test_a_column_named_for_this_very_log_must_be_there(learned, log, folder):
    with pytest.raises(ColumnError, match="discount: the log has no column 'rebate'"):
        clv.predict(learned, str(log), discount="rebate")


def test_predict_refuses_with_one_line(learned, orders, folder):
    orders.drop(columns=["qty"]).to_csv(folder / "less.csv", index=False)
    ended = command(folder, "predict", learned.folder, "less.csv")
    assert ended.returncode != 0
    assert "lacks 1 of 7 column(s) that the run learned from: quantity ('qty' then)" in ended.stderr
    assert ended.stdout == ""


def test_a_column_under_another_name_is_the_same_column(learned, orders, folder):
    orders.rename(columns={"Dept": "kind", "qty": "pieces each"}).to_csv(
        folder / "renamed.csv", index=False
    )
    words = ("renamed.csv", "--category", "kind", "--quantity", "pieces each")
    assert "Note" not in told(learned, *words)
    again = pq.read_table(folder / "p.parquet")
    assert again.equals(learned.forecasts())


def test_a_new_customer_of_whom_little_is_known_is_scored(learned, orders, folder):
    row = {"customer_id": "new", "order_date": "2024-05-01", "amount": 20.0}
    pd.DataFrame([row]).reindex(columns=orders.columns).to_csv(folder / "new.csv", index=False)
    assert "Note" not in told(learned, "new.csv")
    assert pq.read_table(folder / "p.parquet").num_rows == 1


def test_a_purchase_model_needs_no_more_than_it_looks_at(orders, log, folder):
    run = named("mbgnbd", log, folder)
    orders.drop(columns=EXTRA).to_csv(folder / "less.csv", index=False)
    found = clv.predict(run, str(folder / "less.csv"))
    np.testing.assert_allclose(found["clv"], run.forecasts()["clv"].to_numpy(), rtol=1e-12)


def test_what_is_read_otherwise_is_told(orders, log, folder):
    run = named("hybrid", log, folder)
    back = ["gone,2024-05-01,20,tea,0,1,\n", "gone,2024-05-02,-20,tea,0,1,\n"]
    less = orders.drop(columns=["channel", "is_return"])
    text = less.to_csv(index=False) + "".join(line.rsplit(",", 1)[0] + "\n" for line in back)
    (folder / "less.csv").write_text(text)
    said = told(run, "less.csv")
    assert "Note: return_flag: in the run's log 'is_return' marked returns" in said
    assert "Note: channel: the run told one-timers apart by it, and this log has none" in said
    assert "Note: returned_all: 1 customer(s) gave back all that they had bought" in said
    assert "Note" not in told(run, log)
