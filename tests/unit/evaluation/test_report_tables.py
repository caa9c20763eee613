import numpy as np
import pandas as pd
import pytest

from clv.evaluation.report import tables
from tests import report_builder


@pytest.fixture(scope="module")
def forecasts():
    return report_builder.forecasts(600)


def test_segments_add_up_and_start_with_the_best(forecasts):
    rows = tables.segment_rows(forecasts)
    assert [r["segment"] for r in rows] == [
        "Champions",
        "Loyal Customers",
        "Potential Loyalists",
        "At Risk",
        "Lost",
    ]
    assert sum(r["customers"] for r in rows) == len(forecasts)
    assert sum(r["clv"] for r in rows) == pytest.approx(forecasts["clv"].sum())
    champions = forecasts[forecasts["segment"] == "Champions"]
    assert rows[0]["mean_clv"] == pytest.approx(champions["clv"].mean())
    assert rows[0]["p_purchase"] == pytest.approx(champions["p_purchase"].mean())


def test_a_segment_has_the_ends_that_its_total_was_told_with(forecasts):
    rows = tables.segment_rows(forecasts, {"Lost": {"lower": 3.0, "upper": 9.0}})
    ends = {r["segment"]: (r["lower"], r["upper"]) for r in rows}
    assert ends.pop("Lost") == (3.0, 9.0)
    assert set(ends.values()) == {(None, None)}


def test_a_model_without_p_purchase_leaves_it_open(forecasts):
    rows = tables.segment_rows(forecasts.assign(p_purchase=np.nan))
    assert all(np.isnan(r["p_purchase"]) for r in rows)


def test_the_matrix_counts_what_pandas_counts(forecasts):
    rows = [r["segment"] for r in tables.segment_rows(forecasts)]
    found = tables.matrix(forecasts, rows)
    assert found.levels == ["Low", "Mid", "High", "Top"]
    counted = pd.crosstab(forecasts["segment"], forecasts["clv_level"])
    counted = counted.reindex(index=found.segments, columns=found.levels, fill_value=0)
    assert found.customers == counted.to_numpy().tolist()
    aligned = float((forecasts["mismatch"] == "Aligned").mean())
    assert found.shares["Aligned"] == pytest.approx(aligned)
    assert found.verdicts[0][3] == "Aligned"
    assert found.verdicts[0][0] == "CLV below segment"


def test_the_most_valuable_are_those_pandas_would_pick(forecasts):
    found = tables.most_valuable(forecasts)
    assert found["customer_id"].tolist() == forecasts.nlargest(20, "clv")["customer_id"].tolist()


def test_ties_keep_the_order_of_the_table(forecasts):
    found = tables.most_valuable(forecasts.assign(clv=5.0))
    assert found["customer_id"].tolist() == forecasts["customer_id"].head(20).tolist()


def test_those_at_risk_spent_much_and_may_be_leaving(forecasts):
    found = tables.at_risk(forecasts)
    assert 0 < len(found.rows) <= tables.N_LISTED
    assert found.rows["p_alive"].between(tables.GONE, 0.5, inclusive="left").all()
    assert found.rows["historic_value"].is_monotonic_decreasing
    assert found.rule == "a chance of 5 to 50 % of still being a customer"
    valued = forecasts["historic_value"] >= forecasts["historic_value"].median()
    assert found.rows["historic_value"].min() >= forecasts["historic_value"].median()
    assert found.gone == (valued & (forecasts["p_alive"] < tables.GONE)).sum()


@pytest.mark.parametrize(
    ("silent", "column", "limit"),
    [(["p_alive"], "p_purchase", 0.5), (["p_alive", "p_purchase"], "rfm_r", 2.5)],
)
def test_risk_is_judged_by_what_the_model_says(forecasts, silent, column, limit):
    found = tables.at_risk(forecasts.assign(**dict.fromkeys(silent, np.nan))).rows
    assert len(found) > 0
    assert (found[column] < limit).all()


def test_nobody_with_value_means_an_empty_list(forecasts):
    assert tables.most_valuable(forecasts.assign(clv=0.0)).empty
    assert tables.at_risk(forecasts.assign(historic_value=0.0)).rows.empty
