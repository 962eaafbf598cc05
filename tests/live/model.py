"""What the Bricqs points API promises, in plain Python: a tenant in memory that answers calls as the server must."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.naive import Line, NaiveAccount

AMOUNT_MAX = 1_000_000
BATCH_MAX = 100
INVALID = (422, "validation_error")
REUSED = (409, "IDEMPOTENCY_KEY_REUSED")


@dataclass(frozen=True)
class Call:
    """`kind`: award, deduct, batch, balance or page. `key`: the Idempotency-Key header."""

    kind: str
    body: dict[str, Any]
    key: str | None = None

    def expiries(self) -> list[datetime]:
        text = self.body.get("expires_at")
        return [datetime.fromisoformat(text)] if text else []


@dataclass(frozen=True)
class Answer:
    """`body` is what the server's must be, ids left out; `entries` are those that a call wrote or repeated."""

    status: int
    body: dict[str, Any]
    is_replay: bool = False
    # For each transaction id of the answer, in its order: participant and number of the entry.
    entries: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Done:
    """What a key was used for, and what came of it."""

    content: Any
    participant: str = ""
    amount: int = 0
    new_balance: int = 0
    number: int = 0


@dataclass
class Tenant:
    oldest_first: bool = False
    accounts: dict[str, NaiveAccount] = field(default_factory=dict)
    # By scope and key.
    done: dict[tuple[str, str], Done] = field(default_factory=dict)
    # By participant and number: reason and metadata.
    notes: dict[tuple[str, int], tuple[Any, Any]] = field(default_factory=dict)

    def copy(self) -> "Tenant":
        accounts = {name: account.copy() for name, account in self.accounts.items()}
        return Tenant(self.oldest_first, accounts, dict(self.done), dict(self.notes))

    def answer(self, call: Call, now: datetime) -> Answer:
        """What the server answers if it reads its clock at `now`; the tenant is changed accordingly."""
        if call.kind == "batch":
            return self._batch(call, now)
        if call.kind == "balance":
            return self._balance(call.body["participant_id"], now)
        if call.kind == "page":
            return self._page(call.body, now)
        if not _is_valid(call.body):
            return _refusal(*INVALID)
        legacy = call.body.get("idempotency_key")
        if call.key is not None and legacy is not None and call.key != legacy:
            return _refusal(400, "IDEMPOTENCY_KEY_MISMATCH")
        key = call.key if call.key is not None else legacy
        outcome = self._post(call.kind, call.body, None if key is None else ("api", key), now)
        if isinstance(outcome, Answer):
            return outcome
        done, is_replay = outcome
        body = {
            "participant_id": done.participant,
            "amount": done.amount,
            "new_balance": done.new_balance,
            "tier_upgrade": None,
            "badges_unlocked": [],
        }
        return Answer(200, body, is_replay, ((done.participant, done.number),))

    def _post(
        self, kind: str, body: dict[str, Any], key: tuple[str, str] | None, now: datetime
    ) -> Answer | tuple[Done, bool]:
        """A refusal, or what was done and whether that was before."""
        participant, amount = body["participant_id"], body["amount"]
        expires_at = datetime.fromisoformat(body["expires_at"]) if body.get("expires_at") else None
        note = (body.get("reason"), body.get("metadata"))
        content = (kind, participant, amount, note[0], json.dumps(note[1], sort_keys=True), expires_at)
        if key and (earlier := self.done.get(key)):
            return (earlier, True) if earlier.content == content else _refusal(*REUSED)
        if expires_at and expires_at <= now:
            return _refusal(*INVALID)
        # A refusal makes no participant.
        account = self.accounts.get(participant) or NaiveAccount(self.oldest_first)
        line: Line | None
        line = account.award(amount, now, expires_at) if kind == "award" else account.deduct(amount, now)
        if line is None:
            available = account.available(now)
            return _refusal(
                400, "insufficient_points", f"Insufficient points. Available: {available}, requested: {amount}"
            )
        self.accounts[participant] = account
        self.notes[participant, len(account.lines)] = note
        done = Done(content, participant, amount, line.balance_after, len(account.lines))
        if key:
            self.done[key] = done
        return done, False

    def _batch(self, call: Call, now: datetime) -> Answer:
        awards = call.body["awards"]
        if not 1 <= len(awards) <= BATCH_MAX:
            return _refusal(*INVALID)
        # An item's expires_at is ignored, like every member that is not known.
        items = [{name: value for name, value in item.items() if name != "expires_at"} for item in awards]
        valid = [_is_valid(item) for item in items]
        known = [item if is_valid else None for item, is_valid in zip(items, valid, strict=True)]
        content = ("award-batch", json.dumps(known, sort_keys=True))
        if call.key and any(valid):
            earlier = self.done.get(("api", call.key))
            if earlier and earlier.content != content:
                return _refusal(*REUSED)
        lines, entries, replays, posted = [], [], 0, 0
        for place, item in enumerate(items):
            own = item.get("idempotency_key")
            key = ("api", own) if own is not None else call.key and ("item", f"{call.key}\n{place}")
            outcome = self._post("award", item, key or None, now) if valid[place] else _refusal(*INVALID)
            line = {"participant_id": item.get("participant_id"), "new_balance": None, "error": None}
            if isinstance(outcome, Answer):
                line["error"] = outcome.body["code"]
            else:
                done, is_replay = outcome
                line["new_balance"] = done.new_balance
                entries.append((done.participant, done.number))
                replays += is_replay
                posted += not is_replay
            lines.append(line)
        if call.key and posted:
            self.done.setdefault(("api", call.key), Done(content))
        body = {"processed": len(entries), "failed": len(items) - len(entries), "results": lines}
        return Answer(200, body, is_replay=replays > 0 and posted == 0, entries=tuple(entries))

    def _balance(self, participant: str, now: datetime) -> Answer:
        account = self.accounts.get(participant, NaiveAccount())
        body = {
            "participant_id": participant,
            "balance": account.available(now),
            "total_earned": account.earned,
            "total_spent": account.spent,
        }
        return Answer(200, body)

    def _page(self, query: dict[str, Any], now: datetime) -> Answer:
        participant, page, size = query["participant_id"], query["page"], query["page_size"]
        if page < 1 or not 1 <= size <= 100:
            return _refusal(*INVALID)
        lines = self.accounts.get(participant, NaiveAccount()).lines
        numbers = range(len(lines), 0, -1)[(page - 1) * size : page * size]
        shown = []
        for number in numbers:
            line = lines[number - 1]
            reason, metadata = self.notes.get((participant, number), (None, None))
            shown.append(
                {
                    "amount": line.amount,
                    "reason": reason,
                    "transaction_type": line.kind,
                    "metadata": metadata,
                    # When a call was made is known to be within it; when a credit expired, exactly.
                    "created_at": line.created_at.astimezone(UTC) if line.kind == "expire" else None,
                }
            )
        body = {"participant_id": participant, "transactions": shown, "total": len(lines), "page": page}
        return Answer(200, {**body, "page_size": size}, entries=tuple((participant, number) for number in numbers))


def _is_valid(body: dict[str, Any]) -> bool:
    amount = body.get("amount")
    return bool(body.get("participant_id")) and type(amount) is int and 0 < amount <= AMOUNT_MAX


def _refusal(status: int, code: str, detail: str | None = None) -> Answer:
    return Answer(status, {"code": code, **({"detail": detail} if detail else {})})
