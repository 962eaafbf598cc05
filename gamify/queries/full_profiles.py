"""Reads of all that is known of a participant at once."""

from dataclasses import dataclass
from datetime import datetime

from gamify.queries import points, profiles, tiers
from gamify.queries.points import Balance
from gamify.queries.profiles import Profile
from gamify.queries.tiers import HeldBadge, HeldTier
from tenants import database
from tenants.refs import TenantRef


@dataclass(frozen=True, slots=True)
class FullProfile:
    """`points`: in the default points system. `badges`: the oldest first."""

    profile: Profile
    points: Balance
    tier: HeldTier | None
    badges: list[HeldBadge]


def full_profile(*, tenant: TenantRef, participant: str, now: datetime) -> FullProfile:
    """Who somebody is and what it has, all as of one moment. Raises ParticipantNotFound."""
    with database.snapshot():
        profile = profiles.profile(tenant=tenant, participant=participant, now=now)
        system = points.named_system(tenant, None)
        return FullProfile(
            profile=profile,
            points=points.balance(tenant=tenant, participant=participant, system=system, now=now),
            tier=tiers.current_tier(tenant=tenant, participant=participant, now=now),
            badges=tiers.badges(tenant_id=tenant.id, participant=participant),
        )
