"""Make a tenant's configuration equal to a file."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gamify.errors import InvalidInput
from gamify.services import programme_file
from tenants.models import Tenant


class Command(BaseCommand):
    help = (
        "Apply a programme file (gamify/services/programme_file/schema.json) to a tenant and print what that changed."
        ' What the file leaves out is left alone; "is_active": false deactivates. A bad file changes nothing.'
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's short name")
        parser.add_argument("file", help="the file; - for standard input")
        parser.add_argument("--sandbox", action="store_true", help="the tenant's sandbox instead")
        parser.add_argument("--dry-run", action="store_true", help="only print what would change")

    def handle(self, *args: Any, slug: str, file: str, sandbox: bool, dry_run: bool, **_: Any) -> None:
        try:
            tenant = Tenant.objects.by_slug(slug, sandbox=sandbox)
        except Tenant.DoesNotExist as error:
            raise CommandError(f"There is no tenant {slug!r}. Make it with create_tenant.") from error
        try:
            programme = json.loads(sys.stdin.read() if file == "-" else Path(file).read_text())
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise CommandError(f"{file} is not JSON: {error}.") from error
        try:
            changes = programme_file.apply(tenant, programme, dry_run=dry_run)
        except InvalidInput as error:
            lines = "\n".join(f"  {path}: {message}" for path, message in error.errors)
            raise CommandError(f"{file} was not applied; nothing was changed.\n{lines}") from error
        for change in changes:
            self.stdout.write(f"  {change}")
        self.stdout.write(f"{'Would change' if dry_run else 'Changed'} {len(changes)} definitions of {tenant}.")
