"""Races are run between transactions, as those of several processes are; some also within one, of joined calls."""

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def joined_operations_max(settings: Settings) -> None:
    """A test module that wants calls to be joined has a fixture of this name of its own."""
    settings.JOINED_OPERATIONS_MAX = 1
