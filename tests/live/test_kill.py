"""`kill -9` under load: what was acknowledged is there, and what is sent again is not done twice."""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event, Lock

import pytest

from tests.live.client import Reply
from tests.live.server import Server, server_on_its_own_postgresql

pytestmark = pytest.mark.slow

CLIENTS = 8
CALLS = 1_200
PARTICIPANTS = 12
# How long a client goes on sending one call. A start takes some seconds, with PostgreSQL's recovery.
SECONDS_MAX = 60
# Between two attempts.
PAUSE_SECONDS = 0.1


@pytest.fixture
def server() -> Iterator[Server]:
    with server_on_its_own_postgresql() as server:
        yield server


@dataclass(frozen=True)
class Acknowledged:
    participant: str
    # Negative for a deduct.
    amount: int
    transaction_id: str
    new_balance: int
    attempts: int
    is_replay: bool


class Load:
    """Eight clients that share `CALLS` calls, each with a key, and send each until it is answered."""

    def __init__(self, server: Server, key: str) -> None:
        self.server, self.key = server, key
        self.acknowledged: dict[str, Acknowledged] = {}
        self.refused: dict[str, Reply] = {}
        self._numbers = iter(range(CALLS))
        self._lock = Lock()
        self._stopped = Event()

    def run(self) -> None:
        """One client's course."""
        chance = random.Random()
        client = self.server.client(self.key)
        while (number := self._next()) is not None and not self._stopped.is_set():
            key, participant, amount = f"call-{number}", f"user-{chance.randrange(PARTICIPANTS)}", chance.randint(1, 9)
            send = client.award if chance.random() < 0.6 else client.deduct
            reply, attempts = self._until_answered(lambda: send(participant, amount, key=key))  # noqa: B023 - called here
            if reply.status == 400:
                self.refused[key] = reply
                continue
            body, sign = reply.body, 1 if send == client.award else -1
            assert (reply.status, body["participant_id"], body["amount"]) == (200, participant, amount), reply
            self.acknowledged[key] = Acknowledged(
                participant, sign * amount, body["transaction_id"], body["new_balance"], attempts, reply.is_replay
            )

    def stop(self) -> None:
        self._stopped.set()

    def wait_for(self, count: int) -> None:
        deadline = time.monotonic() + SECONDS_MAX
        while len(self.acknowledged) + len(self.refused) < count:
            assert time.monotonic() < deadline, f"{len(self.acknowledged)} acknowledged"
            time.sleep(0.001)

    def _next(self) -> int | None:
        with self._lock:
            return next(self._numbers, None)

    def _until_answered(self, send: Callable[[], Reply]) -> tuple[Reply, int]:
        deadline, attempts = time.monotonic() + SECONDS_MAX, 0
        while time.monotonic() < deadline and not self._stopped.is_set():
            attempts += 1
            try:
                reply = send()
            except OSError:
                time.sleep(PAUSE_SECONDS)
                continue
            if reply.status < 500:
                return reply, attempts
            time.sleep(PAUSE_SECONDS)
        raise AssertionError(f"no answer after {attempts} attempts")


def test_kill_9_loses_nothing_that_was_acknowledged_and_doubles_nothing(server: Server) -> None:
    load = Load(server, server.tenant("shop"))
    with ThreadPoolExecutor(CLIENTS) as threads:
        courses = [threads.submit(load.run) for _ in range(CLIENTS)]
        try:
            load.wait_for(CALLS // 4)
            server.kill_session()

            load.wait_for(CALLS // 2)
            server.kill()
            known = dict(load.acknowledged)
            server.start()
            assert_all_there(server, known)

            load.wait_for(3 * CALLS // 4)
            server.kill(with_postgresql=True)
            known = dict(load.acknowledged)
            server.start()
            assert_all_there(server, known)
            for course in courses:
                course.result(SECONDS_MAX)
        finally:
            load.stop()

    assert len(load.acknowledged) + len(load.refused) == CALLS
    # Each of the three hit calls on their way.
    assert sum(call.attempts > 1 for call in load.acknowledged.values()) >= 3
    assert_all_there(server, load.acknowledged)
    assert server.sql("SELECT count(*) FROM gamify_entry") == [(len(load.acknowledged),)]
    assert server.sql("SELECT count(*) FROM gamify_operation") == [(len(load.acknowledged),)]
    balances: dict[str, int] = {}
    for call in load.acknowledged.values():
        balances[call.participant] = balances.get(call.participant, 0) + call.amount
    client = server.client(load.key)
    assert {name: client.balance(name).body["balance"] for name in balances} == balances
    assert server.manage("verify_ledger").endswith(": 0 broken.")
    log = (server.folder / "data/postgres/log").read_text()
    assert "terminating any other active server processes" in log
    assert "was not properly shut down" in log


def assert_all_there(server: Server, acknowledged: dict[str, Acknowledged]) -> None:
    """Each of these calls made exactly the entry that its answer named."""
    rows = server.sql(
        """SELECT operation.key, array_agg(entry.id::text), array_agg(entry.amount), array_agg(entry.balance_after)
             FROM gamify_operation operation JOIN gamify_entry entry ON entry.operation_id = operation.id
            GROUP BY operation.key"""
    )
    entries = {key: (ids, amounts, balances) for key, ids, amounts, balances in rows}
    for key, call in acknowledged.items():
        assert entries[key] == ([call.transaction_id], [call.amount], [call.new_balance])
