"""Write a backup of the database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bricqs import backups
from bricqs.backups import BackupFailed


class Command(BaseCommand):
    help = "Write the whole database, as it is at this instant, to a file for `restore`. The service goes on meanwhile."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="is made, and must not exist")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            size = backups.backup(file)
        except FileExistsError as error:
            raise CommandError(f"{file} exists.") from error
        except (BackupFailed, OSError) as error:
            raise CommandError(f"There is no backup: {error}") from error
        self.stdout.write(f"Wrote {size} bytes to {file}.")
