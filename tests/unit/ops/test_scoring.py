"""What a run learned scores a lone customer as among all, and says why in words."""

import numpy as np
import pytest

from clv.core.types import Horizon, Money
from clv.features.book import Book
from clv.models.btyd import BGNBD
from clv.models.distribution import Distribution, PastDay
from clv.models.supervised import GLM
from clv.ops.scoring import Scorer
from tests.ledgers import day, ledger

HORIZON, PAR = Horizon.days(45), Money()


class Blind(BGNBD):
    """A model to which the past tells nobody apart."""

    signal_ = False


def orders(customers=180, days=110, seed=2):
    """Rows of (customer, day, amount) of customers who differ in pace and spend."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        pace, spend, at = rng.gamma(2.0, 12.0), rng.gamma(5, 8), rng.integers(0, 60)
        while at < days:
            rows.append((f"{number:03d}", int(at), round(spend * rng.gamma(4, 0.25) + 0.01, 2)))
            at += 1 + rng.exponential(pace)
    return rows


@pytest.fixture(scope="module")
def history():
    return Book.open(ledger(orders()), day(109)).history(day(109), 45)


def scorer_of(model, history):
    model = model.fit(history)
    prediction = model.predict(history, HORIZON)
    value = prediction["clv"].to_numpy(float)
    rng = np.random.default_rng(1)
    actual = value * rng.gamma(2.0, 0.5, len(value)) * (rng.random(len(value)) < 0.7)
    past = PastDay((history.frame["x"] == 0).to_numpy(), value, np.full(len(value), 0.7), actual)
    distribution = Distribution.learn([past], value.mean() / HORIZON.n_days)
    return Scorer.learn(model, distribution, history, prediction, {"Unknown": "Unknown"}, "EUR")


@pytest.fixture(scope="module")
def learned(history):
    return scorer_of(GLM(seed=1), history)


def test_reasons_of_a_learner_say_what_moved_the_forecast(learned, history):
    told = learned.score(history, HORIZON, PAR, 0.9)["reasons"].to_pylist()
    moved = [text for text in told if "forecast raised by" in text or "forecast lowered by" in text]
    assert len(moved) > 0.9 * len(told)
    assert any("(EUR " in text for text in moved)
    assert all(text.startswith("ordered ") for text in told)


def test_saved_it_tells_a_lone_customer_the_same(learned, history, tmp_path):
    learned.save(tmp_path)
    loaded = Scorer.load(tmp_path)
    assert loaded.currency == "EUR"
    among_all = learned.score(history, HORIZON, PAR, 0.9)
    for row in (0, 50, len(history) - 1):
        alone = loaded.score(history.of_rows(np.array([row])), HORIZON, PAR, 0.9)
        assert alone["reasons"][0] == among_all["reasons"][row]
        assert alone["clv"][0].as_py() == pytest.approx(among_all["clv"][row].as_py(), rel=1e-9)


def test_a_purchase_model_tells_its_own_drivers_alone(history):
    told = scorer_of(BGNBD(), history).score(history, HORIZON, PAR, 0.9)["reasons"].to_pylist()
    assert all("forecast" not in text for text in told)
    assert any("than is typical" in text for text in told)


def test_where_the_past_tells_nothing_reasons_do_not_pretend(history):
    told = scorer_of(Blind(), history).score(history, HORIZON, PAR, 0.9)["reasons"].to_pylist()
    for text in told:
        assert text.startswith("ordered ")
        assert text.endswith("forecast like everyone, as the past tells nobody apart")
        assert "gone" not in text
        assert "typical" not in text


def test_words_and_row_say_the_same(learned, history):
    told = learned.score(history, HORIZON, PAR, 0.9).to_pandas()
    parts = np.digitize(told["p_alive"], [0.25, 0.75])
    words = np.array(["most likely gone", "may be gone", "still a customer"])[parts]
    assert len(set(words)) == 3
    for text, word in zip(told["reasons"], words, strict=True):
        assert f"; {word}" in text


def test_delivered_ends_are_those_that_are_judged(learned, history):
    money = Money(margin=0.4)
    told = learned.score(history, HORIZON, money, 0.9).to_pandas()
    prediction = learned.model.predict(history, HORIZON)
    onetimer = (history.frame["x"] == 0).to_numpy()
    spread = learned.spread(onetimer, prediction, HORIZON, PAR)
    ends = spread.around(prediction["clv"].to_numpy(float), 0.9)
    for name, end in zip(("clv_lower", "clv_upper"), ends, strict=True):
        np.testing.assert_allclose(told[name], 0.4 * end, rtol=1e-9)
    assert told["clv"].between(told["clv_lower"], told["clv_upper"]).all()
