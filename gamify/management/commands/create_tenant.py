"""Make a tenant with its sandbox twin. Repeatable."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from gamify.services import tenants


class Command(BaseCommand):
    help = "Make a tenant and its sandbox, each with a points system named Points. Repeating it changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="short name for commands: a-z, 0-9 and hyphens")
        parser.add_argument("--name", help="display name (default: the slug)")

    def handle(self, *args: Any, slug: str, name: str | None, **options: Any) -> None:
        try:
            tenant, created = tenants.create(slug=slug, name=name or slug)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        what = "Made 1 tenant" if created else "Made 0 tenants; there already was"
        self.stdout.write(f"{what}: {tenant.slug} ({tenant.id}), with its sandbox ({tenant.sandbox.id}).")
