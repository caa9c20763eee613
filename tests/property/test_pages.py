"""Pages of any query, put together, are what plain Python finds: each once, in order."""

import base64
import json
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv.core.errors import SettingError, StaleCursorError
from clv.ops import forecasts, paging, seeking
from clv.ops.forecasts import CustomerQuery
from clv.ops.paging import ORDERS, UNKNOWN, Place, findable, place_of
from clv.ops.store.database import Store
from clv.ops.store.publishing import current, publish
from tests.published import CHANNELS, IDS, LEVELS, SEGMENTS, make_run, some_ids

CUSTOMERS = 150
#: Ways to find a page: what is gathered, and what is merged, at most.
WAYS = {"any": None, "walk": (0, 0), "merge": (0, 200), "gather": (10_000, 0)}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(request, tmp_path_factory):
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_server").fresh()
    place: Path = tmp_path_factory.mktemp("pages")
    opened = Store.open(url, place / "home")
    publish(opened, make_run(place / "run", ids=some_ids(CUSTOMERS)))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def everybody(store):
    with store.reading() as conn:
        number = current(conn).run_no
        found = [forecasts.customer(conn, number, one) for one in some_ids(CUSTOMERS)]
    assert None not in found
    return found


names = {
    "segment": SEGMENTS,
    "value_tier": (*set(LEVELS.values()), "nobody"),
    "clv_level": tuple(LEVELS),
    "mismatch": ("Aligned", "CLV above segment", "CLV below segment"),
    "group": ("onetimer", "repeater", UNKNOWN),
    "channel": CHANNELS,
}
ends = {
    "clv": st.sampled_from((-1.0, 0.0, 1.0, 2.5, 10.0, 99.99, 2000.0)),
    "p_alive": st.sampled_from((0.0, 0.1, 0.25, 0.5, 1.0)),
    "churn_risk": st.one_of(st.sampled_from((0.0, 0.1, 0.5, 0.7, 0.9, 1.0)), st.floats(0, 1)),
    "historic_value": st.sampled_from((-10.0, -5.0, 0.0, 10.0, 500.0)),
}


@st.composite
def queries(draw):
    asked = {}
    for name, words in names.items():
        if draw(st.integers(0, 3)) == 0:
            asked[name] = draw(st.lists(st.sampled_from(words), min_size=1, max_size=3))
    for name, values in ends.items():
        if draw(st.integers(0, 3)) == 0:
            low, high = draw(st.none() | values), draw(st.none() | values)
            if low is not None and high is not None:
                low, high = sorted((low, high))
            asked |= {f"min_{name}": low, f"max_{name}": high}
    if draw(st.integers(0, 4)) == 0:
        begun = st.sampled_from(IDS).flatmap(lambda one: st.integers(1, 3).map(lambda n: one[:n]))
        asked["search"] = draw(st.one_of(begun, st.just("C0000"), st.text(max_size=2)))
    asked["sort"] = draw(st.none() | st.sampled_from(ORDERS))
    asked["descending"] = draw(st.none() | st.booleans())
    return asked


def meets(row, query):
    """Whether a customer meets the conditions, in plain Python."""
    for name, wanted in query.named.items():
        if (row[name] or UNKNOWN) not in wanted:
            return False
    risk = None if row["p_purchase"] is None else 1 - row["p_purchase"]
    figures = {**row, "churn_risk": risk}
    for name in ends:
        low, high = getattr(query, f"min_{name}"), getattr(query, f"max_{name}")
        value = figures[name]
        if (low is not None or high is not None) and value is None:
            return False
        if (low is not None and value < low) or (high is not None and value > high):
            return False
    return row["customer_id"].startswith(query.search or "")


def in_order(rows, query):
    column, down = query.order
    having = [row for row in rows if row[column] is not None]
    lacking = [row for row in rows if row[column] is None]
    having.sort(key=lambda row: (row[column], row["customer_id"]), reverse=down)
    lacking.sort(key=lambda row: row["customer_id"], reverse=down)
    return [*having, *lacking]


@pytest.mark.parametrize("way", WAYS)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(asked=queries(), limit=st.sampled_from((1, 7, 40, 1000)))
def test_pages_give_each_customer_once_and_in_order(
    store, everybody, monkeypatch, way, asked, limit
):
    if WAYS[way] is not None:
        monkeypatch.setattr(seeking, "MOST_GATHERED", WAYS[way][0])
        monkeypatch.setattr(seeking, "MOST_MERGED", WAYS[way][1])
    query = CustomerQuery(**asked)
    wanted = in_order([row for row in everybody if meets(row, query)], query)
    if limit == 1 and len(wanted) > 20:
        limit = 9
    found, cursor = [], None
    with store.reading() as conn:
        number = current(conn).run_no
        assert forecasts.counted(conn, number, query) == len(wanted)
        while True:
            page = forecasts.page(conn, number, CustomerQuery(**asked, limit=limit, cursor=cursor))
            found += page.customers
            assert len(page.customers) == limit or page.next_cursor is None
            cursor = page.next_cursor
            if cursor is None:
                break
    assert [row["customer_id"] for row in found] == [row["customer_id"] for row in wanted]
    assert found == wanted


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
)
half = st.characters(categories=["Cs"])
#: What a broken place may have for a value, and for a customer.
values = anything | st.integers(min_value=10**309) | st.just("2024-02-30")
customers = anything | half | st.just("\0")


def forged(content):
    """A cursor with a right digest, as anybody can make one who has read the code."""
    content = content.encode()
    return base64.urlsafe_b64encode(paging._digest(content) + content).decode().rstrip("=")


def told(cursor, **asked):
    """What is said of a cursor: nothing of one whose place can be looked for."""
    try:
        place = place_of(1, CustomerQuery(cursor=cursor, **asked))
    except (SettingError, StaleCursorError) as error:
        return str(error)
    assert isinstance(place, Place)
    assert findable(place.customer_id)
    assert not isinstance(place.value, float) or math.isfinite(place.value)
    return ""


@given(sort=st.sampled_from(ORDERS), value=values, customer=customers, number=st.just(1) | anything)
def test_a_forged_cursor_is_a_place_or_is_refused(sort, value, customer, number):
    print_ = CustomerQuery(sort=sort).fingerprint
    told(forged(json.dumps([number, print_, value, customer])), sort=sort)


@given(content=st.text(max_size=50) | anything.map(json.dumps))
def test_a_cursor_of_something_else_is_refused(content):
    assert told(forged(content)).startswith("cursor: ")


PRINT = json.dumps(CustomerQuery().fingerprint)


@pytest.mark.parametrize(
    "content",
    [
        "[" * 1_490,
        "[" * 100_000,
        f'[1, {PRINT}, {"9" * 400}, "C1"]',
        f'[1, {PRINT}, {"9" * 5_000}, "C1"]',
        f'[1, {PRINT}, 1e999, "C1"]',
        f'[1, {PRINT}, NaN, "C1"]',
        f'[1, {PRINT}, "inf", "C1"]',
        f'[1, {PRINT}, 1, "\\ud800"]',
        f'[1, {PRINT}, 1, "\\u0000"]',
        f"[1, {PRINT}, 1, 7]",
        f"[1, {PRINT}, 1, null]",
    ],
)
def test_a_cursor_that_leads_nowhere_is_refused(content):
    assert told(forged(content)).startswith("cursor: is broken.")
