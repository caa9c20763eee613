"""What the catalogue says of features is so."""

import re
from datetime import date

import pyarrow as pa
import pytest

from clv.core.types import AsOf
from clv.features import catalogue
from clv.features.matrix import matrix
from clv.features.reference import Reference
from clv.features.windows import WINDOWS
from tests.shops import sources
from tests.unit.features.conftest import BARE, BARE_AS_OF, FULL, FULL_AS_OF, KNOWN, SERIES

STATIC = [feature for features in catalogue.THEMES.values() for feature in features]


@pytest.fixture(scope="module")
def table():
    shop, day = sources(FULL, KNOWN, SERIES), AsOf.parse(FULL_AS_OF)
    return matrix(shop, day, Reference.learn(shop, day)).to_pyarrow()


def test_a_log_of_dates_and_amounts_has_more_than_eighty_features(bare):
    assert len(bare["ann"]) >= 80


def test_names_are_plain_and_each_is_there_once():
    names = [feature.name for feature in STATIC]
    assert len(set(names)) == len(names) >= 200
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)


@pytest.mark.parametrize("feature", STATIC, ids=lambda feature: feature.name)
def test_a_reader_is_told_what_it_is(feature):
    assert feature.meaning
    assert bool(feature.unit) == (feature.kind == "number")
    assert re.fullmatch(r"(S[1-5] ?)*.*; [\w ,]+|own; [\w ,]+", feature.source), feature.source


def test_columns_are_numbers_or_texts_in_the_catalogues_order(table):
    names = table.column_names[1:]
    texts = {feature.name for feature in STATIC if feature.kind == "text"} | {"known_gender"}
    for name, kind in zip(table.column_names, table.schema.types, strict=True):
        if name == "customer_id" or name in texts:
            assert pa.types.is_string(kind), name
        else:
            assert pa.types.is_int64(kind) or pa.types.is_float64(kind), name
    assert [name for name in names if not name.startswith(("known_", "series_"))] == [
        feature.name for feature in STATIC
    ]
    assert table["customer_id"].to_pylist() == ["dora", "emil"]


def test_what_is_never_absent_is_there_for_everyone(bare, full):
    never = [feature.name for feature in STATIC if not feature.absent]
    assert len(never) > 80
    for row in (*bare.values(), *full.values()):
        assert [name for name in never if name in row and row[name] is None] == []


@pytest.mark.parametrize("days", WINDOWS)
def test_windows_of_every_length(bare, days):
    end = date.fromisoformat(BARE_AS_OF)
    for who, of in bare.items():
        paid = [
            (float(amount), date.fromisoformat(day)) for name, day, amount in BARE if name == who
        ]
        inside = [amount for amount, day in paid if 0 <= (end - day).days < days]
        before = [amount for amount, day in paid if days <= (end - day).days < 2 * days]
        assert of[f"purchase_days_{days}d"] == len(inside)
        assert of[f"spend_{days}d"] == sum(inside)
        assert of[f"purchase_days_share_{days}d"] == pytest.approx(len(inside) / len(paid))
        total = sum(amount for amount, _ in paid)
        assert of[f"spend_share_{days}d"] == pytest.approx(sum(inside) / total)
        for name, now, then in (
            ("purchase_days_change", len(inside), len(before)),
            ("spend_change", sum(inside), sum(before)),
        ):
            expected = pytest.approx((now - then) / (now + then)) if now + then else None
            assert of[f"{name}_{days}d"] == expected
