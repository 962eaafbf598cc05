"""`kill -9` under load: what was acknowledged is there, and what is sent again is not done twice."""

from collections.abc import Iterator

import pytest

from tests.live.load import Load, assert_all_there
from tests.live.server import Server, server_on_its_own_postgresql

pytestmark = pytest.mark.slow

CALLS = 1_200


@pytest.fixture
def server() -> Iterator[Server]:
    with server_on_its_own_postgresql() as server:
        yield server


def test_kill_9_loses_nothing_that_was_acknowledged_and_doubles_nothing(server: Server) -> None:
    load = Load(server, "shop", CALLS)
    with load.running():
        load.wait_for(CALLS // 4)
        server.kill_session()

        load.wait_for(CALLS // 2)
        server.kill()
        known = dict(load.acknowledged)
        server.start()
        assert_all_there(server, "shop", known)

        load.wait_for(3 * CALLS // 4)
        server.kill(with_postgresql=True)
        known = dict(load.acknowledged)
        server.start()
        assert_all_there(server, "shop", known)

    # Each of the three hit calls on their way.
    assert sum(call.attempts > 1 for call in load.acknowledged.values()) >= 3
    load.prove()
    log = (server.folder / "data/postgres/log").read_text()
    assert "terminating any other active server processes" in log
    assert "was not properly shut down" in log
