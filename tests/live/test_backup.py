"""A service with the bundled PostgreSQL is backed up while it awards, lost, and restored into a new data folder."""

import json
from pathlib import Path

import pytest

from tests.live.load import Load
from tests.live.server import Server, server_on_its_own_postgresql

pytestmark = pytest.mark.slow

CALLS = 200


def test_a_service_is_moved_to_another_machine(tmp_path: Path) -> None:
    file = tmp_path / "nightly.backup"
    with server_on_its_own_postgresql() as server:
        load = Load(server, "shop", CALLS)
        with load.running():
            load.wait_for(CALLS // 2)
            known = dict(load.acknowledged)
            server.manage("backup", str(file))

    with server_on_its_own_postgresql(restored_from=file) as server:
        # Of one instant: whole, and with all that was acknowledged before it began.
        assert server.manage("verify_ledger").endswith(": 0 broken.")
        client = server.client(load.key)
        for key, call in known.items():
            if call.amount > 0:
                again = client.award(call.participant, call.amount, key=key)
                assert (again.is_replay, again.body["transaction_id"]) == (True, call.transaction_id)
        assert client.award("anna", 5).status == 200
        assert server.manage("verify_ledger").endswith(": 0 broken.")
        entries = server.sql("SELECT count(*) FROM gamify_entry")
        assert [(len(facts(server)),)] == entries


def facts(server: Server) -> list[str]:
    """The ids in the whole stream, each once."""
    admin = server.client(server.manage("issue_key", "shop", "--scope", "admin"))
    ids: list[str] = []
    query = "limit=50"
    while True:
        page = json.loads(admin.get(f"/facts?{query}").content)
        ids += [fact["id"] for fact in page["facts"]]
        if not page["has_more"]:
            assert len(set(ids)) == len(ids)
            return ids
        query = f"limit=50&after={page['next']}"
