"""Which index finds a page: told by SQLite itself."""

import pytest
from sqlalchemy import event

from clv.ops import forecasts, seeking
from clv.ops.forecasts import CustomerQuery
from clv.ops.paging import ORDERS
from clv.ops.store.database import Store
from clv.ops.store.publishing import current, publish
from tests.published import make_run, some_ids


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    place = tmp_path_factory.mktemp("seeking")
    opened = Store.open(None, place / "home")
    publish(opened, make_run(place / "run", ids=some_ids(300)))
    yield opened
    opened.close()


def plans(store, pages=2, **asked):
    """Plans of the statements that find the second page."""
    cursor = None
    with store.reading() as conn:
        number = current(conn).run_no
        for _ in range(pages):
            asking: list[tuple] = []
            # The last of them is the second page.
            event.listen(
                conn,
                "before_cursor_execute",
                lambda _c, _k, words, values, *_, to=asking: to.append((words, values)),
            )
            page = forecasts.page(conn, number, CustomerQuery(limit=5, cursor=cursor, **asked))
            cursor = page.next_cursor
        raw = conn.connection.dbapi_connection
        found = []
        for words, values in asking:
            if "forecast_" in words:
                rows = raw.execute(f"EXPLAIN QUERY PLAN {words}", values).fetchall()
                found.append("\n".join(row[-1] for row in rows))
    return found


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("sort", ORDERS)
def test_a_sort_goes_along_its_index_and_sorts_nothing(store, sort, down):
    for plan in plans(store, sort=sort, descending=down):
        index = (
            "sqlite_autoindex_forecast_1_1" if sort == "customer_id" else f"ix_forecast_1_{sort}"
        )
        assert f"INDEX {index}" in plan
        assert "TEMP B-TREE" not in plan
        assert "SCAN" not in plan


@pytest.mark.parametrize("name", ["segment", "value_tier", "clv_level", "group", "channel"])
def test_names_are_merged_in_the_order_of_clv(store, monkeypatch, name):
    monkeypatch.setattr(seeking, "MOST_GATHERED", 0)
    word = {
        "segment": "Lost",
        "value_tier": "Low-CLV",
        "clv_level": "Low",
        "group": "onetimer",
        "channel": "WEB",
    }[name]
    merged, rows = plans(store, **{name: [word]})
    assert "MERGE" in merged
    assert "COVERING INDEX ix_forecast_1_cell" in merged
    assert "TEMP B-TREE" not in merged
    assert "SCAN" not in merged
    assert "sqlite_autoindex_forecast_1_1 (customer_id=?)" in rows


def test_few_are_gathered_without_a_look_at_their_rows(store):
    gathered, rows = plans(store, segment=["Lost"], sort="p_alive")
    assert "COVERING INDEX ix_forecast_1_cell (cell=?)" in gathered
    assert "TEMP B-TREE FOR ORDER BY" in gathered
    counted, gathered, rows = plans(store, min_clv=99.99, sort="p_alive")
    assert "COVERING INDEX ix_forecast_1_clv (clv>?)" in counted
    assert "COVERING INDEX ix_forecast_1_clv (clv>?)" in gathered
    assert "(customer_id=?)" in rows


def test_many_are_passed_over_along_the_sort(store, monkeypatch):
    monkeypatch.setattr(seeking, "MOST_GATHERED", 0)
    monkeypatch.setattr(seeking, "MOST_MERGED", 0)
    (walk,) = plans(store, segment=["Lost", "At Risk"], sort="p_alive")
    assert "INDEX ix_forecast_1_p_alive" in walk
    assert "TEMP B-TREE" not in walk
    counted, walk = plans(store, min_churn_risk=0.1, sort="historic_value")
    assert "ix_forecast_1_p_purchase" in counted
    assert "INDEX ix_forecast_1_historic_value" in walk
    assert "TEMP B-TREE" not in walk


def test_names_are_counted_without_a_look_at_customers(store):
    with store.reading() as conn:
        number = current(conn).run_no
        asked = []
        event.listen(conn, "before_cursor_execute", lambda _c, _k, words, *_: asked.append(words))
        assert forecasts.counted(conn, number, CustomerQuery(segment=["Lost"])) > 0
    assert not [words for words in asked if "forecast_" in words]
