import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from clv.core.errors import ClvError, FitError, RunError
from clv.core.schema import PREDICTION, conform
from clv.core.types import AsOf, Horizon, Money
from clv.models.base import History, Model
from clv.models.btyd import BGNBD, FARTHEST_DAYS, MBGNBD, ParetoNBD
from clv.models.spend import SpendModel
from clv.numerics import bgnbd, futures, outlook

MODELS = [BGNBD, MBGNBD, ParetoNBD]
each_model = pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.name)


def base(n: int = 1_500, seed: int = 0) -> History:
    rng = np.random.default_rng(seed)
    T = rng.integers(0, 700, n)
    x, t_x = futures.simulate(bgnbd.BGNBDParams(0.5, 20.0, 0.8, 2.5), T.astype(float), rng)
    order = rng.gamma(4.0, 5.0, n)
    frame = pd.DataFrame(
        {
            "customer_id": [f"{i:05d}" for i in range(n)],
            "x": x.astype(np.int64),
            "t_x": np.minimum(np.ceil(t_x), T).astype(np.int64),
            "T": T,
            "total_value": order * (x + 1) * rng.uniform(0.8, 1.2, n),
            "first_value": order,
            "paid_purchases": x.astype(np.int64) + 1,
        }
    )
    return History(frame, AsOf(dt.date(2024, 6, 30)), dt.date(2022, 7, 1), 90)


HISTORY = base()
YEAR = Horizon.days(365)


@pytest.fixture(scope="module", params=MODELS, ids=lambda kind: kind.name)
def model(request):
    return request.param().fit(HISTORY)


def test_it_is_a_model(model):
    assert isinstance(model, Model)


def test_predictions_keep_the_contract(model):
    found = model.predict(HISTORY, YEAR)
    table = conform(found, PREDICTION)
    assert table.num_rows == len(HISTORY)
    assert found["customer_id"].tolist() == HISTORY.frame["customer_id"].tolist()
    numbers = found.drop(columns="customer_id")
    assert np.isfinite(numbers.to_numpy()).all()
    assert (numbers.to_numpy() >= 0).all()
    assert (found["next_days_earliest"] < found["next_days"]).all()
    assert (found["next_days"] <= found["next_days_latest"]).all()
    assert found["next_days_latest"].max() <= FARTHEST_DAYS
    assert (found["p_purchase"] <= found["p_alive"]).all()


def test_each_row_is_the_numerics_answer(model):
    found = model.predict(HISTORY, Horizon.weeks(13))
    seen = [HISTORY.frame[c].to_numpy(float) for c in ("x", "t_x", "T")]
    for column, expected in {
        "expected_purchases": outlook.expected_purchases(model.params_, 91.0, *seen),
        "p_alive": outlook.p_alive(model.params_, *seen),
        "p_purchase": outlook.p_purchase(model.params_, 91.0, *seen),
    }.items():
        np.testing.assert_allclose(found[column], expected, rtol=1e-12)


def test_value_without_discount_is_margin_times_purchases_times_order_value(model):
    found = model.predict(HISTORY, YEAR, Money(margin=0.3))
    expected = 0.3 * found["expected_purchases"] * found["expected_order_value"]
    np.testing.assert_array_equal(found["clv"], expected)


def test_discounting_agrees_with_a_sum_over_the_days(model):
    few = History(HISTORY.frame.head(40), HISTORY.as_of, HISTORY.first_day, 90)
    money = Money(annual_discount_rate=0.25)
    seen = [few.frame[c].to_numpy(float) for c in ("x", "t_x", "T")]
    reached = np.array(
        [outlook.expected_purchases(model.params_, float(t), *seen) for t in range(366)]
    )
    worth = money.discount(np.arange(365) + 0.5)
    found = model.predict(few, YEAR, money)
    by_day = (np.diff(reached, axis=0) * worth[:, None]).sum(axis=0)
    np.testing.assert_allclose(found["clv"] / found["expected_order_value"], by_day, rtol=1e-6)
    assert (found["clv"] < model.predict(few, YEAR)["clv"]).all()


def test_one_customer_is_scored_as_among_all(model):
    everyone = model.predict(HISTORY, YEAR)
    one = History(HISTORY.frame.iloc[[7]], HISTORY.as_of, HISTORY.first_day, 90)
    pd.testing.assert_frame_equal(model.predict(one, YEAR), everyone.iloc[[7]], rtol=1e-12)


def test_order_of_rows_changes_no_prediction(model):
    order = np.random.default_rng(3).permutation(len(HISTORY))
    mixed = History(HISTORY.frame.iloc[order], HISTORY.as_of, HISTORY.first_day, 90)
    pd.testing.assert_frame_equal(
        model.predict(mixed, YEAR), model.predict(HISTORY, YEAR).iloc[order], rtol=1e-12
    )


def test_a_saved_model_predicts_the_same(model, tmp_path):
    model.save(tmp_path)
    again = type(model).load(tmp_path)
    assert (again.params_, again.standard_errors_) == (model.params_, model.standard_errors_)
    assert (again.loglik_, again.n_customers_) == (model.loglik_, 1_500)
    np.testing.assert_array_equal(again.covariance_, model.covariance_)
    money = Money(annual_discount_rate=0.1)
    pd.testing.assert_frame_equal(
        again.predict(HISTORY, YEAR, money), model.predict(HISTORY, YEAR, money), rtol=0
    )


@each_model
def test_a_customer_more_like_one_repeats_its_row(kind):
    twice = pd.concat([HISTORY.frame, HISTORY.frame], ignore_index=True)
    model = kind().fit(History(twice, HISTORY.as_of, HISTORY.first_day, 90))
    once = kind().fit(HISTORY)
    assert model.n_customers_ == 2 * once.n_customers_
    assert model.n_histories_ == once.n_histories_ <= len(HISTORY)
    np.testing.assert_allclose(model.params_, once.params_, rtol=1e-5)


@each_model
def test_the_spend_model_is_the_callers(kind):
    spend = SpendModel("repeat")
    model = kind(spend).fit(HISTORY)
    assert model.spend is spend
    value = model.predict(HISTORY, YEAR)["expected_order_value"]
    np.testing.assert_array_equal(value, spend.expected_value(HISTORY))


@each_model
def test_an_unfitted_model_says_so(kind, tmp_path):
    with pytest.raises(ClvError, match="not fitted yet"):
        kind().predict(HISTORY, YEAR)
    with pytest.raises(ClvError, match="not fitted yet"):
        kind().save(tmp_path)


def test_another_models_file_is_refused(tmp_path):
    BGNBD().fit(HISTORY).save(tmp_path)
    with pytest.raises(RunError, match="holds 'bgnbd' version 2, not 'mbgnbd'"):
        MBGNBD.load(tmp_path)


def test_a_missing_or_broken_file_is_told(tmp_path):
    with pytest.raises(RunError, match="cannot be read"):
        BGNBD.load(tmp_path)
    BGNBD().fit(HISTORY).save(tmp_path)
    file = tmp_path / "model.json"
    state = json.loads(file.read_text())
    del state["params"]
    file.write_text(json.dumps(state))
    with pytest.raises(RunError, match=r"incomplete \('params'\)"):
        BGNBD.load(tmp_path)
    file.write_text("{")
    with pytest.raises(RunError, match="cannot be read"):
        BGNBD.load(tmp_path)


@each_model
def test_one_time_buyers_alone_cannot_be_fitted(kind):
    once = HISTORY.frame.assign(x=0, t_x=0)
    with pytest.raises(FitError, match="none of 1500 customers bought again"):
        kind().fit(History(once, HISTORY.as_of, HISTORY.first_day, 90))
