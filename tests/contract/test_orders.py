"""Orders that come in after a run: kept once, and their customers scored anew at once."""

import threading
from datetime import date

import pyarrow as pa
import pytest
from sqlalchemy import func, select

from clv.core.errors import ConflictError
from clv.core.types import AsOf
from clv.ops import audit, forecasts, orders
from clv.ops.champions import Champions
from clv.ops.promotion import promote
from clv.ops.store import tables
from tests.onerun import AS_OF
from tests.orders import append, customer, history, kept, rows


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
    serving, told = orders.history(champions.store, champions, "x")
    assert serving.champion.version == champions.current().champion.version
    assert [order["date"] for order in told] == ["2024-06-24", "2024-06-25", "2024-06-26"]
    assert all(order["customer_id"] == "x" for order in told)


def test_the_history_has_the_log_s_orders_too(champions):
    _, before = orders.history(champions.store, champions, "00003")
    append(champions, rows(("00003", "2024-06-24", "10")))
    _, after = orders.history(champions.store, champions, "00003")
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


def test_where_no_row_is_good_each_is_told_its_own_fault(champions):
    table = rows(("a", "someday", "10"), ("b", "2024-06-24", "much"), ("", "2024-06-24", "1"))
    done = append(champions, table)
    assert [each["rule"] for each in done.problems] == [
        "unreadable_date",
        "unreadable_amount",
        "missing_customer",
    ]
    assert kept(champions.store) == 0


def test_an_id_is_known_whatever_time_of_day_is_told(champions):
    table = rows(("a", "2024-06-24T10:00:00", "10"), order_id=["W"])
    assert append(champions, table).accepted == 1
    assert append(champions, table).duplicates == 1
    back = rows(("a", "2024-06-25T09:30:00", "-4"), order_id=["W"])
    assert append(champions, back).accepted == 1
    assert append(champions, back).duplicates == 1
    assert customer(champions, "a")["historic_value"] == 6


def test_orders_in_a_currency_that_may_be_another_are_refused(champions):
    table = rows(("a", "2024-06-24", "10"), ("b", "2024-06-24", "20"), currency=["EUR", None])
    done = append(champions, table)
    assert (done.accepted, [each["rule"] for each in done.problems]) == (1, ["other_currency"])
    assert "does not say its currency" in done.problems[0]["detail"]
    assert customer(champions, "a") is None


def test_an_order_known_before_is_not_counted_again(champions):
    table = rows(("a", "2024-06-24", "10"), ("a", "2024-06-24", "5"), order_id=["o-1", "o-1"])
    assert append(champions, table).accepted == 2
    again = append(champions, table)
    assert (again.accepted, again.duplicates) == (0, 2)
    assert customer(champions, "a")["historic_value"] == 15


@pytest.mark.parametrize("flag", [None, "true"])
def test_a_return_under_the_id_of_its_purchase_counts(champions, flag):
    append(champions, rows(("a", "2024-06-24", "50"), order_id=["o-1"]))
    back = {"order_id": ["o-1"]} | ({} if flag is None else {"is_return": [flag]})
    table = rows(("a", "2024-06-25", "-20" if flag is None else "20"), **back)
    assert append(champions, table).accepted == 1
    assert customer(champions, "a")["historic_value"] == 30
    assert append(champions, table).duplicates == 1
    # What came back of the same purchase later, or of it another time, is more of it.
    for day, amount in (("2024-06-26", "20"), ("2024-06-25", "5")):
        amount = f"-{amount}" if flag is None else amount
        assert append(champions, rows(("a", day, amount), **back)).accepted == 1
    assert customer(champions, "a")["historic_value"] == 5


def test_a_forecast_does_not_depend_on_who_else_is_scored(champions, run):
    append(champions, rows(("00001", "2024-07-20", "10")))
    alone = append(champions, rows(("a", "2024-06-24", "10")))
    assert alone.as_of == "2024-07-20"
    before = customer(champions, "a")
    promote(champions.store, champions.machine, run)
    after = customer(champions, "a")
    assert str(after["as_of"]) == "2024-07-20"
    assert after["clv"] == pytest.approx(before["clv"], rel=1e-9)


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


def test_two_processes_lose_nothing(champions, published):
    failed, other = [], Champions(published, champions.machine)

    def send(here, start):
        try:
            for number in range(start, start + 6):
                append(here, rows(("shared", f"2024-06-{number:02d}", "10")))
        except Exception as error:  # noqa: BLE001 told below
            failed.append(error)

    threads = [
        threading.Thread(target=send, args=(here, start))
        for here, start in ((champions, 1), (other, 7), (champions, 13), (other, 19))
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failed == []
    assert kept(champions.store) == 24
    assert customer(champions, "shared")["historic_value"] == 240


def test_who_always_comes_second_scores_while_nobody_else_may_write(champions, monkeypatch):
    stands, asked = orders._stands, []

    def overtaken(conn, scoring, table):
        asked.append(stands(conn, scoring, table))
        return False

    monkeypatch.setattr(orders, "_stands", overtaken)
    assert append(champions, rows(("a", "2024-06-24", "10"))).accepted == 1
    assert asked == [True] * orders.ATTEMPTS
    assert customer(champions, "a")["historic_value"] == 10


def test_a_history_waits_for_nobody_who_is_scored(champions, loaded):
    append(champions, rows(("00002", "2024-06-24", "77")))
    told = []
    thread = threading.Thread(target=lambda: told.extend(history(champions, "00002")), daemon=True)
    with loaded._desk.recipes():
        thread.start()
        thread.join(30)
        assert ("2024-06-24", 77) in told


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
def test_the_same_request_twice_at_once_is_kept_once(champions, published, monkeypatch, day):
    processes = [champions, Champions(published, champions.machine)]
    table, at_once = rows(("a", day, "10")), threading.Barrier(2)
    score, done = orders._score, []

    def scored(*args):
        found = score(*args)
        at_once.wait(60)
        return found

    monkeypatch.setattr(orders, "_score", scored)
    threads = [
        threading.Thread(target=lambda here=here: done.append(append(here, table, key="k")))
        for here in processes
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert done[0] == done[1]
    assert kept(champions.store) == (day != "someday")
