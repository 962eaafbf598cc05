"""The history that PostgreSQL writes for the measurement of a large ledger is what the engine would have written."""

import os

import pytest

from bench import history
from bench.servers import Shop
from tests.live.server import server_on_a_database_of

pytestmark = pytest.mark.slow

_INDEXES = """
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
     UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
     ORDER BY 1
"""


def test_a_history_written_by_postgresql_is_verified_and_goes_on() -> None:
    with server_on_a_database_of(os.environ["DATABASE_URL"], name=f"history_{os.getpid()}") as server:
        shop = Shop.create(server, "shop")
        indexes = server.sql(_INDEXES)
        history.write(str(server.database_url), shop.slug, participants=5, entries=4)
        assert server.manage("verify_ledger", "--tenant", "shop") == "Verified 20 entries of 5 accounts: 0 broken."
        client = server.client(shop.key)
        assert client.balance("p4").body["balance"] == 4 * history.AMOUNT
        awarded = client.award("p4", 10, key="next").body
        # Tier and badges were what the history leads to.
        assert (awarded["tier_upgrade"], awarded["badges_unlocked"]) == (None, [])
        assert client.get("/participants/p4/tier").body["current_tier"]["code"] == "bronze"
        assert [entry["amount"] for entry in client.transactions("p4").body["transactions"]] == [10] + [100] * 4
        assert server.manage("verify_ledger", "--tenant", "shop") == "Verified 21 entries of 5 accounts: 0 broken."
        # They were dropped meanwhile.
        assert server.sql(_INDEXES) == indexes
