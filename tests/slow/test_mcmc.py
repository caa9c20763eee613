"""Laplace's approximation against the exact posterior of the CDNOW sample, by Markov chains."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clv.core.types import Floats
from clv.numerics import betageometric, bgnbd, histories, mbgnbd, optimise, paretonbd, posterior
from clv.numerics.draws import draw_params

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

DAYS_PER_WEEK = 7
WALKERS, SETTLING, STEPS, STRETCH = 48, 300, 1_200, 2.0
#: Of the Normal prior on log-parameters. The Pareto/NBD needs one: as s and beta run to infinity
#: together its likelihood falls no further, so that a flat prior leaves nothing to normalise.
PRIOR_SD = 2.0
#: Means agree within this many of the chain's standard deviations.
MEANS = 0.3
#: Deviations agree within this ratio; s and beta of the Pareto/NBD have a long tail to the right.
DEVIATIONS = {bgnbd: 1.2, mbgnbd: 1.2, paretonbd: 1.4}


@pytest.fixture(scope="module")
def sample(data_dir: Path) -> histories.Histories:
    rows = pd.read_parquet(data_dir / "cdnow" / "sample.parquet")
    days = rows[rows["date"] <= "1997-09-30"].drop_duplicates(["customer_id", "date"])
    seen = days.groupby("customer_id")["date"]
    first, last = seen.min(), seen.max()
    return histories.group(
        (seen.size() - 1.0).to_numpy(),
        ((last - first).dt.days / DAYS_PER_WEEK).to_numpy(),
        ((pd.Timestamp("1997-09-30") - first).dt.days / DAYS_PER_WEEK).to_numpy(),
    )


def stretch_moves(
    log_density: Callable[[Floats], float], walkers: Floats, rng: np.random.Generator
) -> tuple[Floats, float]:
    """Goodman and Weare's ensemble: (steps, walkers, k) positions, and the share of moves made.

    Walkers move along the lines to others, so that no scale or correlation needs to be tuned.
    """
    k, half = walkers.shape[1], len(walkers) // 2
    heights = np.array([log_density(place) for place in walkers])
    path, moved = np.empty((STEPS, *walkers.shape)), 0
    for step in range(-SETTLING, STEPS):
        for mine, others in ((slice(0, half), slice(half, None)), (slice(half, None), slice(half))):
            z = ((STRETCH - 1.0) * rng.uniform(size=half) + 1.0) ** 2 / STRETCH
            toward = walkers[others][rng.integers(half, size=half)]
            ahead = toward + z[:, None] * (walkers[mine] - toward)
            ahead_heights = np.array([log_density(place) for place in ahead])
            log_odds = (k - 1.0) * np.log(z) + ahead_heights - heights[mine]
            accepted = np.log(rng.uniform(size=half)) < log_odds
            walkers[mine] = np.where(accepted[:, None], ahead, walkers[mine])
            heights[mine] = np.where(accepted, ahead_heights, heights[mine])
            moved += int(accepted.sum()) if step >= 0 else 0
        if step >= 0:
            path[step] = walkers
    return path, moved / (STEPS * len(walkers))


@pytest.mark.parametrize("model", [bgnbd, mbgnbd, paretonbd], ids=["bgnbd", "mbgnbd", "paretonbd"])
def test_draws_agree_with_markov_chains(sample, model):
    rng = np.random.default_rng(13)
    seen = sample.x, sample.t_x, sample.T, sample.n
    found = model.fit(*seen, prior_sd=PRIOR_SD)
    unit, rate = sample.n @ sample.T / sample.n.sum(), sample.n @ sample.x / sample.n.sum()
    units = np.where(np.isin(found.params._fields, ("alpha", "beta")), unit, 1.0)
    likelihood = model._objective(sample.x, sample.t_x / unit, sample.T / unit, sample.n)
    starts = paretonbd._starts if model is paretonbd else betageometric.starts
    climb = optimise.with_prior(likelihood, np.log(starts(rate)[0]), PRIOR_SD)
    drawn = draw_params(found.params, found.covariance, 20_000, rng)
    laplace = np.log(np.array(drawn) / units)
    path, moved = stretch_moves(lambda place: climb(place)[0], laplace[:WALKERS].copy(), rng)
    assert 0.3 < moved < 0.8
    chain = path.reshape(-1, laplace.shape[1])
    # The chain has settled: its halves agree within 0.15 of its deviations.
    first, second = (half.mean(axis=(0, 1)) for half in np.split(path, 2))
    assert (np.abs(first - second) < 0.15 * chain.std(axis=0)).all()

    means = (laplace.mean(axis=0) - chain.mean(axis=0)) / chain.std(axis=0)
    deviations = laplace.std(axis=0) / chain.std(axis=0)
    assert (np.abs(means) < MEANS).all(), means
    assert (np.abs(np.log(deviations)) < np.log(DEVIATIONS[model])).all(), deviations
    np.testing.assert_allclose(np.corrcoef(laplace.T), np.corrcoef(chain.T), atol=0.1)

    # What it comes to: the purchases all customers are expected to make in 39 weeks.
    kind = type(found.params)
    by_laplace, by_chain = (
        np.array([sample.n @ posterior.expected_purchases(kind(*p), 39.0, *seen[:3]) for p in rows])
        for rows in (np.exp(laplace[:400]) * units, np.exp(rng.choice(chain, 400)) * units)
    )
    assert by_laplace.mean() == pytest.approx(by_chain.mean(), abs=0.5 * by_chain.std())
    assert by_laplace.std() == pytest.approx(by_chain.std(), rel=0.25)
