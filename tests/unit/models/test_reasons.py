"""Reasons: what moved a forecast is found, told once, in words, and the same in any company."""

from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from clv.core.types import AsOf, Horizon
from clv.features.book import History
from clv.features.catalogue import THEMES
from clv.features.exogenous import series_features
from clv.models.companion import OUTPUTS
from clv.models.learners.encoder import Encoder
from clv.models.reasons import Explainer, moved_by, reasons
from clv.models.reasons.aspects import NONE, Aspects
from clv.models.reasons.drivers import MOST, joined
from clv.models.reasons.phrases import (
    FORM_OF,
    OF_REPEATERS,
    OF_THE_ONE_DAY,
    UNSPOKEN,
    phrase,
    unit,
)
from clv.models.reasons.sentences import sentence
from clv.models.reasons.values import written
from tests.straight import Straight

CATALOGUE = {feature.name: feature for features in THEMES.values() for feature in features}
#: Two forms of silence and a relative of it, spend of two windows, a text, a column of the user's.
FRAME = pd.DataFrame(
    {
        "quiet_days": [10.0, 90.0, 200.0, 20.0],
        "quiet_days_log": np.log1p([10.0, 90.0, 200.0, 20.0]),
        "quiet_to_gap_mean": [0.5, 3.75, np.nan, 1.0],
        "spend_30d": [100.0, 0.0, 0.0, 60.0],
        "spend_90d": [310.4, 0.0, 0.0, 80.0],
        "first_channel": ["WEB", "Direct", None, "WEB"],
        "known_age": [31.0, 40.0, 50.0, np.nan],
    }
).loc[np.repeat(range(4), 10)]
ENCODER = Encoder.learn(FRAME)
X = ENCODER.of(FRAME)[::10]
COLUMNS = {name: place for place, name in enumerate(ENCODER.names)}


def straight(learner="straight", **slopes):
    """A learner whose log forecast is a sum of straight lines through columns."""
    lines = {name.replace("__", " = "): slope for name, slope in slopes.items()}
    return Straight(ENCODER.names, lines, learner)


def explained(*learners, weights=None, training=X, rows=X, currency=None):
    weights = np.ones(len(learners)) if weights is None else np.array(weights)
    explainer = Explainer.learn(ENCODER, learners, weights, training)
    return moved_by(explainer, explainer.drivers(rows), currency).to_pylist()


def test_every_feature_that_learners_may_see_has_words_of_its_own():
    named = [*(name for name, feature in CATALOGUE.items() if not feature.of_day), *OUTPUTS]
    plain = [name for name in named if name not in FORM_OF]
    told = [phrase(name, 1_095) for name in plain]
    lacking = [n for n, p in zip(plain, told, strict=True) if p.words == n.replace("_", " ")]
    # These are plain words already.
    assert set(lacking) <= {"acquisition_cost", "favourite_weekday"}
    assert len({p.words for p in told}) >= len(told) - 1
    assert not [p.words for p in told if "_" in p.words or len(p.words) > 66]
    assert not [p.words for p in told if " times " in p.words or "{" in p.words]


def test_forms_are_of_features_there_are():
    assert set(FORM_OF) | set(FORM_OF.values()) <= set(CATALOGUE)
    assert not set(FORM_OF) & set(FORM_OF.values())
    assert {*OF_REPEATERS, *OF_THE_ONE_DAY, *OF_THE_ONE_DAY.values(), *UNSPOKEN} <= set(CATALOGUE)


def test_columns_of_the_user_are_told_by_their_names():
    assert phrase("known_loyalty_tier").words == "loyalty tier"
    assert phrase("total_orders").words == "total orders"
    assert unit("total_orders") == ""
    series = [feature.name for feature in series_features(("series_ad_spend",))]
    assert {phrase(name).family for name in series} == {"ad_spend"}


@pytest.mark.parametrize(
    ("value", "of", "text"),
    [
        (310.4, "currency", "EUR 310"),
        (3.5, "currency", "EUR 3.50"),
        (9.996, "currency", "EUR 10"),
        (1_234_567.8, "currency per month", "EUR 1,234,568"),
        (-12.3, "currency", "EUR -12"),
        (24.4, "days", "24"),
        (3.75, "ratio", "3.8"),
        (2.0, "ratio", "2"),
        (0.25, "ratio", "0.25"),
        (-0.001, "-1 to 1", "0"),
        (0.457, "share", "46 %"),
        (0.004, "share", "0.4 %"),
        (0.0004, "share", "under 0.1 %"),
        (0.0, "share", "0 %"),
        (0.004, "currency", "under EUR 0.01"),
        (0.0, "currency", "EUR 0"),
        (1.0, "0 or 1", "yes"),
        (3.0, "1 to 12", "March"),
        (0.0, "0 Monday to 6 Sunday", "Monday"),
        (np.nan, "currency", "none"),
    ],
)
def test_values_are_written_as_a_reader_would(value, of, text):
    assert written(np.array([value, 7.0]), of, "EUR")[0].as_py() == text


