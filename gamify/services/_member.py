"""One participant in memory, with all that its lock guards: what an operation changes, and what follows from it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from gamify.criteria import Standing
from gamify.ledger.expiry import ExpiryRule
from gamify.ledger.posting import AccountState, Book, Note
from gamify.ledger.store import (
    AccountKey,
    FactRow,
    ParticipantState,
    ProfileState,
    RewardCountState,
    Snapshot,
    Transition,
    Unlock,
)
from gamify.queries.earning import TriggerRule, in_force
from gamify.queries.programme import BadgeRule, Programme, System, TierRule
from gamify.rewards.attributes import is_same
from gamify.rewards.boosts import BoostRule
from gamify.rewards.days import day_of
from gamify.rewards.streaks import StreakState
from gamify.services._credit import Credit, credit
from gamify.services._facts import fact


@dataclass(frozen=True, slots=True)
class Progress:
    """What an operation led to beside its own entry."""

    previous_tier: TierRule | None
    tier: TierRule | None
    badges: tuple[str, ...]

    @property
    def tier_upgrade(self) -> dict[str, Any] | None:
        """The change of tier, where it went up; what time alone took away is no award's doing."""
        before, after = self.previous_tier, self.tier
        if after is None or after == before or (before is not None and after.level < before.level):
            return None
        return {
            "code": after.code,
            "name": after.name,
            "level": after.level,
            "previous_code": before.code if before else None,
            "previous_level": before.level if before else None,
        }


# How often what follows from a badge leads to further badges, at most; the participant's next award goes on.
ROUNDS_MAX = 50


