"""What every model promises, whichever it is."""

import json

import ibis
import numpy as np
import pandas as pd
import pytest

from clv.core.errors import RunError
from clv.core.schema import PREDICTION, conform
from clv.core.types import Horizon, Money
from clv.features.book import Book
from clv.models import registry
from clv.models.base import Model
from tests.ledgers import day, ledger
from tests.logs import orders_of_many

NAMES = [entry.name for entry in registry.ENTRIES]
QUARTER, YEAR = Horizon.days(91), Horizon.days(365)


@pytest.fixture(scope="module")
def book():
    return Book.open(ledger(orders_of_many(), engine=ibis.duckdb.connect()), day(499))


@pytest.fixture(scope="module")
def history(book):
    return book.history(day(499), 91)


@pytest.fixture(scope="module")
def lone(history):
    """Some customers, each in a log of nobody else; by their row among all."""
    found = {}
    for row in (0, 17, len(history) - 1):
        name = history.frame["customer_id"][row]
        own = [order for order in orders_of_many() if order[0] == name]
        book = Book.open(ledger(own, engine=ibis.duckdb.connect()), day(499))
        found[row] = book.history(day(499), 91)
    return found


@pytest.fixture(scope="module")
def mixed():
    """The history out of a log that goes on after it."""
    later = [(customer, when + 500, 9_999.0) for customer, when, _ in orders_of_many(seed=9)]
    both = ledger([*later, *orders_of_many()], engine=ibis.duckdb.connect())
    return Book.open(both, day(499)).history(day(499), 91)


@pytest.fixture(scope="module", params=NAMES)
def model(request, history):
    return registry.make(request.param, seed=3).fit(history)


def test_it_is_a_model(model):
    assert isinstance(model, Model)
    assert registry.model_class(model.name) is type(model)


def test_forecasts_are_the_contracts_table_in_the_histories_order(model, history):
    table = conform(model.predict(history, QUARTER), PREDICTION)
    assert table["customer_id"].to_pylist() == history.frame["customer_id"].tolist()


def test_forecasts_are_finite_and_probabilities_are(model, history):
    prediction = model.predict(history, QUARTER)
    for column in ("clv", "expected_purchases", "expected_order_value"):
        values = prediction[column].to_numpy()
        assert np.isfinite(values).all(), column
        assert (values >= 0).all(), column
    for column in ("p_alive", "p_purchase"):
        values = prediction[column].to_numpy()
        assert np.isnan(values).all() or ((values >= 0) & (values <= 1)).all(), column


def test_as_many_purchases_are_expected_as_their_chance_allows(model, history):
    told = model.predict(history, QUARTER)
    chance = told["p_purchase"].dropna()
    expected = told.loc[chance.index, "expected_purchases"]
    assert (chance <= expected * (1 + 1e-9) + 1e-12).all()
    assert (expected <= chance * QUARTER.n_days + 1e-12).all()


@pytest.mark.parametrize("days", [7, 90, 365])
def test_purchases_times_their_value_are_the_spend(model, history, days):
    told = model.predict(history, Horizon(days))
    product = told["expected_purchases"] * told["expected_order_value"]
    np.testing.assert_allclose(product, told["clv"], rtol=1e-6, atol=1e-9)


def test_an_order_is_worth_what_orders_of_the_log_are(model, history):
    frame = history.frame
    each = frame["total_value"] / (frame["x"] + 1)
    told = model.predict(history, QUARTER)["expected_order_value"]
    told = told[told > 0]
    assert len(told) > 0
    assert each.min() / 4 <= told.min()
    assert told.max() <= each.max() * 4


def test_the_next_purchase_has_an_order(model, history):
    prediction = model.predict(history, QUARTER)
    early, middle, late = (
        prediction[name].to_numpy()
        for name in ("next_days_earliest", "next_days", "next_days_latest")
    )
    known = ~np.isnan(middle)
    assert known.all() or not known.any()
    assert (early[known] <= middle[known]).all()
    assert (middle[known] <= late[known]).all()


def test_a_longer_horizon_never_expects_less(model, history):
    near, far = model.predict(history, QUARTER), model.predict(history, YEAR)
    for column in ("clv", "expected_purchases"):
        assert (far[column] >= near[column] - 1e-9).all(), column


def test_margin_scales_and_discount_lowers(model, history):
    plain = model.predict(history, YEAR)["clv"].to_numpy()
    kept = model.predict(history, YEAR, Money(margin=0.25))["clv"].to_numpy()
    np.testing.assert_allclose(kept, plain / 4, rtol=1e-12)
    later = model.predict(history, YEAR, Money(annual_discount_rate=0.2))["clv"].to_numpy()
    assert (later <= plain + 1e-12).all()
    assert (later >= plain / 1.2 - 1e-9).all()


def test_saved_and_loaded_it_says_the_same_and_runs_no_code(model, history, tmp_path):
    model.save(tmp_path)
    kinds = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert kinds <= {".json", ".npz", ".parquet", ".txt", ".ubj"}
    loaded = type(model).load(tmp_path)
    assert loaded.predict(history, YEAR).equals(model.predict(history, YEAR))


def test_a_file_of_another_model_is_refused(model, tmp_path):
    model.save(tmp_path)
    for path in tmp_path.rglob("*.json"):
        content = json.loads(path.read_text())
        if "name" in content:
            path.write_text(json.dumps({**content, "name": "something-else"}))
    with pytest.raises(RunError, match="something-else"):
        type(model).load(tmp_path)


def test_fitted_twice_it_is_the_same(model, history):
    again = registry.make(model.name, seed=3).fit(history)
    assert again.predict(history, YEAR).equals(model.predict(history, YEAR))


def test_a_lone_customer_gets_the_forecast_it_has_among_all(model, history, lone):
    whole = model.predict(history, YEAR)
    for row, own in lone.items():
        alone = model.predict(own, YEAR)
        np.testing.assert_allclose(
            alone[["clv", "expected_purchases"]].to_numpy(float)[0],
            whole[["clv", "expected_purchases"]].to_numpy(float)[row],
            rtol=1e-9,
        )


def test_how_far_recent_columns_reach_back_changes_no_forecast(model, book, history, lone):
    """A run for a year, `clv predict --horizon 7` and whoever asks the service hear the same."""
    for horizon, usual, of in ((YEAR, history, book), (Horizon(7), lone[17], lone[17].book)):
        told = model.predict(usual, horizon)
        for window in (7, 365):
            other = model.predict(of.history(day(499), window), horizon)
            pd.testing.assert_frame_equal(other, told)


def test_rows_after_as_of_change_nothing(model, history, mixed):
    again = registry.make(model.name, seed=3).fit(mixed)
    assert again.predict(mixed, YEAR).equals(model.predict(history, YEAR))
