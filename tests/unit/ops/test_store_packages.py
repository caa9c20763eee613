"""What the store says where a package it needs is not installed."""

import subprocess
import sys

import pytest

from clv.core.errors import DependencyError
from clv.ops.store.database import Store


def test_without_sqlalchemy_the_extra_is_named():
    program = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "from clv.core.errors import DependencyError\n"
        "try:\n    import clv.ops.store.publishing\n"
        "except DependencyError as error:\n    print(error)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout == "sqlalchemy is not installed: pip install 'clv[service]'\n"


def test_without_psycopg_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DependencyError, match=r"psycopg is not installed: .*clv\[postgres\]"):
        Store.open("postgresql://me@127.0.0.1/shop", tmp_path)
