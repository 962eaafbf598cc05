"""An award, step by step, each step a row or two through the ORM."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from bench.by_hand.evaluation import evaluate, fact
from gamify.errors import IdempotencyKeyReused, InvalidInput, PointsCapReached, RateLimitExceeded
from gamify.ledger.amounts import capped, multiplied
from gamify.ledger.chain import GENESIS, account_text, entry_hash, microseconds
from gamify.ledger.expiry import ExpiryRule
from gamify.models import (
    Account,
    Consumption,
    Entry,
    Lot,
    Operation,
    Participant,
    PointsSystem,
    Tier,
    participant_id,
)
from gamify.services.idempotency import IdempotencyKey, input_hash
from gamify.services.points import Outcome
from tenants.models import Tenant
from tenants.rates import Window
from tenants.refs import TenantRef


@dataclass(frozen=True, slots=True)
class Awarded:
    outcome: Outcome
    window: Window
    replayed: bool = False


@transaction.atomic
def award(
    *,
    tenant: TenantRef,
    participant: str,
    amount: int,
    reason: str | None,
    metadata: dict[str, Any] | None,
    expires_at: datetime | None,
    key: IdempotencyKey | None,
    now: datetime,
) -> Awarded:
    """Raises IdempotencyKeyReused, InvalidInput, RateLimitExceeded, PointsCapReached."""
    person, _ = Participant.objects.select_for_update(no_key=True).get_or_create(
        id=participant_id(tenant.id, participant), defaults={"tenant_id": tenant.id, "external_id": participant}
    )
    window = Window.at(tenant.write_rate, now, started_at=person.window_started_at, used=person.window_writes)
    said = input_hash("award", participant, amount, expires_at, reason, metadata)
    if key and (earlier := _recall(tenant, key, said)):
        return Awarded(earlier, window, replayed=True)
    if expires_at and expires_at <= now:
        raise InvalidInput((("expires_at", "Must be in the future."),))
    window = _count_write(person, window, now)
    system = PointsSystem.objects.get(tenant_id=tenant.id, is_default=True)
    account = _account(person, system)
    _expire(person, account, now)
    note = {
        "reason": reason,
        "metadata": None if metadata is None else json.dumps(metadata, ensure_ascii=False),
        "operation_id": key.operation_id(tenant.id) if key else None,
    }
    expires_at = expires_at or _expiry(tenant, system, now)
    entry = _credit(person, account, system, amount, expires_at=expires_at, note=note, now=now)
    account.save()
    tier_upgrade, badges = evaluate(person, account, reason=reason, now=now)
    person.save()
    done = (entry.amount, entry.balance_after, now.isoformat(), tier_upgrade, badges)
    outcome = Outcome(str(entry.id), participant, *done)
    if key:
        _remember(tenant, key, said, outcome, now)
    return Awarded(outcome, window)


def _recall(tenant: TenantRef, key: IdempotencyKey, said: bytes) -> Outcome | None:
    earlier = Operation.objects.filter(pk=key.operation_id(tenant.id)).first()
    if earlier and bytes(earlier.input_hash) != said:
        raise IdempotencyKeyReused(key=key.text)
    return Outcome(**json.loads(earlier.outcome)) if earlier else None


def _remember(tenant: TenantRef, key: IdempotencyKey, said: bytes, outcome: Outcome, now: datetime) -> None:
    Operation.objects.create(
        id=key.operation_id(tenant.id),
        tenant_id=tenant.id,
        key=key.text,
        input_hash=said,
        outcome=json.dumps(asdict(outcome)),
        created_at=now,
    )


def _account(person: Participant, system: PointsSystem) -> Account:
    nothing = {
        **dict.fromkeys(("balance", "total_earned", "total_spent", "total_expired"), 0),
        **dict.fromkeys(("lot_balance", "last_sequence", "award_count"), 0),
        "last_hash": GENESIS,
    }
    account, _ = Account.objects.get_or_create(participant=person, points_system=system, defaults=nothing)
    return account


def _count_write(person: Participant, window: Window, now: datetime) -> Window:
    if window.remaining == 0:
        raise RateLimitExceeded(
            limit=window.rate.limit,
            window_seconds=window.rate.window_seconds,
            resets_at=window.resets_at,
            retry_after_seconds=window.seconds_left(now),
        )
    window = window.one_more()
    person.window_started_at, person.window_writes = window.started_at, window.used
    return window


def _expiry(tenant: TenantRef, system: PointsSystem, now: datetime) -> datetime | None:
    time_zone = Tenant.objects.values_list("time_zone", flat=True).get(pk=tenant.id)
    return ExpiryRule(system.expiry_policy, system.expiry_periods, time_zone).of_credit(now)


def _expire(person: Participant, account: Account, now: datetime) -> None:
    if account.next_expires_at is None or account.next_expires_at > now:
        return
    lots = Lot.objects.filter(participant=person, points_system_id=account.points_system_id)
    for lot in lots.filter(expires_at__lte=now).order_by("expires_at", "sequence"):
        assert lot.expires_at is not None
        account.total_expired += lot.remaining
        account.lot_balance -= lot.remaining
        entry = _append(person, account, "expire", -lot.remaining, {}, lot.expires_at)
        Consumption.objects.create(
            participant=person,
            points_system_id=account.points_system_id,
            debit_sequence=entry.sequence,
            credit_sequence=lot.sequence,
            amount=lot.remaining,
        )
        lot.delete()
    following = lots.filter(expires_at__gt=now).order_by("expires_at").first()
    account.next_expires_at = following.expires_at if following else None


def _credit(
    person: Participant,
    account: Account,
    system: PointsSystem,
    base: int,
    *,
    expires_at: datetime | None,
    note: dict[str, Any],
    now: datetime,
) -> Entry:
    tier = Tier.objects.filter(pk=person.tier_id).first() if person.tier_id else None
    amount = multiplied(base, tier.point_multiplier if tier else None)
    if tier and tier.point_multiplier:
        explanation = {"base": base, "tier": tier.code, "multiplier": str(tier.point_multiplier)}
        note = {**note, "explanation": json.dumps(explanation)}
    amount = capped(amount, balance=account.balance, most=system.max_points)
    if amount == 0:
        assert system.max_points is not None
        raise PointsCapReached(system.max_points)
    account.total_earned += amount
    account.award_count += 1
    account.last_earned_at = now
    entry = _append(person, account, "award", amount, {**note, "expires_at": expires_at}, now)
    if expires_at:
        Lot.objects.create(
            participant=person,
            points_system=system,
            sequence=entry.sequence,
            amount=amount,
            remaining=amount,
            expires_at=expires_at,
        )
        account.lot_balance += amount
        account.next_expires_at = min(expires_at, account.next_expires_at or expires_at)
    return entry


_NO_NOTE = dict.fromkeys(
    (
        "reason",
        "metadata",
        "explanation",
        "operation_id",
        "engagement_id",
        "activity_id",
        "transaction_type",
        "expires_at",
    )
)


def _append(
    person: Participant, account: Account, kind: str, amount: int, note: dict[str, Any], created_at: datetime
) -> Entry:
    account.balance += amount
    account.last_sequence += 1
    content: dict[str, Any] = {
        "sequence": account.last_sequence,
        "id": uuid7(),
        "kind": kind,
        "amount": amount,
        "balance_after": account.balance,
        **_NO_NOTE,
        **note,
        "created_at": created_at,
    }
    account_name = account_text(person.id.bytes, account.points_system_id.bytes)
    hashed = {name: _as_hashed(value) for name, value in content.items()}
    account.last_hash = entry_hash(bytes(account.last_hash), account_name, **hashed)
    entry = Entry.objects.create(
        participant=person, points_system_id=account.points_system_id, hash=account.last_hash, **content
    )
    data = {
        "transaction_id": str(entry.id),
        "points_system_id": str(account.points_system_id),
        "amount": abs(amount),
        "balance_after": entry.balance_after,
        "reason": entry.reason,
    }
    fact(person, "points.awarded" if kind == "award" else "points.expired", data, created_at)
    return entry


def _as_hashed(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.bytes
    return microseconds(value) if isinstance(value, datetime) else value
