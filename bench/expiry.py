"""How fast the sweep and the verification are: a million due lots over 200,000 participants.

    python -m bench.expiry [--participants 200000] [--lots-each 5]

Fills a database of its own beside the one of DATABASE_URL and drops it at the end.
"""

import argparse
import os
import resource
import time
from datetime import UTC, datetime, timedelta

from bench.database import temporary_database


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=int, default=200_000)
    parser.add_argument("--lots-each", type=int, default=5)
    options = parser.parse_args()
    with temporary_database("bench_expiry"):
        from django.core.management import call_command

        from bench.filling import fill
        from gamify.services import tenants

        tenant, _ = tenants.create(slug="bench", name="Bench")
        yesterday = datetime.now(tz=UTC) - timedelta(days=1)
        fill(tenant, participants=options.participants, awards=options.lots_each, expires_at=lambda n, at: yesterday)
        lots = options.participants * options.lots_each
        started = time.monotonic()
        call_command("expire_points")
        seconds = time.monotonic() - started
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"expire_points: {lots} lots in {seconds:.1f} s, {lots / seconds:.0f} a second; peak memory {memory} MB")
        started = time.monotonic()
        call_command("verify_ledger")
        seconds = time.monotonic() - started
        print(f"verify_ledger: {2 * lots} entries in {seconds:.1f} s, {2 * lots / seconds:.0f} a second")


if __name__ == "__main__":
    assert os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bricqs.settings")
    main()
