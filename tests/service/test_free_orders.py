"""A shop whose orders are mostly free: what is told of it."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import clv
from clv.apps.cli import app
from clv.numerics import gammagamma


def written(path, share_paid: float):
    """A log of 200 customers, 6 orders each, their values seeded."""
    rng = np.random.default_rng(9)
    rows, worth = [], rng.gamma(4.0, 5.0, 200)
    for customer, level in enumerate(worth):
        for place in range(6):
            day = np.datetime64("2024-01-01") + 30 * place + customer % 29
            # The first in turn are paid, so that exactly so many are.
            paid = (customer * 6 + place) * 7 % 1_000 < 1_000 * share_paid
            amount = round(level * rng.gamma(3.0, 1 / 3), 2) if paid else 0
            rows.append((f"c{customer:03d}", day, amount))
    path.write_text("customer_id,date,amount\n" + "".join(f"{c},{d},{a}\n" for c, d, a in rows))
    return path, rows


def free_orders(log):
    checks = {check["name"]: check for check in clv.validate(log)["readiness"]["checks"]}
    return checks.get("free orders"), checks["order value"]


def test_readiness_tells_that_whether_an_order_is_paid_is_forecast_apart(tmp_path):
    log, rows = written(tmp_path / "mostly.csv", 0.3)
    share = np.mean([amount == 0 for _, _, amount in rows])
    check, value = free_orders(log)
    assert check["status"] == "limited"
    assert check["found"] == f"{100 * share:.3g} % of the purchase days are worth nothing"
    assert "whether an order is paid is forecast apart" in check["instead"]
    assert "customers with several paid orders to learn order values from" in value["found"]


def test_where_few_are_free_there_is_nothing_to_tell(tmp_path):
    log, rows = written(tmp_path / "hardly.csv", 0.95)
    assert 0 < np.mean([amount == 0 for _, _, amount in rows]) < 0.1
    check, value = free_orders(log)
    assert check is None
    assert "repeat buyers to learn order values from" in value["found"]


@pytest.mark.parametrize("spend", ["all", "repeat"])
def test_fit_tells_what_paid_orders_bring_and_how_many_are(tmp_path, spend):
    log, rows = written(tmp_path / "mostly.csv", 0.3)
    told = CliRunner().invoke(app, ["fit", "gammagamma", str(log), "--spend", spend, "--json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    amounts = np.array([amount for _, _, amount in rows], dtype=float).reshape(200, 6)
    learned = amounts if spend == "all" else amounts[:, 1:]
    paid = (learned > 0).sum(axis=1).astype(float)
    payer = paid > 0
    expected = gammagamma.fit(paid[payer], learned.sum(axis=1)[payer] / paid[payer])
    values = [figure["value"] for figure in found["parameters"].values()]
    np.testing.assert_allclose(values, expected.params, rtol=1e-6)
    assert found["customers"] == payer.sum()
    share = 100 * (amounts == 0).mean()
    assert found["notes"][0].startswith(f"{share:.3g} % of the purchase days are worth nothing")
    assert "The chance that one is paid is Beta(" in found["notes"][0]
