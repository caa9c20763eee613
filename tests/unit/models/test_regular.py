"""The models with a rhythm, and the NBD: what they add to every purchase model's promises."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clv.core.errors import ClvError, FitError, SettingError
from clv.core.schema import PREDICTION, conform
from clv.core.types import AsOf, Horizon, Money
from clv.models.base import History, Model
from clv.models.nbd import NBD
from clv.models.regular import BGCNBD, MBGCNBD
from clv.numerics import cnbd, futures, histories, outlook

YEAR = Horizon.days(365)
TRUE = cnbd.CNBDParams(0.8, 5.0, 0.6, 2.5, 3)
each_model = pytest.mark.parametrize("kind", [BGCNBD, MBGCNBD], ids=lambda kind: kind.name)


def whole_days(shares: np.ndarray, days: int) -> np.ndarray:
    """Days of purchases whose gaps have these shares, no two on one day."""
    return np.unique(np.ceil(np.cumsum(shares) / shares.sum() * days))


def base(n: int = 2_000, seed: int = 0) -> History:
    rng = np.random.default_rng(seed)
    T = rng.integers(0, 700, n)
    x, t_x = futures.simulate(TRUE, T.astype(float), rng)
    order, t_x = rng.gamma(4.0, 5.0, n), np.minimum(np.ceil(t_x), T)
    bought = [
        np.diff(whole_days(rng.gamma(TRUE.k, size=int(count)), int(last)), prepend=0.0)
        for count, last in zip(x, t_x, strict=True)
    ]
    frame = pd.DataFrame(
        {
            "customer_id": [f"{i:05d}" for i in range(n)],
            "x": np.array([len(gaps) for gaps in bought]),
            "t_x": t_x.astype(np.int64),
            "T": T,
            "log_gaps": [np.log(gaps).sum() for gaps in bought],
            "total_value": order * (x + 1),
            "first_value": order,
            "paid_purchases": np.array([len(gaps) + 1 for gaps in bought]),
        }
    )
    return History(frame, AsOf(dt.date(2024, 6, 30)), dt.date(2022, 7, 1), 90)


HISTORY = base()


def without(*columns: str) -> History:
    frame = HISTORY.frame.drop(columns=list(columns))
    return History(frame, HISTORY.as_of, HISTORY.first_day, HISTORY.window)


@pytest.fixture(scope="module", params=[BGCNBD, MBGCNBD, NBD], ids=lambda kind: kind.name)
def model(request):
    return request.param().fit(HISTORY)


def test_it_keeps_a_models_promises(model, tmp_path):
    assert isinstance(model, Model)
    found = model.predict(HISTORY, YEAR, Money(annual_discount_rate=0.1))
    assert conform(found, PREDICTION).num_rows == len(HISTORY)
    numbers = found.drop(columns="customer_id").to_numpy()
    assert np.isfinite(numbers).all()
    assert (numbers >= 0).all()
    assert (found["p_purchase"] <= found["p_alive"]).all()
    assert (found["next_days_earliest"] < found["next_days"]).all()
    assert (found["next_days"] <= found["next_days_latest"]).all()
    seen = [HISTORY.frame[c].to_numpy(float) for c in ("x", "t_x", "T")]
    expected = outlook.expected_purchases(model.params_, 365.0, *seen)
    np.testing.assert_allclose(found["expected_purchases"], expected, rtol=1e-9)
    model.save(tmp_path)
    again = type(model).load(tmp_path)
    assert (again.params_, again.standard_errors_) == (model.params_, model.standard_errors_)
    pd.testing.assert_frame_equal(again.predict(HISTORY, YEAR), model.predict(HISTORY, YEAR))


def test_an_unfitted_model_says_so(model):
    with pytest.raises(ClvError, match="not fitted yet"):
        type(model)().predict(HISTORY, YEAR)


@each_model
def test_the_rhythm_is_found_from_the_gaps_of_all_or_of_some(kind):
    by_all = kind().fit(HISTORY)
    gaps = HISTORY.frame["log_gaps"].where(HISTORY.frame["T"] % 3 == 0)
    by_some = kind().fit(replace(HISTORY, frame=HISTORY.frame.assign(log_gaps=gaps)))
    assert by_all.params_.k == by_some.params_.k == 3
    tried = by_all.loglik_by_k_
    assert by_all.loglik_ == max(tried.values()) == tried[3]
    assert list(tried) == list(by_some.loglik_by_k_) == [1, 2, 3, 4]
    # The gaps choose k; all customers settle the parameters.
    np.testing.assert_allclose(by_some.params_, by_all.params_, rtol=1e-5)
    assert by_some.n_customers_ == len(HISTORY)


@each_model
def test_a_rhythm_of_the_callers_is_kept(kind):
    model = kind(k=2).fit(HISTORY)
    assert model.params_.k == 2
    assert list(model.loglik_by_k_) == [2]
    x, t_x, T = (HISTORY.frame[c].to_numpy() for c in ("x", "t_x", "T"))
    direct = model.numerics.fit(
        *histories.tally(x, t_x, T), k=2, total_log_gaps=HISTORY.frame["log_gaps"].sum()
    )
    assert model.loglik_ == pytest.approx(direct.loglik, abs=1e-6)
    assert model.params_ == direct.params


@each_model
def test_with_x_and_t_x_alone_it_still_fits(kind):
    model = kind().fit(without("log_gaps"))
    assert model.params_.k in range(1, cnbd.LARGEST_K + 1)
    assert np.isfinite(model.loglik_)


@each_model
@pytest.mark.parametrize("k", [0, 13, 2.5])
def test_a_rhythm_that_cannot_be_is_refused(kind, k):
    with pytest.raises(SettingError, match="not a whole number from 1 to 12"):
        kind(k=k)


@each_model
def test_customers_alike_are_held_by_a_prior_and_told(kind):
    alike = HISTORY.frame.assign(x=3, t_x=60, T=100, log_gaps=3 * np.log(20.0))
    model = kind(k=2).fit(History(alike, HISTORY.as_of, HISTORY.first_day, 90))
    assert "A weak prior held the parameters" in model.notes_[0]
    assert "CNBD-2" in model.notes_[0]


@each_model
def test_one_time_buyers_alone_cannot_be_fitted(kind):
    once = HISTORY.frame.assign(x=0, t_x=0, log_gaps=0.0)
    with pytest.raises(FitError, match="none of 2000 customers bought again"):
        kind().fit(History(once, HISTORY.as_of, HISTORY.first_day, 90))
