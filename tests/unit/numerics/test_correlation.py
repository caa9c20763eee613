import numpy as np
import pytest
from scipy import stats

from clv.numerics.correlation import pearson, spearman


@pytest.mark.parametrize("slope", [-2.0, 0.0, 0.3])
def test_coefficients_and_p_values_are_scipys(slope):
    rng = np.random.default_rng(0)
    a = rng.integers(1, 8, 60).astype(float)
    b = slope * a + rng.normal(size=60)
    for ours, theirs in ((pearson, stats.pearsonr), (spearman, stats.spearmanr)):
        expected = theirs(a, b)
        assert ours(a, b).coefficient == pytest.approx(expected.statistic, rel=1e-10)
        assert ours(a, b).p_value == pytest.approx(expected.pvalue, rel=1e-8)


def test_nothing_to_correlate_is_no_correlation():
    assert pearson([1.0, 2.0], [1.0, 2.0]) == (0.0, 1.0)
    assert spearman([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]) == (0.0, 1.0)


def test_a_line_is_certain():
    assert pearson([1.0, 2.0, 3.0], [5.0, 4.0, 3.0]) == (-1.0, 0.0)
