"""Reward events: the caller says what happened, a rule of the programme says what it is worth.

    item = RewardEvent("user_123", "signup", key=reference_key("signup", "ref_1"))
    result = rewards.award(tenant=shop, item=item, now=now)

Refusals are checked in this order: RewardRuleNotFound, RewardCapReached, PointsCapReached or InvalidInput (boosts leave
nothing). A reference that was used before comes ahead of them all: the result is the earlier one, `replayed`, whatever
else was said this time.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from gamify.errors import RewardCapReached, RewardRuleNotFound
from gamify.ledger.posting import Note
from gamify.ledger.store import RewardCountState
from gamify.queries.programme import Programme, System
from gamify.queries.reward_rules import Reward
from gamify.services import _joining
from gamify.services._batch import Result as Result
from gamify.services._credit import credit, nothing_credited
from gamify.services._member import Member
from gamify.services._operation import Operation
from gamify.services.idempotency import IdempotencyKey, input_hash
from tenants.refs import TenantRef


@dataclass(frozen=True, slots=True)
class Rewarded:
    """What was credited for an event, in plain JSON values."""

    transaction_id: str
    participant: str
    event_type: str
    amount: int
    new_balance: int
    reference: str | None
    created_at: str


@dataclass(frozen=True, slots=True)
class RewardEvent(Operation):
    """Something happened to a participant. Without a `key`, a retry rewards again.

    `name` and `email` are noted in the profile; None leaves them as they are.
    """

    participant: str
    event_type: str
    name: str | None = None
    email: str | None = None
    metadata: dict[str, Any] | None = None
    key: IdempotencyKey | None = None

    # The cap is the rule's own.
    is_capped: ClassVar[bool] = False
    # For the time zone in which periods begin, and for what the event says of the participant.
    wants_profile: ClassVar[bool] = True
    outcome_type: ClassVar[type[Rewarded]] = Rewarded

    def input_hash(self) -> bytes:
        # The reference alone: whoever sends it again has sent a duplicate, whatever else the call says.
        return input_hash("reward")

    def postings(self, programme: Programme) -> Iterable[tuple[System, int]]:
        return [(_system(programme, reward), 0) for reward in self.rewards(programme)]

    def rewards(self, programme: Programme) -> Iterable[Reward]:
        reward = programme.rewards.get(self.event_type)
        return [reward] if reward else []

    def check(self, programme: Programme, now: datetime) -> None:
        """Raises RewardRuleNotFound."""
        if not any(reward.is_in_force(now) for reward in self.rewards(programme)):
            raise RewardRuleNotFound(self.event_type)

    def apply(self, member: Member) -> Rewarded:
        """Credit what the rule says; then see what it led to. Raises RewardCapReached, PointsCapReached, InvalidInput
        (boosts leave nothing)."""
        reward = member.programme.rewards[self.event_type]
        count = _one_more(member, reward)
        system = _system(member.programme, reward)
        entry = credit(member, system, reward.points, note=self._note(member, reward))
        if entry is None:
            raise nothing_credited(member, system, "points")
        member.reward_counts[reward.id] = count
        known = {name: value for name, value in (("name", self.name), ("email", self.email)) if value is not None}
        if known:
            member.identify(**known)
        member.evaluate(cause="award", reason=reward.name)
        return Rewarded(
            transaction_id=str(entry.id),
            participant=self.participant,
            event_type=self.event_type,
            amount=entry.amount,
            # With what else it led to.
            new_balance=member.book(system).account.balance,
            reference=self.key.text if self.key else None,
            created_at=entry.created_at.isoformat(),
        )

    def _note(self, member: Member, reward: Reward) -> Note:
        return Note(
            reason=reward.name,
            metadata=None if self.metadata is None else json.dumps(self.metadata, ensure_ascii=False),
            operation_id=self.operation_id(member.tenant_id),
            activity_id=self.event_type,
        )


def award(*, tenant: TenantRef, item: RewardEvent, now: datetime) -> Result:
    """Reward a participant, who is made if unknown.

    Refusals: RewardRuleNotFound, RewardCapReached, PointsCapReached, InvalidInput. Raises Busy.
    """
    return _joining.run(tenant, item, now=now)


def reference_key(event_type: str, reference: str) -> IdempotencyKey:
    """The key of an event with a reference. References are apart for each event type."""
    # As JSON a type holds no line break, so that no type and reference together read like two others.
    return IdempotencyKey(reference, scope=f"reward {json.dumps(event_type)}")


def _system(programme: Programme, reward: Reward) -> System:
    return programme.systems[reward.system_id] if reward.system_id else programme.default_system


def _one_more(member: Member, reward: Reward) -> RewardCountState:
    """How often the participant has had the reward, once this one is counted. Raises RewardCapReached."""
    before = member.reward_count(reward.id)
    zone = (member.profile and member.profile.time_zone) or member.programme.default_system.timezone
    start, used = reward.period_start(member.now, zone), 0
    # A later period counts on: neither a clock that steps back nor a move to the west gives a second allowance.
    if before.period_start and before.period_start >= start:
        start, used = before.period_start, before.count_in_period
    end = reward.period_end(start, zone)
    had = before.count_ever if end is None else used
    if reward.cap_count is not None and had >= reward.cap_count:
        raise RewardCapReached(reward.event_type, reward.cap_count, _seconds(member.now, end))
    return replace(before, count_ever=before.count_ever + 1, period_start=start, count_in_period=used + 1)


def _seconds(now: datetime, end: datetime | None) -> int | None:
    """Whole seconds until `end`, at least one."""
    return None if end is None else max(1, -int((now - end).total_seconds() // 1))
