"""Arguments that several commands take."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import overload

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from tenants.models import Tenant


def add_tenant(parser: ArgumentParser) -> None:
    """--tenant and --sandbox, of commands that otherwise are about everybody."""
    parser.add_argument("--tenant", metavar="SLUG", help="this tenant only (default: all, with sandboxes)")
    parser.add_argument("--sandbox", action="store_true", help="with --tenant: its sandbox instead")


def tenant_of(slug: str | None, *, sandbox: bool) -> Tenant | None:
    """The tenant that --tenant and --sandbox mean; None: all. Raises CommandError."""
    if slug is None:
        if sandbox:
            raise CommandError("--sandbox goes with --tenant: whose sandbox?")
        return None
    try:
        return Tenant.objects.by_slug(slug, sandbox=sandbox)
    except Tenant.DoesNotExist as error:
        raise CommandError(f"There is no tenant {slug!r}.") from error


@overload
def moment_of(text: str) -> datetime: ...
@overload
def moment_of(text: str | None) -> datetime | None: ...
def moment_of(text: str | None) -> datetime | None:
    """A date and time in ISO 8601, in UTC where it names no offset; None for None. Raises CommandError."""
    if text is None:
        return None
    try:
        moment = parse_datetime(text)
        # What is past the year 9999 in UTC could be stored, but not be read again.
        moment = moment and (moment if timezone.is_aware(moment) else timezone.make_aware(moment)).astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise CommandError(f"{text!r} is no date and time. Write it like 2027-01-31T00:00:00Z.")
    return moment
