"""The data dictionary names every column of every table, in the table's order."""

import re
from pathlib import Path

import pytest

from clv.core import schema

PAGE = Path(__file__).resolve().parents[2] / "docs" / "data-dictionary.md"


@pytest.mark.parametrize(
    ("title", "table"),
    [
        ("forecasts.parquet", schema.FORECASTS),
        ("quarantine.parquet", schema.QUARANTINE),
        ("A customer's history, as models see it", schema.HISTORY),
    ],
)
def test_columns_are_those_of_the_contract(title, table):
    section = PAGE.read_text().split(f"## {title}\n")[1].split("\n## ")[0]
    named = re.findall(r"^\| (\w+) \|", section, re.MULTILINE)
    assert [name for name in named if name != "column"] == table.names
