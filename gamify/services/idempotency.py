"""Idempotency keys: how a retry is recognised, and what it gets."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gamify.models.operations import operation_id


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's key. Keys of one scope share one namespace over all operations of a tenant."""

    text: str
    scope: str = "api"

    def operation_id(self, tenant_id: UUID) -> UUID:
        return operation_id(tenant_id, self.scope, self.text)

    def for_item(self, index: int) -> "IdempotencyKey":
        """The key of a batch's item that has none of its own. Its scope keeps it apart from what callers may send."""
        return IdempotencyKey(f"{self.text}#{index}", scope=f"{self.scope}-item")


def input_hash(*content: Any) -> bytes:
    """What tells a retry from another call under the same key. The order of an object's members does not count."""
    return hashlib.sha256(_canonical(content).encode()).digest()


# Made once: json.dumps makes an encoder for each call that asks for anything special.
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str).encode
