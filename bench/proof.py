"""After the load: the ledger is whole, and holds exactly what was acknowledged."""

import subprocess
import sys
from typing import Any

from bench.rounds import Acknowledged
from bench.servers import Shop
from bricqs.env import PROJECT_DIR


def prove(shop: Shop, *, before: int, acknowledged: Acknowledged, since: str | None = None) -> dict[str, Any]:
    """SystemExit unless the entries are those of `before` and those that were acknowledged, and verify_ledger is
    clean: of all accounts, or of those with entries since a moment."""
    made = shop.entries() - before
    said, in_doubt = acknowledged.entries[shop], acknowledged.in_doubt[shop]
    if not said <= made <= said + in_doubt:
        raise SystemExit(f"{shop.slug}: {said} entries were acknowledged, {in_doubt} in doubt, and {made} were made.")
    # Not through the server, which gives its commands a minute.
    verify = subprocess.run(
        [sys.executable, "manage.py", "verify_ledger", "--tenant", shop.slug, *(["--since", since] if since else [])],
        cwd=PROJECT_DIR,
        env=shop.server.environment,
        capture_output=True,
        text=True,
    )
    if verify.returncode:
        raise SystemExit(f"{shop.slug}: {verify.stderr}")
    return {
        "tenant": shop.slug,
        "acknowledged": said,
        "in_doubt": in_doubt,
        "entries_made": made,
        "verified": verify.stdout.strip(),
    }
