"""Fill a new database from a backup."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bricqs import backups
from bricqs.backups import BackupFailed


class Command(BaseCommand):
    help = (
        "Fill an empty database from a file that `backup` wrote: all of it, or nothing. Where PostgreSQL is the bundled"
        " one, name a new BRICQS_DATA_DIR. Whoever follows the stream of facts begins from its start."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a backup")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            backups.restore(file)
        except (BackupFailed, OSError) as error:
            raise CommandError(f"Nothing was restored: {error}") from error
        self.stdout.write(f"Restored {file}. Now run verify_ledger.")
