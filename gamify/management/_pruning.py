"""What the commands that prune have in common."""

from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.management.base import CommandError
from django.utils import timezone
from tqdm import tqdm

from gamify.services.pruning import Pruned
from tenants.management.arguments import add_tenant

# Retries come within hours; nothing younger is ever removed.
DAYS_MIN = 1


def add_arguments(parser: ArgumentParser) -> None:
    add_tenant(parser)
    parser.add_argument("--older-than", type=int, required=True, metavar="DAYS", help="keep what is younger than this")


def moment_before(days: int) -> datetime:
    """Raises CommandError."""
    if days < DAYS_MIN:
        raise CommandError(f"--older-than must be {DAYS_MIN} day or more.")
    try:
        return timezone.now() - timedelta(days=days)
    except OverflowError as error:
        raise CommandError(f"There is no time {days} days ago.") from error


def run(batches: Iterable[Pruned], *, blocks: int) -> int:
    """How many rows were removed; how far it is, is shown on a terminal only."""
    rows = 0
    with tqdm(total=blocks, unit=" blocks", disable=None) as progress:
        for batch in batches:
            progress.update(batch.blocks)
            rows += batch.rows
    return rows
