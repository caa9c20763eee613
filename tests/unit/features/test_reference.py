import json

import numpy as np
import pyarrow as pa
import pytest

from clv.core.errors import HistoryError, RunError
from clv.core.types import AsOf
from clv.features.quality import AGES
from clv.features.reference import Reference
from clv.segments.rfm import RFMScorer
from tests.shops import features, sources

DAY = "2024-12-31"


def learned(shop):
    return Reference.learn(shop, AsOf.parse(DAY))


def crowd(n, **columns):
    """n customers who bought on one to four days each, spending what their number says."""
    return [
        {
            "customer_id": f"{i:03d}",
            "date": f"2024-{1 + (7 * i + 3 * j) % 12:02d}-{1 + (5 * i + 11 * j) % 28:02d}",
            "amount": 1 + (37 * i) % 101,
            **{name: value(i) for name, value in columns.items()},
        }
        for i in range(n)
        for j in range(1 + i % 4)
    ]


def test_scores_are_those_of_the_rfm_segments():
    shop = sources(crowd(60))
    of = features(shop, DAY)
    inputs = [
        np.array([of[who][name] for who in of], dtype=float)
        for name in ("quiet_days", "purchase_days", "spend_total")
    ]
    scores = RFMScorer().fit(*inputs).score(*inputs)
    assert [of[who]["rfm_r"] for who in of] == scores.r.tolist()
    assert [of[who]["rfm_f"] for who in of] == scores.f.tolist()
    assert [of[who]["rfm_m"] for who in of] == scores.m.tolist()
    assert [of[who]["rfm_sum"] for who in of] == scores.total.tolist()


def test_a_lone_customer_is_scored_by_the_population_not_by_itself():
    reference = learned(sources(crowd(60)))
    lone = sources([{"customer_id": "new", "date": "2024-12-30", "amount": 5_000}])
    of = features(lone, DAY, reference)["new"]
    assert (of["rfm_r"], of["rfm_f"], of["rfm_m"]) == (5, 1, 5)
    assert features(lone, DAY)["new"]["rfm_m"] == 1  # alone it would be the population


def test_some_customers_have_the_features_they_have_among_all():
    shop = sources(crowd(40, channel_group=lambda i: f"ch{i % 3}", category=lambda i: f"c{i % 5}"))
    reference = learned(shop)
    among_all = features(shop, DAY, reference)
    some = features(shop, DAY, reference, ["003", "017", "nobody"])
    assert some == {who: among_all[who] for who in ("003", "017")}


def test_a_better_source_has_the_better_quality_at_equal_age():
    lines = crowd(200, channel_group=lambda i: "good" if i % 2 else "bad")
    lines = [{**row, "amount": 3 if row["channel_group"] == "good" else 1} for row in lines]
    quality = learned(sources(lines)).qualities["source"]
    assert quality["bad"] < 1 < quality["good"]


def test_being_older_is_no_quality():
    """Spend goes with age here, and with nothing else."""
    days = {"old": "2023-01-01", "new": "2024-12-20"}
    lines = [
        {"customer_id": f"{when}{i}", "date": day, "amount": paid, "channel_group": when}
        for when, day in days.items()
        for i in range(30)
        for paid in ([20] if when == "new" else [20] * 5)
    ]
    assert min(AGES) < 11 < max(AGES)
    assert learned(sources(lines)).qualities["source"] == pytest.approx({"old": 1, "new": 1})


def test_few_customers_say_little_of_a_source():
    lines = crowd(200, channel_group=lambda _: "usual")
    lines.append(
        {"customer_id": "whale", "date": "2024-01-05", "amount": 900_000, "channel_group": "rare"}
    )
    # The one counts up to the 99 % point only, and among twenty average customers.
    assert 1 < learned(sources(lines)).qualities["source"]["rare"] < 1.3


def test_a_level_the_population_does_not_have_is_average():
    reference = learned(sources(crowd(60, channel_group=lambda _: "WEB")))
    lone = sources(
        [{"customer_id": "new", "date": "2024-12-30", "amount": 5, "channel_group": "moon"}]
    )
    assert features(lone, DAY, reference)["new"]["source_quality"] == 1.0


def test_texts_with_many_values_are_no_groups():
    known = pa.table(
        {
            "customer_id": [f"{i:03d}" for i in range(60)],
            "name": [f"name {i}" for i in range(60)],
            "town": [f"town {i % 50}" for i in range(60)],
        }
    )
    assert learned(sources(crowd(60), known)).known == {"known_town": "text"}


def test_what_was_learned_is_kept_as_json():
    known = pa.table({"customer_id": ["001"], "age": [3.5]})
    lines = crowd(60, channel_group=lambda i: f"ch{i % 3}", category=lambda i: f"c{i % 5}")
    reference = learned(sources(lines, known))
    assert Reference.from_json(json.loads(json.dumps(reference.to_json()))) == reference


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: told.pop("scales"),
        lambda told: told.update(as_of="yesterday"),
        lambda told: told.update(monetary_cuts=["much"]),
        lambda told: told.update(scales={"quiet_days": [1]}),
    ],
)
def test_a_spoilt_file_is_told_so(spoil):
    told = learned(sources(crowd(9))).to_json()
    spoil(told)
    with pytest.raises(RunError, match="cannot be read"):
        Reference.from_json(told)


def test_nobody_is_no_population():
    shop = sources([{"customer_id": "a", "date": "2025-02-01", "amount": 5}])
    with pytest.raises(HistoryError, match="nobody had bought by 2024-12-31"):
        learned(shop)
