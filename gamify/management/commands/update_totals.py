"""Bring the dashboard's totals up to date."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from gamify.services import totals
from tenants.management.arguments import add_tenant, tenant_of
from tenants.models import Tenant


class Command(BaseCommand):
    help = (
        "Add to the dashboard's daily totals what is new in the ledger. The dashboard does so itself, a little at a"
        " time, once they have begun; run this daily where nobody looks at it for long. --rebuild where anybody doubts"
        " them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_tenant(parser)
        parser.add_argument("--rebuild", action="store_true", help="add up the whole ledger anew")

    def handle(self, *args: Any, tenant: str | None, sandbox: bool, rebuild: bool, **_: Any) -> None:
        one = tenant_of(tenant, sandbox=sandbox)
        tenants = [one] if one else list(Tenant.objects.order_by("pk"))
        for each in tenants:
            if rebuild:
                self.stderr.write(f"{each}: {totals.rebuild(each.pk)} entries.")
            else:
                totals.catch_up_wholly(each.pk)
        self.stdout.write(f"The totals of {len(tenants)} tenants are up to date.")
