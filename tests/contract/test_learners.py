"""What every learner promises, whichever it is."""

import json
import pickle
from dataclasses import replace

import numpy as np
import optuna
import pytest

from clv.core.errors import ClvError, FitError, RunError, SettingError
from clv.models.learners import base, registry
from clv.models.learners.base import FLOOR, Learner
from clv.models.learners.rows import Rows
from clv.models.learners.ziln import ZILNSettings
from tests.learner_rows import NAMES, planted

#: The defaults, but networks that are trained in a blink.
SETTINGS = {"ziln": ZILNSettings(networks=2, hidden=(16, 8), steps=400, most_steps=500)}
KNOWS_BUYING = ("hurdle", "ziln")
READS_CHECK = ("xgboost", "lightgbm", "gradient_boosting", "ziln")
ROWS, CHECK, UNSEEN = planted(700, 1), planted(300, 2), planted(400, 3)


def fitted(name, rows=ROWS, check=None, **options):
    options = {"seed": 5, "settings": SETTINGS.get(name), **options}
    return registry.make(name, **options).fit(rows, check)


def deviance(y, mean, power=1.5):
    """Tweedie's, up to what does not depend on the mean."""
    return np.mean(mean ** (2 - power) / (2 - power) - y * mean ** (1 - power) / (1 - power))


@pytest.fixture(scope="module", params=registry.NAMES)
def learner(request):
    return fitted(request.param)


def test_it_is_a_learner(learner):
    assert isinstance(learner, Learner)
    assert registry.learner_class(learner.name) is type(learner)
    assert isinstance(learner.settings, registry.settings_class(learner.name))


def test_forecasts_are_positive_and_finite(learner):
    forecast = learner.predict(UNSEEN.X)
    assert forecast.shape == (len(UNSEEN),)
    assert np.isfinite(forecast).all()
    assert (forecast > 0).all()
    assert learner.predict(UNSEEN.X[:0]).shape == (0,)


def test_it_learns_what_was_planted(learner):
    forecast = learner.predict(UNSEEN.X)
    ignorant = np.full(len(UNSEEN), ROWS.y.mean())
    assert deviance(UNSEEN.y, forecast) < deviance(UNSEEN.y, ignorant) - 0.5
    assert np.corrcoef(forecast, UNSEEN.y)[0, 1] > 0.35


def test_forecasts_of_the_training_rows_add_up_to_what_they_spent(learner):
    assert learner.predict(ROWS.X).sum() == pytest.approx(ROWS.y.sum(), rel=1e-9)


def test_chances_of_buying_are_chances_and_rank_customers(learner):
    chance = learner.p_buy(UNSEEN.X)
    assert (chance is not None) == (learner.name in KNOWS_BUYING)
    if chance is not None:
        assert ((chance >= 0) & (chance <= 1)).all()
        assert chance.mean() == pytest.approx(UNSEEN.bought.mean(), abs=0.06)
        bought = chance[UNSEEN.bought].mean()
        assert bought > chance[~UNSEEN.bought].mean() + 0.2


@pytest.mark.parametrize("name", KNOWS_BUYING)
def test_buying_for_nothing_is_buying(name):
    free = replace(ROWS, y=np.where(np.arange(len(ROWS)) % 3, 0.0, ROWS.y))
    learner = fitted(name, free)
    assert learner.predict(free.X).sum() == pytest.approx(free.y.sum(), rel=1e-9)
    chance = learner.p_buy(UNSEEN.X)
    if name == "ziln":
        assert chance is None
    else:
        assert chance.mean() == pytest.approx(UNSEEN.bought.mean(), abs=0.06)


