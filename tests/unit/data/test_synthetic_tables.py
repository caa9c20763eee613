"""The files of a made-up shop: what their columns say is what the log says."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clv.core.schema import OPTIONAL_COLUMNS
from clv.data.synthetic import channels, tables
from clv.data.synthetic.defects import DEFECTS
from clv.data.synthetic.shop import Shop
from clv.data.synthetic.truth import TRUTH, truth
from clv.data.synthetic.world import draw

PAGE = Path(__file__).resolve().parents[3] / "docs" / "data-dictionary.md"


@pytest.fixture(scope="module")
def world():
    return draw(Shop(customers=1_500, transactions=9_000, returns=0.15, seed=2))


@pytest.fixture(scope="module")
def log(world):
    return tables.transactions(world).to_pandas()


@pytest.fixture(scope="module")
def people(world):
    return tables.profiles(world).to_pandas().set_index("customer_id")


@pytest.mark.parametrize(
    ("title", "schema"),
    [
        ("orders", tables.TRANSACTIONS),
        ("customers", tables.PROFILES.append(tables.TARGET)),
        ("products", tables.SUSTAINABILITY),
        ("days", tables.MARKET),
        ("truth", TRUTH),
        ("defects", DEFECTS),
    ],
)
def test_the_data_dictionary_names_every_column_in_order(title, schema):
    section = PAGE.read_text().split(f"### A made-up shop: {title}\n")[1].split("\n##")[0]
    named = re.findall(r"^\| (\w+) \|", section, re.MULTILINE)
    assert named == ["column", *schema.names]


def test_the_log_has_every_column_of_the_contract(log):
    assert set(OPTIONAL_COLUMNS) <= set(log.columns)
    assert log.drop(columns="campaign").notna().all().all()
    assert log["timestamp"].is_monotonic_increasing
    assert (log["timestamp"].dt.date == log["date"]).all()


def test_a_line_pays_its_quantity_at_its_price_less_its_discount(log):
    cents = {
        name: np.rint(log[name] * 100).astype(int)
        for name in ("amount", "unit_price", "discount", "cost")
    }
    paid = log["quantity"] * cents["unit_price"] - cents["discount"]
    assert (paid == cents["amount"]).all()
    assert (np.sign(log["amount"]) == np.where(log["is_return"], -1, 1)).all()
    sales = log[~log["is_return"]]
    assert (sales["discount"] >= 0).all()
    assert 0.1 < (sales["discount"] > 0).mean() < 0.5
    assert sales["cost"].sum() < sales["amount"].sum()


def test_a_return_takes_back_a_line_sold_before_it(log):
    sold, back = log[~log["is_return"]], log[log["is_return"]]
    keys = ["order_id", "customer_id", "product", "amount"]
    found = back.assign(amount=-back["amount"]).merge(sold, on=keys, suffixes=("", "_sold"))
    assert len(found.drop_duplicates([*keys, "timestamp"])) == len(back)
    assert (found["timestamp"] > found["timestamp_sold"]).all()
    assert len(back) / len(sold) == pytest.approx(0.15, abs=0.03)


def test_an_order_is_of_one_customer_on_one_day(log):
    sold = log[~log["is_return"]]
    of_order = sold.groupby("order_id")[["customer_id", "timestamp", "channel"]].nunique()
    assert (of_order == 1).all().all()
    assert not sold.drop_duplicates("order_id").duplicated(["customer_id", "date"]).any()


def test_what_customers_spent_is_what_the_log_sums_to(world, log, people):
    spent = log.groupby("customer_id")["amount"].sum()
    np.testing.assert_allclose(people["total_spent"], spent.reindex(people.index), atol=1e-6)
    assert people["total_spent"].sum() == pytest.approx(log["amount"].sum())
    sold = log[~log["is_return"]]
    by = sold.groupby("customer_id")
    told = pd.DataFrame(
        {
            "total_orders": by["order_id"].nunique(),
            "first_purchase_date": by["date"].min(),
            "last_purchase_date": by["date"].max(),
            "num_categories": by["category"].nunique(),
        }
    ).reindex(people.index)
    for name in told:
        assert (people[name] == told[name]).all(), name
    as_of = pd.Timestamp(world.shop.as_of.day)
    since = (as_of - pd.to_datetime(people["last_purchase_date"])).dt.days
    assert (people["days_since_last_purchase"] == since).all()
    value = by["amount"].sum() / by["order_id"].nunique()
    np.testing.assert_allclose(people["avg_order_value"], value.reindex(people.index), atol=1e-4)


def test_rates_and_shares_of_customers_are_those_of_their_lines(log, people):
    sold, back = log[~log["is_return"]], log[log["is_return"]]
    lines = sold.groupby("customer_id").size().reindex(people.index)
    returned = back.groupby("customer_id").size().reindex(people.index, fill_value=0)
    np.testing.assert_allclose(people["return_rate"], returned / lines, atol=1e-4)
    orders = sold.groupby(["customer_id", "order_id"])["discount"].sum() > 0
    used = orders.groupby("customer_id").mean().reindex(people.index)
    np.testing.assert_allclose(people["discount_usage_rate"], used, atol=1e-4)
    weighted = (sold["eco_share"] * sold["amount"]).groupby(sold["customer_id"]).sum()
    eco = weighted / sold.groupby("customer_id")["amount"].sum()
    np.testing.assert_allclose(people["eco_share"], eco.reindex(people.index), atol=1e-4)
    assert (people["category_diversity"] <= people["num_categories"] + 1e-3).all()
    months = np.maximum(people["days_since_first_purchase"] / tables.DAYS_PER_MONTH, 1.0)
    np.testing.assert_allclose(
        people["monthly_spending"], people["total_spent"] / months, atol=1e-3
    )
    assert (people["acquisition_date"] <= people["first_purchase_date"]).all()


def test_customers_alone_are_what_was_known_before_their_orders(world, people):
    known = tables.customers(world).to_pandas().set_index("customer_id")
    assert list(known) == [
        *("age", "gender", "country", "acquisition_date", "acquisition_source", "campaign_type"),
        *("acquisition_cost", "email_engagement_rate"),
    ]
    assert known.equals(people[known.columns])


def test_the_target_is_what_came_after_the_log(world):
    true = truth(world)
    table = tables.with_target(tables.profiles(world), true["actual_value"]).to_pandas()
    assert (table["actual_clv"] > 0).sum() == (true["actual_value"].to_numpy() > 0).sum()
    ahead = world.ahead
    paid = np.bincount(ahead.customer, ahead.value, minlength=world.shop.customers)
    assert (table["actual_clv"] <= paid + 0.05).all()
    # No column gives it away: what comes is chance, even to who knows all parameters.
    numbers = table.select_dtypes("number").drop(columns="actual_clv")
    assert numbers.corrwith(table["actual_clv"]).abs().max() < 0.8


def test_products_are_what_the_lines_say(world, log):
    made = tables.sustainability(world).to_pandas().set_index("product")
    assert made.index.is_unique
    for name in ("category", "eco_share", "impact_score"):
        assert (made.loc[log["product"], name].to_numpy() == log[name].to_numpy()).all(), name
    assert made["impact_score"].between(0, 100).all()
    assert made.groupby("is_eco")["impact_score"].mean().diff().iloc[-1] > 20
    assert made.groupby("is_eco")["carbon_kg"].mean().diff().iloc[-1] < 0


def test_eco_minded_customers_buy_eco_products(world, people):
    assert np.corrcoef(world.people.eco, people["eco_share"])[0, 1] > 0.4


def test_the_first_order_comes_by_the_channel_that_brought_the_customer(log, people):
    sold = log[~log["is_return"]]
    first = sold.drop_duplicates("customer_id").set_index("customer_id")
    assert (first["channel"] == people.loc[first.index, "acquisition_source"]).all()
    paid = people["acquisition_source"].isin(["Meta Ads", "Google Ads"])
    assert (people["campaign_type"].notna() == paid).all()
    assert set(log["campaign"].dropna()) <= set(channels.CAMPAIGNS)
    later = sold[~sold["order_id"].isin(first["order_id"])]
    assert (later["channel"] == "Email").mean() > (first["channel"] == "Email").mean()


def test_the_market_spends_what_its_customers_cost(world, people):
    market = tables.market(world).to_pandas()
    assert len(market) == world.shop.days
    spends = [name for name in market if name.startswith("spend_")]
    np.testing.assert_allclose(market["marketing_spend"], market[spends].sum(axis=1), atol=0.02)
    costs = people.groupby("acquisition_source")["acquisition_cost"].sum()
    for name in spends:
        channel = next(c for c in costs.index if name == f"spend_{c.lower().replace(' ', '_')}")
        # Over all its days, those after the log too, marketing is 1 on average.
        assert market[name].sum() * tables.ATTRIBUTED == pytest.approx(costs[channel], rel=0.15)
    assert (market["sessions"] > 0).all()
    demand = world.market.demand[: world.shop.days]
    assert np.corrcoef(market["sessions"], demand)[0, 1] > 0.7


def test_the_truth_tells_who_has_left(world, people):
    true = truth(world).to_pandas().set_index("customer_id")
    assert (true.index == people.index).all()
    assert (true["left_on"].isna() == true["active"]).all()
    gone = true[~true["active"]]
    assert (gone["expected_purchases"] == 0).all()
    assert (gone["actual_purchases"] == 0).all()
    assert (gone["left_on"] == people.loc[gone.index, "last_purchase_date"]).all()
    assert (true.loc[true["active"], "expected_purchases"] > 0).all()
    assert ((people["total_orders"] > 1) == (true["group"] == "repeater")).all()
