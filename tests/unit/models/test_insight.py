"""What drives forecasts in general: weights add up, dependence is what the learner does."""

import json

import numpy as np
import pandas as pd
import pytest

from clv.core.types import Horizon, Money
from clv.features.book import Book
from clv.models.btyd import BGNBD
from clv.models.ensemble import Ensemble
from clv.models.insight import MOST_PICTURED, STEPS, dependence, explained, importance, insight
from clv.models.learners.encoder import Encoder
from clv.models.reasons import Explainer, moved_by
from clv.models.reasons.phrases import UNSPOKEN
from clv.models.supervised import GLM
from tests.ledgers import day, ledger
from tests.straight import Straight

QUARTER, PAR = Horizon.days(91), Money()
RNG = np.random.default_rng(4)
FRAME = pd.DataFrame(
    {
        "quiet_days": RNG.integers(0, 300, 400).astype(float),
        "spend_90d": RNG.gamma(2.0, 40.0, 400),
        "purchase_days_30d": RNG.integers(0, 3, 400).astype(float),
        "gap_mean": np.where(RNG.random(400) < 0.25, np.nan, RNG.gamma(3.0, 10.0, 400)),
        "first_channel": RNG.choice(["WEB", "Direct"], 400),
    }
)
FRAME["quiet_days_log"] = np.log1p(FRAME["quiet_days"])
ENCODER = Encoder.learn(FRAME)
X = ENCODER.of(FRAME)
SLOPES = {"quiet_days": -0.004, "quiet_days_log": -0.1, "spend_90d": 0.01}


def straight(slopes):
    learner = Straight(ENCODER.names, slopes)
    return Explainer.learn(ENCODER, [learner], np.ones(1), X)