def test_contributions_add_up_to_the_logarithm_of_the_forecast(learner):
    parts = learner.contributions(UNSEEN.X)
    assert parts.shape == (len(UNSEEN), len(NAMES) + 1)
    np.testing.assert_allclose(parts.sum(axis=1), np.log(learner.predict(UNSEEN.X)), atol=1e-5)
    assert np.ptp(parts[:, -1]) < 1e-4
    assert (parts[:, NAMES.index("same")] == 0).all()
    value, chance, effects = learner.told(UNSEEN.X)
    np.testing.assert_array_equal(effects, parts[:, :-1])
    np.testing.assert_allclose(value, learner.predict(UNSEEN.X), rtol=1e-12)
    if learner.p_buy(UNSEEN.X) is None:
        assert chance is None
    else:
        np.testing.assert_allclose(chance, learner.p_buy(UNSEEN.X), rtol=1e-12)
    assert learner.contributions(UNSEEN.X[:0]).shape == (0, len(NAMES) + 1)


def test_contributions_point_where_features_do(learner):
    parts = learner.contributions(UNSEEN.X)
    for name in ("drive", "basket"):
        place = NAMES.index(name)
        assert np.corrcoef(parts[:, place], UNSEEN.X[:, place].argsort().argsort())[0, 1] > 0.7
    maybe = NAMES.index("maybe")
    absent = np.isnan(UNSEEN.X[:, maybe])
    assert parts[absent, maybe].mean() > parts[~absent, maybe].mean() + 0.1


def test_importance_is_a_share_of_what_matters(learner):
    shares = learner.importance()
    assert tuple(shares) == NAMES
    assert sum(shares.values()) == pytest.approx(1.0)
    assert min(shares.values()) >= 0
    assert sorted(shares, key=shares.__getitem__)[-2:] in (["basket", "drive"], ["drive", "basket"])
    assert shares["same"] == 0


def test_saved_and_loaded_it_says_the_same_to_the_last_bit(learner, tmp_path):
    learner.save(tmp_path)
    loaded = registry.load(learner.name, tmp_path)
    np.testing.assert_array_equal(loaded.predict(UNSEEN.X), learner.predict(UNSEEN.X))
    np.testing.assert_array_equal(loaded.contributions(UNSEEN.X), learner.contributions(UNSEEN.X))
    assert loaded.importance() == learner.importance()
    assert loaded.settings == learner.settings
    if learner.name in KNOWS_BUYING:
        np.testing.assert_array_equal(loaded.p_buy(UNSEEN.X), learner.p_buy(UNSEEN.X))


def test_its_files_hold_no_code(learner, tmp_path, monkeypatch):
    learner.save(tmp_path)
    for path in tmp_path.rglob("*"):
        assert path.suffix in (".json", ".npz", ".txt", ".ubj"), path.name
        # Every protocol since the second begins so; the first two are text and end so.
        content = path.read_bytes()
        assert content[:1] != b"\x80", path.name
        assert content[-1:] != b".", path.name

    def refuse(*_, **__):
        raise AssertionError("pickle was used")

    for name in ("load", "loads", "Unpickler", "_Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    registry.load(learner.name, tmp_path).predict(UNSEEN.X)


def test_a_file_of_another_learner_is_refused(learner, tmp_path):
    learner.save(tmp_path)
    path = tmp_path / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "name": "something-else"}))
    with pytest.raises(RunError, match="something-else"):
        registry.load(learner.name, tmp_path)


def test_missing_and_broken_files_are_told(learner, tmp_path):
    with pytest.raises(RunError, match="cannot be read"):
        registry.load(learner.name, tmp_path)
    learner.save(tmp_path)
    for path in tmp_path.iterdir():
        if path.suffix != ".json":
            path.write_bytes(b"not what was saved")
    with pytest.raises(RunError, match="cannot be read"):
        registry.load(learner.name, tmp_path)


def test_fitted_twice_its_files_are_the_same(learner, tmp_path):
    for place, one in (("first", learner), ("second", fitted(learner.name))):
        (tmp_path / place).mkdir()
        one.save(tmp_path / place)
    first = sorted((tmp_path / "first").iterdir())
    assert first
    for path in first:
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes(), path.name


def test_threads_do_not_change_what_it_says(learner, monkeypatch):
    monkeypatch.setattr(base, "WORTH_THREADS", 0)
    threaded = fitted(learner.name, threads=2)
    np.testing.assert_allclose(threaded.predict(UNSEEN.X), learner.predict(UNSEEN.X), rtol=1e-6)


