"""Errors of figures of windows that overlap, against the truth of simulated days."""

import numpy as np
import pytest

from clv.models import overlap


def of_windows(k, share, logs=20_000, seed=0):
    """(logs, k) sums of chance over windows of 12 days that share so many with the next."""
    days = np.random.default_rng(seed).standard_normal((logs, 12 * k))
    return np.stack([days[:, i * (12 - share) :][:, :12].sum(axis=1) for i in range(k)], axis=1)


def correlations(k, share):
    apart = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) * (12 - share)
    return np.maximum(12 - apart, 0) / 12


@pytest.mark.parametrize("share", [0, 4, 6])
@pytest.mark.parametrize("k", [2, 3, 4, 6])
def test_the_told_error_of_a_mean_is_the_true_one(k, share):
    found, alike = of_windows(k, share), correlations(k, share)
    told = np.array([overlap.standard_error(each, alike) for each in found])
    true = found.mean(axis=1).std()
    assert np.sqrt(np.mean(told**2)) == pytest.approx(true, rel=0.03)
    plain = np.sqrt(found.var(axis=1, ddof=1).mean() / k)
    if share:
        assert plain < 0.85 * true
    else:
        np.testing.assert_allclose(told, found.std(axis=1, ddof=1) / np.sqrt(k), rtol=1e-12)


def test_with_half_shared_it_is_as_worked_out_by_hand():
    # Four windows: sum of correlations 7, variance of the mean 7 / 16, of the sample 3 / 4.
    values = np.array([1.0, 3.0, 2.0, 6.0])
    by_hand = np.sqrt(values.var(ddof=1) / (3 / 4) * 7 / 16)
    assert overlap.standard_error(values, correlations(4, 6)) == pytest.approx(by_hand)


@pytest.mark.parametrize("share", [0, 4, 6])
@pytest.mark.parametrize("k", [1, 2, 4, 6])
def test_a_sum_of_squares_varies_as_its_degrees_of_freedom_say(k, share):
    squares = np.square(of_windows(k, share, logs=40_000)).sum(axis=1)
    # The mean of a chi-square is its freedom, the variance twice that.
    true = 2.0 * squares.mean() ** 2 / squares.var()
    assert overlap.freedom(correlations(k, share)) == pytest.approx(true, rel=0.05)
    assert overlap.freedom(np.empty((0, 0))) == 0
