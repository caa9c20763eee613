"""Whether the past tells customers apart, and what is said where it does not."""

import numpy as np
import pandas as pd
import pytest

from clv.core.types import Horizon, Money
from clv.models.ensemble import Ensemble
from clv.models.season import Season
from clv.models.signal import NO_SIGNAL, Scores, standard_scores, tells_apart
from clv.models.team import Team
from tests.ledgers import book, day


def test_standard_scores_of_chance_are_standard():
    draw = np.random.default_rng(0)
    scores = np.array(
        [
            standard_scores(np.where(draw.random(300) < 0.2, draw.lognormal(3, 1, 300), 0.0), order)
            for order in draw.random((2_000, 300))
        ]
    )
    np.testing.assert_allclose(scores.mean(axis=0), 0.0, atol=0.08)
    np.testing.assert_allclose(scores.std(axis=0), 1.0, atol=0.06)


def test_a_ranking_that_knows_something_scores_high():
    draw = np.random.default_rng(1)
    worth = draw.gamma(1.0, 10.0, 2_000)
    actual = np.where(draw.random(2_000) < 0.3, worth * draw.gamma(1.0, 1.0, 2_000), 0.0)
    for sign in (1.0, -1.0):
        scores = standard_scores(actual, sign * worth)
        assert sign * scores.amounts > 5
        assert sign * scores.ranks > 3


def test_one_large_order_does_not_hide_what_rankings_know():
    draw = np.random.default_rng(2)
    worth = draw.gamma(1.0, 50.0, 400)
    actual = np.where(draw.random(400) < worth / worth.max(), worth, 0.0)
    actual[worth.argmin()] = 20_000.0
    scores = standard_scores(actual, worth)
    assert scores.amounts < 0
    assert tells_apart([scores])


def test_nothing_to_rank_scores_nothing():
    nothing = Scores(0.0, 0.0)
    assert standard_scores(np.zeros(10), np.arange(10.0)) == nothing
    assert standard_scores(np.arange(10.0), np.ones(10)) == nothing
    assert standard_scores(np.ones(1), np.ones(1)) == nothing


def test_it_takes_less_a_day_to_be_sure_of_more_days():
    assert not tells_apart([Scores(2.2, 2.2)])
    assert tells_apart([Scores(2.3, -1.0)])
    assert tells_apart([Scores(-1.0, 2.3)])
    assert tells_apart([Scores(1.7, 0.0)] * 3)
    assert not tells_apart([Scores(1.6, 1.6)] * 3)
    assert tells_apart([])


@pytest.mark.parametrize("days", [1, 2, 3, 4])
def test_chance_is_rarely_taken_for_more(days):
    # Of neighbouring windows half a window is the same, so that their scores have something alike;
    # and the two scores of a day are both of the same outcomes.
    draw = np.random.default_rng(days)
    shared, own = draw.standard_normal((2, 20_000, days + 1, 2))
    halves = (shared[..., :1] + own) / np.sqrt(2.0)
    scores = (halves[:, 1:] + halves[:, :-1]) / np.sqrt(2.0)
    taken = np.mean([tells_apart([*map(Scores._make, each)]) for each in scores])
    assert taken == pytest.approx(0.0225, abs=0.006)


@pytest.fixture(scope="module")
def silent():
    """A log on whose every day everybody is as likely to buy, whatever they bought before."""
    draw = np.random.default_rng(5)
    rows = [
        (f"{who:03}", int(on), round(float(draw.gamma(2.0, 20.0)), 2))
        for who in range(400)
        for on in {int(draw.integers(0, 60)), *np.flatnonzero(draw.random(360) < 0.01)}
    ]
    history = book(rows, 359).history(day(359), 60)
    return Ensemble(("mbgcnbd", "naive_rate", "glm")).fit(history), history


def test_everyone_is_told_the_same_where_nothing_tells_them_apart(silent):
    model, history = silent
    told = model.predict(history, Horizon(90)).drop(columns="customer_id")
    assert not model.signal_
    assert NO_SIGNAL in model.notes_
    assert (told.nunique(dropna=False) == 1).all()
    assert told[["p_alive", "next_days"]].isna().all().all()
    product = told["expected_purchases"] * told["expected_order_value"]
    assert product.to_numpy() == pytest.approx(told["clv"].to_numpy())
    # 400 customers, 0.01 purchases a day of 40 each.
    assert told["clv"].mean() == pytest.approx(90 * 0.01 * 40, rel=0.2)


def test_everyone_goes_on_as_a_purchase_model_expects_of_all(silent):
    model, history = silent
    some, window = model.team_.companion, model.window_
    for horizon in (Horizon(30), Horizon(730)):
        growth = [each.predict(history, horizon)["clv"].sum() for each in (model, some)]
        growth = np.array(growth) / [
            each.predict(history, window)["clv"].sum() for each in (model, some)
        ]
        assert growth[0] == pytest.approx(growth[1], rel=0.01)
    assert growth[0] < 730 / window.n_days


def test_money_that_comes_later_is_worth_less(silent):
    model, history = silent
    own, later = (
        model.predict(history, Horizon(365), Money(annual_discount_rate=rate))["clv"].iloc[0]
        for rate in (0.0, 0.1)
    )
    assert own / 1.1 < later < own


@pytest.fixture(scope="module")
def young():
    """As `silent`, but so few buy that learners find enough today and not half a window ago."""
    draw = np.random.default_rng(8)
    rows = [
        (f"{who:03}", int(on), round(float(draw.gamma(2.0, 20.0)), 2))
        for who in range(70)
        for on in {int(draw.integers(0, 30)), *np.flatnonzero(draw.random(200) < 0.006)}
    ]
    history = book(rows, 199).history(day(199), 60)
    return Ensemble(("mbgcnbd", "naive_rate", "glm"), days=2).fit(history), history


def test_days_on_which_a_member_could_not_be_fitted_yet_are_asked_all_the_same(young):
    model, history = young
    earlier = history.rewind(day(139), model.window_)
    then = Team.fit(model.members, earlier, model.lesson).names
    assert "glm" in model.team_.names
    assert "glm" not in then
    assert model.days_ == 2
    assert not model.signal_
    assert model.weights_.sum() == pytest.approx(1.0)
    assert model.levels_.sum() == pytest.approx(1.0)


def test_saved_it_says_the_same(silent, tmp_path):
    model, history = silent
    model.save(tmp_path)
    again = Ensemble.load(tmp_path).predict(history, Horizon(90))
    pd.testing.assert_frame_equal(again, model.predict(history, Horizon(90)))


def test_its_season_is_for_days_near_the_one_it_was_fitted_on(tmp_path):
    rows = [(f"{who:02}", on, 10.0) for who in range(80) for on in range(who % 7, 800, 40)]
    history = book(rows, 780).history(day(780), 60)
    model = Ensemble(("mbgcnbd", "naive_rate"), days=1).fit(history)
    model.season_ = Season(np.log(2.0), 2 / 3)
    model.save(tmp_path)
    saved = Ensemble.load(tmp_path)
    moved = saved.predict(history, Horizon(60))["clv"].sum()
    saved.season_ = None
    assert moved == pytest.approx(2 ** (2 / 3) * saved.predict(history, Horizon(60))["clv"].sum())
    later = book(rows, 800).history(day(800), 60)
    told = [each.predict(later, Horizon(60))["clv"].sum() for each in (model, saved)]
    assert told[0] == told[1]