def test_neither_order_nor_company_changes_a_forecast(learner):
    whole = learner.predict(UNSEEN.X)
    order = np.random.default_rng(0).permutation(len(UNSEEN))
    np.testing.assert_allclose(learner.predict(UNSEEN.X[order]), whole[order], rtol=1e-12)
    for row in (0, 7):
        lone = learner.predict(UNSEEN.X[[row]])
        np.testing.assert_allclose(lone, whole[[row]], rtol=1e-12)


@pytest.mark.parametrize("rate", [1.37, 0.0071])
def test_another_currency_only_changes_the_unit(learner, rate):
    """In the target and in the feature that is an amount."""
    amount = np.where(np.array(NAMES) == "basket", rate, 1.0)
    exchanged = replace(ROWS, y=ROWS.y * rate, X=ROWS.X * amount)
    forecast = fitted(learner.name, exchanged).predict(UNSEEN.X * amount)
    np.testing.assert_allclose(forecast, rate * learner.predict(UNSEEN.X), rtol=1e-6)


def test_weights_count_in_proportion(learner):
    heavier = fitted(learner.name, replace(ROWS, weight=ROWS.weight * 7.0))
    np.testing.assert_allclose(heavier.predict(UNSEEN.X), learner.predict(UNSEEN.X), rtol=1e-6)


def test_rows_without_weight_change_nothing(learner):
    strange = planted(50, 9)
    ignored = Rows(
        np.vstack([ROWS.X, 1e6 * strange.X]),
        NAMES,
        np.concatenate([ROWS.y, 1e6 * strange.y]),
        np.concatenate([ROWS.bought, strange.bought]),
        np.concatenate([ROWS.weight, np.zeros(50)]),
    )
    told = fitted(learner.name, ignored, ignored.take(slice(700, None)))
    np.testing.assert_array_equal(told.predict(UNSEEN.X), learner.predict(UNSEEN.X))


def test_rows_that_weigh_more_are_listened_to(learner):
    flagged = ROWS.X[:, NAMES.index("flag")] == 1
    split = replace(ROWS, X=np.where(np.arange(len(NAMES)) == 4, 0.0, ROWS.X))
    richer = replace(split, y=np.where(flagged, 3.0, 1.0) * split.y)
    listened = replace(richer, weight=np.where(flagged, 9.0, 1.0))
    plain = fitted(learner.name, richer).predict(UNSEEN.X).mean()
    assert fitted(learner.name, listened).predict(UNSEEN.X).mean() > 1.15 * plain


def test_later_rows_tell_when_to_stop(learner):
    stopped = fitted(learner.name, check=CHECK)
    assert np.isfinite(stopped.predict(UNSEEN.X)).all()
    assert deviance(UNSEEN.y, stopped.predict(UNSEEN.X)) < deviance(UNSEEN.y, ROWS.y.mean()) - 0.5
    differs = not np.array_equal(stopped.predict(UNSEEN.X), learner.predict(UNSEEN.X))
    assert differs == (learner.name in READS_CHECK)


def test_later_rows_are_not_learned_from(learner):
    """With their spend dealt out anew they stop sooner or later; their level stays theirs."""
    dearer = replace(CHECK, y=CHECK.y * 50.0)
    stopped = fitted(learner.name, check=dearer)
    assert stopped.predict(ROWS.X).sum() == pytest.approx(ROWS.y.sum(), rel=1e-9)


def test_what_is_searched_can_be_fitted(learner):
    sampler = optuna.samplers.RandomSampler(seed=1)
    trial = optuna.create_study(sampler=sampler).ask()
    drawn = registry.settings_class(learner.name).suggest(trial)
    assert trial.params
    few = {"steps": 50, "networks": 1} if learner.name == "ziln" else {}
    again = fitted(learner.name, settings=replace(drawn, **few))
    assert np.isfinite(again.predict(UNSEEN.X)).all()


