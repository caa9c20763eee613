"""Laws of features: nothing later is seen, order does not matter, nobody depends on company."""

import json
import math
from datetime import date, datetime, timedelta
from random import Random

import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from clv.core.types import AsOf
from clv.features import catalogue
from clv.features.reference import Reference
from tests.shops import features, sources

START, LAST = date(2024, 1, 1), 45
AS_OF = (START + timedelta(days=LAST)).isoformat()
COLUMNS = (
    *("order_id", "product", "category", "quantity", "discount", "cost", "timestamp"),
    *("channel_group", "campaign", "customer_country", "eco_share", "impact_score"),
)
PEOPLE = "abcdef"


#: Drawn from one number, as a log whose every cell is drawn would take long and be mostly alike.
seeds = st.integers(0, 2**32 - 1)
#: An example takes seconds, and a seed cannot be made any smaller.
few = settings(deadline=None, max_examples=2, phases=(Phase.explicit, Phase.generate))
many = settings(few, max_examples=25)


def lines(seed, customers=PEOPLE, first=0, last=LAST, words=("x", "y", "z")):
    """Lines of a log; optional columns may be empty, amounts are in cents and may be returns."""
    rng = Random(seed)
    found = []
    for _ in range(rng.randint(30, 90)):
        day = START + timedelta(days=rng.randint(first, last))
        hour = rng.choice([None, *range(24)])
        found.append(
            {
                "customer_id": rng.choice(customers),
                "date": day.isoformat(),
                "amount": rng.randint(-2_000, 9_000) / 100,
                "timestamp": hour and datetime(day.year, day.month, day.day, hour),
                "channel_group": rng.choice(words),
                **{
                    name: rng.choice([None, *words])
                    for name in ("order_id", "product", "category", "campaign")
                },
                "customer_country": rng.choice([None, "AU", "Germany", *words]),
                **{
                    name: rng.choice([None, 0, rng.randint(0, 400) / 100])
                    for name in ("quantity", "discount", "cost", "eco_share", "impact_score")
                },
            }
        )
    # Someone has bought, and of someone nothing else is told.
    return [*found, {"customer_id": "a", "date": START.isoformat(), "amount": 1}]


def known(customers):
    """What is known of customers; of those who come later, other things."""
    return pa.table(
        {
            "customer_id": list(customers),
            "country": ["France" if who < "d" else "AU" for who in customers],
            "cac": [float(ord(who[0]) % 4) for who in customers],
            "acquisition_source": [who if who > "f" else "ads" for who in customers],
            "note": [f"customer {who}" for who in customers],
        }
    )


def series(days, base=3.0):
    return pa.table(
        {"date": [START + timedelta(days=d) for d in days], "index": [base + d % 5 for d in days]}
    )


def learned(shop):
    return Reference.learn(shop, AsOf.parse(AS_OF))


@few
@given(seeds)
def test_later_rows_and_the_order_of_rows_change_nothing(seed):
    past, random = lines(seed), Random(seed)
    later = lines(seed + 1, "abxyz", LAST + 1, LAST + 60, ("y", "moon"))[:-1]
    days = range(-40, LAST + 1, 3)
    before = sources(past, known(PEOPLE), series(days), "DE", columns=COLUMNS)
    mixed = random.sample([*past, *later], len(past) + len(later))
    # Strangers whose notes would be too many to be groups.
    everyone = random.sample(PEOPLE, 6) + [f"x{i}" for i in range(60)]
    further = random.sample([*days, *range(LAST + 1, LAST + 90)], len(days) + 89)
    after = sources(mixed, known(everyone), series(further), "DE", columns=COLUMNS)
    reference = learned(before)
    assert learned(after) == reference
    assert features(after, AS_OF, reference) == features(before, AS_OF, reference)


@few
@given(seeds)
def test_a_customer_alone_has_the_same_features_as_among_all(seed):
    past = lines(seed)
    shop = sources(past, known(PEOPLE), series(range(LAST)), columns=COLUMNS)
    reference = learned(shop)
    among_all = features(shop, AS_OF, reference)
    kept = Reference.from_json(json.loads(json.dumps(reference.to_json())))
    assert kept == reference
    who = max(among_all, key=lambda who: among_all[who]["purchase_days"])
    theirs = [line for line in past if line["customer_id"] == who]
    alone = sources(theirs, known(who), series(range(LAST)), columns=COLUMNS)
    assert features(alone, AS_OF, kept) == {who: among_all[who]}


def ten_times_dearer(line):
    money = [name for name in ("amount", "discount", "cost") if line.get(name) is not None]
    return {**line, **{name: line[name] * 10 for name in money}}


@few
@given(seeds)
def test_currency_scales_and_nothing_else_does(seed):
    """Ten times dearer, what is in currency is ten times as large, and nothing else moves."""
    past = lines(seed)
    shown = features(sources(past, columns=COLUMNS), AS_OF)
    dearer = features(sources(map(ten_times_dearer, past), columns=COLUMNS), AS_OF)
    for of in catalogue.THEMES.values():
        for feature in of:
            times = 10 if feature.unit.startswith("currency") else 1
            for who, row in shown.items():
                if (value := row.get(feature.name)) is None:
                    assert feature.absent or feature.name not in row, feature.name
                elif feature.kind == "text":
                    assert dearer[who][feature.name] == value, feature.name
                elif "log" in feature.unit or feature.name == "spend_total_normalised":
                    assert math.isfinite(value), feature.name
                else:
                    moved = dearer[who][feature.name]
                    close = math.isclose(moved, value * times, rel_tol=1e-6, abs_tol=1e-6)
                    assert close, (feature.name, who, value, moved)


LAWS = (
    test_later_rows_and_the_order_of_rows_change_nothing,
    test_a_customer_alone_has_the_same_features_as_among_all,
    test_currency_scales_and_nothing_else_does,
)


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__.removeprefix("test_"))
def test_of_many_drawn_logs(law):
    many(given(seeds)(law.hypothesis.inner_test))()
