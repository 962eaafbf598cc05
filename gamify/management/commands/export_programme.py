"""Print a tenant's configuration as a file that apply_programme takes."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gamify.services import programme_file
from tenants.models import Tenant


class Command(BaseCommand):
    help = "Print a tenant's programme as JSON. Export the sandbox's and apply it to the tenant to promote it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's short name")
        parser.add_argument("--sandbox", action="store_true", help="the tenant's sandbox instead")

    def handle(self, *args: Any, slug: str, sandbox: bool, **_: Any) -> None:
        try:
            tenant = Tenant.objects.by_slug(slug, sandbox=sandbox)
        except Tenant.DoesNotExist as error:
            raise CommandError(f"There is no tenant {slug!r}.") from error
        self.stdout.write(json.dumps(programme_file.export(tenant), indent=2, ensure_ascii=False))