def test_an_amount_without_a_known_currency_is_a_number():
    assert written(np.array([1_500.0]), "currency", None).to_pylist() == ["1,500"]


def test_what_moved_a_forecast_is_told_with_its_value():
    told = explained(straight(spend_90d=0.004, quiet_to_gap_mean=-0.4), currency="EUR")
    assert told[0] == (
        "; forecast raised by spend in the last 90 days (EUR 310)"
        " and days quiet over the usual gap (0.5)"
    )
    assert told[1] == (
        "; forecast lowered by days quiet over the usual gap (3.8)"
        " and spend in the last 90 days (EUR 0)"
    )


def test_both_directions_and_texts():
    told = explained(straight(quiet_days=0.01, first_channel__WEB=1.0, known_age=-0.1))
    assert told[0] == (
        "; forecast raised by channel of the first purchase (WEB),"
        " lowered by days since the last purchase (10) and age (31)"
    )
    assert "channel of the first purchase (none)" in told[2]


def test_three_reasons_are_listed_as_in_a_sentence():
    told = explained(straight(quiet_days=-0.02, spend_90d=0.004, first_channel__WEB=0.9))
    assert told[0] == (
        "; forecast raised by days since the last purchase (10), spend in the last 90 days (310)"
        " and channel of the first purchase (WEB)"
    )


def test_forms_of_a_feature_add_up_and_relatives_are_named_once():
    """Neither form alone outweighs the other feature; together they do, under the plain name."""
    learner = straight(quiet_days=-0.004, quiet_days_log=-0.2, quiet_to_gap_mean=-0.1)
    explainer = Explainer.learn(ENCODER, [learner], np.ones(1), X)
    parts = explainer.parts(X)
    silence = explainer.aspects.names.index("quiet_days")
    both = X[:, [COLUMNS["quiet_days"], COLUMNS["quiet_days_log"]]] @ [-0.004, -0.2]
    np.testing.assert_allclose(parts[:, silence], both - both.mean(), atol=1e-12)
    assert "quiet_days_log" not in explainer.aspects.names
    told = moved_by(explainer, explainer.drivers(X), None).to_pylist()
    assert told[0] == "; forecast raised by days since the last purchase (10)"


def test_a_relative_that_points_the_other_way_is_not_named():
    learner = straight(spend_90d=0.01, spend_30d=-0.005)
    told = explained(learner)
    assert told[0] == "; forecast raised by spend in the last 90 days (310)"


def test_a_mean_customer_has_no_reasons():
    same = np.repeat(X[:1], 50, axis=0)
    told = explained(straight(quiet_days=-0.5, spend_90d=2.0), training=same, rows=same[:3])
    assert told == ["", "", ""]


@pytest.mark.parametrize(("slope", "worth_a_word"), [(0.0004, True), (0.0002, False)])
def test_a_small_move_is_not_worth_a_word(slope, worth_a_word):
    """310 less a mean of 98 in the last 90 days move the first forecast by 8.9 or 4.3 %."""
    assert bool(explained(straight(spend_90d=slope))[0]) is worth_a_word


def test_learners_count_by_their_weights():
    one = straight("one", spend_90d=0.004)
    other = straight("other", spend_90d=-0.004, quiet_days=-0.01)
    for weights, words in (((3, 1), "raised by spend"), ((1, 3), "lowered by spend")):
        assert words in explained(one, other, weights=weights)[0]
    explainer = Explainer.learn(ENCODER, [one, other], np.array([1.0, 3.0]), X)
    np.testing.assert_allclose(explainer.weights, [0.25, 0.75])
    mean = 0.25 * one.predict(X) + 0.75 * other.predict(X)
    np.testing.assert_allclose(explainer.forecast(X), mean, rtol=1e-12)


