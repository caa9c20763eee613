"""Orders that come in after a run: kept once, and their customers scored anew at once."""

import json
import shutil
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from clv.core.errors import ConflictError
from clv.core.types import AsOf
from clv.ops import audit, catchingup, forecasts, orders, promotion
from clv.ops.champion import Champion
from clv.ops.champions import Champions
from clv.ops.machine import Machine
from clv.ops.orderrows import mark_of
from clv.ops.promotion import promote, take_back
from clv.ops.runs import Run
from clv.ops.store import tables
from clv.ops.store.publishing import publish
from tests.onerun import AS_OF

SUMS = ("customers", "clv", "historic_value", "expected_purchases")


@pytest.fixture(scope="module")
def run(one_run):
    return Run.open(one_run)


@pytest.fixture
def published(store, run):
    publish(store, run)
    return store


@pytest.fixture(scope="module")
def loaded(run, tmp_path_factory):
    """Statements are written once for all tests."""
    champion = Champion.load(run, Machine(tmp_path_factory.mktemp("home")))
    yield champion
    champion._desk.close()


@pytest.fixture
def champions(published, loaded, monkeypatch):
    # Other runs differ in their logs alone: what was learned is the same, and so are statements.
    monkeypatch.setattr(Champion, "load", lambda run, _: replace(loaded, run=run))
    monkeypatch.setattr(Champion, "close", lambda _: None)
    return Champions(published, loaded.machine)


def rows(*told, **columns):
    """Orders as (customer, date, amount)."""
    customer, day, amount = zip(*told, strict=True)
    needed = {"customer_id": customer, "date": day, "amount": amount}
    return pa.table({n: pa.array(v, pa.string()) for n, v in (needed | columns).items()})


def append(champions, table, **more):
    more = {"actor": "tests", "request_id": "r-1"} | more
    return orders.append(champions.store, champions, table, **more)


def customer(champions, name):
    with champions.store.reading() as conn:
        return forecasts.customer(conn, champions.seen(conn).run_no, name)


def kept(store):
    with store.reading() as conn:
        return conn.scalar(select(func.count()).select_from(tables.purchase))


def test_an_order_is_kept_and_its_customer_scored_as_a_run_would(champions):
    before = customer(champions, "00007")
    done = append(champions, rows(("00007", "2024-06-25", "80")))
    assert (done.accepted, done.duplicates, done.problems) == (1, 0, [])
    assert done.as_of == "2024-06-25"
    after = customer(champions, "00007")
    assert after["historic_value"] == pytest.approx(before["historic_value"] + 80)
    assert after["purchases"] == before["purchases"] + 1
    assert str(after["last_purchase"]) == "2024-06-25"
    assert after["rescored_at"] is not None
    [told] = done.forecasts
    assert told["clv"] == after["clv"]
    champion = champions.current().champion
    log = champion.accepted(["00007"]).select(["customer_id", "date", "amount", "channel"])
    whole = pa.concat_tables(
        [
            pa.table({name: log[name].cast(pa.string()) for name in log.column_names}),
            rows(("00007", "2024-06-25", "80")),
        ],
        promote_options="default",
    )
    wanted = champion.of_transactions(whole, as_of=AsOf(date(2024, 6, 25))).table.to_pylist()[0]
    assert after["clv"] == pytest.approx(wanted["clv"], rel=1e-9)


def test_a_customer_nobody_knew_is_there_at_once(champions):
    assert customer(champions, "new'; DROP TABLE run; --") is None
    append(champions, rows(("new'; DROP TABLE run; --", "2024-06-24", "35.50")))
    after = customer(champions, "new'; DROP TABLE run; --")
    assert after["group"] == "onetimer"
    assert after["historic_value"] == 35.5


def test_orders_add_up_over_requests(champions):
    for day in ("2024-06-24", "2024-06-25", "2024-06-26"):
        append(champions, rows(("x", day, "10")))
    assert customer(champions, "x")["historic_value"] == 30
    told = orders.history(champions.store, champions, "x")
    assert [order["date"] for order in told] == ["2024-06-24", "2024-06-25", "2024-06-26"]
    assert all(order["customer_id"] == "x" for order in told)


def test_the_history_has_the_log_s_orders_too(champions):
    before = orders.history(champions.store, champions, "00003")
    append(champions, rows(("00003", "2024-06-24", "10")))
    after = orders.history(champions.store, champions, "00003")
    assert after[: len(before)] == before
    assert len(after) == len(before) + 1
    assert after[-1]["date"] == "2024-06-24"


def test_bad_rows_are_told_by_place_and_the_others_kept(champions):
    table = rows(
        ("a", "2024-06-24", "10"),
        ("b", "someday", "10"),
        ("c", "2024-06-24", "much"),
        ("d", "2024-06-24", "12"),
        ("e", "2124-06-24", "12"),
    )
    done = append(champions, table)
    assert done.accepted == 2
    assert [problem["index"] for problem in done.problems] == [1, 2, 4]
    assert {told["customer_id"] for told in done.forecasts} == {"a", "d"}
    assert kept(champions.store) == 2


def test_where_no_row_is_good_nothing_is_kept(champions):
    revision = champions.current().revision
    done = append(champions, rows(("b", "someday", "10")))
    assert (done.accepted, len(done.problems), done.forecasts) == (0, 1, [])
    assert kept(champions.store) == 0
    assert champions.current().revision == revision


