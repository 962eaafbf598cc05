"""Pay what triggers promise for time that has passed."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from gamify.management.busy import told_when_busy
from gamify.services import time_triggers
from tenants.management.arguments import add_tenant, tenant_of


class Command(BaseCommand):
    help = (
        "Pay triggers of the type time: so many points each time an interval has passed. In batches of their own: stop"
        " it, repeat it, run it twice at once as you like. Run it hourly; what was missed is made up for."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_tenant(parser)

    @told_when_busy()
    def handle(self, *args: Any, tenant: str | None, sandbox: bool, **_: Any) -> None:
        participants = points = 0
        for owner, trigger in time_triggers.triggers(tenant_of(tenant, sandbox=sandbox)):
            for paid in time_triggers.pay(owner, trigger, clock=timezone.now):
                participants, points = participants + paid.participants, points + paid.points
        self.stdout.write(f"Paid {points} points for time that has passed, to {participants} participants.")
