"""Fixtures every suite shares."""

import os
from pathlib import Path

import pytest

from tests.onerun import one_run  # noqa: F401
from tests.services import (  # noqa: F401
    _redis_of_session,
    database_url,
    postgresql_server,
    redis_server,
    sqlite_store,
    store,
)

# Services are opened and closed by the hundred; few of them are sent orders.
os.environ.setdefault("CLV_WARM", "false")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The real logs that are not part of the project."""
    folder = Path(os.environ.get("CLV_DATA_DIR", ROOT.parent / "shared" / "data"))
    if not (folder / "README.md").exists():
        pytest.skip(f"no real logs at {folder}; set CLV_DATA_DIR")
    return folder
