"""Issue an API key and print it, once and never again."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tenants import keys
from tenants.management.arguments import moment_of
from tenants.models import Tenant
from tenants.scopes import SCOPES


class Command(BaseCommand):
    help = "Issue an API key. It alone goes to standard output; only its hash is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's short name")
        parser.add_argument("--sandbox", action="store_true", help="a key of the tenant's sandbox")
        parser.add_argument("--scope", action="append", default=[], choices=sorted(SCOPES), help="repeatable")
        parser.add_argument("--expires-at", metavar="ISO", help="e.g. 2027-01-31T00:00:00Z; default: never")
        parser.add_argument("--prefix", choices=keys.FAMILIES, default="bq", help="bq_… or sk_… (GamifyHost)")
        parser.add_argument("--name", default="", help="what the key is for")

    def handle(
        self,
        *args: Any,
        slug: str,
        sandbox: bool,
        scope: list[str],
        expires_at: str | None,
        prefix: str,
        name: str,
        **_: Any,
    ) -> None:
        try:
            tenant = Tenant.objects.by_slug(slug, sandbox=sandbox)
        except Tenant.DoesNotExist as error:
            raise CommandError(f"There is no tenant {slug!r}. Make it with create_tenant.") from error
        try:
            raw_key, key = keys.issue(
                tenant=tenant, family=prefix, scopes=scope, expires_at=_future(expires_at), name=name
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(raw_key)
        self.stderr.write(f"Issued 1 key for {tenant}: id {key.id}. It is not shown again.")


def _future(text: str | None) -> datetime | None:
    moment = moment_of(text)
    if moment and moment <= timezone.now():
        raise CommandError(f"{text} is past: the key would never work.")
    return moment
