"""Revoke an API key: it is refused from the next request on."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tenants import keys
from tenants.models import ApiKey


class Command(BaseCommand):
    help = "Revoke an API key, for the very next request in every process. Repeating it changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", type=UUID, help="the key's id, as issue_key and the console show it")

    def handle(self, *args: Any, id: UUID, **_: Any) -> None:
        key = ApiKey.objects.filter(pk=id).first()
        if key is None:
            raise CommandError(f"There is no key with the id {id}.")
        count = 0 if key.revoked_at else 1
        keys.revoke(key, now=timezone.now())
        self.stdout.write(f"Revoked {count} key: {key} of {key.tenant}.")
