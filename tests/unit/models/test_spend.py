import datetime as dt
import json
import re

import numpy as np
import pandas as pd
import pytest

from clv.core.errors import ClvError, FitError, RunError
from clv.core.types import AsOf
from clv.models.base import History
from clv.models.spend import SpendModel, independence
from clv.numerics import gammagamma
from clv.numerics.gammagamma import GammaGammaParams

AS_OF = AsOf(dt.date(2024, 6, 30))
TRUE = GammaGammaParams(6.0, 4.0, 20.0)


def history_of(x: np.ndarray, first: np.ndarray, total: np.ndarray) -> History:
    frame = pd.DataFrame({"x": x, "total_value": total, "first_value": first})
    return History(frame, AS_OF, dt.date(2023, 1, 1), 90)


def simulated(n: int = 800, seed: int = 0, params: GammaGammaParams = TRUE) -> History:
    rng = np.random.default_rng(seed)
    x = rng.geometric(0.4, n) - 1
    nu = rng.gamma(params.q, 1 / params.gamma, n)
    first, rest = rng.gamma(params.p, size=n) / nu, rng.gamma(params.p * np.maximum(x, 1e-9)) / nu
    return history_of(x, first, first + np.where(x > 0, rest, 0.0))


def test_all_orders_are_the_repeat_ones_and_the_first():
    history = simulated()
    x, total, first = (history.frame[c].to_numpy() for c in ("x", "total_value", "first_value"))
    every = SpendModel().fit(history)
    np.testing.assert_array_equal(every.params_, gammagamma.fit(x + 1, total / (x + 1)).params)
    assert (every.method_, every.reason_, every.n_customers_) == ("gamma-gamma", "", 800)
    repeat = SpendModel("repeat").fit(history)
    kept = x > 0
    mean = (total - first)[kept] / x[kept]
    np.testing.assert_array_equal(repeat.params_, gammagamma.fit(x[kept], mean).params)
    assert repeat.n_customers_ == kept.sum()


def test_papers_way_gives_one_time_buyers_the_population_mean():
    history = simulated()
    model = SpendModel("repeat").fit(history)
    value = model.expected_value(history)
    once = history.frame["x"].to_numpy() == 0
    np.testing.assert_allclose(value[once], model.population_mean())
    assert value[~once].std() > 0


def test_customers_without_positive_spend_take_no_part_in_the_fit_yet_get_a_value():
    history = simulated()
    frame = history.frame.copy()
    frame.loc[:9, ["total_value", "first_value"]] = 0.0
    frame.loc[10:14, ["total_value", "first_value"]] = -5.0
    model = SpendModel().fit(History(frame, AS_OF, history.first_day, 90))
    assert model.n_customers_ == 785
    alone = SpendModel().fit(History(frame[15:], AS_OF, history.first_day, 90))
    np.testing.assert_allclose(model.params_, alone.params_)
    value = model.expected_value(History(frame, AS_OF, history.first_day, 90))
    assert (value > 0).all()
    assert value[:15].max() < model.population_mean()


@pytest.mark.parametrize(
    ("history", "reason"),
    [
        (simulated(40), "repeat buyers; Gamma-Gamma needs 30"),
        (simulated(params=GammaGammaParams(6.0, 0.7, 20.0)), r"q is 0\.|far from"),
        (
            history_of(np.full(60, 2), np.full(60, 10.0), np.full(60, 30.0)),
            "same on every purchase",
        ),
    ],
    ids=["few repeaters", "no mean", "equal spend"],
)
def test_where_gamma_gamma_cannot_stand_means_are_shrunk(history, reason):
    model = SpendModel().fit(history)
    assert model.method_ == "shrunken mean"
    assert model.params_ is None
    assert re.search(reason, model.reason_), model.reason_
    value = model.expected_value(history)
    own = history.frame["total_value"] / (history.frame["x"] + 1)
    low, high = np.minimum(own, model.population_mean()), np.maximum(own, model.population_mean())
    assert ((value >= low * (1 - 1e-12)) & (value <= high * (1 + 1e-12))).all()


def test_a_larger_total_never_lowers_the_value():
    history = simulated()
    model = SpendModel().fit(history)
    before = model.expected_value(history)
    history.frame["total_value"] *= 1.1
    assert (model.expected_value(history) > before).all()


def test_nobody_spent_anything():
    nothing = np.zeros(50)
    with pytest.raises(FitError, match="no customer has a positive mean spend"):
        SpendModel().fit(history_of(np.ones(50, int), nothing, nothing))


def test_unknown_orders_are_refused():
    with pytest.raises(ClvError, match="'first' is neither"):
        SpendModel("first")


@pytest.mark.parametrize("history", [simulated(), simulated(40)], ids=["fitted", "shrunken"])
def test_state_survives_json(history):
    model = SpendModel("repeat" if len(history) > 100 else "all").fit(history)
    again = SpendModel.of(json.loads(json.dumps(model.state(), allow_nan=False)))
    assert again.state() == model.state()
    np.testing.assert_array_equal(again.expected_value(history), model.expected_value(history))


def test_an_incomplete_state_is_told():
    state = SpendModel().fit(simulated()).state()
    del state["shrunken_mean"]
    with pytest.raises(RunError, match="shrunken_mean"):
        SpendModel.of(state)


@pytest.mark.parametrize(
    ("slope", "verdict"),
    [(0.0, "neither more nor less"), (0.12, "slightly more"), (-2.0, "clearly less")],
)
def test_verdict_on_independence(slope, verdict):
    rng = np.random.default_rng(1)
    x = rng.integers(1, 10, 1_000).astype(float)
    found = independence(x, np.exp(slope * x / 3 + rng.normal(0, 0.6, 1_000)))
    assert verdict in found.verdict
    assert found.repeaters == 1_000


def test_too_few_to_test_independence():
    assert independence(np.arange(1.0, 6.0), np.arange(5.0)).verdict.startswith("Too few")


def test_where_order_value_depends_on_frequency_gamma_gamma_is_replaced():
    rng = np.random.default_rng(3)
    x = rng.integers(0, 12, 3_000)
    level = 20.0 * (x + 1.0) ** 0.8 * rng.gamma(8.0, 1 / 8, 3_000)
    first = level * rng.gamma(4.0, 1 / 4, 3_000)
    total = first + np.where(
        x > 0, level * x * rng.gamma(4.0 * np.maximum(x, 1)) / (4.0 * np.maximum(x, 1)), 0.0
    )
    history = history_of(x, first, total)
    model = SpendModel().fit(history)
    assert model.independence_.rejected
    assert model.method_ == "shrunken mean"
    assert model.reason_ == "order value depends on frequency, which Gamma-Gamma rules out."
    once = x == 0
    # The mean of all customers, toward which Gamma-Gamma draws, is several times theirs.
    assert model.expected_value(history)[once].mean() == pytest.approx(20.0, rel=0.15)
    again = SpendModel.of(json.loads(json.dumps(model.state())))
    np.testing.assert_array_equal(again.expected_value(history), model.expected_value(history))
