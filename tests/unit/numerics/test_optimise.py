import numpy as np
import pytest

from clv.core.errors import FitError
from clv.core.types import Floats
from clv.numerics import optimise

NAMES = optimise.Names("Toy", ("u", "v"), ("u low", "v low"), ("u high", "v high"), "Do else.")
SUMMIT = np.array([0.5, -1.0])
CURVATURE = np.array([[4.0, 1.0], [1.0, 2.0]])


def hill(log_p: Floats) -> tuple[float, Floats]:
    away = log_p - SUMMIT
    return float(-away @ CURVATURE @ away / 2), -CURVATURE @ away


def test_maximise_finds_the_summit_and_its_covariance():
    found = optimise.maximise(hill, hill, [np.zeros(2), np.array([3.0, 3.0])], 10, NAMES)
    np.testing.assert_allclose(found.log_p, SUMMIT, atol=1e-8)
    np.testing.assert_allclose(found.covariance, np.linalg.inv(CURVATURE), rtol=1e-6)
    assert found.value == pytest.approx(0.0, abs=1e-12)


def test_the_best_of_two_summits_is_taken():
    def two(log_p: Floats) -> tuple[float, Floats]:
        u, v = log_p
        high, low = 2 * np.exp(-((u - 2) ** 2)), np.exp(-((u + 2) ** 2))
        slope = -2 * (u - 2) * high - 2 * (u + 2) * low
        return float(high + low - v**2), np.array([slope, -2 * v])

    starts = [np.array([-2.5, 0.1]), np.array([2.5, 0.1])]
    assert optimise.maximise(two, two, starts, 1, NAMES).log_p[0] == pytest.approx(2.0, abs=1e-6)


@pytest.mark.parametrize(("sign", "told"), [(1.0, "infinity.*u high"), (-1.0, "0 .*u low")])
def test_a_parameter_that_runs_away_is_named_with_its_meaning(sign, told):
    def ramp(log_p: Floats) -> tuple[float, Floats]:
        u, v = log_p
        # Rises ever more gently, as a likelihood does toward a limit.
        return float(-np.exp(-sign * u) - v**2), np.array([sign * np.exp(-sign * u), -2 * v])

    with pytest.raises(FitError, match=f"Toy: u runs away to {told}. Do else."):
        optimise.maximise(ramp, ramp, [np.zeros(2)], 7, NAMES)


def test_a_flat_direction_is_undetermined():
    def ridge(log_p: Floats) -> tuple[float, Floats]:
        u, v = log_p
        return float(-(u**2) - 1e-6 * v**2), np.array([-2 * u, -2e-6 * v])

    with pytest.raises(FitError, match="do not determine v"):
        optimise.maximise(ridge, ridge, [np.array([1.0, 0.0])], 7, NAMES)


def test_a_climb_that_does_not_end_says_so():
    def slippery(log_p: Floats) -> tuple[float, Floats]:
        return 0.0, np.array([np.cos(1e5 * log_p[0]), 1.0]) * 1e-3

    with pytest.raises(FitError, match=r"Toy"):
        optimise.maximise(slippery, slippery, [np.zeros(2)], 7, NAMES)


def test_natural_scale_is_the_delta_method():
    summit = optimise.Summit(np.log([2.0, 3.0]), np.array([[0.04, 0.01], [0.01, 0.09]]), 0.0, 1)
    params, errors, covariance = optimise.natural_scale(summit, np.array([1.0, 7.0]))
    np.testing.assert_allclose(params, [2.0, 21.0])
    np.testing.assert_allclose(errors, [0.4, 6.3])
    np.testing.assert_allclose(covariance, [[0.16, 0.42], [0.42, 39.69]])
