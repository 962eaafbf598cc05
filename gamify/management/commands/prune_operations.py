"""Forget the idempotency keys of old operations."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from gamify.management import _pruning
from gamify.services import pruning
from tenants.management.arguments import tenant_of


class Command(BaseCommand):
    help = (
        "Forget idempotency keys that were used more than so many days ago. They never expire by themselves: a retry"
        " that comes later than this is done again. What the operations did stays, but GamifyHost's history"
        " shows `reference: null` for their rewards from then on: a reference is such a key."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        _pruning.add_arguments(parser)

    def handle(self, *args: Any, tenant: str | None, sandbox: bool, older_than: int, **_: Any) -> None:
        chosen = tenant_of(tenant, sandbox=sandbox)
        before = _pruning.moment_before(older_than)
        batches = pruning.operations(before=before, tenant_id=chosen.id if chosen else None)
        removed = _pruning.run(batches, blocks=pruning.blocks_of_operations())
        self.stdout.write(f"Forgot {removed} operations from before {before:%Y-%m-%d %H:%M} UTC.")
