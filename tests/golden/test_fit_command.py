"""`clv fit` meets the papers on CDNOW's sample, calibrated to 1997-09-30, in weeks."""

import pytest

import clv

SAMPLE = "cdnow/sample.parquet"


def fitted(data_dir, model):
    found = clv.fit(model, data_dir / SAMPLE, as_of="1997-09-30", unit="week")
    return found, {name: figure["value"] for name, figure in found["parameters"].items()}


# Fader, Hardie & Lee (2005), table 2
def test_bgnbd(data_dir):
    found, parameters = fitted(data_dir, "bgnbd")
    assert found["customers"] == 2357
    assert parameters == pytest.approx(
        {"r": 0.24259, "alpha": 4.4136, "a": 0.79292, "b": 2.42591}, abs=5e-4
    )
    assert found["log_likelihood"] == pytest.approx(-9582.429, abs=5e-3)


# Recomputed; to three digits the figures that other packages agree on
def test_mbgnbd(data_dir):
    found, parameters = fitted(data_dir, "mbgnbd")
    assert parameters == pytest.approx(
        {"r": 0.52484, "alpha": 6.18309, "a": 0.89136, "b": 1.614}, abs=5e-4
    )
    assert found["log_likelihood"] == pytest.approx(-9582.136, abs=5e-3)


# Schmittlein, Morrison & Colombo (1987), as Fader & Hardie fit it to this sample
def test_paretonbd(data_dir):
    found, parameters = fitted(data_dir, "paretonbd")
    assert parameters == pytest.approx(
        {"r": 0.5533, "alpha": 10.578, "s": 0.6062, "beta": 11.669}, abs=5e-4
    )
    assert found["log_likelihood"] == pytest.approx(-9594.976, abs=5e-3)
    errors = {name: figure["se"] for name, figure in found["parameters"].items()}
    assert errors["r"] == pytest.approx(0.0476, abs=5e-5)
    assert errors["alpha"] == pytest.approx(0.8427, abs=5e-4)
    assert errors["s"] == pytest.approx(0.1873, abs=5e-4)
    assert errors["beta"] == pytest.approx(6.21, abs=5e-2)


# Fader & Hardie (2013), "The Gamma-Gamma model of monetary value"
def test_gammagamma(data_dir):
    found, parameters = fitted(data_dir, "gammagamma")
    assert found["customers"] == 946
    assert parameters == pytest.approx({"p": 6.2496, "q": 3.7442, "gamma": 15.4435}, abs=5e-4)
    assert found["log_likelihood"] == pytest.approx(-4055.918, abs=5e-3)


# A log of dates without amounts; recomputed independently
def test_paretonbd_of_an_online_grocer(data_dir):
    log = data_dir / "grocery_elog" / "transactions.parquet"
    found = clv.fit("paretonbd", log, as_of="2006-12-31", unit="week")
    parameters = {name: figure["value"] for name, figure in found["parameters"].items()}
    assert found["customers"] == 1525
    assert parameters == pytest.approx(
        {"r": 0.78644, "alpha": 5.67904, "s": 0.38624, "beta": 5.71779}, abs=5e-5
    )
    assert found["log_likelihood"] == pytest.approx(-15782.39, abs=5e-3)
