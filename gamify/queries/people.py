"""What the console shows of participants: search, and all about one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from gamify.criteria import Standing
from gamify.models import (
    Account,
    Boost,
    Consumption,
    Entry,
    Participant,
    ParticipantBoost,
    PointsSystem,
    Tier,
    TierTransition,
)
from gamify.queries import programme as programmes
from gamify.queries.programme import TierRule
from gamify.queries.tiers import points_standing
from tenants.database import send
from tenants.models import Tenant
from tenants.refs import TenantRef

# So many are found by each of external id, e-mail address and name; who looks for more types more.
FOUND_MAX = 100
ENTRIES_PER_PAGE = 25
EXPIRIES_SHOWN = 20
TRANSITIONS_SHOWN = 10

# Each branch is one range of one index, however many participants there are. Ranges and not LIKE: statements are
# planned without their values, and a pattern that is not known yet is no range. Comparisons with a tilde are by bytes,
# as the index is.
_SEARCH = """
    (SELECT id FROM gamify_participant
      WHERE tenant_id = $1 AND external_id >= $2 AND external_id < $3 ORDER BY external_id LIMIT $7)
    UNION
    (SELECT participant_id FROM gamify_profile
      WHERE lower(email) ~>=~ $4 AND lower(email) ~<~ $5 AND tenant_id = $1 LIMIT $7)
    UNION
    (SELECT participant_id FROM gamify_profile
      WHERE to_tsvector('simple'::regconfig, coalesce(name, '')) @@ to_tsquery('simple', $6) AND name IS NOT NULL
        AND tenant_id = $1 LIMIT $7)
"""
# Behind every text that begins like the one before it.
_LAST = chr(0x10FFFF)


def search(tenant_id: UUID, text: str) -> list[UUID]:
    """Whose external id or e-mail address begins with `text`, or whose name has words that begin with its words."""
    if not text:
        return []
    address = text.lower()
    words = "".join(character if character.isalnum() else " " for character in text).split()
    query = " & ".join(f"'{word}':*" for word in words)
    parameters = [tenant_id, text, text + _LAST, address, address + _LAST, query, FOUND_MAX]
    return [id for (id,) in send(_SEARCH, parameters).fetchall()]


_BALANCES = """
    SELECT a.participant_id,
           a.balance
           - CASE WHEN a.next_expires_at <= $3
                  THEN (SELECT coalesce(sum(remaining), 0) FROM gamify_lot
                         WHERE participant_id = a.participant_id AND points_system_id = a.points_system_id
                           AND expires_at <= $3)
                  ELSE 0 END::bigint
           - CASE WHEN a.rest_expires_at <= $3 THEN a.balance - a.lot_balance ELSE 0 END
      FROM gamify_account a WHERE a.participant_id = ANY($1) AND a.points_system_id = $2
"""


def balances(ids: Sequence[UUID], system: PointsSystem, *, now: datetime) -> dict[UUID, int]:
    """What each of the participants can spend; those that never had anything are not in it."""
    return dict(send(_BALANCES, [list(ids), system.pk, now]).fetchall())


@dataclass(frozen=True, slots=True)
class Expiry:
    amount: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Holding:
    """What somebody has in one points system. `balance` is what can be spent now: without what is due."""

    system: PointsSystem
    balance: int
    earned: int
    spent: int
    expired: int
    entries: int
    # The next few expiries, and how much there is to expire after them.
    expiring: list[Expiry]
    expiring_later: int


@dataclass(frozen=True, slots=True)
class Step:
    """One tier of the ladder, and how far somebody is on the way to it; None where that is no matter of points."""

    tier: Tier
    is_current: bool
    is_reached: bool
    required: int | None
    so_far: int | None

    @property
    def percent(self) -> int | None:
        if self.required is None or self.so_far is None:
            return None
        return 100 if self.required == 0 else min(100, self.so_far * 100 // self.required)


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the ledger, with what it says about itself."""

    entry: Entry
    explanation: dict[str, Any]
    metadata: Any
    # What the explanation names by id: boosts.
    names: dict[str, str]
    # Debits: (points, when they were earned).
    paid_by: list[tuple[int, datetime]]


_EXPIRING = """
    SELECT points_system_id, expires_at, sum(amount)::bigint
      FROM (SELECT points_system_id, expires_at, remaining AS amount
              FROM gamify_lot WHERE participant_id = $1 AND expires_at IS NOT NULL
             UNION ALL
            SELECT points_system_id, rest_expires_at, balance - lot_balance
              FROM gamify_account WHERE participant_id = $1 AND rest_expires_at IS NOT NULL) AS parts
     WHERE amount > 0 GROUP BY 1, 2 ORDER BY 2
"""


