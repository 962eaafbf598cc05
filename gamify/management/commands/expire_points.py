"""Expire what is due."""

import time
from argparse import ArgumentParser
from collections.abc import Iterable
from math import inf
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from gamify.errors import Busy
from gamify.management.busy import told_when_busy
from gamify.management.processes import mapper
from gamify.services import expiry
from gamify.services.expiry import NothingExpired, Swept
from tenants.management.arguments import add_tenant, tenant_of

# With fewer lots a process would hardly have begun when all is done.
LOTS_FOR_PROCESSES = 20_000


class Command(BaseCommand):
    help = (
        "Write one expire entry for what is left of each lot that is due. In short transactions: stop it, repeat it,"
        " run it twice at once as you like. Run it daily; what is due counts for nobody meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_tenant(parser)
        parser.add_argument("--dry-run", action="store_true", help="only say how much is due")
        parser.add_argument("--max-seconds", type=float, help="begin nothing more once this time is over")
        parser.add_argument(
            "--processes",
            type=int,
            default=2,
            help=f"how many share the work where more than {LOTS_FOR_PROCESSES} lots are due; 2 unless told",
        )

    @told_when_busy()
    def handle(
        self,
        *args: Any,
        tenant: str | None,
        sandbox: bool,
        dry_run: bool,
        max_seconds: float | None,
        processes: int,
        **_: Any,
    ) -> None:
        if processes < 1:
            raise CommandError("--processes: at least 1.")
        systems = expiry.systems(tenant_of(tenant, sandbox=sandbox))
        now, ends_at = timezone.now(), time.monotonic() + (inf if max_seconds is None else max_seconds)

        def is_over() -> bool:
            return time.monotonic() >= ends_at

        due = [expiry.due(system, now=now) for system in systems]
        lots, points = sum(each.lots for each in due), sum(each.points for each in due)
        if dry_run:
            self.stdout.write(f"Would expire {points} points of {lots} lots.")
            return
        entries = points = 0
        faults: list[NothingExpired | Busy] = []
        with (
            mapper(processes if lots > LOTS_FOR_PROCESSES else 1) as map_batches,
            # Shown on a terminal only.
            tqdm(total=lots, unit=" lots", disable=None) as progress,
        ):
            for system in systems:
                begun = timezone.now()
                batches = expiry.sweep(system, clock=timezone.now, is_over=is_over, map_batches=map_batches)
                done, fault = _done(batches, progress)
                if fault:
                    # The other systems are not to blame.
                    reason = fault if isinstance(fault, NothingExpired) else "Not done: a participant was busy."
                    self.stderr.write(f"{system.tenant}, {system.key}: {reason}")
                    faults.append(fault)
                entries, points = entries + done.entries, points + done.points
                expiry.record_run(
                    system,
                    started_at=begun,
                    finished_at=timezone.now(),
                    swept=done,
                    is_complete=not fault and not is_over(),
                )
                if is_over():
                    break
        rest = " Time is up: there may be more." if is_over() else ""
        self.stdout.write(f"Expired {points} points of {entries} lots.{rest}")
        if any(isinstance(fault, NothingExpired) for fault in faults):
            raise CommandError("A ledger is broken. Run verify_ledger.")
        if faults:
            raise faults[0]


def _done(batches: Iterable[Swept], progress: "tqdm[Any]") -> tuple[Swept, NothingExpired | Busy | None]:
    """What was done, and what kept it from being all."""
    done = Swept(0, 0)
    try:
        for swept in batches:
            done = Swept(done.entries + swept.entries, done.points + swept.points)
            progress.update(swept.entries)
    except (NothingExpired, Busy) as fault:
        return done, fault
    return done, None
