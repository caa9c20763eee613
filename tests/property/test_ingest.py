"""Laws of ingest: no text crashes it, every row is accounted for, order changes nothing."""

import csv
import io
import shutil
from datetime import date
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clv.core.errors import ClvError
from clv.data.engine import DuckDBEngine
from clv.data.ingest import IngestSettings, ingest
from clv.data.records import records

RULES = IngestSettings(max_bad=1, today=date(2026, 1, 1))
QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
_numbers = count()


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with DuckDBEngine(tmp_path_factory.mktemp("engine"), "500MB", 1) as engine:
        yield engine


@pytest.fixture
def place(tmp_path):
    def write(data: bytes) -> Path:
        path = tmp_path / f"{next(_numbers)}.csv"
        path.write_bytes(data)
        return path

    yield write
    shutil.rmtree(tmp_path)


def as_csv(rows, **dialect) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, **dialect).writerows(rows)
    return text.getvalue().encode("utf-8", "surrogatepass")


cells = st.one_of(
    st.text(max_size=12),
    st.text(alphabet=' ,;"\n\r\t\0a1.-/', max_size=8),
    st.sampled_from(["c1", "c2", "2024-01-05", "31/12/2024", "12.50", "(3)", "nan", "1e400", "€5"]),
)
good = st.tuples(
    st.sampled_from(["c1", "c2", "007"]),
    st.dates(date(2000, 1, 1), date(2025, 1, 1)).map(date.isoformat),
    st.decimals(-1000, 1000, places=2).map(str),
)
tables = st.lists(st.one_of(st.tuples(cells, cells, cells), good), min_size=1, max_size=12)


def told(error):
    """A refusal ends its sentence and says more than a word."""
    return len(error.message) > 20 and error.message[-1] in ".)"


def reconciled(engine, path):
    """The log, its rows all accounted for; None where it was refused in words."""
    try:
        found = ingest(path, RULES, engine)
    except ClvError as refusal:
        if not told(refusal):
            raise
        return None
    assert found.rows_in == found.accepted + found.quarantined + found.dropped
    assert found.transactions.count().execute() == found.accepted
    assert found.quarantine.count().execute() == found.quarantined
    return found


@QUICK
@given(tables, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n"]))
@example([("c1", "2024-01-05", "1"), ('a"b', "2024-01-05", "1")], ",", "\n")
@example([("c1", "2024-01-05", "1"), ("a\rb", "2024-01-05", "1")], ",", "\r\n")
@example([("c1\0", "2024-01-05", "1")], ",", "\n")
def test_every_record_of_a_written_table_is_accounted_for(engine, place, rows, delimiter, end):
    header = [("customer_id", "date", "amount")]
    path = place(as_csv(header + rows, delimiter=delimiter, lineterminator=end))
    found = reconciled(engine, path)
    if found is None:
        return
    assert found.rows_in == len(rows)
    assert "unreadable_line" not in found.by_rule


@QUICK
@given(
    st.one_of(
        st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace")), st.binary(max_size=200)
    )
)
@example(b"")
@example(b"\xef\xbb\xbf")
@example(b'customer,date,amount\n"')
@example(b"\xff\xfe\x00")
@example(b"\x1f\x8b\x08")
@example(b"PAR1")
@example(b"customer,date,amount\n" + b'"c,2024-01-01,1\n' * 300)
def test_no_bytes_of_a_file_crash_it(engine, place, data):
    reconciled(engine, place(data))


@QUICK
@given(st.one_of(st.text(max_size=80), st.text(alphabet='",\n c1', max_size=80)))
def test_no_text_below_a_good_header_crashes_it(engine, place, text):
    head = "customer_id,date,amount\nc1,2024-01-05,12.50\n"
    found = reconciled(engine, place((head + text).encode("utf-8", "replace")))
    assert found is None or found.accepted >= 1


@settings(QUICK, max_examples=20)
@given(st.lists(good, min_size=1, max_size=15), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(engine, place, rows, random):
    header = [("customer_id", "date", "amount")]
    shuffled = random.sample(rows, len(rows))

    def accepted(rows):
        try:
            found = ingest(place(as_csv(header + rows)), RULES, engine)
        except ClvError as error:
            return type(error)
        frame = found.transactions.select("customer_id", "date", "amount").execute()
        return sorted(map(tuple, frame.itertuples(index=False))), found.by_rule

    assert accepted(rows) == accepted(shuffled)


@QUICK
@given(tables, st.sampled_from([",", ";", "\t"]))
def test_both_readers_see_the_same_cells(engine, place, rows, delimiter):
    from clv.data.staging import stage_text

    header = [("customer_id", "date", "amount")]
    path = place(as_csv(header + rows, delimiter=delimiter, lineterminator="\n"))
    stage_text([path], IngestSettings(delimiter=delimiter), engine)
    seen = engine.sql("SELECT line, c0, c1, c2 FROM raw ORDER BY line")
    patient = [(r.line, *r.cells) for r in records(path, delimiter)][1:]
    empty = [(line, *[cell or "" for cell in row]) for line, *row in seen]
    assert empty == patient
