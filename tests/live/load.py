"""Clients that send each call until it is answered, and the proof that each was done exactly once."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock

from tests.live.client import Reply
from tests.live.server import Server

CLIENTS = 8
PARTICIPANTS = 12
# How long a client goes on sending one call. A start takes some seconds, with PostgreSQL's recovery.
SECONDS_MAX = 60
# Between two attempts.
PAUSE_SECONDS = 0.1


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
    """Eight clients that share `calls` calls, each with a key, and send each until it is answered."""

    def __init__(self, server: Server, slug: str, calls: int) -> None:
        self.server, self.slug, self.calls = server, slug, calls
        self.key = server.tenant(slug)
        # Answers of 500 and above, by status and code: the service had to say no for the moment.
        self.troubles: Counter[tuple[int, str]] = Counter()
        self.acknowledged: dict[str, Acknowledged] = {}
        self.refused: dict[str, Reply] = {}
        self._numbers = iter(range(calls))
        self._lock = Lock()
        self._stopped = Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """All clients send while the block runs; it is left when every call is answered."""
        with ThreadPoolExecutor(CLIENTS) as threads:
            courses = [threads.submit(self._run) for _ in range(CLIENTS)]
            try:
                yield
                for course in courses:
                    course.result(SECONDS_MAX)
            finally:
                self._stopped.set()

    def _run(self) -> None:
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

    def wait_for(self, count: int) -> None:
        deadline = time.monotonic() + SECONDS_MAX
        while len(self.acknowledged) + len(self.refused) < count:
            assert time.monotonic() < deadline, f"{len(self.acknowledged)} acknowledged"
            time.sleep(0.001)

    def prove(self) -> None:
        """Every call was done, once: as its answer said, or not at all where it was refused."""
        assert len(self.acknowledged) + len(self.refused) == self.calls
        assert_all_there(self.server, self.slug, self.acknowledged)
        [(tenant,)] = self.server.sql(
            "SELECT id FROM tenants_tenant WHERE slug = %s AND sandbox_of_id IS NULL", self.slug
        )
        for rows in (
            "gamify_entry e JOIN gamify_participant p ON p.id = e.participant_id WHERE p.tenant_id = %s",
            "gamify_operation WHERE tenant_id = %s",
        ):
            assert self.server.sql(f"SELECT count(*) FROM {rows}", tenant) == [(len(self.acknowledged),)]  # noqa: S608
        balances: dict[str, int] = {}
        for call in self.acknowledged.values():
            balances[call.participant] = balances.get(call.participant, 0) + call.amount
        client = self.server.client(self.key)
        assert {name: client.balance(name).body["balance"] for name in balances} == balances
        assert self.server.manage("verify_ledger", "--tenant", self.slug).endswith(": 0 broken.")

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
            self.troubles[reply.status, reply.body["code"]] += 1
            time.sleep(PAUSE_SECONDS)
        raise AssertionError(f"no answer after {attempts} attempts")


def assert_all_there(server: Server, slug: str, acknowledged: dict[str, Acknowledged]) -> None:
    """Each of these calls made exactly the entry that its answer named."""
    rows = server.sql(
        """SELECT operation.key, array_agg(entry.id::text), array_agg(entry.amount), array_agg(entry.balance_after)
             FROM gamify_operation operation JOIN gamify_entry entry ON entry.operation_id = operation.id
             JOIN tenants_tenant tenant ON tenant.id = operation.tenant_id WHERE tenant.slug = %s
            GROUP BY operation.key""",
        slug,
    )
    entries = {key: (ids, amounts, balances) for key, ids, amounts, balances in rows}
    for key, call in acknowledged.items():
        assert entries[key] == ([call.transaction_id], [call.amount], [call.new_balance])
