"""Recomputed figures of the NBD, in weeks, purchases merged by day."""

import numpy as np
import pytest

from clv.numerics import nbd, outlook
from tests.calibration import CDNOW_SAMPLE, calibrate


# Recomputed with another implementation of Ehrenberg's (1959) model: CDNOW sample, 39 / 39 weeks
def test_nbd_of_the_sample(data_dir):
    sample = calibrate(data_dir / CDNOW_SAMPLE, "1997-09-30", 39)
    found = sample.fit(nbd)
    assert found.params.r == pytest.approx(0.38477, abs=5e-6)
    assert found.params.alpha == pytest.approx(12.0720, abs=5e-5)
    assert found.loglik == pytest.approx(-9763.658, abs=5e-4)
    expected = outlook.expected_purchases(found.params, 39.0, *sample.seen)
    assert sample.bought_later.sum() == 1882
    assert expected.sum() == pytest.approx(2929.8, abs=0.05)
    assert np.abs(expected - sample.bought_later).mean() == pytest.approx(1.041, abs=5e-4)