@dataclass(slots=True)
class Member:
    """A participant during one batch. Operations credit, then `evaluate`; facts come about on the way."""

    tenant_id: UUID
    state: ParticipantState
    snapshot: Snapshot
    programme: Programme
    now: datetime
    books: dict[UUID, Book] = field(default_factory=dict)
    transitions: list[Transition] = field(default_factory=list)
    unlocks: list[Unlock] = field(default_factory=list)
    # But for those of entries.
    facts: list[FactRow] = field(default_factory=list)
    # As it is to be, where it is to be changed.
    new_profile: ProfileState | None = None
    # By rule: as they are to be, where they are to be changed.
    reward_counts: dict[UUID, RewardCountState] = field(default_factory=dict)
    # Counters, streaks and payments as they are to be, and boosts that are to be made.
    totals: dict[UUID, Decimal] = field(default_factory=dict)
    streaks: dict[str, StreakState] = field(default_factory=dict)
    payments: dict[UUID, datetime] = field(default_factory=dict)
    new_boosts: list[BoostRule] = field(default_factory=list)
    # The one that is being applied, where it has a key.
    operation_id: UUID | None = None
    # All that was credited, in its order.
    credits: list[Credit] = field(default_factory=list)

    @property
    def tier(self) -> TierRule | None:
        return self.programme.tiers[self.state.tier_id] if self.state.tier_id else None

    @property
    def profile(self) -> ProfileState | None:
        """Only for operations that want it. None: the participant was never identified."""
        return self.new_profile or self.snapshot.profiles.get(self.state.id)

    @property
    def day(self) -> date:
        """Which day it is for the participant. Batches see to it that the profile is there where that matters."""
        return day_of(self.now, self.profile.time_zone if self.profile else None)

    def identify(self, **known: Any) -> None:
        """Make or change the profile: the fields that are `known`, and no others. The first time pays what triggers
        of the type user_creation promise, and leads to what follows from that."""
        before = self.profile
        after = replace(before or ProfileState(self.state.id), **known)
        if before is None or after != before or not is_same(after.attributes, before.attributes):
            self.new_profile = after
        if before is None:
            paid = len(self.credits)
            for trigger in self.programme.earning.of_type("user_creation"):
                self.pay(trigger)
            if len(self.credits) > paid:
                self.evaluate(cause="identify", reason=None)

    def boosts(self, system: System) -> list[BoostRule]:
        """What multiplies awards in `system` now: everybody's boosts, then the participant's own."""
        own = self.snapshot.earning.boosts.get(self.state.id, [])
        if not own and not self.new_boosts and not self.programme.earning.boosts:
            return []
        return in_force((*self.programme.earning.boosts, *own, *self.new_boosts), system.id, self.day)

    def pay(self, trigger: TriggerRule, times: int = 1) -> None:
        """What `trigger` promises, so many times, as one credit; nothing to those whom it is not for."""
        if times and trigger.is_for(self.profile.attributes if self.profile else {}):
            system = self.programme.systems[trigger.system_id]
            credit(self, system, trigger.points * times, note=Note(operation_id=self.operation_id), trigger=trigger)

    def total(self, counter_id: UUID) -> Decimal:
        """Only for operations that name the counter."""
        known = self.totals.get(counter_id)
        return known if known is not None else self.snapshot.earning.totals.get((self.state.id, counter_id), Decimal(0))

    def streak(self, frequency: str) -> StreakState:
        """Only for operations that name a counter."""
        known = self.streaks.get(frequency) or self.snapshot.earning.streaks.get((self.state.id, frequency))
        return known or StreakState(frequency)

    def paid_until(self, trigger_id: UUID) -> datetime | None:
        """Only for operations that name the trigger."""
        return self.payments.get(trigger_id) or self.snapshot.earning.payments.get((self.state.id, trigger_id))

    def reward_count(self, rule_id: UUID) -> RewardCountState:
        """Only for operations that name the reward."""
        known = self.reward_counts.get(rule_id) or self.snapshot.reward_counts.get((self.state.id, rule_id))
        return known or RewardCountState(self.state.id, rule_id)

    def book(self, system: System) -> Book:
        """The participant's account in `system`, with what is due written off."""
        if system.id not in self.books:
            key = (self.state.id, system.id)
            self.books[system.id] = open_book(self.snapshot, key, system)
            self.books[system.id].expire(self.now)
        return self.books[system.id]

    def evaluate(self, *, cause: str, reason: str | None, afresh: bool = False) -> Progress:
        """Unlock the badges that are due and move to the tier that is, in one step however far it leads; and again
        after what achievement triggers pay for those badges, until nothing more follows.

        `afresh`: as if the participant held no tier, so that nothing of what it held before is kept.
        """
        before = self.tier
        start = None if afresh else before
        unlocked: list[BadgeRule] = []
        for _ in range(ROUNDS_MAX):
            due = self.programme.evaluate(self._standing(), start, is_pinned=self.state.tier_pinned)
            self._unlock(due.badges)
            if not self.state.tier_pinned:
                self.place(due.tier, pinned=False, cause=cause, reason=reason)
            self._unlock(due.badges_after)
            new = (*due.badges, *due.badges_after)
            unlocked += new
            start = self.tier
            if not self._pay_achievements(new):
                break
        return Progress(before, self.tier, tuple(badge.code for badge in unlocked))

    def _pay_achievements(self, badges: Iterable[BadgeRule]) -> bool:
        """Pay what triggers promise for these badges; whether there was anything."""
        ids = {badge.id for badge in badges}
        paid = len(self.credits)
        for trigger in self.programme.earning.of_type("achievement"):
            if trigger.badge_id in ids:
                self.pay(trigger)
        return len(self.credits) > paid

    def place(self, tier: TierRule | None, *, pinned: bool, cause: str, reason: str | None) -> None:
        """Put the participant at `tier`. Where it is already there, only the pin changes."""
        self.state.tier_pinned = pinned
        before = self.tier
        if tier == before:
            return
        self.state.tier_id = tier.id if tier else None
        self.state.tier_achieved_at = self.now if tier else None
        self.transitions.append(
            Transition(self.state.id, uuid7(), self.state.tier_id, before.id if before else None, cause, reason)
        )
        self._tell(
            "tier.changed",
            {"cause": cause, "reason": reason, "previous": _brief(before), "new": _brief(tier)},
            self.now,
        )

    def _unlock(self, badges: Iterable[BadgeRule]) -> None:
        for badge in badges:
            self.state.badge_codes = [*self.state.badge_codes, badge.code]
            self.unlocks.append(Unlock(self.state.id, badge.id))
            self._tell("badge.unlocked", {"code": badge.code}, self.now)

    def _standing(self) -> Standing:
        system = self.programme.default_system
        book = self.books.get(system.id)
        account = book.account if book else self.snapshot.accounts.get((self.state.id, system.id))
        return Standing(
            total_earned=account.total_earned if account else 0,
            award_count=account.award_count if account else 0,
            earned_in_days={days: self._earned_since(days_before(self.now, days)) for days in self.programme.windows},
            badges=frozenset(self.state.badge_codes),
        )

    def _earned_since(self, since: datetime) -> int:
        book = self.books.get(self.programme.default_system.id)
        new = sum(entry.amount for entry in book.entries if entry.kind == "award") if book else 0
        return self.snapshot.earned_since.get(self.state.id, {}).get(since, 0) + new

    def _tell(self, type: str, data: dict[str, Any], at: datetime) -> None:
        self.facts.append(fact(self.state, type, data, at))


def open_book(snapshot: Snapshot, key: AccountKey, system: System) -> Book:
    return Book(
        account=snapshot.accounts.get(key) or AccountState(*key),
        lots=snapshot.lots.get(key, []),
        oldest_first=system.oldest_first,
        expiry=ExpiryRule(system.expiry_policy, system.expiry_periods, system.timezone),
        new_id=uuid7,
    )


def days_before(now: datetime, days: int) -> datetime:
    """The moment after which something was earned in the last `days` days: as many times 24 hours, to the instant."""
    return now - timedelta(days=days)


def _brief(tier: TierRule | None) -> dict[str, Any] | None:
    return {"code": tier.code, "name": tier.name, "level": tier.level} if tier else None
