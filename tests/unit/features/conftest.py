"""Customers whose features are worked out by hand in the tests beside."""

from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest

from tests.shops import features, sources

#: Ann came after 10, 20 and 30 days, and has been quiet for 60; Bob came once, on a Saturday;
#: Cat came three days in a row at the end and paid the same each time.
BARE = [
    *(("ann", "2024-01-01", 10), ("ann", "2024-01-11", 20), ("ann", "2024-01-31", 30)),
    *(("ann", "2024-03-01", 60), ("bob", "2023-12-16", 50)),
    *(("cat", "2024-04-28", 35), ("cat", "2024-04-29", 35), ("cat", "2024-04-30", 35)),
]
BARE_AS_OF = "2024-04-30"


@pytest.fixture(scope="session")
def bare():
    """Features of a log of customers, dates and amounts alone."""
    lines = [{"customer_id": who, "date": day, "amount": paid} for who, day, paid in BARE]
    return features(sources(lines), BARE_AS_OF)


def line(who, day, amount, **optional):
    return {"customer_id": who, "date": day, "amount": amount, **optional}


#: All optional columns. Dora bought five lines on three days and sent one back; of Emil's one
#: line nothing is known but its category.
FULL = [
    line("dora", "2024-01-10", 18, order_id="o1", product="p1", category="tea", quantity=2,
         discount=2, cost=9, timestamp=datetime(2024, 1, 10, 9, 30), channel_group="WEB",
         customer_country="France", campaign="winter", eco_share=0.5, impact_score=4),
    line("dora", "2024-01-10", 12, order_id="o1", product="p2", category="cups", quantity=1,
         discount=0, cost=6, timestamp=datetime(2024, 1, 10, 9, 30), channel_group="WEB",
         campaign="winter", eco_share=0, impact_score=2),
    line("dora", "2024-02-10", 10, order_id="o2", product="p1", category="tea", quantity=1,
         discount=0, cost=5, timestamp=datetime(2024, 2, 10, 19, 0), channel_group="Direct",
         eco_share=1, impact_score=6),
    line("dora", "2024-03-10", 27, order_id="o3", product="p1", category="tea", quantity=3,
         discount=3, cost=12, timestamp=datetime(2024, 3, 10, 20, 0), channel_group="WEB",
         campaign="spring", eco_share=1, impact_score=7),
    line("dora", "2024-03-10", 20, order_id="o4", product="p3", category="food", quantity=4,
         timestamp=datetime(2024, 3, 10, 13, 0), channel_group="WEB"),
    line("dora", "2024-03-12", -10, order_id="o3", product="p1", category="tea", quantity=-1,
         channel_group="WEB"),
    line("emil", "2024-02-20", 5, category="tea", channel_group="Unknown"),
]  # fmt: skip
FULL_AS_OF = "2024-03-31"
#: Finn is known, and has bought nothing.
KNOWN = pa.table(
    {
        "customer_id": ["dora", "emil", "finn"],
        "Acquisition Cost": [40.0, None, 9.0],
        "age": [31, 52, 47],
        "gender": ["f", "", "m"],
        "Email rate (%)": [0.25, float("nan"), 0.5],
        "member": [True, False, None],
        "joined": [date(2024, 1, 1), date(2024, 6, 1), None],
    }
)
#: A value every ten days, the last of them after as_of.
SERIES = pa.table(
    {
        "date": [date(2024, 1, 1) + timedelta(days=10 * i) for i in (*range(9), 10)],
        "Spend": [*map(float, range(9)), 1e9],
    }
)


@pytest.fixture(scope="session")
def full():
    """Features of a log with every optional column, customers and a series beside it."""
    return features(sources(FULL, KNOWN, SERIES), FULL_AS_OF)
