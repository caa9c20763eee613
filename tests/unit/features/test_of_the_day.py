"""Features marked as those of the day tell it and its country alone, and no other feature does."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from clv.core.types import AsOf
from clv.features import catalogue
from clv.features.matrix import matrix
from clv.features.reference import Reference
from tests.shops import sources

FIRST, DAYS = date(2022, 3, 1), 600
AS_OF = [AsOf(FIRST + timedelta(days=days)) for days in (250, 410, 599)]
COUNTRIES = ("France", "India")


def lines(customers=70, seed=3):
    """Rows with every optional column, of customers whose country is dealt at random."""
    rng = np.random.default_rng(seed)
    told = []
    for number in range(customers):
        country, at = rng.choice(COUNTRIES), int(rng.integers(0, 230))
        while at < DAYS:
            day = FIRST + timedelta(days=at)
            back = bool(rng.random() < 0.1)
            told.append(
                {
                    "customer_id": f"{number:02d}",
                    "date": day.isoformat(),
                    "amount": round(float(rng.gamma(4, 5)) + 1, 2) * (-1 if back else 1),
                    "order_id": f"{number}-{at // 2}",
                    "product": rng.choice(["p1", "p2", "p3"]),
                    "category": rng.choice(["tea", "cups"]),
                    "quantity": int(rng.integers(1, 5)),
                    "discount": float(rng.integers(0, 3)),
                    "cost": float(rng.gamma(2, 2)),
                    "timestamp": datetime(day.year, day.month, day.day, int(rng.integers(1, 23))),
                    "channel_group": rng.choice(["WEB", "Direct"]),
                    "customer_country": country,
                    "campaign": rng.choice(["winter", "spring"]),
                    "eco_share": float(rng.random()),
                    "impact_score": float(rng.integers(1, 9)),
                }
            )
            at += int(rng.integers(1, 90)) // (2 if back else 1) + 1
    return told


@pytest.fixture(scope="module")
def shop():
    log = lines()
    rng = np.random.default_rng(4)
    names = sorted({line["customer_id"] for line in log})
    known = pa.table(
        {
            "customer_id": names,
            "age": rng.integers(18, 80, len(names)),
            "cac": rng.gamma(3, 9, len(names)),
            "joined": [FIRST - timedelta(days=int(n)) for n in rng.integers(0, 99, len(names))],
        }
    )
    days = [FIRST + timedelta(days=i) for i in range(DAYS)]
    series = pa.table({"date": days, "spend": rng.gamma(2, 50, DAYS)})
    return sources(log, known, series)


@pytest.fixture(scope="module")
def table(shop):
    """Features on three days: one row a customer and day, with the country."""
    frames = []
    for day in AS_OF:
        frame = matrix(shop, day, Reference.learn(shop, day)).to_pyarrow().to_pandas()
        frames.append(frame.assign(day=str(day)))
    return pd.concat(frames, ignore_index=True).assign(country=lambda of: of["first_country"])


@pytest.fixture(scope="module")
def marked(shop):
    return catalogue.of_the_day(shop.seen(AS_OF[-1]))


def values(table, name, by):
    """Different values of a feature, nothing among them, in each group."""
    return table.groupby(by)[name].nunique(dropna=False)


def test_holidays_ahead_the_date_and_means_of_series_are_marked(marked):
    assert marked == {
        *("days_to_major_holiday", "days_since_major_holiday", "days_to_public_holiday"),
        *("as_of_month_sine", "as_of_month_cosine", "as_of_quarter_sine", "as_of_quarter_cosine"),
        *("series_spend_mean_30d", "series_spend_mean_90d", "series_spend_change"),
    }


def test_a_marked_feature_varies_with_the_day_and_the_country_only(table, marked):
    assert set(table["country"]) == set(COUNTRIES)
    for name in marked:
        assert (values(table, name, ["day", "country"]) == 1).all(), name
        assert (values(table, name, "country") > 1).any(), name
    # Holidays are not those of one country: to drop what is the same for all would not do.
    assert (values(table, "days_to_major_holiday", "day") > 1).any()


def test_what_is_not_marked_tells_customers_of_a_country_apart(table, marked):
    for name in table.columns.difference([*marked, "customer_id", "day", "country"]):
        apart = (values(table, name, ["day", "country"]) > 1).any()
        always = (values(table, name, "country") == 1).all()
        assert apart or always, f"{name} tells the day alone: is it of_day?"
