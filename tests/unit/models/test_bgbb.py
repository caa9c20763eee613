import numpy as np
import pandas as pd
import pytest

from clv.core.errors import ClvError, ColumnError, FitError, HistoryError, RunError
from clv.models.bgbb import BGBB, matrix
from clv.numerics import bgbb

TRUE = bgbb.BGBBParams(1.2, 0.75, 0.66, 2.8)


def incidence(n: int = 3_000, opportunities: int = 6) -> pd.DataFrame:
    """Opportunities taken, one by one, as the model says they are."""
    rng = np.random.default_rng(0)
    chance, stop = rng.beta(TRUE.alpha, TRUE.beta, n), rng.beta(TRUE.gamma, TRUE.delta, n)
    active = np.cumprod(rng.uniform(size=(opportunities, n)) > stop, axis=0)
    return pd.DataFrame((active * (rng.uniform(size=active.shape) < chance)).T.astype(int))


GAVE = incidence()
TABLE = matrix(GAVE)


def test_the_matrix_counts_every_customer_once():
    assert TABLE["customers"].sum() == len(GAVE)
    assert TABLE["x"] @ TABLE["customers"] == GAVE.to_numpy().sum()
    told = matrix(pd.DataFrame([[0, 0, 0], [1, 0, 0], [0, 1, 1], [1, 0, 0]]))
    assert told.to_numpy().tolist() == [[0, 0, 3, 1], [1, 1, 3, 2], [2, 3, 3, 1]]


def test_fit_finds_what_made_the_customers():
    model = BGBB().fit(TABLE)
    distance = (np.array(model.params_) - TRUE) / model.standard_errors_
    assert (np.abs(distance) < 3).all()
    assert (model.n_customers_, model.n_histories_) == (3_000, len(TABLE))
    each = TABLE.loc[TABLE.index.repeat(TABLE["customers"].astype(int)), ["x", "t_x", "T"]]
    assert BGBB().fit(each.sample(frac=1, random_state=0)).params_ == model.params_


def test_predict_keeps_the_rows_and_agrees_with_itself():
    model = BGBB().fit(TABLE)
    some = TABLE.sample(frac=1, random_state=1)
    ahead = model.predict(some, 5, 0.1)
    assert ahead.index.tolist() == some.index.tolist()
    assert (ahead["p_purchase"] <= ahead["expected_purchases"]).all()
    assert (ahead["p_purchase"] <= ahead["p_alive"]).all()
    assert (ahead["discounted_purchases"] < ahead["expected_purchases"]).all()
    assert (ahead["discounted_purchases"] < ahead["residual_purchases"]).all()
    assert (ahead["next_opportunity"] >= 1).all()
    twice = pd.concat([some, some])
    np.testing.assert_array_equal(model.predict(twice, 5, 0.1), np.tile(ahead, (2, 1)))


def test_a_new_customer_buys_as_those_seen_did():
    model = BGBB().fit(TABLE)
    seen = GAVE.to_numpy().cumsum(axis=1).mean(axis=0)
    np.testing.assert_allclose(model.expected_new(np.arange(1.0, 7.0)), seen, rtol=0.05)


def test_load_reads_what_save_wrote(tmp_path):
    model = BGBB().fit(TABLE)
    model.save(tmp_path)
    again = BGBB.load(tmp_path)
    pd.testing.assert_frame_equal(again.predict(TABLE, 4, 0.2), model.predict(TABLE, 4, 0.2))
    assert vars(again).keys() == vars(model).keys()
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(RunError, match="holds None version None, not 'bgbb'"):
        BGBB.load(tmp_path)


def test_customers_who_do_not_differ_are_held_by_a_prior_which_is_told():
    model = BGBB().fit(pd.DataFrame({"x": [3.0], "t_x": [5.0], "T": [6.0], "customers": [200.0]}))
    assert "weak prior" in model.notes_[0]
    assert np.isfinite(model.standard_errors_).all()


def test_what_cannot_be_learned_from():
    with pytest.raises(FitError, match="none of 9 customers bought again"):
        BGBB().fit(pd.DataFrame({"x": [0], "t_x": [0], "T": [6], "customers": [9]}))
    with pytest.raises(FitError, match="no customers to fit"):
        BGBB().fit(TABLE[:0])
    with pytest.raises(HistoryError, match=r"is empty or infinite, in 1 row\(s\) \(2\)"):
        BGBB().fit(pd.DataFrame({"x": [1, 1, np.nan], "t_x": [1, 1, 1], "T": [6, 6, 6]}))
    with pytest.raises(ColumnError, match="t_x, T: not in the table, which has x"):
        BGBB().fit(TABLE[["x"]])
    with pytest.raises(HistoryError, match="more purchases than opportunities"):
        BGBB().fit(pd.DataFrame({"x": [3], "t_x": [2], "T": [6]}))
    with pytest.raises(ClvError, match="not fitted yet"):
        BGBB().predict(TABLE, 5)
    with pytest.raises(HistoryError, match=r"something else than 0 and 1 in 1 row\(s\)"):
        matrix(pd.DataFrame([[0, 2], [1, 0]]))
