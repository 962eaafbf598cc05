"""What must be loaded, beside the participants themselves, before operations on them can be decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gamify.ledger import store
from gamify.models.participants import participant_id
from gamify.queries.programme import Programme, System
from gamify.rewards.days import days_on_earth
from gamify.services._operation import Operation


@dataclass(frozen=True, slots=True)
class Needs:
    tenant_id: UUID
    items: Sequence[Operation]
    programme: Programme
    now: datetime

    def lots(self) -> list[store.WantedLots]:
        debits: dict[tuple[UUID, System], int] = {}
        for item in self.items:
            id = participant_id(self.tenant_id, item.participant)
            for system, debit in item.postings(self.programme):
                debits[id, system] = debits.get((id, system), 0) + debit
            for system in self._paid_by_triggers(item):
                debits.setdefault((id, system), 0)
        return [store.WantedLots((id, system.id), debit, system.oldest_first) for (id, system), debit in debits.items()]

    def profiles(self) -> set[UUID]:
        """Of those whose operation wants it; on the first and last days of boosts, which begin and end at everybody's
        own midnight, of all."""
        zones_matter = self.programme.earning.depends_on_zone(days_on_earth(self.now))
        return {
            participant_id(self.tenant_id, item.participant)
            for item in self.items
            if item.wants_profile or zones_matter
        }

    def reward_rules(self) -> set[UUID]:
        return {reward.id for item in self.items for reward in item.rewards(self.programme)}

    def earning(self) -> store.WantedEarning:
        wanted = [item.earning(self.programme) for item in self.items]
        return store.WantedEarning(
            counters={id for each in wanted for id in each.counters},
            payments={id for each in wanted for id in each.payments},
        )

    def _paid_by_triggers(self, item: Operation) -> Iterable[System]:
        """Where an operation may post to though it does not say so: what follows from a badge or from a first
        identification is paid by triggers."""
        types = [*(["achievement"] if item.evaluates else []), *(["user_creation"] if item.wants_profile else [])]
        return (self.programme.systems[id] for id in self.programme.earning.systems_of(*types))
