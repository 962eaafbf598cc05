"""Make the stream of facts fit the PostgreSQL that it was moved to."""

from typing import Any

from django.core.management.base import BaseCommand

from gamify.services import facts


class Command(BaseCommand):
    help = (
        "Run it once after the database was moved into another PostgreSQL by other means than `restore`, before the"
        " service starts. Whoever follows the stream of facts begins from its start."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        facts.begin_anew()
        self.stdout.write("The facts begin anew.")
