"""Fixtures every suite shares."""

import os
from collections import Counter
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test by a name of its own: where tests run side by side, those of one name run once."""
    for item in items:
        # schemathesis calls the tests of all routes alike.
        if label := getattr(item, "operation_label", None):
            item._id = item.id.with_params(label)
    alike = [name for name, times in Counter(item.nodeid for item in items).items() if times > 1]
    if alike:
        raise pytest.UsageError(f"tests of one name: {', '.join(alike)}. Give each its own.")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The real logs that are not part of the project."""
    folder = Path(os.environ.get("CLV_DATA_DIR", ROOT.parent / "shared" / "data"))
    if not (folder / "README.md").exists():
        pytest.skip(f"no real logs at {folder}; set CLV_DATA_DIR")
    return folder
