"""Reads by a key that was recalled: one statement, which also says whether the key is still good."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gamify.errors import CallerOutdated
from tenants import database, keys
from tenants.database import Row
from tenants.refs import TenantRef


def rows(tenant: TenantRef, sql: str, params: Sequence[Any], *, now: datetime) -> list[Row]:
    """What `sql` reads for `tenant`, in any order. Raises CallerOutdated where the key, or a rule of the tenant, is not
    what it was when it was looked up."""
    found: list[Row] | None
    if tenant.unconfirmed_key is None:
        found = database.send(sql, params).fetchall()
    else:
        found = database.with_fresh_connection(lambda: keys.confirmed_rows(tenant, sql, params, now=now))
    if found is None:
        raise CallerOutdated
    return found
