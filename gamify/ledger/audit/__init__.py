"""Proof that the ledger is whole: every account against its entries, lots and consumptions, in one pass.

Rows stream in the order of their keys through server-side cursors, so memory stays bounded, out of one snapshot.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from gamify.ledger.audit._replay import Breach as Breach
from gamify.ledger.audit._replay import Checked as Checked
from gamify.ledger.audit._replay import Replay, Totals, name_of
from gamify.ledger.audit._rows import ACCOUNTS, CONSUMPTIONS, ENTRIES, LOTS, AccountKey, Groups, Scope
from tenants.database import snapshot


def verify(tenant_id: UUID | None = None, since: datetime | None = None) -> Iterator[Checked]:
    """Check every account (of one tenant; to which something was posted since a moment), one at a time, in the order
    of their keys. Those that are checked are checked from their first entry on."""
    scope = Scope(tenant_id, since)
    with snapshot():
        accounts = scope.stream("accounts", ACCOUNTS, alias="a")
        parts = [
            Groups(scope.stream(name, sql, alias="r"))
            for name, sql in (("entries", ENTRIES), ("lots", LOTS), ("consumptions", CONSUMPTIONS))
        ]
        for row in accounts:
            key = (row[0], row[1])
            yield from _orphans(parts, key)
            entries, lots, consumptions = (part.of(key) for part in parts)
            yield Replay(key, lots, consumptions).check(Totals(*row[3:12]), row[2], row[12:], entries)
        yield from _orphans(parts, None)


def count_accounts(tenant_id: UUID | None = None, since: datetime | None = None) -> int:
    """How many accounts `verify` would check."""
    return Scope(tenant_id, since).count()


def _orphans(parts: Sequence[Groups], key: AccountKey | None) -> Iterator[Checked]:
    """Move all streams on to `key`, and name the first account that is in some of them and in no row of its own."""
    passed = [part.before(key) for part in parts]
    if orphan := min((each for each in passed if each), default=None):
        yield Checked(0, Breach(name_of(orphan), "rows of an account that does not exist"))
