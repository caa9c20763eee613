"""Runs published after orders came in: what their logs have of them, and what they do not."""

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clv.ops import catchingup, promotion
from clv.ops.champion import Champion
from clv.ops.orderrows import mark_of
from clv.ops.promotion import promote, take_back
from clv.ops.runs import Run
from tests.onerun import AS_OF
from tests.orders import append, customer, history, rows


@pytest.fixture
def another(one_run, tmp_path):
    """Make a run like the one in charge, read at some time after it, its log with more rows."""

    def make(name, *more, **manifest):
        folder = tmp_path / name
        shutil.copytree(one_run, folder)
        told = json.loads((folder / "manifest.json").read_text())
        told |= {"run_id": name, "read_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
        (folder / "manifest.json").write_text(json.dumps(told | manifest))
        log = pq.read_table(folder / "transactions.parquet")
        rows = [
            {
                **dict.fromkeys(log.column_names),
                "line": 10_000 + i,
                "customer_id": customer,
                "date": date.fromisoformat(day),
                "amount": Decimal(amount),
                "order_id": order_id,
            }
            for i, (customer, day, amount, order_id) in enumerate(more)
        ]
        schema = log.schema.append(pa.field("order_id", pa.string()))
        log = log.append_column("order_id", pa.nulls(log.num_rows, pa.string()))
        both = pa.concat_tables([log, pa.Table.from_pylist(rows, schema)])
        by_customer = both.sort_by([("customer_id", "ascending"), ("date", "ascending")])
        pq.write_table(by_customer, folder / "transactions.parquet")
        return Run.open(folder)

    return make


def test_a_later_run_without_an_order_in_its_log_counts_it(champions, another):
    before = customer(champions, "00002")
    append(champions, rows(("00002", AS_OF, "77"), ("n", AS_OF, "5")))
    # Read after the order came, from a log that does not have it, or has but another of that day.
    promote(champions.store, champions.machine, another("nightly", ("n", AS_OF, "6", None)))
    after = customer(champions, "00002")
    assert after["historic_value"] == pytest.approx(before["historic_value"] + 77)
    assert (AS_OF, 77) in history(champions, "00002")
    assert history(champions, "n") == [(AS_OF, 6), (AS_OF, 5)]


@pytest.mark.parametrize("order_id", [None, "o-1"])
def test_a_later_run_with_an_order_in_its_log_counts_it_once(champions, another, order_id):
    table = rows(("00002", AS_OF, "77"))
    if order_id is not None:
        table = table.append_column("order_id", pa.array([order_id]))
    append(champions, table)
    before = history(champions, "00002")
    # An id is enough: the shop may have corrected the day since.
    day = AS_OF if order_id is None else "2024-06-20"
    promote(champions.store, champions.machine, another("nightly", ("00002", day, "77", order_id)))
    after = history(champions, "00002")
    assert len(after) == len(before)
    assert (day, 77) in after
    assert customer(champions, "00002")["rescored_at"] is None
    # The same again is another order, unless it has the id.
    assert append(champions, table).accepted == (order_id is None)
    assert len(history(champions, "00002")) == len(before) + (order_id is None)


def test_two_alike_are_two_where_the_log_has_one(champions, another):
    append(champions, rows(("n", AS_OF, "5"), ("n", AS_OF, "5")))
    promote(champions.store, champions.machine, another("nightly", ("n", AS_OF, "5", None)))
    assert history(champions, "n") == [(AS_OF, 5)] * 2
    assert customer(champions, "n")["historic_value"] == 10


def test_a_refund_under_the_id_of_its_purchase_is_not_taken_for_it(champions, another):
    refund = rows(("00002", AS_OF, "-2"), order_id=["o-1"])
    append(champions, refund)
    promote(champions.store, champions.machine, another("nightly", ("00002", AS_OF, "50", "o-1")))
    assert (AS_OF, -2) in history(champions, "00002")


def test_only_a_log_gathered_from_this_store_has_all_up_to_its_mark(champions, another):
    append(champions, rows(("00002", AS_OF, "77")))
    with champions.store.reading() as conn:
        mark = mark_of(conn)
    append(champions, rows(("00002", AS_OF, "78")))
    promote(champions.store, champions.machine, another("gathered", gathered=mark))
    told = history(champions, "00002")
    assert (AS_OF, 77) not in told
    assert (AS_OF, 78) in told
    mark["received_at"] = "2020-01-01T00:00:00+00:00"
    promote(champions.store, champions.machine, another("elsewhere", gathered=mark))
    assert {(AS_OF, 77), (AS_OF, 78)} <= {*history(champions, "00002")}


def test_nobody_is_scored_in_the_transaction_but_who_ordered_meanwhile(
    champions, run, another, monkeypatch
):
    append(champions, rows(("00002", AS_OF, "77"), ("n", AS_OF, "5")))
    promote(champions.store, champions.machine, another("next"))
    inside, scored = [], []
    catch_up, of_transactions = catchingup.catch_up, Champion.of_transactions

    def buying(store, champion):
        ahead = catchingup.score_ahead(store, champion)
        if champion.run.folder == run.folder:
            append(champions, rows(("n", AS_OF, "6")))
            scored.clear()
        return ahead

    def watched(self, table, **more):
        scored.append({*table["customer_id"].to_pylist()})
        return of_transactions(self, table, **more)

    def caught_up(*args):
        scored.clear()
        told = catch_up(*args)
        inside.append((told, list(scored)))

    monkeypatch.setattr(Champion, "of_transactions", watched)
    monkeypatch.setattr(promotion, "score_ahead", buying)
    monkeypatch.setattr(promotion, "catch_up", caught_up)
    take_back(champions.store, champions.machine)
    assert inside == [(2, [{"n"}])]
    assert customer(champions, "n")["historic_value"] == 11
    assert (AS_OF, 77) in history(champions, "00002")
