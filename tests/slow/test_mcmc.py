"""Laplace's approximation against the exact posterior of the CDNOW sample, by Markov chains."""

from collections.abc import Callable

import numpy as np
import pytest

from clv.core.types import Floats
from clv.numerics import betageometric, nbd, optimise, outlook, paretonbd
from clv.numerics.draws import draw_params
from tests.calibration import CDNOW_SAMPLE, Calibration, calibrate
from tests.purchase_models import FITS, TIMES, objective, positives

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

WALKERS, SETTLING, STEPS, STRETCH = 48, 300, 1_200, 2.0
#: Of the Normal prior on log-parameters. The Pareto/NBD needs one: as s and beta run to infinity
#: together its likelihood falls no further, so that a flat prior leaves nothing to normalise.
PRIOR_SD = 2.0
#: Means agree within so many of the chain's standard deviations, deviations within such a ratio;
#: s and beta of the Pareto/NBD have a long tail.
WITHIN = {
    "nbd": (0.1, 1.1),
    "bgnbd": (0.3, 1.2),
    "mbgnbd": (0.3, 1.2),
    "paretonbd": (0.4, 1.4),
    "mbgcnbd": (0.3, 1.2),
}


@pytest.fixture(scope="module")
def sample(data_dir) -> Calibration:
    return calibrate(data_dir / CDNOW_SAMPLE, "1997-09-30", 39)


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


@pytest.mark.parametrize("name", WITHIN)
def test_draws_agree_with_markov_chains(sample, name):
    rng = np.random.default_rng(13)
    x, t_x, T, n = sample.counted
    found = FITS[name](x, t_x, T, n, prior_sd=PRIOR_SD)
    estimate = positives(found.params)
    # Where the fit searches: in units of the mean time observed.
    unit, rate = n @ T / n.sum(), n @ x / n.sum()
    units = np.where(np.isin(found.params._fields[: len(estimate)], TIMES), unit, 1.0)
    likelihood = objective(name, found.params, (x, t_x / unit, T / unit), n)
    starts = {"nbd": nbd.starts, "paretonbd": paretonbd.starts}.get(name, betageometric.starts)
    centre = np.log(starts(getattr(found.params, "k", 1) * rate)[0])
    climb = optimise.with_prior(likelihood, centre, PRIOR_SD)
    drawn = draw_params(found.params, found.covariance, 20_000, rng)
    laplace = np.log(np.array([positives(p) for p in drawn]) / units)
    path, moved = stretch_moves(lambda place: climb(place)[0], laplace[:WALKERS].copy(), rng)
    assert 0.3 < moved < 0.8
    chain = path.reshape(-1, laplace.shape[1])
    # The chain has settled: its halves agree within 0.15 of its deviations.
    first, second = (half.mean(axis=(0, 1)) for half in np.split(path, 2))
    assert (np.abs(first - second) < 0.15 * chain.std(axis=0)).all()

    means = (laplace.mean(axis=0) - chain.mean(axis=0)) / chain.std(axis=0)
    deviations = laplace.std(axis=0) / chain.std(axis=0)
    of_means, of_deviations = WITHIN[name]
    assert (np.abs(means) < of_means).all(), means
    assert (np.abs(np.log(deviations)) < np.log(of_deviations)).all(), deviations
    np.testing.assert_allclose(np.corrcoef(laplace.T), np.corrcoef(chain.T), atol=0.1)

    # What it comes to: the purchases all customers are expected to make in 39 weeks.
    def totals(logs: Floats) -> Floats:
        each = (
            found.params._replace(**dict(zip(found.params._fields, p, strict=False)))
            for p in np.exp(logs) * units
        )
        return np.array([n @ outlook.expected_purchases(p, 39.0, x, t_x, T) for p in each])

    by_laplace, by_chain = totals(laplace[:400]), totals(rng.choice(chain, 400))
    assert by_laplace.mean() == pytest.approx(by_chain.mean(), abs=0.5 * by_chain.std())
    assert by_laplace.std() == pytest.approx(by_chain.std(), rel=0.25)
