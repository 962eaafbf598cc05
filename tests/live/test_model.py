"""Random calls over HTTP, each answer compared with a model's. `BRICQS_TEST_SEED` repeats a run."""

import os
import random
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.live.client import Client, Reply
from tests.live.model import Answer, Call, Tenant
from tests.live.server import WRITE_RATE, Server

OPERATIONS = 2_000
CLIENTS = 4
# Few, so that their histories become long; some that are awkward in a path.
PARTICIPANTS = ["user_1", "user_2", "Zoë 🎈", "a/b c", "x/points", "100%?&=#"]
WRITE_LIMIT = int(WRITE_RATE.partition("/")[0])

OLDEST_FIRST = """
    UPDATE gamify_pointssystem SET burn_order = 'oldest_credit_first'
     WHERE tenant_id IN (SELECT id FROM tenants_tenant WHERE slug = %s)
"""


def test_every_answer_is_the_models(server: Server) -> None:
    seed = int(os.environ.get("BRICQS_TEST_SEED") or secrets.randbits(32))
    chance = random.Random(seed)
    print(f"BRICQS_TEST_SEED={seed}")  # noqa: T201 - shown with a failure
    tenants = []
    for slug, oldest_first in (("soonest", False), ("oldest", True)):
        key = server.tenant(slug)
        if oldest_first:
            server.sql(OLDEST_FIRST, slug)
        tenants.append(_Compared(Tenant(oldest_first), [server.client(key) for _ in range(CLIENTS)]))
    # Each tenant has its own sequence, out of the same participants and keys: neither must see the other's.
    sequences = [_calls(random.Random(seed + number)) for number in range(2)]
    for _ in range(OPERATIONS):
        number = chance.randrange(2)
        tenants[number].call(next(sequences[number]), client=chance.randrange(CLIENTS))
    for tenant in tenants:
        for participant in PARTICIPANTS:
            for page in range(1, 40):
                query = {"participant_id": participant, "page": page, "page_size": 50}
                if not tenant.call(Call("page", query), client=0):
                    break
            tenant.call(Call("balance", {"participant_id": participant}), client=0)
        kinds = {line.kind for account in tenant.model.accounts.values() for line in account.lines}
        assert kinds == {"award", "deduct", "expire"}
    assert ": 0 broken." in server.manage("verify_ledger")


class _Compared:
    """A tenant of the server, and its model."""

    def __init__(self, model: Tenant, clients: list[Client]) -> None:
        self.model, self.clients = model, clients
        # By participant and number of the entry: its id, and between which moments it was made.
        self.entries: dict[tuple[str, int], tuple[str, datetime, datetime]] = {}
        self.ids: set[str] = set()

    def call(self, call: Call, *, client: int) -> int:
        """Returns how many entries the answer showed."""
        before = datetime.now(UTC)
        reply = _send(self.clients[client], call)
        after = datetime.now(UTC)
        answers = []
        # The server read its clock in between; what expired in between was either there for it or not.
        for now in (before, *self._expiries(call, before, after)):
            model = self.model.copy()
            answer = model.answer(call, now)
            if _fits(call, answer, reply):
                self.model = model
                self._entries(call, answer, reply, before, after)
                return len(answer.entries)
            answers.append(answer)
        raise AssertionError(f"{call}\nanswered {reply.status} {reply.content.decode()}\nexpected {answers}")

    def _expiries(self, call: Call, before: datetime, after: datetime) -> list[datetime]:
        held = (point.expires_at for account in self.model.accounts.values() for point in account.points)
        return sorted({moment for moment in (*held, *call.expiries()) if before < moment <= after})

    def _entries(self, call: Call, answer: Answer, reply: Reply, before: datetime, after: datetime) -> None:
        """Ids: each entry keeps its own, in answers, replays and pages alike, and no two share one."""
        shown = _shown_entries(call, reply)
        assert len(shown) == len(answer.entries)
        for place, entry in zip(answer.entries, shown, strict=True):
            id, made_at = entry["id"], entry.get("created_at")
            if place not in self.entries:
                assert id not in self.ids
                self.ids.add(id)
                self.entries[place] = (id, before, after)
            known, earliest, latest = self.entries[place]
            assert id == known
            if made_at and entry["transaction_type"] == "expire":
                line = self.model.accounts[place[0]].lines[place[1] - 1]
                assert datetime.fromisoformat(made_at) == line.created_at
            elif made_at:
                assert made_at.endswith("Z")
                assert earliest <= datetime.fromisoformat(made_at) <= latest
        if reply.status == 200 and call.kind != "batch":
            account = self.model.accounts.get(call.body["participant_id"])
            writes = sum(line.kind != "expire" for line in account.lines) if account else 0
            assert int(reply.headers["x-ratelimit-remaining"]) == WRITE_LIMIT - writes