@pytest.mark.parametrize(("weight", "speaks"), [(0.7, "quick"), (0.3, "both")])
def test_quick_learners_speak_for_slow_ones_where_they_hold_half_of_the_weight(weight, speaks):
    quick, slow = straight("glm", quiet_days=-0.02), straight("slow", spend_90d=0.01)
    explainer = Explainer.learn(ENCODER, [quick, slow], np.array([weight, 1.0 - weight]), X)
    silence, spend = (
        explainer.parts(X)[:, explainer.aspects.names.index(n)] for n in ("quiet_days", "spend_90d")
    )
    days = X[:, COLUMNS["quiet_days"]]
    share = 1.0 if speaks == "quick" else weight
    np.testing.assert_allclose(silence, -0.02 * share * (days - days.mean()), atol=1e-12)
    assert spend.any() == (speaks == "both")


def test_company_and_lots_change_nothing():
    explainer = Explainer.learn(
        ENCODER, [straight(quiet_days=-0.02, spend_90d=0.01)], np.ones(1), X
    )
    together = explainer.drivers(X)
    apart = joined([explainer.drivers(X[row : row + 1]) for row in range(len(X))])
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_array_equal(one, other)
    assert together.aspect.shape == (len(X), MOST)
    assert (together.aspect[:, -1] == NONE).all()
    nobody = explainer.drivers(X[:0])
    assert nobody.aspect.shape == (0, MOST)
    assert moved_by(explainer, nobody, None).to_pylist() == []


def test_what_was_learned_is_kept():
    learners = {"a": straight("a", quiet_days=-0.02), "b": straight("b", spend_90d=0.01)}
    explainer = Explainer.learn(ENCODER, [learners["b"], learners["a"]], np.array([2.0, 1.0]), X)
    again = Explainer.from_json(explainer.to_json(), ENCODER, learners)
    assert again.learners == (learners["b"], learners["a"])
    np.testing.assert_array_equal(again.parts(X), explainer.parts(X))


def test_values_of_aspects_are_those_of_the_plain_columns():
    aspects = Aspects.of(ENCODER)
    channel, age = (aspects.names.index(name) for name in ("first_channel", "known_age"))
    texts = ENCODER.texts("first_channel")
    found = aspects.values(X, np.arange(4), np.full(4, channel))
    assert [None if np.isnan(v) else texts[int(v)] for v in found] == ["WEB", "Direct", None, "WEB"]
    ages = aspects.values(X, np.arange(4), np.full(4, age))
    np.testing.assert_array_equal(ages, [31, 40, 50, np.nan])
    own, *others = aspects.forms("quiet_days")
    assert (own, others) == (COLUMNS["quiet_days"], [COLUMNS["quiet_days_log"]])


#: A one-timer whose one purchase makes all figures of spend, and a repeater with the same ones.
DAYS = pd.DataFrame(
    {
        "purchase_days": [1.0, 4.0, 2.0, 1.0],
        "quiet_days": [90.0, 90.0, 10.0, 10.0],
        "maturity": [0.0, 0.1, 0.9, 0.0],
        "spend_first": [99.0, 20.0, 40.0, 10.0],
        "spend_min": [99.0, 99.0, 40.0, 10.0],
        "gap_mean": [np.nan, 30.0, 20.0, np.nan],
    }
).loc[np.repeat(range(4), 10)]


@pytest.mark.parametrize(
    ("slopes", "once", "often"),
    [
        ({"spend_min": 0.01}, "spend on the first purchase day (99)",
         "smallest spend on a day (99)"),
        ({"maturity": 4.0, "quiet_days": -0.005}, "days since the last purchase (90)",
         "part of the time since the first purchase up to the last (10 %)"),
        ({"gap_mean": -0.05}, "", "days between purchases (30)"),
    ],
)  # fmt: skip
def test_of_a_one_timer_is_told_what_one_day_can_tell(slopes, once, often):
    encoder = Encoder.learn(DAYS)
    rows = encoder.of(DAYS)
    learner = Straight(encoder.names, slopes, "straight")
    explainer = Explainer.learn(encoder, [learner], np.ones(1), rows)
    said = moved_by(explainer, explainer.drivers(rows[:20:10]), None).to_pylist()
    assert once in said[0]
    assert bool(said[0]) == bool(once)
    assert often in said[1]


