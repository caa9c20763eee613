"""Runs to publish."""

import pytest

from tests.published import make_run, some_ids


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "one", "one", seed=1)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "two", "two", some_ids(150), seed=2)
