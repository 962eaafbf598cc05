"""Tell what expires soon."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from gamify.services import expiry
from tenants.models import Tenant


class Command(BaseCommand):
    help = (
        "Write the fact points.expiring_soon, once for each lot that expires within its points system's notice_days."
        " Run it daily."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG", help="this tenant only (default: all, with sandboxes)")
        parser.add_argument("--sandbox", action="store_true", help="with --tenant: its sandbox instead")

    def handle(self, *args: Any, tenant: str | None, sandbox: bool, **_: Any) -> None:
        try:
            systems = expiry.systems(Tenant.objects.by_slug(tenant, sandbox=sandbox) if tenant else None)
        except Tenant.DoesNotExist as error:
            raise CommandError(f"There is no tenant {tenant!r}.") from error
        count = sum(number for system in systems for number in expiry.notify(system, clock=timezone.now))
        self.stdout.write(f"Told of {count} lots that expire soon.")
