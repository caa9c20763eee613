"""The dictionary's features are those of the catalogue, and the how-to's example runs."""

import re
import shlex
from pathlib import Path

import pyarrow.parquet as pq
from typer.testing import CliRunner

from clv.apps.cli import app
from docs.dictionary import PAGE, section, written

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "features.md"


def test_the_section_is_what_the_catalogue_says():
    page = PAGE.read_text()
    assert written(page) == page, "python -m docs.dictionary writes it anew"
    assert section().count("\n| ") >= 200


def test_the_example_writes_what_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = HOW_TO.read_text()
    command, told = re.search(r"```\n\$ clv (features cdnow .*)\n([^`]*)\n```", page).groups()
    ended = CliRunner().invoke(app, shlex.split(command))
    assert ended.exit_code == 0, ended.output
    assert ended.stderr.strip() == told
    table = pq.read_table("features.parquet").to_pandas().set_index("customer_id")
    shown = re.findall(r"^\| (\w+) \| (\d{5}) \| ([-\d.]+) \|$", page, re.MULTILINE)
    assert len(shown) >= 5
    for name, customer, value in shown:
        digits = len(value.partition(".")[2])
        assert f"{table[name][customer]:.{digits}f}" == value, name