def test_columns_of_a_table_are_told_by_their_own_names_whatever_ours_mean():
    """One that has a feature's name is neither told as the feature, nor in its unit, nor as
    another form of it."""
    frame = pd.DataFrame(
        {
            "gap_mean": [1.0, 2.0, 3.0, 9.0],
            "return_rate": [0.1, 0.2, 0.2, 0.9],
            "purchase_days": [1.0, 1.0, 1.0, 2.0],
            "quiet_days": [0.0, 0.0, 1.0, 0.0],
            "quiet_days_log": [1.0, 0.0, 0.0, 0.0],
        }
    )
    encoder = Encoder.learn(frame)
    rows = encoder.of(frame)
    learner = Straight(encoder.names, {"gap_mean": 0.1, "return_rate": 1.0, "quiet_days_log": 2.0})
    explainer = Explainer.learn(encoder, [learner], np.ones(1), rows, catalogued=False)
    said = moved_by(explainer, explainer.drivers(rows), "EUR").to_pylist()
    assert said[3] == (
        "; forecast raised by return rate (0.9) and gap mean (9), lowered by quiet days log (0)"
    )
    assert "quiet days log (1)" in said[0]
    again = Explainer.from_json(explainer.to_json(), encoder, {learner.name: learner})
    assert moved_by(again, again.drivers(rows), "EUR").to_pylist() == said


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (None, "chance of a purchase by one purchase model (6 %)"),
        (Horizon.days(365), "chance of a purchase over 365 days by one purchase model (6 %)"),
    ],
)
def test_a_figure_of_the_purchase_model_is_told_as_its_own(window, words):
    frame = pd.DataFrame({"model_chance": [0.06, 0.5, 0.9, 0.2]})
    encoder = Encoder.learn(frame)
    rows = encoder.of(frame)
    learner = Straight(encoder.names, {"model_chance": 2.0})
    explainer = Explainer.learn(encoder, [learner], np.ones(1), rows)
    said = moved_by(explainer, explainer.drivers(rows), None, window).to_pylist()
    assert said[0] == f"; forecast lowered by {words}"


def test_what_a_figure_cannot_say_is_told_without_it():
    frame = pd.DataFrame({"discount_x_frequency": [0.0, 0.3, 0.5, 4.0]})
    encoder = Encoder.learn(frame)
    rows = encoder.of(frame)
    learner = Straight(encoder.names, {"discount_x_frequency": 1.0})
    explainer = Explainer.learn(encoder, [learner], np.ones(1), rows)
    said = moved_by(explainer, explainer.drivers(rows), None).to_pylist()
    assert said[3] == "; forecast raised by purchase days combined with discounts"


def told(rows, moved=None, signal=True):
    """Sentences of customers (x, t_x, T, p_alive, expected order value), 50 being typical."""
    frame = pd.DataFrame(rows, columns=["x", "t_x", "T", "p_alive", "expected_order_value"])
    history = SimpleNamespace(frame=frame, as_of=date(2024, 1, 1))
    return reasons(history, frame, 50.0, moved, signal=signal).to_pylist()


def test_rhythm_silence_and_order_value():
    assert told(
        [
            (4, 96, 186, 0.5, 70.0),
            (0, 0, 1, 0.2, 50.0),
            (9, 9, 1_209, 0.9, 25.0),
            (0, 0, 30, 1.0, 51.0),
        ]
    ) == [
        "ordered every 24 days, now 90 days quiet; may be gone; spends 40 % more an order than is"
        " typical",
        "ordered once, 1 day ago; most likely gone; spends what is typical",
        "ordered every day, now 1,200 days quiet; still a customer; spends 50 % less an order than"
        " is typical",
        "ordered once, 30 days ago; spends what is typical",
    ]


def test_without_signal_nothing_is_said_of_what_comes():
    assert told([(4, 96, 186, 0.5, 70.0)], signal=False) == [
        "ordered every 24 days, now 90 days quiet; forecast like everyone, as the past tells nobody"
        " apart"
    ]


def test_one_sentence_is_the_one_of_the_column():
    draw = np.random.default_rng(1)
    n = 400
    x = draw.integers(0, 12, n)
    t_x = np.where(x > 0, x * draw.integers(1, 300, n), 0)
    quiet = draw.integers(0, 3_000, n)
    p_alive = np.where(draw.random(n) < 0.1, 1.0, draw.random(n))
    value = draw.lognormal(3.0, 1.0, n)
    frame = pd.DataFrame({"x": x, "t_x": t_x, "T": t_x + quiet})
    history = History(frame, AsOf(date(2024, 6, 30)), date(2010, 1, 1), 90)
    delivered = pd.DataFrame({"p_alive": p_alive, "expected_order_value": value})
    for typical in (20.0, 0.0):
        column = reasons(history, delivered, typical).to_pylist()
        each = zip(x, t_x, quiet, p_alive, value, strict=True)
        assert [sentence(*one, typical) for one in each] == column
