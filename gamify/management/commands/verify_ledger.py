"""Prove that the ledger is whole, or name the first entry that is not."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from gamify.services import audit
from tenants.management.arguments import add_tenant, moment_of, tenant_of

BREACHES_SHOWN_MAX = 20


class Command(BaseCommand):
    help = (
        "Check every account against its entries, lots and consumptions: balances, totals, numbering, hash chain."
        " Exits with an error and names the first entry that breaks."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_tenant(parser)
        parser.add_argument("--since", metavar="ISO", help="only accounts to which something was posted since then")

    def handle(self, *args: Any, tenant: str | None, sandbox: bool, since: str | None, **_: Any) -> None:
        chosen = tenant_of(tenant, sandbox=sandbox)
        tenant_id = chosen.id if chosen else None
        accounts = entries = breaches = 0
        moment = moment_of(since)
        # Shown on a terminal only.
        with tqdm(total=audit.count_accounts(tenant_id, moment), unit=" accounts", disable=None) as progress:
            for checked in audit.verify(tenant_id, moment):
                progress.update()
                accounts += 1
                entries += checked.entries
                if checked.breach:
                    breaches += 1
                    if breaches <= BREACHES_SHOWN_MAX:
                        self.stderr.write(f"{checked.breach.where}: {checked.breach.what}.")
        sentence = f"Verified {entries} entries of {accounts} accounts: {breaches} broken."
        if breaches:
            raise CommandError(sentence)
        self.stdout.write(sentence)
