"""Some customers' rows of a kept log: theirs alone, in order, of the columns asked for."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clv.core.errors import RunError
from clv.data.accepted import accepted_rows


@pytest.fixture
def log(tmp_path):
    rows = [(f"{n // 3:05d}", n % 3, float(n)) for n in range(30_000)]
    customer, line, amount = zip(*rows, strict=True)
    table = pa.table({"customer_id": customer, "line": line, "amount": amount})
    path = tmp_path / "transactions.parquet"
    pq.write_table(table, path, row_group_size=1_000)
    return path


def test_rows_are_theirs_in_the_order_of_the_log(log):
    told = accepted_rows(log, {"09999", "00000"})
    assert told["customer_id"].to_pylist() == ["00000"] * 3 + ["09999"] * 3
    assert told["line"].to_pylist() == [0, 1, 2] * 2


def test_columns_that_the_log_has_not_are_passed_over(log):
    told = accepted_rows(log, ["00007"], ("amount", "order_id"))
    assert told.to_pydict() == {"amount": [21.0, 22.0, 23.0]}


@pytest.mark.parametrize("who", [[], ["nobody"], ["'; DROP TABLE run; --"]])
def test_of_who_is_not_there_there_is_nothing(log, who):
    assert accepted_rows(log, who).num_rows == 0


def test_a_file_that_is_none_is_said_to_be_broken(log):
    content = bytearray(log.read_bytes())
    content[100:2_000] = b"\xff" * 1_900
    log.write_bytes(content)
    with pytest.raises(RunError, match="cannot be read"):
        accepted_rows(log, ["00001"])
    log.write_bytes(b"PAR1 and no more")
    with pytest.raises(RunError, match="cannot be read"):
        accepted_rows(log, ["00001"])
