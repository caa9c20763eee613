"""What the service is asked: customers, made-up profiles, pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clv.core.types import Json

SEED = 20
CATEGORIES = ("num_categories", "category_diversity")
#: Pages of a hundred customers: what is asked, in words, and how.
PAGES: dict[str, Json] = {
    "the most valuable": {},
    "the next page": {"cursor": "next"},
    "by customer_id": {"sort": "customer_id"},
    "least active first": {"sort": "p_alive"},
    "highest spend so far": {"sort": "-historic_value"},
    "latest order": {"sort": "-last_purchase"},
    "one segment": {"segment": "Champions"},
    "two tiers, repeaters": {"tier": ["High-CLV", "Growth-Potential"], "group": "repeater"},
    "one level, by spend so far": {"level": "Top", "sort": "-historic_value"},
    "value within a range": {"min_clv": 20, "max_clv": 25},
    "at risk of no order": {"min_risk": 0.9},
    "ids that begin alike": {"search": "0001-012"},
}


def profile(random: Random) -> Json:
    """A customer told by counts, sums and days, as S3's and S4's clients send them."""
    orders = random.randint(1, 20)
    first = random.randint(30, 700)
    last = first if orders == 1 else random.randint(0, first - 1)
    total = round(orders * random.uniform(5.0, 90.0), 2)
    return {
        "customer_id": f"C{random.randrange(10**6):06}",
        "num_orders": orders,
        "total_spent": total,
        "avg_order_value": round(total / orders, 2),
        "days_since_first_purchase": first,
        "days_since_last_purchase": last,
        random.choice(CATEGORIES): random.randint(1, 5),
        "purchase_frequency": round(30.0 * orders / first, 2),
    }


def profiles(n: int, seed: int = SEED) -> Iterator[Json]:
    random = Random(seed)
    for _ in range(n):
        yield profile(random)


def bodies(n: int, seed: int = SEED) -> Iterator[str]:
    """Profiles as they are sent."""
    return (json.dumps(each) for each in profiles(n, seed))
