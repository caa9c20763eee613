"""Recomputed figures of the NBD, in weeks, purchases merged by day."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clv.numerics import histories, nbd

DAYS_PER_WEEK = 7


@pytest.fixture(scope="module")
def purchase_days(data_dir: Path) -> pd.DataFrame:
    rows = pd.read_parquet(data_dir / "cdnow" / "sample.parquet")
    return rows[["customer_id", "date"]].drop_duplicates()


# Recomputed with another implementation of Ehrenberg's (1959) model: CDNOW sample, 39 / 39 weeks
def test_nbd_of_the_sample(purchase_days):
    end = pd.Timestamp("1997-09-30")
    seen = purchase_days[purchase_days["date"] <= end].groupby("customer_id")["date"]
    later = purchase_days[purchase_days["date"] > end].groupby("customer_id").size()
    x = (seen.size() - 1.0).to_numpy()
    t_x = ((seen.max() - seen.min()).dt.days / DAYS_PER_WEEK).to_numpy()
    T = ((end - seen.min()).dt.days / DAYS_PER_WEEK).to_numpy()
    found = nbd.fit(*histories.group(x, t_x, T)[:4])
    assert found.params.r == pytest.approx(0.38477, abs=5e-6)
    assert found.params.alpha == pytest.approx(12.0720, abs=5e-5)
    assert found.loglik == pytest.approx(-9763.658, abs=5e-4)
    expected = nbd.expected_purchases(found.params, 39.0, x, t_x, T)
    bought = later.reindex(seen.size().index, fill_value=0).to_numpy(float)
    assert bought.sum() == 1882
    assert expected.sum() == pytest.approx(2929.8, abs=0.05)
    assert np.abs(expected - bought).mean() == pytest.approx(1.041, abs=5e-4)
