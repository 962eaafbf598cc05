"""Random calls by several clients at once, and the proof that the ledger is exactly what their answers said."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from tests.live.client import Client, Reply
from tests.live.proof import Made, Proof, prove
from tests.live.server import Server

PARTICIPANTS = 60
BATCH_MAX = 10
PAGE_SIZE = 20
# How many of a client's last keyed calls are sent once more now and then.
REMEMBERED = 50
# It fails when it takes longer than this and that together.
SECONDS_PER_OPERATION_MAX = 0.1
SECONDS_MAX = 120

KINDS = {
    "award": 30,
    "expiring award": 15,
    "deduct": 25,
    "batch": 8,
    "newcomer": 5,
    "again": 8,
    "reuse": 2,
    "balance": 8,
    "page": 4,
}
# So often there is a new participant, whom all clients that award a newcomer then make at the same time.
NEWCOMERS_PER_SECOND = 4


@dataclass
class Report:
    """What was done and answered."""

    operations: int
    seconds: float = 0
    # By kind, and by kind and answer.
    kinds: Counter[str] = field(default_factory=Counter)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)
    proof: Proof | None = None

    @property
    def per_second(self) -> float:
        return self.operations / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Soaker:
    """One client's course; none shares anything with another but the participants."""

    def __init__(self, client: Client, *, name: str, operations: int, seed: str) -> None:
        self.client, self.name, self.operations = client, name, operations
        self.chance = random.Random(seed)
        self.numbers = count(1)
        self.made: dict[str, Made] = {}
        # Transaction ids of awards that another client made first.
        self.overtaken: list[str] = []
        self.remembered: list[tuple[str, Any, str, Reply]] = []
        self.report = Report(operations)

    def run(self, deadline: float) -> None:
        for _ in range(self.operations):
            assert time.monotonic() < deadline, "it takes too long"
            kind = self.chance.choices(list(KINDS), list(KINDS.values()))[0]
            if kind in ("again", "reuse") and not self.remembered:
                kind = "award"
            started = time.perf_counter()
            reply = getattr(self, "_" + kind.replace(" ", "_"))()
            self.report.milliseconds.append((time.perf_counter() - started) * 1000)
            self.report.kinds[kind] += 1
            code = "" if reply.status == 200 else " " + reply.body["code"]
            self.report.answers[kind, f"{reply.status}{code}{' replayed' if reply.is_replay else ''}"] += 1

    def _award(self) -> Reply:
        return self._send("/points/award", {"participant_id": self._someone(), "amount": self.chance.randint(1, 500)})

    def _expiring_award(self) -> Reply:
        # Most expire while others spend them.
        expires_at = datetime.now(UTC) + timedelta(seconds=self.chance.uniform(0.5, 5))
        body = {"participant_id": self._someone(), "amount": self.chance.randint(1, 500)}
        return self._send("/points/award", {**body, "expires_at": expires_at.isoformat()})

    def _deduct(self) -> Reply:
        return self._send("/points/deduct", {"participant_id": self._someone(), "amount": self.chance.randint(1, 1400)})

    def _batch(self) -> Reply:
        size = self.chance.randint(1, BATCH_MAX)
        awards = [{"participant_id": self._someone(), "amount": self.chance.randint(1, 300)} for _ in range(size)]
        return self._send("/points/award-batch", {"awards": awards})

    def _newcomer(self) -> Reply:
        """One whom nobody knows yet: every other one with a key that all clients share, and so awarded once."""
        number = int(time.monotonic() * NEWCOMERS_PER_SECOND)
        body = {"participant_id": f"newcomer-{number}", "amount": 5}
        reply = self.client.post("/points/award", body, key=f"newcomer-{number}" if number % 2 else None)
        assert reply.status == 200, reply
        if reply.is_replay:
            self.overtaken.append(reply.body["transaction_id"])
        else:
            self._note("/points/award", body, reply)
        return reply

    def _again(self) -> Reply:
        path, body, key, first = self.chance.choice(self.remembered)
        reply = self.client.post(path, body, key=key)
        assert (reply.status, reply.is_replay, reply.body) == (200, True, first.body), (body, reply, first)
        return reply

    def _reuse(self) -> Reply:
        path, body, key, _ = self.chance.choice(self.remembered)
        other = {"awards": body["awards"] * 2} if "awards" in body else {**body, "amount": body["amount"] + 1}
        reply = self.client.post(path, other, key=key)
        assert reply.status == 409, (other, reply)
        return reply

    def _balance(self) -> Reply:
        reply = self.client.balance(self._someone())
        assert reply.status == 200, reply
        assert 0 <= reply.body["balance"] <= reply.body["total_earned"] - reply.body["total_spent"]
        return reply

    def _page(self) -> Reply:
        reply = self.client.transactions(self._someone(), page=self.chance.randint(1, 5), page_size=PAGE_SIZE)
        assert reply.status == 200, reply
        assert len(reply.body["transactions"]) <= min(PAGE_SIZE, reply.body["total"])
        return reply

    def _send(self, path: str, body: Any) -> Reply:
        key = f"{self.name}-{next(self.numbers)}" if self.chance.random() < 0.5 else None
        reply = self.client.post(path, body, key=key)
        if reply.status == 200:
            self._note(path, body, reply)
            if key:
                self.remembered = [*self.remembered[1 - REMEMBERED :], (path, body, key, reply)]
        elif reply.status == 422:
            # It waited for so long that it had expired when its turn came.
            assert [error["field"] for error in reply.body["errors"]] == ["expires_at"], reply
            assert datetime.fromisoformat(body["expires_at"]) <= datetime.now(UTC), reply
        else:
            assert (path, reply.status, reply.body["code"]) == ("/points/deduct", 400, "insufficient_points"), reply
        return reply

    def _note(self, path: str, body: Any, reply: Reply) -> None:
        assert not reply.is_replay
        sign = -1 if path == "/points/deduct" else 1
        items, answers = body.get("awards", [body]), reply.body.get("results", [reply.body])
        for item, answer in zip(items, answers, strict=True):
            assert answer["participant_id"] == item["participant_id"]
            assert answer["transaction_id"] not in self.made
            self.made[answer["transaction_id"]] = Made(
                item["participant_id"], sign * item["amount"], answer["new_balance"]
            )

    def _someone(self) -> str:
        return f"user-{self.chance.randrange(PARTICIPANTS)}"


def soak(server: Server, *, slug: str, operations: int, clients: int, seed: int) -> Report:
    """Send `operations` calls of a new tenant `slug`, `clients` at a time. AssertionError where anything is wrong."""
    key = server.tenant(slug)
    shares = [operations // clients + (number < operations % clients) for number in range(clients)]
    soakers = [
        Soaker(server.client(key), name=f"client-{number}", operations=share, seed=f"{seed}-{number}")
        for number, share in enumerate(shares)
    ]
    started = time.monotonic()
    deadline = started + SECONDS_MAX + operations * SECONDS_PER_OPERATION_MAX
    with ThreadPoolExecutor(clients) as threads:
        for future in [threads.submit(soaker.run, deadline) for soaker in soakers]:
            future.result()
    report = Report(operations, seconds=time.monotonic() - started)
    made: dict[str, Made] = {}
    for soaker in soakers:
        assert not made.keys() & soaker.made.keys()
        made |= soaker.made
        report.kinds += soaker.report.kinds
        report.answers += soaker.report.answers
        report.milliseconds += soaker.report.milliseconds
    assert all(id in made for soaker in soakers for id in soaker.overtaken)
    report.proof = prove(server, slug=slug, client=soakers[0].client, made=made)
    return report
