"""One server for the tests that leave it running."""

import os
from collections.abc import Iterator

import pytest

from tests.live.server import Server, server_on_a_database_of


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    # A database for each process of pytest-xdist, and for each of several test runs at once.
    name = f"live_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    with server_on_a_database_of(os.environ["DATABASE_URL"], name=name) as server:
        yield server
