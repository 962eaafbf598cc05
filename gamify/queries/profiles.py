"""Reads of who a participant is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gamify.errors import ParticipantNotFound
from gamify.models import Participant, participant_id
from tenants.rates import Window
from tenants.refs import TenantRef

_COLUMNS = (
    "created_at",
    "window_started_at",
    "window_writes",
    "profile__name",
    "profile__email",
    "profile__avatar_url",
    "profile__time_zone",
    "profile__attributes",
    "profile__updated_at",
)


@dataclass(frozen=True, slots=True)
class Profile:
    """Somebody who was seen before, and what was said of them: nothing, of one that only ever had points."""

    participant: str
    name: str | None
    email: str | None
    avatar_url: str | None
    time_zone: str | None
    attributes: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    window: Window


def profile(*, tenant: TenantRef, participant: str, now: datetime) -> Profile:
    """Raises ParticipantNotFound."""
    found = Participant.objects.filter(pk=participant_id(tenant.id, participant)).values_list(*_COLUMNS).first()
    if found is None:
        raise ParticipantNotFound(participant)
    created_at, window_started_at, writes, name, email, avatar_url, time_zone, attributes, updated_at = found
    return Profile(
        participant=participant,
        name=name,
        email=email,
        avatar_url=avatar_url,
        time_zone=time_zone,
        attributes=attributes or {},
        created_at=created_at,
        updated_at=updated_at or created_at,
        window=Window.at(tenant.write_rate, now, started_at=window_started_at, used=writes),
    )
