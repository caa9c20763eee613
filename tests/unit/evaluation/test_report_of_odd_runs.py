"""The report where there is little or much to tell: no holdout, no value, one customer, many."""

import dataclasses
import re

import numpy as np
import pytest

from clv.evaluation.report import render
from tests import report_builder
from tests.report_builder import changed, no_holdout
from tests.report_page import Page


@pytest.fixture(scope="module")
def usual():
    return report_builder.findings(400)


def test_a_run_of_an_older_kind_still_has_its_report(usual):
    new = ("coverage", "churn", "insight", "signal", "warnings")
    manifest = {k: v for k, v in usual.manifest.items() if k not in new}
    manifest["total"] = {k: v for k, v in manifest["total"].items() if k != "past"}
    rows = [
        {k: v for k, v in row.items() if k not in ("origins", "spread", "notes")}
        for row in usual.leaderboard["rows"]
    ]
    board = {k: usual.leaderboard[k] for k in ("rule", "holdout")} | {"rows": rows}
    page = Page(render(dataclasses.replace(usual, manifest=manifest, leaderboard=board)))
    assert "No past total to show." in page.text
    assert page.text.count("Not checked: that needs past days on which customers bought.") == 2
    assert "This run does not tell how much each feature weighs" in page.text


def test_half_characters_in_a_path_can_still_be_written(usual):
    inputs = [{"path": "log\udcff.csv", "bytes": 1, "sha256": "0"}]
    assert "log?.csv" in render(changed(usual, inputs=inputs)).encode("utf-8").decode()


def test_no_currency_is_invented(usual):
    page = Page(render(changed(usual, currency=None)))
    assert "in the log’s currency, which it does not name" in page.text
    assert not re.search(r"USD|[$€£]", page.text)


def test_without_a_holdout_nothing_is_claimed(usual):
    page = Page(render(no_holdout(usual)))
    assert "too short to hide a part of it" in page.text
    assert page.text.count("Not checked: that needs a holdout.") == 2
    assert "no interval" in page.text
    assert "90 % interval USD" not in page.text


def test_no_value_at_all_is_told(usual):
    table = usual.forecasts.assign(clv=0.0, clv_lower=0.0, clv_upper=0.0, clv_level="Low")
    total = usual.manifest["total"] | {"clv": 0.0, "lower": 0.0, "upper": 0.0}
    page = Page(render(dataclasses.replace(changed(usual, total=total), forecasts=table)))
    assert "400 customers will spend about USD 0 in" in page.text
    assert "No value is expected from anybody" in page.text
    assert "No customer has an expected value above zero." in page.text


def test_one_customer_is_one_customer(usual):
    table = usual.forecasts.head(1)
    one = dataclasses.replace(
        no_holdout(usual),
        manifest=no_holdout(usual).manifest
        | {"counts": usual.manifest["counts"] | {"customers": 1}},
        forecasts=table,
        tracking=usual.tracking.head(0),
    )
    page = Page(render(one))
    assert "1 customer will spend about" in page.text
    assert "There are no repeat purchases to count up." in page.text


def test_a_clean_log_says_so(usual):
    counts = usual.manifest["counts"] | {"by_rule": {}, "quarantined": 0, "accepted": 6015}
    clean = dataclasses.replace(changed(usual, counts=counts), quarantine=usual.quarantine.head(0))
    assert "No row broke a rule." in Page(render(clean)).text


def test_what_the_model_does_not_say_is_a_dash(usual):
    silent = dict.fromkeys(
        ["p_alive", "p_purchase", "next_purchase_date", "next_purchase_earliest"], None
    )
    table = usual.forecasts.assign(**silent, next_purchase_latest=None)
    page = Page(render(dataclasses.replace(usual, forecasts=table)))
    assert "the chosen model does not say" in page.text
    figures = page.text[: page.text.index("Rows set aside")]
    assert not re.search(r"\b(nan|nat|none)\b", figures, re.IGNORECASE)


def test_the_file_stays_small_however_many_customers():
    table = report_builder.forecasts(1000)
    many = table.loc[np.repeat(np.arange(1000), 50)].reset_index(drop=True)
    many["customer_id"] = [f"{'x' * 3000}{i}" for i in range(len(many))]
    html = render(report_builder.findings(forecasts=many))
    assert len(html.encode()) < 2_000_000
    assert html.count('class="id"') == 40
