"""Expire what is due."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from gamify.management.busy import told_when_busy
from gamify.services import expiry
from gamify.services.expiry import NothingExpired, Swept
from tenants.management.arguments import add_tenant, tenant_of


class Command(BaseCommand):
    help = (
        "Write one expire entry for what is left of each lot that is due. In short transactions: stop it, repeat it,"
        " run it twice at once as you like. Run it daily; what is due counts for nobody meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_tenant(parser)
        parser.add_argument("--dry-run", action="store_true", help="only say how much is due")
        parser.add_argument("--max-seconds", type=float, help="stop after the batch during which this time is over")

    @told_when_busy()
    def handle(
        self, *args: Any, tenant: str | None, sandbox: bool, dry_run: bool, max_seconds: float | None, **_: Any
    ) -> None:
        systems = expiry.systems(tenant_of(tenant, sandbox=sandbox))
        now, started = timezone.now(), time.monotonic()
        due = [expiry.due(system, now=now) for system in systems]
        if dry_run:
            lots, points = sum(each.lots for each in due), sum(each.points for each in due)
            self.stdout.write(f"Would expire {points} points of {lots} lots.")
            return
        entries = points = 0
        is_cut_short = is_broken = False
        # Shown on a terminal only.
        with tqdm(total=sum(each.lots for each in due), unit=" lots", disable=None) as progress:
            for system in systems:
                begun, done, is_complete = timezone.now(), Swept(0, 0), True
                try:
                    for swept in expiry.sweep(system, clock=timezone.now):
                        done = Swept(done.entries + swept.entries, done.points + swept.points)
                        progress.update(swept.entries)
                        if max_seconds is not None and time.monotonic() - started >= max_seconds:
                            is_cut_short, is_complete = True, False
                            break
                except NothingExpired as error:
                    # The other systems are not to blame.
                    self.stderr.write(f"{system.tenant}, {system.key}: {error}")
                    is_complete, is_broken = False, True
                entries, points = entries + done.entries, points + done.points
                expiry.note_run(
                    system, started_at=begun, finished_at=timezone.now(), swept=done, is_complete=is_complete
                )
                if is_cut_short:
                    break
        rest = " Time is up: there may be more." if is_cut_short else ""
        self.stdout.write(f"Expired {points} points of {entries} lots.{rest}")
        if is_broken:
            raise CommandError("A ledger is broken. Run verify_ledger.")
