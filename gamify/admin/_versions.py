"""What is confirmed is what was shown: the programme's version travels through the confirmation, and holds or not."""

from uuid import UUID

from gamify.errors import InvalidInput
from tenants.models import Tenant


def check(version: int, shown: str | None) -> None:
    """Raises InvalidInput where the rules are no longer those that were shown."""
    if shown != str(version):
        raise InvalidInput((("__all__", "The rules have changed meanwhile. Please look again."),))


def locked(tenant_id: UUID) -> int:
    """The version, until the end of the transaction: whoever changes a rule moves it on first, and waits here. A
    change in between would be undone by what was decided without it."""
    return Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id).programme_version
