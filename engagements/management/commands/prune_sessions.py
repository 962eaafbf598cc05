"""Delete sessions that have expired."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from engagements import sessions


class Command(BaseCommand):
    help = "Delete sessions that have expired; they open nothing any more. Run it daily, also twice at once."

    def handle(self, *args: Any, **options: Any) -> None:
        count = sum(sessions.prune(now=timezone.now()))
        self.stdout.write(f"Deleted {count} expired sessions.")
