import datetime as dt
import json
import re

import numpy as np
import pandas as pd
import pytest

from clv.core.errors import ClvError, FitError, RunError
from clv.core.types import AsOf, Horizon
from clv.models.base import History
from clv.models.btyd import MBGNBD
from clv.models.spend import SpendModel, free_share, independence
from clv.numerics import gammagamma, paidshare
from clv.numerics.gammagamma import GammaGammaParams
from clv.numerics.paidshare import PaidShareParams
from tests.ledgers import book, day

AS_OF = AsOf(dt.date(2024, 6, 30))
TRUE = GammaGammaParams(6.0, 4.0, 20.0)


def history_of(
    x: np.ndarray, first: np.ndarray, total: np.ndarray, paid: np.ndarray | None = None
) -> History:
    frame = pd.DataFrame({"x": x, "total_value": total, "first_value": first})
    frame["paid_purchases"] = np.where(total > 0, x + 1, 0) if paid is None else paid
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
    frame.loc[:9, ["total_value", "first_value", "paid_purchases"]] = 0
    frame.loc[10:14, ["total_value", "first_value"]] = -5.0
    frame.loc[10:14, "paid_purchases"] = 0
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


OFTEN_FREE = PaidShareParams(0.3, 2.7)


def mostly_free(n: int = 1_500, seed: int = 4) -> History:
    """Nine of ten orders are free, those that are not are as `TRUE` has them."""
    rng = np.random.default_rng(seed)
    x = rng.geometric(0.15, n) - 1
    paid = paidshare.simulate(OFTEN_FREE, x + 1, rng)
    first_paid = rng.uniform(size=n) < paid / (x + 1)
    nu = rng.gamma(TRUE.q, 1 / TRUE.gamma, n)
    first = np.where(first_paid, rng.gamma(TRUE.p, size=n) / nu, 0.0)
    later = paid - first_paid
    rest = np.where(later > 0, rng.gamma(TRUE.p * np.maximum(later, 1)) / nu, 0.0)
    return history_of(x, first, first + rest, paid.astype(int))


def test_where_many_orders_are_free_paid_ones_tell_their_worth_and_counts_whether_they_are():
    history = mostly_free()
    x, total, paid = (
        history.frame[c].to_numpy(float) for c in ("x", "total_value", "paid_purchases")
    )
    assert free_share(history) == pytest.approx(0.9, abs=0.02)
    model = SpendModel().fit(history)
    payer = paid > 0
    worth = gammagamma.fit(paid[payer], total[payer] / paid[payer]).params
    share = paidshare.fit(paid, x + 1).params
    assert (model.params_, model.paid_) == (worth, share)
    assert (model.method_, model.n_customers_) == ("gamma-gamma", payer.sum())
    mean = gammagamma.expected_value(worth, paid, total / np.maximum(paid, 1))
    np.testing.assert_allclose(
        model.expected_value(history), paidshare.expected_share(share, paid, x + 1) * mean
    )
    assert model.population_mean() == pytest.approx(
        paidshare.population_share(share) * gammagamma.population_mean(worth)
    )
    # All that was spent, over all orders.
    assert model.population_mean() == pytest.approx(total.sum() / (x + 1).sum(), rel=0.2)


def test_the_papers_way_leaves_the_first_order_out_of_both_counts():
    history = mostly_free()
    frame = history.frame
    first, x = frame["first_value"].to_numpy(), frame["x"].to_numpy(float)
    later = frame["paid_purchases"].to_numpy(float) - (first > 0)
    model = SpendModel("repeat").fit(history)
    assert model.paid_ == paidshare.fit(later, x).params
    kept = later > 0
    mean = (frame["total_value"].to_numpy() - first)[kept] / later[kept]
    np.testing.assert_array_equal(model.params_, gammagamma.fit(later[kept], mean).params)
    once = x == 0
    np.testing.assert_allclose(model.expected_value(history)[once], model.population_mean())


def test_free_orders_do_not_change_what_a_paid_one_is_worth():
    paid_alone = simulated()
    frame = paid_alone.frame.copy()
    frame["x"] += np.random.default_rng(1).integers(0, 30, len(frame))
    among_free = SpendModel().fit(History(frame, AS_OF, paid_alone.first_day, 90))
    alone = SpendModel().fit(paid_alone)
    assert among_free.paid_ is not None
    assert alone.paid_ is None
    assert among_free.params_ == alone.params_
    assert among_free.shrunken_ == alone.shrunken_
    assert among_free.independence_[:3] == alone.independence_[:3]
    assert "customers with several paid orders" in among_free.independence_.verdict


