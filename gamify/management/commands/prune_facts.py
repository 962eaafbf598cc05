"""Remove old facts."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from gamify.management import _pruning
from gamify.services import pruning
from tenants.management.arguments import tenant_of


class Command(BaseCommand):
    help = (
        "Remove facts that are older than so many days. Whoever follows the stream and has not read them misses them."
        " The ledger itself stays."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        _pruning.add_arguments(parser)

    def handle(self, *args: Any, tenant: str | None, sandbox: bool, older_than: int, **_: Any) -> None:
        chosen = tenant_of(tenant, sandbox=sandbox)
        before = _pruning.moment_before(older_than)
        batches = pruning.facts(before=before, tenant_id=chosen.id if chosen else None)
        removed = _pruning.run(batches, blocks=pruning.blocks_of_facts())
        self.stdout.write(f"Removed {removed} facts from before {before:%Y-%m-%d %H:%M} UTC.")
