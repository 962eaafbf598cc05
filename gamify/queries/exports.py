"""Everything of a tenant, a batch at a time: for exports that never hold more than a batch in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from gamify.models import Entry, Participant, PointsSystem, Profile, Tier
from gamify.queries.people import balances

PARTICIPANTS_PER_BATCH = 1_000
ENTRIES_PER_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class ParticipantRow:
    participant: Participant
    profile: Profile | None
    tier_code: str | None
    balance: int


@dataclass(frozen=True, slots=True)
class EntryRow:
    external_id: str
    points_system: str
    entry: Entry


def participants(tenant_id: UUID) -> Iterator[ParticipantRow]:
    """All, in the order of their external ids, with their balance in the default points system."""
    system = PointsSystem.objects.get(tenant_id=tenant_id, is_default=True)
    tiers = dict(Tier.objects.filter(tenant_id=tenant_id).values_list("pk", "code"))
    for batch in _batches(tenant_id):
        profiles = Profile.objects.in_bulk([row.pk for row in batch])
        found = balances([row.pk for row in batch], system, now=timezone.now())
        for row in batch:
            tier_code = tiers.get(row.tier_id) if row.tier_id else None
            yield ParticipantRow(row, profiles.get(row.pk), tier_code, found.get(row.pk, 0))


def entries(system: PointsSystem, *, since: datetime | None, until: datetime | None) -> Iterator[EntryRow]:
    """One points system's ledger, participant by participant, each in the order of its entries."""
    period = Q(created_at__gte=since) if since else Q()
    period &= Q(created_at__lt=until) if until else Q()
    for batch in _batches(system.tenant_id):
        names = {row.pk: row.external_id for row in batch}
        rows = Entry.objects.filter(period, participant_id__in=list(names), points_system=system)
        rows = rows.order_by("participant_id", "sequence")
        after = Q()
        while page := list(rows.filter(after)[:ENTRIES_PER_BATCH]):
            for entry in page:
                yield EntryRow(names[entry.participant_id], system.key, entry)
            last = page[-1]
            after = Q(participant_id__gt=last.participant_id) | Q(
                participant_id=last.participant_id, sequence__gt=last.sequence
            )


def _batches(tenant_id: UUID) -> Iterator[list[Participant]]:
    rows = Participant.objects.filter(tenant_id=tenant_id).order_by("external_id")
    page = list(rows[:PARTICIPANTS_PER_BATCH])
    while page:
        yield page
        page = list(rows.filter(external_id__gt=page[-1].external_id)[:PARTICIPANTS_PER_BATCH])
