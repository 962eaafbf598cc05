"""Tell what expires soon."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from gamify.management.busy import told_when_busy
from gamify.services import expiry
from tenants.management.arguments import add_tenant, tenant_of


class Command(BaseCommand):
    help = (
        "Write the fact points.expiring_soon, once for each lot that expires within its points system's notice_days,"
        " and for what an account will lose in that time if it stays inactive, which counts as a lot. Run it daily."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_tenant(parser)

    @told_when_busy()
    def handle(self, *args: Any, tenant: str | None, sandbox: bool, **_: Any) -> None:
        systems = expiry.systems(tenant_of(tenant, sandbox=sandbox))
        count = sum(number for system in systems for number in expiry.notify(system, clock=timezone.now))
        self.stdout.write(f"Told of {count} lots that expire soon.")
