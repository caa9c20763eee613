"""Where loyal customers order for nothing: their orders are counted, and their spend is not."""

import numpy as np
import pytest

from clv.core.types import Horizon
from clv.evaluation.backtest.trial import spending_told
from clv.models.ensemble import Ensemble
from clv.models.supervised import Hurdle
from tests.ledgers import book, day

CUT, AHEAD = 330, Horizon(60)


@pytest.fixture(scope="module")
def app():
    """An app whose free users come weekly and stay, and whose few payers come less and leave."""
    draw = np.random.default_rng(3)
    rows = []
    for who in range(700):
        pays = draw.random() < 0.15
        on, left = draw.uniform(0, 300), draw.exponential(150.0 if pays else 400.0)
        end = on + left
        gap = (25.0 if pays else 8.0) * draw.lognormal(0.0, 0.6)
        price = draw.lognormal(3.0, 0.8)
        while on < min(end, CUT + AHEAD.n_days):
            paid = pays and draw.random() < 0.6
            rows.append((f"{who:03}", int(on), round(float(price), 2) if paid else 0.0))
            on += draw.exponential(gap)
    log = book(rows, CUT + AHEAD.n_days)
    history = log.history(day(CUT), AHEAD.n_days)
    return history, log.outcome(history, AHEAD)


@pytest.fixture(scope="module", params=["ensemble", "hurdle"])
def told(request, app):
    history, _ = app
    makes = {"ensemble": lambda: Ensemble(("mbgcnbd", "hurdle", "glm"), days=1), "hurdle": Hurdle}
    return makes[request.param]().fit(history).predict(history, AHEAD)


def test_as_many_purchases_are_expected_as_come(app, told):
    _, outcome = app
    assert told["expected_purchases"].sum() == pytest.approx(outcome.purchases.sum(), rel=0.2)


def test_chances_of_a_purchase_count_free_ones(app, told):
    _, outcome = app
    bought = outcome.purchases > 0
    chance = told["p_purchase"].to_numpy()
    assert chance.sum() == pytest.approx(bought.sum(), rel=0.15)
    assert np.mean((chance - bought) ** 2) < 0.5 * bought.var()


def test_chances_of_spending_do_not(app, told):
    _, outcome = app
    spent = outcome.value > 0
    paying = spending_told(told)
    assert (paying <= told["p_purchase"] + 1e-12).all()
    assert np.mean((paying - spent) ** 2) < 0.7 * np.mean((told["p_purchase"] - spent) ** 2)


def test_purchases_times_what_they_are_worth_are_the_spend(told):
    worth = told["expected_purchases"] * told["expected_order_value"]
    np.testing.assert_allclose(worth, told["clv"], rtol=1e-9)
    assert told["expected_order_value"].max() < 1_000
