"""The linear model and the neural network: what is particular to each."""

import sys

import numpy as np
import pytest

from clv.core.errors import DependencyError
from clv.models.learners import registry, training
from clv.models.learners.glm import GLM, GLMSettings
from clv.models.learners.rows import Rows
from clv.models.learners.ziln import ZILN, ZILNSettings
from tests.learner_rows import planted

SMALL = ZILNSettings(networks=2, hidden=(16, 8), steps=400, most_steps=500)
ROWS, UNSEEN = planted(700, 1), planted(400, 3)


def on_a_roof(n, seed):
    """Spend that is highest in the middle of one feature."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(10.0, 20.0, n)
    y = np.exp(-0.5 * np.abs(x - 15.0)) * rng.gamma(20.0, 1 / 20, n)
    return Rows.of(np.column_stack([x, rng.normal(size=n)]), ("x", "noise"), y)


def test_a_bend_is_found_where_there_is_one():
    rows, later = on_a_roof(1_000, 1), on_a_roof(1_000, 2)
    straight, bent = (
        GLM(GLMSettings(bends=bends, ridge=1e-3)).fit(rows).predict(later.X) for bends in (0, 5)
    )
    assert np.abs(bent - later.y).mean() < 0.5 * np.abs(straight - later.y).mean()
    top = later.X[bent.argmax(), 0]
    assert top == pytest.approx(15.0, abs=0.5)


def test_contributions_of_the_linear_model_come_from_one_feature_each():
    glm = GLM().fit(ROWS)
    swapped = UNSEEN.X.copy()
    swapped[:, 1] = UNSEEN.X[::-1, 1]
    before, after = glm.contributions(UNSEEN.X), glm.contributions(swapped)
    np.testing.assert_allclose(after[:, 1], before[::-1, 1], atol=1e-12)
    np.testing.assert_allclose(after[:, [0, 2, 3, 4, 5]], before[:, [0, 2, 3, 4, 5]], atol=1e-12)


def test_features_that_are_many_bend_less():
    rng = np.random.default_rng(0)
    wide = Rows.of(rng.normal(size=(300, 130)), [f"f{k}" for k in range(130)], rng.gamma(1, 1, 300))
    glm = GLM(GLMSettings(ridge=1.0)).fit(wide)
    assert len(glm.coefficients_) <= 600
    assert np.bincount(glm.bent_).max() == 600 // 130 - 1


@pytest.mark.parametrize("learner", [GLM(), ZILN(SMALL)])
def test_no_forecast_is_beyond_the_largest_customer(learner):
    learner.fit(ROWS)
    wild = 1e6 * np.random.default_rng(0).normal(size=(200, 6))
    assert learner.predict(wild).max() <= ROWS.y.max() * learner.level_ * (1 + 1e-9)


@pytest.fixture(scope="module")
def network():
    return ZILN(SMALL).fit(ROWS)


def test_the_network_finds_chance_and_lognormal_spend():
    """Of one feature that moves all three: log-odds, location and width."""
    rng = np.random.default_rng(4)
    x = rng.uniform(-1.0, 1.0, 8_000)
    bought = rng.random(8_000) < 1 / (1 + np.exp(-2 * x))
    y = np.where(bought, np.exp(1.0 + x + (0.6 + 0.3 * x) * rng.normal(size=8_000)), 0.0)
    ziln = ZILN(ZILNSettings(networks=2, hidden=(16, 8), steps=1_000)).fit(
        Rows.of(x[:, None], ("x",), y)
    )
    at = np.array([[-0.7], [0.0], [0.7]])
    np.testing.assert_allclose(ziln.p_buy(at), 1 / (1 + np.exp(-2 * at[:, 0])), atol=0.05)
    width = 0.6 + 0.3 * at[:, 0]
    mean = np.exp(1.0 + at[:, 0] + width**2 / 2) / (1 + np.exp(-2 * at[:, 0]))
    np.testing.assert_allclose(ziln.predict(at), mean, rtol=0.15)


def test_what_networks_say_is_the_geometric_mean(network):
    (_, outputs), *_ = network._passed(UNSEEN.X)
    chance, location, width = np.moveaxis(outputs, -1, 0)
    deviation = np.log1p(np.exp(width))
    each = np.log(1 / (1 + np.exp(-chance))) + location + deviation**2 / 2
    forecast = np.exp(each.mean(axis=0)) * network.scale_ * network.level_
    np.testing.assert_allclose(network.predict(UNSEEN.X), forecast, rtol=1e-9)


def test_networks_stop_when_later_rows_get_no_better(monkeypatch):
    looks = []
    replaced = training._replaced

    def noted(better, new, old):
        looks.append(better)
        return replaced(better, new, old)

    monkeypatch.setattr(training, "_replaced", noted)
    settings = ZILNSettings(
        networks=1, hidden=(32,), most_steps=20_000, patience=200, learning_rate=3e-3
    )
    ZILN(settings).fit(planted(200, 1), planted(200, 2))
    steps = len(looks) / 4 * training.STRIDE
    assert 200 < steps < 6_000


def test_without_jax_it_says_what_to_install(network, tmp_path, monkeypatch):
    network.save(tmp_path)
    said = network.predict(UNSEEN.X)
    training._descent.cache_clear()
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(DependencyError, match=r"jax is not installed.*pip install 'clv\[neural\]'"):
        ZILN(SMALL).fit(ROWS)
    np.testing.assert_array_equal(registry.load("ziln", tmp_path).predict(UNSEEN.X), said)
