"""A service with routes that do little."""

import pytest

from tests.edges import edge


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    with edge(tmp_path_factory.mktemp("home")) as made:
        yield made
