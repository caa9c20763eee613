"""One suite for both databases: what is read is what the run says, and stays in step."""

from datetime import UTC, datetime

import pytest

from clv.core.errors import (
    SettingError,
    StaleCursorError,
)
from clv.ops import forecasts
from clv.ops.forecasts import CustomerQuery
from clv.ops.store.publishing import current, publish
from tests.published import IDS, everybody, in_step, some_ids, tables, told


def test_every_customer_is_told_as_the_run_tells_them(store, one):
    done = publish(store, one)
    assert (done.run_id, done.customers, done.before) == ("one", 200, None)
    found = everybody(store, sort="customer_id")
    assert [row["customer_id"] for row in found] == sorted(some_ids(200))
    for got, wanted in zip(found, told(one), strict=True):
        assert got == {name: wanted[name] for name in got}
        assert set(got) == set(wanted)


def test_customers_are_found_by_any_id(store, one):
    publish(store, one)
    wanted = {row["customer_id"]: row for row in told(one)}
    with store.reading() as conn:
        number = current(conn).run_no
        for customer_id in IDS:
            assert forecasts.customer(conn, number, customer_id) == wanted[customer_id]
        for absent in ("", "nobody", "%", "0001 ", "a\0b", "\ud800", "'", "x" * 10_000):
            found = forecasts.customer(conn, number, absent)
            assert found is None or absent in IDS


def test_the_cells_stay_in_step_as_forecasts_are_replaced(store, one):
    number = publish(store, one).run_no
    ids = [*IDS[:10], "new 1", "new 2"]
    table, known = tables(ids, seed=9)
    at = datetime(2025, 7, 2, 10, 30, tzinfo=UTC)
    with store.writing() as conn:
        forecasts.replace_forecasts(conn, number, table, known, at)
    with store.reading() as conn:
        assert in_step(conn, number)
        assert current(conn).customers == 202
        for row in table.to_pylist():
            found = forecasts.customer(conn, number, row["customer_id"])
            assert found["clv"] == row["clv"]
            assert found["segment"] == row["segment"]
            assert found["rescored_at"] == "2025-07-02T10:30:00+00:00"
        assert forecasts.customer(conn, number, IDS[11])["rescored_at"] is None
    with store.writing() as conn:
        forecasts.remove_forecasts(conn, number, ["new 1", "0001", "nobody"])
        # Nothing to do is done, too.
        forecasts.remove_forecasts(conn, number, [])
        forecasts.replace_forecasts(conn, number, table.slice(0, 0), known.slice(0, 0), at)
    with store.reading() as conn:
        assert in_step(conn, number)
        assert forecasts.customer(conn, number, "new 1") is None
        assert current(conn).customers == 200
    assert len(everybody(store)) == 200


def test_everybody_can_be_replaced_and_removed(store, one):
    number = publish(store, one).run_no
    table, known = tables(some_ids(200), seed=5)
    with store.writing() as conn:
        forecasts.replace_forecasts(conn, number, table, known, datetime.now(UTC))
    with store.reading() as conn:
        assert in_step(conn, number)
        total = forecasts.summary(conn, number)["totals"]["total_clv"]
    assert total == pytest.approx(sum(table["clv"].to_pylist()))
    with store.writing() as conn:
        forecasts.remove_forecasts(conn, number, some_ids(200))
    assert everybody(store) == []
    with store.reading() as conn:
        assert forecasts.segments(conn, number) == []
        totals = forecasts.summary(conn, number)["totals"]
        assert (totals["customers"], totals["total_clv"], totals["mean_clv"]) == (0, 0, None)


def test_segments_add_up_to_the_whole(store, one):
    number = publish(store, one).run_no
    rows = told(one)
    with store.reading() as conn:
        for by in ("segment", "value_tier", "clv_level", "mismatch", "group", "channel"):
            found = forecasts.segments(conn, number, by)
            assert sum(row["customers"] for row in found) == 200
            assert sum(row["share"] for row in found) == pytest.approx(1)
            assert sum(row["clv_share"] for row in found) == pytest.approx(1)
            values = [row["total_clv"] for row in found]
            assert values == sorted(values, reverse=True)
            for row in found:
                here = [each for each in rows if each[by] == row["name"]]
                alive = [each["p_alive"] for each in here if each["p_alive"] is not None]
                assert row["customers"] == len(here)
                assert row["mean_clv"] == pytest.approx(sum(e["clv"] for e in here) / len(here))
                assert row["mean_p_alive"] == pytest.approx(sum(alive) / len(alive))
                assert row["historic_value"] == pytest.approx(
                    sum(each["historic_value"] for each in here)
                )
        with pytest.raises(SettingError, match=r"^by: 'id'"):
            forecasts.segments(conn, number, "id")
        lost = next(row for row in forecasts.segments(conn, number) if row["name"] == "Lost")
        # The run tells 5 to 40 around 10.
        assert lost["total_clv_lower"] == pytest.approx(lost["total_clv"] / 2)
        assert lost["total_clv_upper"] == pytest.approx(lost["total_clv"] * 4)
        summary = forecasts.summary(conn, number)
    totals = summary["totals"]
    assert totals["total_clv_lower"] == pytest.approx(totals["total_clv"] * 0.8)
    assert totals["onetimers"] + totals["repeaters"] == 200
    spread = summary["spread"]["clv"]
    assert (spread["quantiles"][0], spread["quantiles"][-1]) == (0, 1234.5)
    assert spread["mean"] == pytest.approx(totals["mean_clv"])
    assert 0.1 < spread["top_tenth_share"] <= 1


def test_a_cursor_does_not_go_on_in_another_run(store, one, two):
    publish(store, one)
    with store.reading() as conn:
        page = forecasts.page(conn, current(conn).run_no, CustomerQuery(limit=10))
    publish(store, two)
    query = CustomerQuery(limit=10, cursor=page.next_cursor)
    with store.reading() as conn, pytest.raises(StaleCursorError) as refused:
        forecasts.page(conn, current(conn).run_no, query)
    assert (refused.value.code, refused.value.status) == ("stale-cursor", 409)


def test_numbers_at_the_edge_are_answered(store, one):
    publish(store, one)
    for asked in (
        {"min_clv": 1e308},
        {"max_clv": -1e308},
        {"min_churn_risk": 1.5},
        {"max_churn_risk": -0.5},
        {"search": "\0"},
        {"search": "\ud800"},
        {"search": "x" * 5000},
        {"segment": ["nobody", "'; --", "\0"]},
    ):
        assert everybody(store, **asked) == []
        with store.reading() as conn:
            number = current(conn).run_no
            assert forecasts.counted(conn, number, CustomerQuery(**asked)) == 0