def test_up_to_a_tenth_of_free_orders_changes_no_figure():
    history = simulated()
    x, total = (history.frame[c].to_numpy(float) for c in ("x", "total_value"))
    days = int((x + 1).sum())
    free = np.zeros(len(x), dtype=int)
    # The largest customers have one free order each, up to exactly a tenth of all.
    free[np.argsort(-x, kind="stable")[: days // 10]] = 1
    history.frame["paid_purchases"] -= free
    assert 0.099 < free_share(history) <= 0.1
    model = SpendModel().fit(history)
    assert model.paid_ is None
    assert model.params_ == gammagamma.fit(x + 1, total / (x + 1)).params
    np.testing.assert_array_equal(
        model.expected_value(history),
        gammagamma.expected_value(model.params_, x + 1, total / (x + 1)),
    )
    assert model.population_mean() == gammagamma.population_mean(model.params_)
    history.frame.loc[np.argmax(x), "paid_purchases"] -= 2
    assert SpendModel().fit(history).paid_ is not None


def test_a_few_customers_with_free_orders_are_enough():
    x, paid = np.full(40, 2), np.array([1] * 8 + [0] * 32)
    total = np.where(paid > 0, 30.0 + np.arange(40), 0.0)
    history = history_of(x, np.zeros(40), total, paid)
    model = SpendModel().fit(history)
    assert model.reason_ == "only 0 customers with several paid orders; Gamma-Gamma needs 30."
    assert "weak prior held" in model.notes_[0]
    value = model.expected_value(history)
    assert value.sum() == pytest.approx(total.sum() / 3, rel=0.1)
    assert value[:8].min() > value[8:].max()


@pytest.mark.parametrize(
    ("customers", "told"), [(5_000, "weak prior held"), (200_000, "share of all orders stands in")]
)
def test_a_single_paid_order_among_very_many(customers, told):
    x, paid = np.full(customers, 9), np.eye(1, customers, dtype=int)[0]
    history = history_of(x, 0.0 * x, 20.0 * paid, paid)
    model = SpendModel().fit(history)
    assert told in model.notes_[0]
    value = model.expected_value(history)
    assert value.mean() == pytest.approx(20.0 / (10 * customers), rel=0.8)


@pytest.mark.parametrize("spend", ["all", "repeat"])
def test_a_share_of_paid_orders_survives_json(spend):
    history = mostly_free()
    model = SpendModel(spend).fit(history)
    again = SpendModel.of(json.loads(json.dumps(model.state(), allow_nan=False)))
    assert again.paid_ == model.paid_
    assert again.state() == model.state()
    np.testing.assert_array_equal(again.expected_value(history), model.expected_value(history))


def test_totals_of_a_log_of_mostly_free_orders_are_met(tmp_path):
    """Within a quarter of what came; valued as paid orders, all would be ten times that."""
    rng = np.random.default_rng(7)
    log, total = [], 0.0
    rates, chances = rng.gamma(1.2, 1 / 60, 1_200), rng.beta(*OFTEN_FREE, 1_200)
    for number, (rate, chance) in enumerate(zip(rates, chances, strict=True)):
        days = np.flatnonzero(rng.uniform(size=600) < rate)
        days = np.append(rng.integers(0, 150), days[days > 150])
        worth = rng.gamma(TRUE.p, size=len(days)) * TRUE.gamma / rng.gamma(TRUE.q)
        worth = np.where(rng.uniform(size=len(days)) < chance, worth.round(2), 0.0)
        total += worth[days > 400].sum()
        log += [(f"{number:04d}", int(day), w) for day, w in zip(days, worth, strict=True)]
    history = book(log, 600).history(day(400), window=200)
    model = MBGNBD().fit(history)
    forecast = model.predict(history, Horizon.days(200))["clv"]
    assert forecast.sum() == pytest.approx(total, rel=0.25)
    model.save(tmp_path)
    again = MBGNBD.load(tmp_path).predict(history, Horizon.days(200))["clv"]
    np.testing.assert_array_equal(again, forecast)
