import json

import numpy as np
import pandas as pd
import pytest

from clv.core.errors import ClvError, ColumnError, FitError, HistoryError, RunError, SettingError
from clv.models.contractual import BDW, SBG, cohort_table
from clv.numerics import contracts, sbg

HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
TABLE = cohort_table(HIGH_END)
TENURES = pd.DataFrame({"periods": [5, 0, 5, 12]}, index=[9, 4, 7, 1])
each_model = pytest.mark.parametrize("kind", [SBG, BDW], ids=lambda kind: kind.name)


# Fader & Hardie (2007): the High End segment, seven years
def test_fit_learns_the_cohort():
    model = SBG().fit(TABLE)
    np.testing.assert_allclose(model.params_, (0.6681, 3.8061), atol=5e-5)
    assert (model.n_customers_, model.n_histories_, model.notes_) == (1000, 8, ())
    assert BDW().fit(TABLE).loglik_ > model.loglik_


@each_model
def test_one_row_a_customer_is_the_same_table(kind):
    rows = TABLE.loc[TABLE.index.repeat(TABLE["customers"].astype(int)), ["periods", "lost"]]
    shuffled = rows.sample(frac=1, random_state=0)
    assert kind().fit(shuffled).params_ == kind().fit(TABLE).params_


@each_model
def test_predict_keeps_the_rows(kind):
    model = kind().fit(TABLE)
    ahead = model.predict(TENURES, 10, 0.1)
    assert ahead.index.tolist() == TENURES.index.tolist()
    assert ahead.iloc[0].tolist() == ahead.iloc[2].tolist()
    curve = model.curve(25).set_index("periods")
    for row, t in enumerate(TENURES["periods"]):
        told = ahead.iloc[row]
        assert told["retention"] == pytest.approx(curve["retention"][t])
        stays = (curve["survival"] / curve["survival"][t]).loc[t + 1 : t + 10].to_numpy()
        assert told["p_survive"] == pytest.approx(stays[-1])
        assert told["expected_renewals"] == pytest.approx(stays.sum())
        assert told["discounted_renewals"] == pytest.approx(stays @ 1.1 ** -np.arange(10.0))
        assert told["residual_lifetime"] > told["discounted_renewals"]


def test_without_discount_a_thick_tail_is_told_as_infinite():
    assert np.isinf(SBG().fit(TABLE).predict(TENURES, 3)["residual_lifetime"]).all()


@each_model
def test_load_reads_what_save_wrote(kind, tmp_path):
    model = kind().fit(TABLE)
    model.save(tmp_path)
    again = kind.load(tmp_path)
    pd.testing.assert_frame_equal(again.predict(TENURES, 4, 0.2), model.predict(TENURES, 4, 0.2))
    assert vars(again).keys() == vars(model).keys()
    assert again.standard_errors_ == model.standard_errors_
    np.testing.assert_array_equal(again.covariance_, model.covariance_)


def test_load_names_what_is_wrong(tmp_path):
    with pytest.raises(RunError, match="cannot be read"):
        SBG.load(tmp_path)
    SBG().fit(TABLE).save(tmp_path)
    with pytest.raises(RunError, match="holds 'sbg' version 2, not 'bdw'"):
        BDW.load(tmp_path)
    state = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(state | {"params": {"alpha": 1.0}}))
    with pytest.raises(RunError, match="incomplete"):
        SBG.load(tmp_path)
    (tmp_path / "model.json").write_text("[]")
    with pytest.raises(RunError, match="holds None"):
        SBG.load(tmp_path)


@each_model
def test_a_cohort_that_says_too_little_is_held_by_a_prior_which_is_told(kind):
    model = kind().fit(cohort_table([1000, 700]))
    assert "observed over 1 renewal(s)" in model.notes_[0]
    assert "weak prior" in model.notes_[0]
    assert model.predict(TENURES, 5, 0.1).notna().all(axis=None)


@each_model
def test_what_cannot_be_learned_from(kind):
    with pytest.raises(FitError, match="none of 1000 customers has left"):
        kind().fit(cohort_table([1000, 1000]))
    with pytest.raises(FitError, match="no customers to fit"):
        kind().fit(TABLE[:0])
    with pytest.raises(ColumnError, match="lost: not in the table, which has periods"):
        kind().fit(TENURES)
    with pytest.raises(HistoryError, match=r"customers: is below 0.* in 1 row"):
        kind().fit(TABLE.assign(customers=[-1.0] + [5.0] * 7))
    with pytest.raises(HistoryError, match=r"whole number of renewals, in 1 row\(s\) \(6\)"):
        kind().fit(TABLE.assign(periods=[*range(6), np.nan, 7]))
    with pytest.raises(ClvError, match="not fitted yet"):
        kind().predict(TENURES, 5)
    with pytest.raises(SettingError, match="whole numbers"):
        kind().fit(TABLE).predict(pd.DataFrame({"periods": [1.5]}), 5)


def test_cohorts_of_different_age_are_fitted_together():
    rng, p = np.random.default_rng(1), sbg.SBGParams(0.8, 3.0)
    T = np.repeat([2.0, 5.0, 9.0], 5_000)
    t, lost = contracts.simulate(p, T, rng)
    model = SBG().fit(pd.DataFrame({"periods": t, "lost": lost}))
    assert (np.abs(np.array(model.params_) - p) < 3 * np.array(model.standard_errors_)).all()
