"""Everybody the same: level, course and what is told of it."""

import numpy as np
import pandas as pd
import pytest

from clv.core.errors import ClvError
from clv.core.types import Horizon, Money
from clv.models.btyd import MBGNBD
from clv.models.even import Even
from clv.models.signal import NO_SIGNAL
from tests.ledgers import book, day
from tests.logs import orders_of_many

WINDOW = Horizon(90)


@pytest.fixture(scope="module")
def history():
    return book(orders_of_many(300), 499).history(day(499), WINDOW.n_days)


@pytest.fixture(scope="module")
def model(history):
    return Even(MBGNBD()).fit(history)


def test_it_keeps_the_other_models_total_and_nothing_of_who_is_who(model, history):
    own, other = model.predict(history, WINDOW), MBGNBD().fit(history).predict(history, WINDOW)
    assert own["clv"].sum() == pytest.approx(other["clv"].sum())
    assert own["p_purchase"].mean() == pytest.approx(other["p_purchase"].mean())
    assert (own.drop(columns="customer_id").nunique(dropna=False) == 1).all()
    assert not model.signal_
    assert model.notes_[-1] == NO_SIGNAL


def test_the_longer_the_more_and_never_in_steps(model, history):
    each = [model.predict(history.of_rows(np.arange(1)), Horizon(days)) for days in range(1, 1000)]
    told = pd.concat(each)
    for column in ("clv", "expected_purchases", "p_purchase"):
        assert (np.diff(told[column]) > 0).all()
    assert (told["p_purchase"] < told["expected_purchases"] + 1e-12).all()


def test_margin_and_waiting_are_taken_off(model, history):
    own = model.predict(history, Horizon(365))["clv"].iloc[0]
    worth = model.predict(history, Horizon(365), Money(0.5, 0.1))["clv"].iloc[0]
    assert 0.5 * own / 1.1 < worth < 0.5 * own


def test_saved_it_says_the_same(model, history, tmp_path):
    model.save(tmp_path)
    again = Even.load(tmp_path)
    pd.testing.assert_frame_equal(again.predict(history, WINDOW), model.predict(history, WINDOW))
    assert again.notes_ == model.notes_


def test_asked_before_it_was_fitted_it_says_so(history):
    with pytest.raises(ClvError, match="not fitted yet"):
        Even().predict(history, WINDOW)
