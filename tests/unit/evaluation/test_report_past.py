import dataclasses

import numpy as np
import pytest

from clv.core.types import AsOf, Horizon
from clv.evaluation import honesty
from clv.evaluation.backtest import Origin, Trial
from clv.evaluation.report import past
from clv.models.distribution import Spread
from tests import report_past


def judged(chance, actual):
    origin = Origin(AsOf.parse("2020-01-01"), Horizon(90))
    spread = Spread(chance, np.ones(len(chance)), np.zeros(len(chance), int), np.ones((1, 400)))
    trial = Trial(origin, None, 1.0, actual, actual > 0, {}, {}, {})
    return honesty.Judged(trial, spread, chance, honesty.HELD_OUT)


def coverage(**more):
    told = {"promised": 0.9, "above": 0.05, "below": 0.0, "reached": 0.95, "expected_above": 0.05}
    return told | {"origins": [{"cutoff": "2020-01-01", "customers": 10_000}]} | more


def test_true_chances_are_reliable_and_beat_the_base_rate():
    draw = np.random.default_rng(3)
    chance = draw.uniform(0.05, 0.95, 40_000)
    actual = np.where(draw.random(40_000) < chance, 5.0, 0.0)
    halves = [judged(chance[:20_000], actual[:20_000]), judged(chance[20_000:], actual[20_000:])]
    told = honesty.churn(halves)
    assert told["customers"] == sum(group["count"] for group in told["reliability"]) == 40_000
    assert told["error"] < 0.01
    # Of a true chance p, the score is E p (1 - p), here 1/4 less the variance of p.
    assert told["brier"] == pytest.approx(0.25 - 0.9**2 / 12, abs=2e-3)
    assert told["brier_of_base_rate"] == pytest.approx(0.25, abs=1e-3)
    assert told["days"] == 90


def test_the_chance_is_of_no_purchase():
    told = honesty.churn([judged(np.full(10, 0.2), np.array([9.0, 9.0, *[0.0] * 8]))])
    assert told["reliability"] == [
        {"chance": pytest.approx(0.8), "share": pytest.approx(0.8), "count": 10}
    ]
    assert told["brier"] == pytest.approx(told["brier_of_base_rate"])


def test_an_order_for_nothing_is_a_purchase():
    found = judged(np.full(4, 0.5), np.zeros(4))
    trial = dataclasses.replace(found.trial, bought=np.array([True, True, False, False]))
    told = honesty.churn([found._replace(trial=trial)])
    assert told["reliability"][0]["share"] == 0.5


def test_no_day_that_could_be_judged_tells_nothing():
    assert honesty.churn([]) == {}
    assert past.churn(honesty.churn([])) is None
    assert past.churn(None) is None


def test_groups_are_drawn_by_rising_chance_within_round_ends():
    groups = [
        {"chance": 0.91, "share": 0.93, "count": 30},
        {"chance": 0.72, "share": 0.66, "count": 50},
    ]
    drawn = past.churn({"reliability": groups, "brier": 0.1, "brier_of_base_rate": 0.16})
    assert drawn["chance"] == [0.72, 0.91]
    assert (drawn["low"], drawn["high"], drawn["step"]) == (0.6, 1.0, 0.1)
    assert drawn["better"] == pytest.approx(0.375)
    assert drawn["customers"] == 80


@pytest.mark.parametrize(
    ("above", "customers", "verdict"),
    [
        (0.05, 10_000, "kept"),
        (0.08, 10_000, "too narrow"),
        (0.02, 10_000, "too wide"),
        (0.08, 100, "kept"),
    ],
)
def test_the_verdict_allows_for_chance_and_for_little_else(above, customers, verdict):
    days = [{"cutoff": "2020-01-01", "customers": customers}]
    assert past.intervals(coverage(above=above, origins=days))["verdict"] == verdict


def test_the_verdict_asks_what_was_to_be_expected():
    assert past.intervals(coverage(above=0.02, expected_above=0.021))["verdict"] == "kept"


def test_groups_are_means_over_the_days_that_have_them():
    days = [
        {"cutoff": "2020-01-01", "above_within": {"onetimer": 0.02, "top third": 0.08}},
        {"cutoff": "2020-04-01", "above_within": {"onetimer": 0.04}},
    ]
    told = past.intervals(coverage(origins=days))
    shares = {group["label"]: group["above"] for group in told["groups"]}
    assert shares == {
        "All customers": 0.05,
        "One-time buyers": pytest.approx(0.03),
        "Highest third": pytest.approx(0.08),
    }
    assert told["groups"][2]["by_day"] == [0.08, None]
    assert told["scale"] == pytest.approx(0.1)


@pytest.mark.parametrize("told", [None, {}, {"promised": 0.9, "origins": []}])
def test_intervals_that_were_not_checked_are_none(told):
    assert past.intervals(told) is None
    assert past.pit(told) is None


def test_where_outcomes_fell_adds_up_to_everybody():
    drawn = past.pit(report_past.coverage())
    assert len(drawn["share"]) == len(drawn["labels"]) == 10
    assert sum(drawn["share"]) == pytest.approx(1, abs=1e-4)


def test_totals_inside_their_interval_are_counted():
    day = {"cutoff": "2020-01-01", "forecast": 10.0, "lower": 8.0, "upper": 13.0, "past_totals": 0}
    told = past.totals(
        {"past": [{**day, "actual": 9.0}, {**day, "actual": 14.0, "past_totals": 2}]}
    )
    assert told["inside"] == [True, False]
    assert (told["n_inside"], told["untaught"]) == (1, 1)


def test_a_past_total_without_ends_is_left_out():
    day = {"cutoff": "2020-01-01", "forecast": 10.0, "lower": float("nan"), "upper": 1.0}
    assert past.totals({"past": [{**day, "actual": 9.0}]}) is None
    assert past.totals({}) is None
