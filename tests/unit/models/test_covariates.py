"""Purchase models with covariates keep every model's promises."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from clv.core.errors import ColumnError, FitError, HistoryError, SettingError
from clv.core.schema import PREDICTION, conform
from clv.core.types import AsOf, Horizon, Money
from clv.models.base import History, Model
from clv.models.covariates import BGNBDCovariates, MBGNBDCovariates, ParetoNBDCovariates
from clv.numerics import covariates, futures, mbgnbd
from clv.numerics.covariates import Covariates, Effects

YEAR = Horizon.days(365)
TRUE = mbgnbd.MBGNBDParams(0.9, 40.0, 0.7, 1.8)
EFFECTS = Effects(np.array([0.6]), np.array([-0.5]))


def base(n: int = 1_500) -> History:
    rng = np.random.default_rng(6)
    app = rng.integers(0, 2, n)
    each = covariates.of_customers(TRUE, EFFECTS, Covariates.of({"app": app}), mbgnbd.ACTS)
    T = rng.integers(50, 700, n)
    x, t_x = futures.simulate(each, T.astype(float), rng)
    order = rng.gamma(4.0, 5.0, n)
    frame = pd.DataFrame(
        {
            "customer_id": [f"{i:05d}" for i in range(n)],
            "x": x.astype(np.int64),
            "t_x": np.minimum(np.ceil(t_x), T).astype(np.int64),
            "T": T,
            "app": app,
            "total_value": order * (x + 1),
            "first_value": order,
            "paid_purchases": x.astype(np.int64) + 1,
        }
    )
    return History(frame, AsOf(dt.date(2024, 6, 30)), dt.date(2022, 7, 1), 90)


HISTORY = base()
KINDS = [BGNBDCovariates, MBGNBDCovariates, ParetoNBDCovariates]


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def model(request):
    return request.param(["app"]).fit(HISTORY)


def test_it_keeps_a_models_promises(model, tmp_path):
    assert isinstance(model, Model)
    found = model.predict(HISTORY, YEAR, Money(annual_discount_rate=0.1))
    assert conform(found, PREDICTION).num_rows == len(HISTORY)
    numbers = found.drop(columns="customer_id").to_numpy()
    assert np.isfinite(numbers).all()
    assert (numbers >= 0).all()
    model.save(tmp_path)
    again = type(model).load(tmp_path)
    assert again.params_ == model.params_
    pd.testing.assert_frame_equal(again.predict(HISTORY, YEAR), model.predict(HISTORY, YEAR))


def test_the_covariate_moves_the_forecast(model):
    newcomer = {"x": 0, "t_x": 0, "T": 0, "paid_purchases": 1}
    newcomer |= {"total_value": 20.0, "first_value": 20.0}
    frame = pd.DataFrame([{"customer_id": str(app), "app": app, **newcomer} for app in (0, 1)])
    without, with_app = model.predict(History(frame, HISTORY.as_of, HISTORY.first_day, 90), YEAR)[
        "expected_purchases"
    ]
    assert with_app > 1.3 * without


def test_the_effect_is_found():
    model = MBGNBDCovariates(["app"]).fit(HISTORY)
    for effect, error, true in zip(model.effects_, model.effect_errors_, EFFECTS, strict=True):
        assert abs(effect[0] - true[0]) < 3 * error[0]
    only = MBGNBDCovariates(["app"], dropout=[]).fit(HISTORY)
    assert only.effects_.dropout.shape == (0,)
    assert only.loglik_ < model.loglik_


def test_columns_that_are_not_there_are_named():
    with pytest.raises(ColumnError, match="web, age not in the history"):
        BGNBDCovariates(["web"], ["age"]).fit(HISTORY)
    with pytest.raises(SettingError, match="no covariates"):
        BGNBDCovariates([])


def test_an_effect_without_end_is_held_by_a_prior_and_told():
    again = HISTORY.frame.assign(app=(HISTORY.frame["x"] > 0).astype(int))
    history = History(again, HISTORY.as_of, HISTORY.first_day, 90)
    model = MBGNBDCovariates(["app"], dropout=[]).fit(history)
    assert "effect of app on purchases" in model.notes_[0]
    assert "A weak prior held the parameters" in model.notes_[0]


def test_nobody_who_bought_again_tells_nothing():
    once = HISTORY.frame.assign(x=0, t_x=0)
    with pytest.raises(FitError, match="none of 1500 customers bought again"):
        MBGNBDCovariates(["app"]).fit(History(once, HISTORY.as_of, HISTORY.first_day, 90))


def test_a_covariate_missing_at_forecast_is_refused(model):
    frame = HISTORY.frame.assign(app=HISTORY.frame["app"].where(HISTORY.frame.index != 3))
    with pytest.raises(HistoryError, match=r"covariate app: is missing or infinite in 1 row"):
        model.predict(History(frame, HISTORY.as_of, HISTORY.first_day, 90), YEAR)


def test_what_was_bought_is_no_covariate():
    with pytest.raises(SettingError, match="T, total_value already says what was bought"):
        MBGNBDCovariates(["total_value"], ["T"])


def test_the_total_has_an_interval_that_knows_the_effects(model):
    expected, ends = model.total_ahead(HISTORY, 365.0, 0.9)
    assert expected == pytest.approx(model.predict(HISTORY, YEAR)["expected_purchases"].sum())
    assert ends.lower < expected < ends.upper
    assert model.total_ahead(HISTORY, 365.0, 0.9)[1] == ends


def test_a_firm_prior_draws_effects_toward_0():
    free, held = (MBGNBDCovariates(["app"], prior_sd=sd).fit(HISTORY) for sd in (None, 0.05))
    assert abs(held.effects_.purchase[0]) < 0.8 * abs(free.effects_.purchase[0])
    assert held.loglik_ < free.loglik_
