"""Move everybody to the tier that the rules of now say."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from gamify.management.busy import told_when_busy
from gamify.services import reevaluation
from tenants.models import Tenant
from tenants.refs import TenantRef


class Command(BaseCommand):
    help = (
        "After a change of tiers: move each participant, the pinned ones excepted, to where the rules say. In batches"
        " of their own; interrupt and repeat it as you like, or go on with --after."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's short name")
        parser.add_argument("--sandbox", action="store_true", help="the tenant's sandbox instead")
        parser.add_argument("--dry-run", action="store_true", help="only print who would move")
        parser.add_argument("--after", type=UUID, metavar="ID", help="go on behind this participant")
        parser.add_argument("--reason", help="kept with every transition")

    @told_when_busy()
    def handle(
        self, *args: Any, slug: str, sandbox: bool, dry_run: bool, after: UUID | None, reason: str | None, **_: Any
    ) -> None:
        try:
            tenant = TenantRef.of(Tenant.objects.by_slug(slug, sandbox=sandbox))
        except Tenant.DoesNotExist as error:
            raise CommandError(f"There is no tenant {slug!r}.") from error
        if dry_run:
            self._show(tenant)
            return
        moved = 0
        for done in reevaluation.reevaluate(tenant=tenant, reason=reason, after=after, clock=timezone.now):
            moved += done.moved
            self.stderr.write(f"{moved} moved so far; to go on from here: --after {done.position}")
        self.stdout.write(f"Moved {moved} participants.")

    def _show(self, tenant: TenantRef) -> None:
        moves = reevaluation.pending(tenant_id=tenant.id, now=timezone.now())
        for move in moves:
            before, after = (tier.code if tier else "no tier" for tier in (move.from_tier, move.to_tier))
            self.stdout.write(f"  {before} → {after}: {move.participants}")
        self.stdout.write(f"Would move {sum(move.participants for move in moves)} participants.")
