"""What fails under load, and mends by itself: no acknowledged write is lost, none is doubled, nobody has to help."""

import os
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from tests.live.disk import full_disk
from tests.live.load import Load
from tests.live.server import WORKERS, Server, server_on_a_database_of, server_on_its_own_postgresql
from tests.live.wire import Wire, wire_to

pytestmark = pytest.mark.slow

CALLS = 300
SECONDS_MAX = 60


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with server_on_its_own_postgresql() as server:
        yield server


def test_postgresql_restarted_under_load(server: Server) -> None:
    # It must not be over before the restart.
    load = Load(server, "restarted", 4 * CALLS)
    with load.running():
        load.wait_for(CALLS // 3)
        server.restart_postgresql()
    assert_only_unavailable(load)
    load.prove()


def test_connections_cut_under_load(server: Server) -> None:
    load = Load(server, "cut", CALLS)
    with load.running():
        for share in (0.2, 0.4, 0.6):
            load.wait_for(int(CALLS * share))
            assert server.end_sessions() > 0
    assert_only_unavailable(load)
    load.prove()


def test_a_killed_worker_is_replaced_and_the_others_go_on(server: Server) -> None:
    load = Load(server, "killed", CALLS)
    assert server.process
    with load.running():
        load.wait_for(CALLS // 3)
        killed = server.kill_worker()
    # The service itself refused nothing: calls on their way in that process got no answer.
    assert not load.troubles
    load.prove()
    workers = psutil.Process(server.process.pid).children
    wait_until(lambda: len(workers()) == WORKERS and killed not in workers())


def test_a_full_disk_refuses_writes_and_nothing_else_until_there_is_room(server: Server) -> None:
    # It must not be over before the disk is full.
    load = Load(server, "full", 4 * CALLS)
    reader = server.client(load.key)
    with load.running():
        load.wait_for(CALLS // 3)
        with full_disk(server):
            wait_until(lambda: load.troubles[503, "unavailable"] >= 10)
            assert reader.balance("user-1").status == 200
    assert_only_unavailable(load)
    load.prove()
    assert "psycopg.errors.DiskFull" in server.output()


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with wire_to(os.environ["DATABASE_URL"]) as wire:
        yield wire


@pytest.fixture(scope="module")
def wired_server(wire: Wire) -> Iterator[Server]:
    name = f"wired_{os.getpid()}"
    with server_on_a_database_of(os.environ["DATABASE_URL"], name=name, through=wire.url) as server:
        yield server


def test_a_commit_whose_acknowledgement_was_lost_is_found_by_its_key(wired_server: Server, wire: Wire) -> None:
    client = wired_server.client(wired_server.tenant("lost"))
    assert client.award("anna", 5).status == 200
    wire.lose_acknowledgements(1)
    refused = client.award("anna", 7, key="order-1")
    assert (refused.status, refused.body["code"]) == (503, "unavailable")
    assert int(refused.headers["retry-after"]) >= 1
    again = client.award("anna", 7, key="order-1")
    assert (again.status, again.is_replay, again.body["new_balance"]) == (200, True, 12)
    assert wire.lost == 1


def test_acknowledgements_lost_under_load(wired_server: Server, wire: Wire) -> None:
    # It must not be over before all fifteen are lost: awards that share a transaction are one commit.
    already, load = wire.lost, Load(wired_server, "lost-under-load", 4 * CALLS)
    with load.running():
        for part in (1, 2, 3):
            load.wait_for(CALLS * part // 5)
            wire.lose_acknowledgements(5)
            wait_until(lambda: wire.lost >= already + 5 * part)  # noqa: B023 - called here
            wire.cut()
    assert_only_unavailable(load)
    # Of fifteen; some were of calls that were refused, and so wrote nothing.
    assert sum(call.is_replay for call in load.acknowledged.values()) >= 5
    load.prove()


def assert_only_unavailable(load: Load) -> None:
    """It hit calls on their way, and all of them were told to try again: not one was a bare 500."""
    assert set(load.troubles) == {(503, "unavailable")}
    assert any(call.attempts > 1 for call in load.acknowledged.values())


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
