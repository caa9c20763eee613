"""Statements written for other rows answer as fresh ones do."""

from datetime import date
from decimal import Decimal
from random import Random

import ibis
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

from clv.core.schema import TRANSACTIONS
from clv.core.types import AsOf
from clv.data.engine import DuckDBEngine
from clv.data.recipes import Recipes
from clv.features.book import Book
from clv.features.ledger import Ledger
from clv.features.reference import Reference

DAY = AsOf(date(2024, 6, 30))


SHOPS = (
    {"seed": 1},
    {"seed": 2},
    {"seed": 3, "country": (None, "DE")},
    {"seed": 4, "returns": False},
    {"seed": 5, "year": 2020},
    {"seed": 6, "year": 2024},
)


def log(seed, *, country=(None, "AU"), returns=True, year=2023, columns=()):
    draw = Random(seed)
    rows = [
        (
            f"c{draw.randrange(4)}",
            date(year if i == 0 else 2024, draw.randint(1, 6), draw.randint(1, 28)),
            Decimal(draw.randint(-900 if returns and i else 1, 5_000)) / 100,
            draw.choice(country),
            draw.choice(("WEB", "Direct")),
        )
        for i in range(30)
    ]
    customer, day, amount, where, channel = zip(*rows, strict=True)
    told = pa.table(
        {
            "line": pa.array(range(len(rows)), pa.int64()),
            "customer_id": customer,
            "date": pa.array(day, pa.date32()),
            "amount": pa.array([a.quantize(Decimal("1.0000")) for a in amount]).cast(
                TRANSACTIONS.field("amount").type
            ),
            "customer_country": pa.array(where, pa.string()),
            "channel_group": channel,
        }
    )
    return told.drop_columns(columns)


def book(engine, table, recipes=None, as_of=DAY):
    made = engine.ibis.create_table("transactions", table, overwrite=True)
    return Book.open(Ledger.of(made, engine.ibis), as_of, recipes=recipes)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with DuckDBEngine(tmp_path_factory.mktemp("desk"), threads=1) as engine:
        yield Recipes(engine, date(2022, 1, 1))


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    with DuckDBEngine(tmp_path_factory.mktemp("learned"), threads=1) as engine:
        return Reference.learn(book(engine, log(0)).sources, DAY)


@pytest.mark.parametrize(
    ("shop", "as_of"),
    [
        *(({"seed": 1}, DAY.plus(days)) for days in (1, 30, 150, 290)),
        ({"seed": 1, "columns": ["customer_country"]}, DAY),
        ({"seed": 2, "columns": ["customer_country"]}, DAY.plus(200)),
        *((shop, DAY) for shop in SHOPS),
    ],
    ids=[
        *("next day", "next month", "on Black Friday", "next year"),
        *("no countries", "no countries, another day"),
        *("first", "again", "another country", "nothing returned", "earlier", "later"),
    ],
)
def test_they_answer_as_if_written_anew(desk, reference, tmp_path, shop, as_of):
    table = log(**shop)
    ours = book(desk.engine, table, desk, as_of)
    histories = ours.history(as_of, 90).frame
    told = ours.features(as_of, reference)
    with DuckDBEngine(tmp_path, threads=1) as engine:
        fresh = book(engine, table, as_of=as_of)
        assert_frame_equal(histories, fresh.history(as_of, 90).frame)
        assert_frame_equal(told, fresh.features(as_of, reference))


def test_a_statement_serves_every_day_and_country(desk, reference):
    def ask(as_of, **shop):
        ours = book(desk.engine, log(**shop), desk, as_of)
        ours.history(as_of, 90)
        ours.features(as_of, reference)

    ask(DAY, seed=1)
    written = list(desk._kept)
    for shop, as_of in (({}, DAY.plus(9)), ({"country": ("FR", "JP")}, DAY), ({"year": 2019}, DAY)):
        ask(as_of, seed=1, **shop)
    assert sorted(map(hash, desk._kept)) == sorted(map(hash, written))


def test_one_of_the_same_shape_is_not_written_again(desk, reference):
    asked = []

    def make():
        asked.append(1)
        return ibis.memtable({"one": [1]})

    for _ in range(3):
        assert desk.ask("one", make).to_pylist() == [{"one": 1}]
    assert len(asked) == 1


def test_no_more_are_kept_than_asked(desk):
    few = Recipes(desk.engine, most=2)
    asked = []

    def make(i):
        asked.append(i)
        return ibis.memtable({"n": [i]})

    for i in (1, 2, 1, 3, 1, 2):
        assert few.ask(i, lambda i=i: make(i)).to_pylist() == [{"n": i}]
    assert asked == [1, 2, 3, 2]


def test_a_country_in_a_column_of_customers_counts_whatever_its_case(desk, tmp_path):
    told = pa.table({"customer_id": ["c0", "c1"], "Country": ["Germany", "AU"]})

    def opened(engine, recipes=None):
        known = engine.ibis.create_table("known", told, temp=True, overwrite=True)
        rows = log(1, columns=["customer_country"])
        made = engine.ibis.create_table("transactions", rows, overwrite=True)
        ledger = Ledger.of(made, engine.ibis)
        return Book.open(ledger, DAY, known, recipes=recipes)

    with DuckDBEngine(tmp_path, threads=1) as engine:
        fresh = opened(engine)
        learned = Reference.learn(fresh.sources, DAY)
        table = fresh.features(DAY, learned)
    # The second time it is an earlier statement that is asked.
    for _ in range(2):
        assert_frame_equal(opened(desk.engine, desk).features(DAY, learned), table)
    assert opened(desk.engine).sources.countries() == {"Germany", "AU"}
