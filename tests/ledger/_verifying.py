"""A history to verify, and what somebody with all rights on the database can do to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from random import getrandbits
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from gamify.models import participant_id
from gamify.services import _member
from gamify.services.idempotency import IdempotencyKey
from tenants.models import Tenant
from tests import expiring
from tests.expiring import DAY, NOW

COPIED_ENTRY = """
    INSERT INTO gamify_entry (participant_id, points_system_id, sequence, id, kind, amount, balance_after, created_at,
                              hash)
    SELECT participant_id, points_system_id, {}, gen_random_uuid(), 'award', 1, balance_after + 1, created_at, hash
      FROM gamify_entry WHERE {{anna}} AND sequence = {}
"""


def write_history(shop: Tenant) -> None:
    """Anna has eight entries, of every kind, and lots 2, 3 and 5; Ben and Cleo have two entries each."""
    with written_at(NOW):
        expiring.award(shop, "anna", 100, reason="Einkauf ☕", metadata={"n": 1.50}, key=IdempotencyKey("order-1"))
        expiring.award(shop, "anna", 50, expires_at=NOW + DAY)
        expiring.award(shop, "anna", 40, expires_at=NOW + 30 * DAY)
        expiring.deduct(shop, "anna", 60)
        expiring.award(shop, "anna", 20, expires_at=NOW + 2 * DAY)
        expiring.award(shop, "anna", 5, now=NOW + 3 * DAY)  # Which first writes the expiry of lot 5, as entry 6.
        expiring.deduct(shop, "anna", 10, now=NOW + 3 * DAY)
        for name in ("ben", "cleo"):
            expiring.award(shop, name, 10)
            expiring.award(shop, name, 5)


def tamper(tenant: Tenant, sql: str, **names: Any) -> None:
    """Past the trigger, as whoever owns the table can. `{anna}` is Anna's account in `tenant`."""
    id = participant_id(tenant.id, "anna")
    system_id = expiring.system_of(tenant).id
    anna = f"participant_id = '{id}' AND points_system_id = '{system_id}'"
    with connection.cursor() as cursor:
        # A table with checks outstanding could not be altered.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE gamify_entry DISABLE TRIGGER gamify_entry_immutable")
        cursor.execute(sql.format(anna=anna, anna_id=f"id = '{id}'", **names))
        assert cursor.rowcount
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE gamify_entry ENABLE TRIGGER gamify_entry_immutable")


@contextmanager
def written_at(moment: datetime) -> Iterator[None]:
    """An entry's id tells when it was written, whatever `now` was."""
    with pytest.MonkeyPatch.context() as patch:
        start = int(moment.timestamp() * 1000) << 80
        patch.setattr(_member, "uuid7", lambda: UUID(int=start + getrandbits(80)))
        yield


def place(tenant: Tenant, participant: str, sequence: int | None) -> str:
    account = f"participant {participant_id(tenant.id, participant)}, points system {expiring.system_of(tenant).id}"
    return account if sequence is None else f"{account}, entry {sequence}"
