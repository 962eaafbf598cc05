"""The chain: each entry's hash covers its predecessor's, so that nothing can be changed or removed unnoticed."""

import hashlib
import json
from datetime import datetime
from uuid import UUID

GENESIS = bytes(32)

_encode = json.JSONEncoder(separators=(",", ":")).encode


def entry_hash(
    previous: bytes,
    *,
    participant_id: UUID,
    points_system_id: UUID,
    sequence: int,
    id: UUID,
    kind: str,
    amount: int,
    balance_after: int,
    reason: str | None,
    metadata: str | None,
    explanation: str | None,
    operation_id: UUID | None,
    created_at: datetime,
) -> bytes:
    """SHA-256 over the predecessor's hash (GENESIS for the first) and every stored column of the entry."""
    content = _encode(
        [
            participant_id.hex,
            points_system_id.hex,
            sequence,
            id.hex,
            kind,
            amount,
            balance_after,
            reason,
            metadata,
            explanation,
            operation_id and operation_id.hex,
            created_at.isoformat(),
        ]
    )
    return hashlib.sha256(previous + content.encode()).digest()
