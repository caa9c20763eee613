"""Totals of cohorts and of customers with opportunities, with what is uncertain of parameters."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from clv.numerics import bdw, bgbb, cohorts, contracts, histories, sbg
from clv.numerics.draws import draw_params, interval
from clv.numerics.optimise import Fit

CUSTOMERS, SEEN, AHEAD = 800, 6, 4


class Future(NamedTuple):
    """A fit, what is simulated with any parameters, and what came true."""

    found: Fit[Any]
    total: Callable[[Any], float]
    truth: float


def contract(
    p: sbg.SBGParams | bdw.BDWParams, fit: Callable[..., Fit[Any]], rng: np.random.Generator
) -> Future:
    t, lost = contracts.simulate(p, np.full(CUSTOMERS, float(SEEN)), rng)
    here = t[lost == 0]

    def total(drawn: Any) -> float:
        return float(contracts.simulate_future(drawn, AHEAD, here, rng).sum())

    return Future(fit(*cohorts.group(t, lost)), total, total(p))


def opportunity(p: bgbb.BGBBParams, rng: np.random.Generator) -> Future:
    T = np.full(CUSTOMERS, float(SEEN))
    x, t_x = bgbb.simulate(p, T, rng)

    def total(drawn: Any) -> float:
        return float(bgbb.simulate_future(drawn, AHEAD, x, t_x, T, rng).sum())

    return Future(bgbb.fit(*histories.tally(x, t_x, T)), total, total(p))


WORLDS: dict[str, Callable[[np.random.Generator], Future]] = {
    "bgbb": lambda rng: opportunity(bgbb.BGBBParams(1.2, 0.75, 0.66, 2.8), rng),
    "sbg": lambda rng: contract(sbg.SBGParams(0.7, 1.5), sbg.fit, rng),
    "bdw": lambda rng: contract(bdw.BDWParams(0.6, 2.0, 1.4), bdw.fit, rng),
}
each_world = pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)


@each_world
def test_draws_have_the_errors_of_the_fit(world):
    found = world(np.random.default_rng(0)).found
    drawn = draw_params(found.params, found.covariance, 4_000, np.random.default_rng(1))
    assert all(type(p) is type(found.params) for p in drawn)
    in_logs = np.array(found.standard_errors) / found.params
    np.testing.assert_allclose(np.log(drawn).std(axis=0), in_logs, rtol=0.05)
    np.testing.assert_allclose(np.log(drawn).mean(axis=0), np.log(found.params), atol=0.1)


@each_world
def test_intervals_of_totals_hold_what_came_true_as_often_as_they_say(world):
    held, worlds = 0, 40
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        future = world(rng)
        drawn = draw_params(future.found.params, future.found.covariance, 60, rng)
        lower, upper = interval(np.array([future.total(p) for p in drawn]), 0.8)
        held += lower <= future.truth <= upper
    # 32 expected, 2.5 standard deviation: outside once in 200 such tests by chance.
    assert 25 <= held <= 39


def test_uncertain_parameters_widen_the_interval_of_a_total():
    future, rng = WORLDS["bdw"](np.random.default_rng(3)), np.random.default_rng(4)
    found = future.found
    drawn = draw_params(found.params, found.covariance, 400, rng)
    uncertain, plugged = (
        interval(np.array([future.total(p) for p in params]), 0.9)
        for params in (drawn, [found.params] * 400)
    )
    assert uncertain.upper - uncertain.lower > 1.2 * (plugged.upper - plugged.lower)


@pytest.mark.parametrize("model", [sbg, bdw], ids=["sbg", "bdw"])
def test_one_contract_and_a_prior_give_draws_that_can_be_used(model):
    found = model.fit(np.array([2.0]), np.ones(1), np.ones(1), prior_sd=2.0)
    for p in draw_params(found.params, found.covariance, 50, np.random.default_rng(5)):
        assert np.isfinite(contracts.expected_renewals(p, 9, 2.0)).all()


def test_one_customer_and_a_prior_give_draws_that_can_be_used():
    row = np.array([3.0]), np.array([5.0]), np.array([6.0])
    found = bgbb.fit(*row, np.ones(1), prior_sd=2.0)
    for p in draw_params(found.params, found.covariance, 50, np.random.default_rng(5)):
        assert np.isfinite(bgbb.expected_purchases(p, 9, *row)).all()