def orders(customers=200, days=220, seed=5):
    """Rows of (customer, day, amount) from customers who differ, and who leave."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        rate, leaves, spend = rng.gamma(0.8, 1 / 25), rng.exponential(250), rng.gamma(5, 8)
        at = start = float(rng.integers(0, 150))
        while at < min(days, start + leaves):
            rows.append((f"{number:04d}", int(at), round(spend * rng.gamma(4, 0.25) + 0.01, 2)))
            at += 1 + rng.exponential(1 / rate)
    return rows


@pytest.fixture(scope="module")
def history():
    return Book.open(ledger(orders()), day(219)).history(day(219), 91)


@pytest.fixture(scope="module")
def model(history):
    return GLM(seed=2).fit(history)


def test_importance_counts_other_forms_with_the_plain_feature():
    shares = importance(straight(SLOPES))
    assert list(shares) == ["quiet_days", "spend_90d"]
    assert shares["quiet_days"] == pytest.approx(0.104 / 0.114)
    assert sum(shares.values()) == pytest.approx(1.0)


def test_importance_is_the_mean_over_learners():
    learners = [Straight(ENCODER.names, {name: 1.0}, name) for name in ("spend_90d", "gap_mean")]
    explainer = Explainer.learn(ENCODER, learners, np.array([3.0, 1.0]), X)
    assert importance(explainer) == {"spend_90d": 0.75, "gap_mean": 0.25}


def test_dependence_is_what_the_learner_does_with_a_value():
    """The rest of a log-linear forecast does not depend on the feature: ratios are known."""
    told = dependence(straight(SLOPES), X, "spend_90d", mean=50.0)
    values, forecast = np.array(told["values"]), np.array(told["forecast"])
    assert len(values) == STEPS
    np.testing.assert_allclose(forecast / forecast[0], np.exp(0.01 * (values - values[0])))
    rest = np.exp(-0.004 * FRAME["quiet_days"] - 0.1 * FRAME["quiet_days_log"])
    whole = (rest * np.exp(0.01 * FRAME["spend_90d"])).mean()
    np.testing.assert_allclose(forecast, 50.0 * rest.mean() * np.exp(0.01 * values) / whole)


def test_other_forms_go_with_the_plain_feature():
    told = dependence(straight(SLOPES), X, "quiet_days", mean=50.0)
    values, forecast = np.array(told["values"]), np.array(told["forecast"])
    way = -0.004 * (values - values[0]) - 0.1 * (np.log1p(values) - np.log1p(values[0]))
    np.testing.assert_allclose(forecast / forecast[0], np.exp(way))


def test_values_are_such_as_customers_have_and_shares_those_near():
    for name, known in (("spend_90d", 1.0), ("gap_mean", FRAME["gap_mean"].notna().mean())):
        told = dependence(straight(SLOPES), X, name, mean=1.0)
        assert set(told["values"]) <= set(FRAME[name])
        assert told["values"] == sorted(told["values"])
        assert sum(told["share"]) == pytest.approx(known)
    few = dependence(straight(SLOPES), X, "purchase_days_30d", mean=1.0)
    assert few["values"] == [0.0, 1.0, 2.0]
    counts = FRAME["purchase_days_30d"].value_counts(normalize=True).sort_index()
    np.testing.assert_allclose(few["share"], counts)


def test_what_nobody_has_is_not_told():
    nobody = np.where(np.arange(X.shape[1]) == ENCODER.names.index("gap_mean"), np.nan, X)
    told = dependence(straight(SLOPES), nobody, "gap_mean", mean=1.0)
    assert told == {"values": [], "forecast": [], "share": []}


def test_a_learner_tells_what_drives_it(model, history):
    prediction = model.predict(history, QUARTER)
    found = insight(model, history, prediction, seed=1)
    assert json.loads(json.dumps(found)) == found
    shares = [row["share"] for row in found["importance"]]
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1 + 1e-9
    assert len(found["partial_dependence"]) == MOST_PICTURED
    assert found["features"] >= len(shares)
    if found["features"] == len(shares):
        assert sum(shares) == pytest.approx(1.0)
    words = {row["feature"]: row["meaning"] for row in found["importance"]}
    assert all(words.values())
    told = [words[name] for name in words if name.startswith("model_")]
    assert told
    assert all(each.endswith("by one purchase model") for each in told)
    assert not UNSPOKEN & {picture["feature"] for picture in found["partial_dependence"]}
    mean = prediction["clv"].mean()
    for picture in found["partial_dependence"]:
        assert min(picture["forecast"]) < 3 * mean
        assert max(picture["forecast"]) > mean / 3
    assert found["weights"] == []


def test_explaining_changes_no_forecast(model, history):
    prediction, drivers = explained(model, history, QUARTER, PAR)
    pd.testing.assert_frame_equal(prediction, model.predict(history, QUARTER), rtol=1e-12)
    assert len(drivers.aspect) == len(history)


def test_a_lone_customer_of_a_saved_model_has_the_reasons_it_has_among_all(
    model, history, tmp_path
):
    _, drivers = explained(model, history, QUARTER, PAR)
    among_all = moved_by(model.explainer_, drivers, "EUR").to_pylist()
    assert sum(text != "" for text in among_all) > 0.9 * len(among_all)
    model.save(tmp_path)
    loaded = GLM.load(tmp_path)
    for row in (0, 71, len(history) - 1):
        _, alone = explained(loaded, history.of_rows(np.array([row])), QUARTER, PAR)
        assert moved_by(loaded.explainer_, alone, "EUR").to_pylist() == [among_all[row]]


def test_a_purchase_model_has_no_learner_to_tell(history):
    model = BGNBD().fit(history)
    prediction, drivers = explained(model, history, QUARTER, PAR)
    assert drivers is None
    pd.testing.assert_frame_equal(prediction, model.predict(history, QUARTER))
    assert insight(model, history, prediction, seed=1) is None


def test_an_ensemble_tells_whose_word_counts_and_nothing_without_signal(history):
    model = Ensemble(("mbgcnbd", "naive_rate", "glm"), days=0, seed=2).fit(history)
    prediction, drivers = explained(model, history, QUARTER, PAR)
    found = insight(model, history, prediction, seed=1)
    assert [row["member"] for row in found["weights"]] == ["mbgcnbd", "naive_rate", "glm"]
    assert sum(row["weight"] for row in found["weights"]) == pytest.approx(1.0)
    assert len(drivers.aspect) == len(history)
    model.signal_ = False
    model._settle(history)
    model.explainer_ = model._explainer(history)
    prediction, drivers = explained(model, history, QUARTER, PAR)
    assert drivers is None
    assert insight(model, history, prediction, seed=1) is None
    assert prediction["clv"].nunique() == 1