@pytest.mark.parametrize(
    ("case", "rows"),
    [
        ("thirty rows", ROWS.take(slice(30))),
        ("all bought", ROWS.take(ROWS.bought)),
        ("one bought", replace(ROWS, y=np.eye(700)[3] * 20, bought=np.arange(700) == 3)),
        ("some bought for nothing", replace(ROWS, y=np.where(ROWS.y > 20, ROWS.y, 0.0))),
        ("all the same", replace(ROWS, X=np.ones_like(ROWS.X))),
        ("a column empty", replace(ROWS, X=np.where(np.arange(6) == 1, np.nan, ROWS.X))),
        ("all spent the same", replace(ROWS, y=np.full(700, 5.0), bought=np.ones(700, bool))),
    ],
)
def test_what_is_hard_to_learn_from_does_no_harm(learner, case, rows, tmp_path):
    one = fitted(learner.name, rows)
    for X in (UNSEEN.X, UNSEEN.X * np.nan, UNSEEN.X * 1e12, -UNSEEN.X):
        forecast = one.predict(X)
        assert np.isfinite(forecast).all()
        assert (forecast > 0).all()
        np.testing.assert_allclose(one.contributions(X).sum(axis=1), np.log(forecast), atol=1e-5)
    assert one.predict(rows.X).sum() == pytest.approx(rows.y.sum(), rel=1e-9)
    assert sum(one.importance().values()) in (0, pytest.approx(1.0))
    one.save(tmp_path)
    np.testing.assert_array_equal(
        registry.load(learner.name, tmp_path).predict(UNSEEN.X), one.predict(UNSEEN.X)
    )


def test_where_nobody_spent_nobody_will(learner, tmp_path):
    for bought in (np.zeros(700, bool), ROWS.bought):
        one = fitted(learner.name, replace(ROWS, y=np.zeros(700), bought=bought))
        np.testing.assert_allclose(one.predict(UNSEEN.X), FLOOR, rtol=1e-9)
        np.testing.assert_allclose(one.contributions(UNSEEN.X).sum(axis=1), np.log(FLOOR))
        assert set(one.importance().values()) == {0.0}
        if learner.name in KNOWS_BUYING:
            np.testing.assert_allclose(one.p_buy(UNSEEN.X), bought.mean())
    one.save(tmp_path)
    loaded = registry.load(learner.name, tmp_path)
    np.testing.assert_array_equal(loaded.predict(UNSEEN.X), one.predict(UNSEEN.X))


def test_features_of_another_encoder_are_refused(learner):
    with pytest.raises(ClvError, match="learned from 6"):
        learner.predict(UNSEEN.X[:, :4])
    with pytest.raises(ClvError, match="infinite"):
        learner.contributions(np.full((2, 6), np.inf))
    with pytest.raises(ClvError, match="not fitted yet"):
        registry.make(learner.name).predict(UNSEEN.X)
    with pytest.raises(FitError, match="one encoder"):
        fitted(learner.name, check=replace(CHECK, names=NAMES[::-1]))


def test_too_little_is_told(learner):
    with pytest.raises(FitError, match="10 are needed"):
        fitted(learner.name, ROWS.take(slice(9)))
    with pytest.raises(FitError, match="10 are needed"):
        fitted(learner.name, replace(ROWS, weight=np.zeros(700)))
    with pytest.raises(FitError, match="no feature"):
        fitted(learner.name, replace(ROWS, X=np.empty((700, 0)), names=()))


def test_a_name_that_is_none_is_told():
    with pytest.raises(SettingError, match="xgboost, lightgbm"):
        registry.make("oracle")
    assert set(registry.available()) <= set(registry.NAMES)
    assert "glm" in registry.available()


@pytest.mark.parametrize("name", ["xgboost", "lightgbm", "glm", "hurdle"])
@pytest.mark.parametrize("power", [1.0, 2.0, 2.5])
def test_a_power_outside_tweedies_is_told(name, power):
    with pytest.raises(SettingError, match="between 1"):
        registry.settings_class(name)(power=power)
