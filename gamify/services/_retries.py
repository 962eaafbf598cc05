"""Transactions that are run again where another one got in between."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from django.db import DatabaseError

from gamify.errors import Busy
from gamify.queries import programme as programmes

# How often a transaction is run again because another one got in between. The second run finds what the other wrote,
# so more than two take a new coincidence each.
ATTEMPTS_MAX = 6

UNIQUE_VIOLATION, SERIALIZATION_FAILURE, DEADLOCK_DETECTED = "23505", "40001", "40P01"
LOCK_NOT_AVAILABLE = "55P03"

T = TypeVar("T")


class ProgrammeChanged(Exception):
    """The rules that this process knows are not the ones that hold: start over with those."""


def with_retries(tenant_id: UUID, attempt: Callable[[], T]) -> T:
    """Run `attempt`, a transaction, again where another one got in between. Raises Busy."""
    for _ in range(ATTEMPTS_MAX):
        try:
            return attempt()
        except ProgrammeChanged:
            programmes.forget(tenant_id)
        except DatabaseError as error:
            code = getattr(error.__cause__, "sqlstate", None)
            if code == LOCK_NOT_AVAILABLE:
                raise Busy from error
            if code not in (UNIQUE_VIOLATION, SERIALIZATION_FAILURE, DEADLOCK_DETECTED):
                raise
    raise Busy