def holdings(participant: Participant, *, now: datetime) -> list[Holding]:
    """One for each points system of the tenant, the default one first, also where nothing was ever posted."""
    parts: dict[UUID, list[Expiry]] = {}
    for system_id, expires_at, amount in send(_EXPIRING, [participant.pk]).fetchall():
        parts.setdefault(system_id, []).append(Expiry(amount, expires_at))
    accounts = {account.points_system_id: account for account in Account.objects.filter(participant=participant)}
    found = []
    for system in PointsSystem.objects.filter(tenant_id=participant.tenant_id).order_by("-is_default", "name"):
        account = accounts.get(system.pk)
        due = sum(part.amount for part in parts.get(system.pk, []) if part.expires_at <= now)
        ahead = [part for part in parts.get(system.pk, []) if part.expires_at > now]
        found.append(
            Holding(
                system,
                (account.balance if account else 0) - due,
                account.total_earned if account else 0,
                account.total_spent if account else 0,
                account.total_expired + due if account else 0,
                account.last_sequence if account else 0,
                ahead[:EXPIRIES_SHOWN],
                sum(part.amount for part in ahead[EXPIRIES_SHOWN:]),
            )
        )
    return found


def ladder(participant: Participant, *, now: datetime) -> list[Step]:
    """The active tiers, the lowest first, and the one held whatever its state."""
    tenant = TenantRef.of(Tenant.objects.get(pk=participant.tenant_id))
    programme = programmes.load(tenant.id)
    standing = points_standing(programme, participant.pk, now)
    held = programme.tiers.get(participant.tier_id) if participant.tier_id else None
    tiers = Tier.objects.filter(tenant_id=participant.tenant_id).order_by("level")
    return [
        Step(
            tier,
            tier.pk == participant.tier_id,
            _is_reached(tier, held),
            *_progress(programme.tiers[tier.pk], standing),
        )
        for tier in tiers
        if tier.pk in programme.tiers and (tier.is_active or tier.pk == participant.tier_id)
    ]


def transitions(participant: Participant) -> QuerySet[TierTransition]:
    """The newest changes of tier."""
    found = TierTransition.objects.filter(participant=participant).select_related("tier", "previous_tier")
    return found.order_by("-id")[:TRANSITIONS_SHOWN]


def ledger(participant: Participant, system: PointsSystem, *, before: int | None) -> list[Line]:
    """ENTRIES_PER_PAGE entries, the newest first, from below the sequence number `before` on."""
    entries = Entry.objects.filter(participant=participant, points_system=system)
    page = list((entries.filter(sequence__lt=before) if before else entries).order_by("-sequence")[:ENTRIES_PER_PAGE])
    paid = _paid_by(participant, system, [entry.sequence for entry in page if entry.amount < 0])
    explanations = [_object(entry.explanation) for entry in page]
    names = _names_of_boosts(participant, explanations)
    return [
        Line(entry, explanation, _object(entry.metadata), names, paid.get(entry.sequence, []))
        for entry, explanation in zip(page, explanations, strict=True)
    ]


def _names_of_boosts(participant: Participant, explanations: list[dict[str, Any]]) -> dict[str, str]:
    ids = {boost["id"] for explanation in explanations for boost in explanation.get("boosts", [])}
    if not ids:
        return {}
    own = ParticipantBoost.objects.filter(participant=participant, id__in=ids).values_list("id", "name")
    shared = Boost.objects.filter(tenant_id=participant.tenant_id, id__in=ids).values_list("id", "name")
    return {str(id): name for id, name in (*own, *shared)}


def _paid_by(
    participant: Participant, system: PointsSystem, debits: list[int]
) -> dict[int, list[tuple[int, datetime]]]:
    own = Q(participant=participant, points_system=system)
    rows = (
        list(Consumption.objects.filter(own, debit_sequence__in=debits).order_by("credit_sequence")) if debits else []
    )
    earned = dict(
        Entry.objects.filter(own, sequence__in={row.credit_sequence for row in rows}).values_list(
            "sequence", "created_at"
        )
        if rows
        else []
    )
    found: dict[int, list[tuple[int, datetime]]] = {}
    for row in rows:
        found.setdefault(row.debit_sequence, []).append((row.amount, earned[row.credit_sequence]))
    return found


def _is_reached(tier: Tier, held: TierRule | None) -> bool:
    return held is not None and tier.level <= held.level


def _progress(rule: TierRule, standing: Standing) -> tuple[int | None, int | None]:
    if not rule.is_automatic:
        return None, None
    required = rule.criterion.points_required()
    return required, None if required is None else rule.criterion.points_so_far(standing)


def _object(text: str | None) -> dict[str, Any]:
    value = json.loads(text) if text else {}
    return value if isinstance(value, dict) else {"": value}
