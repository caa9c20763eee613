"""An engine, and logs written line by line."""

from datetime import date

import pytest

from clv.data.engine import DuckDBEngine
from clv.data.ingest import Columns, IngestSettings, ingest

TODAY = date(2026, 1, 1)


@pytest.fixture
def engine(tmp_path):
    with DuckDBEngine(tmp_path / "engine", "500MB", 1) as engine:
        yield engine


@pytest.fixture
def read(tmp_path, engine):
    """Ingest a text; options are IngestSettings' and Columns' own."""

    def ingest_text(text, encoding="utf-8", name="log.csv", **options):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        columns = {f: options.pop(f) for f in Columns.fields() if f in options}
        settings = {"today": TODAY, "max_bad": 1.0} | options
        return ingest(path, IngestSettings(columns=Columns(**columns), **settings), engine)

    return ingest_text


@pytest.fixture
def column(read):
    """The values of one column of the accepted rows, by line."""

    def values(field, text, **options):
        return list(read(text, **options).transactions.order_by("line")[field].execute())

    return values