def _calls(chance: random.Random) -> Iterator[Call]:
    made: list[Call] = []
    for number in range(10 * OPERATIONS):
        kind = chance.choices(
            ["award", "deduct", "batch", "again", "reuse", "balance", "page"], [30, 25, 10, 12, 5, 10, 10]
        )[0]
        if kind in ("again", "reuse"):
            if not made:
                continue
            call = chance.choice(made[-50:])
            if kind == "reuse":
                call = _changed(call)
        elif kind == "balance":
            call = Call(kind, {"participant_id": chance.choice([*PARTICIPANTS, "nobody"])})
        elif kind == "page":
            query = {"page": chance.randint(0, 5), "page_size": chance.choice([0, 1, 3, 7, 50, 100, 101])}
            call = Call(kind, {"participant_id": chance.choice([*PARTICIPANTS, "nobody"]), **query})
        else:
            key = f"key-{number}" if chance.random() < 0.6 else None
            call = _batch(chance, key, made) if kind == "batch" else Call(kind, _body(chance, kind), key)
            if key and kind != "batch" and chance.random() < 0.1:
                call.body["idempotency_key"] = chance.choice([key, f"other-{number}"])
            made.append(call)
        yield call


def _body(chance: random.Random, kind: str) -> dict[str, Any]:
    amount: Any = chance.randint(1, 40 if kind == "award" else 60)
    if chance.random() < 0.04:
        amount = chance.choice([0, -1, 1_000_001, "5", 1.5, True, None])
    body = {"participant_id": chance.choice(PARTICIPANTS), "amount": amount}
    if chance.random() < 0.3:
        body["reason"] = chance.choice(["", "Purchase completed", "Ωμέγα"])
    if chance.random() < 0.3:
        body["metadata"] = {"order": chance.randint(1, 9), "nested": {"list": [1, 2.5, None, "x"]}}
    if kind == "award" and chance.random() < 0.6:
        # Some are past before they are sent; most pass while the test runs.
        lifetime = timedelta(seconds=chance.choice([-1, 0.01, 0.1, 0.5, 1, 2, 3600]) * chance.uniform(0.5, 1))
        body["expires_at"] = (datetime.now(UTC) + lifetime).isoformat()
    return body


def _batch(chance: random.Random, key: str | None, made: list[Call]) -> Call:
    items = [_body(chance, "batch") for _ in range(chance.choice([0, 1, 2, 3, 5, 8]))]
    for place, item in enumerate(items):
        if chance.random() < 0.2:
            item["idempotency_key"] = f"{key or len(made)}-item-{place}"
        elif made and chance.random() < 0.1 and (earlier := chance.choice(made)).key != key:
            # A key of another call: that very award once more, or another one.
            item["idempotency_key"] = earlier.key
            if earlier.kind == "award" and chance.random() < 0.5:
                item.update(earlier.body, idempotency_key=earlier.key)
    return Call("batch", {"awards": items}, key)


def _changed(call: Call) -> Call:
    if call.kind == "batch":
        return replace(call, body={"awards": [*call.body["awards"], {"participant_id": "user_1", "amount": 1}]})
    return replace(call, body={**call.body, "amount": 7})


def _send(client: Client, call: Call) -> Reply:
    if call.kind == "balance":
        return client.balance(call.body["participant_id"])
    if call.kind == "page":
        query = dict(call.body)
        return client.transactions(query.pop("participant_id"), **query)
    path = {"award": "/points/award", "deduct": "/points/deduct", "batch": "/points/award-batch"}[call.kind]
    return client.post(path, call.body, key=call.key)


def _fits(call: Call, answer: Answer, reply: Reply) -> bool:
    body = reply.body
    if reply.status != 200:
        body = {name: value for name, value in body.items() if name in answer.body}
    for line in body.get("results", ()):
        line["error"] = line["error"] and line["error"].partition(":")[0]
        if (line.pop("transaction_id") is None) is (line["error"] is None):
            return False
    for entry in body.get("transactions", ()):
        del entry["id"]
        entry["created_at"] = (
            datetime.fromisoformat(entry["created_at"]) if entry["transaction_type"] == "expire" else None
        )
    body.pop("transaction_id", None)
    return (reply.status, body, reply.is_replay) == (answer.status, answer.body, answer.is_replay)


def _shown_entries(call: Call, reply: Reply) -> list[dict[str, Any]]:
    if reply.status != 200 or call.kind == "balance":
        return []
    if call.kind == "page":
        return list(reply.body["transactions"])
    lines = reply.body["results"] if call.kind == "batch" else [reply.body]
    return [{"id": line["transaction_id"]} for line in lines if line["transaction_id"]]