def test_an_order_known_before_is_not_counted_again(champions):
    table = rows(("a", "2024-06-24", "10"), ("a", "2024-06-24", "5"), order_id=["o-1", "o-1"])
    assert append(champions, table).accepted == 2
    again = append(champions, table)
    assert (again.accepted, again.duplicates) == (0, 2)
    assert customer(champions, "a")["historic_value"] == 15


def test_a_request_sent_again_is_answered_as_before(champions):
    table = rows(("a", "2024-06-24", "10"))
    first = append(champions, table, key="k")
    again = append(champions, table, key="k")
    assert again == first
    assert kept(champions.store) == 1
    with pytest.raises(ConflictError, match="Idempotency-Key"):
        append(champions, rows(("a", "2024-06-25", "10")), key="k")
    # Another's key of the same name is another key.
    assert append(champions, table, key="k", actor="other").accepted == 1


def test_a_refund_takes_value_and_who_returned_all_is_gone(champions):
    append(champions, rows(("a", "2024-06-24", "50"), ("b", "2024-06-24", "50")))
    done = append(champions, rows(("a", "2024-06-25", "-20"), ("b", "2024-06-25", "-50")))
    assert customer(champions, "a")["historic_value"] == 30
    assert done.without_purchase == ["b"]
    assert customer(champions, "b") is None


def test_totals_go_with_the_forecasts(champions):
    append(champions, rows(("00001", "2024-06-24", "90"), ("z", "2024-06-24", "20")))
    with champions.store.reading() as conn:
        run_no = champions.seen(conn).run_no
        told = forecasts.segments(conn, run_no, by="segment")
        each = tables.forecasts_of(run_no).c
        found = conn.execute(
            select(
                func.count(),
                func.sum(each.clv),
                func.sum(each.historic_value),
                func.sum(each.expected_purchases),
            )
        ).one()
    assert sum(row["customers"] for row in told) == found[0] == 401
    assert sum(row["total_clv"] for row in told) == pytest.approx(found[1], rel=1e-9)


def test_caches_can_tell_that_something_changed(champions):
    before = champions.current().revision
    append(champions, rows(("a", "2024-06-24", "10")))
    assert champions.current().revision == before + 1


def test_it_is_in_the_audit_without_who_bought_what(champions):
    append(champions, rows(("secret-id", "2024-06-24", "10")), actor="key-1", request_id="r-9")
    with champions.store.reading() as conn:
        entry = next(
            each for each in audit.entries(conn, limit=10) if each.action == "orders.append"
        )
    assert (entry.actor, entry.request_id) == ("key-1", "r-9")
    assert entry.detail["rows"] == 1
    assert "secret-id" not in str(entry)


def test_two_at_once_lose_nothing(champions):
    failed = []

    def send(number):
        try:
            append(champions, rows(("shared", f"2024-06-{number:02d}", "10")))
        except Exception as error:  # noqa: BLE001 told below
            failed.append(error)

    # The first writes its statements; the others find them.
    send(10)
    threads = [threading.Thread(target=send, args=(day,)) for day in (11, 12, 13, 14)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failed == []
    assert kept(champions.store) == 5
    assert customer(champions, "shared")["historic_value"] == 50
    assert customer(champions, "shared")["purchases"] == 5


def test_a_run_published_later_knows_the_orders_it_was_not_made_from(champions, run):
    append(champions, rows(("00002", "2024-06-24", "77"), ("n", "2024-06-24", "5")))
    before = customer(champions, "00002")
    promote(champions.store, champions.machine, run)
    after = customer(champions, "00002")
    assert after["historic_value"] == pytest.approx(before["historic_value"])
    assert after["clv"] == pytest.approx(before["clv"], rel=1e-9)
    assert customer(champions, "n")["historic_value"] == 5


def test_a_late_order_of_an_earlier_day_counts(champions):
    before = customer(champions, "00004")
    append(champions, rows(("00004", AS_OF, "40")))
    assert customer(champions, "00004")["historic_value"] == before["historic_value"] + 40


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


def history(champions, name):
    return [
        (order["date"], float(order["amount"]))
        for order in orders.history(champions.store, champions, name)
    ]


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


def test_blanks_around_ids_are_none_of_them(champions):
    before = customer(champions, "00005")
    table = rows((" 00005 ", AS_OF, "10"), ("\u3000", AS_OF, "10"), order_id=[" A1 ", "A2"])
    done = append(champions, table)
    assert (done.accepted, done.without_purchase) == (1, [])
    assert [each["index"] for each in done.problems] == [1]
    after = customer(champions, "00005")
    assert after["historic_value"] == before["historic_value"] + 10
    again = append(champions, rows(("00005", AS_OF, "10"), order_id=["A1"]))
    assert (again.accepted, again.duplicates) == (0, 1)
    assert (AS_OF, 10) in history(champions, "00005")


@pytest.mark.parametrize("day", ["2024-06-24", "someday"])
def test_the_same_request_twice_at_once_is_kept_once(champions, monkeypatch, day):
    table, at_once = rows(("a", day, "10")), threading.Barrier(2)
    score, done = orders._score, []

    def scored(*args):
        found = score(*args)
        at_once.wait(60)
        return found

    monkeypatch.setattr(orders, "_score", scored)
    threads = [
        threading.Thread(target=lambda: done.append(append(champions, table, key="k")))
        for _ in range(2)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert done[0] == done[1]
    assert kept(champions.store) == (day != "someday")


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
