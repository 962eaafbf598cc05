"""The chain: each entry's hash covers its predecessor's, so that nothing can be changed or removed unnoticed."""

import hashlib
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as quoted
from uuid import UUID

GENESIS = bytes(32)


def entry_hash(
    previous: bytes,
    account: str,
    *,
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
    expires_at: datetime | None,
) -> bytes:
    """SHA-256 over the predecessor's hash (GENESIS for the first) and every stored column of the entry, those that
    its account repeats in each as `account_text`. The columns are the JSON text of a list."""
    # Put together by hand, because json's encoder takes longer than all else in verify_ledger.
    content = (
        f'[{account},{sequence},"{id.hex}",{quoted(kind)},{amount},{balance_after},'
        f"{'null' if reason is None else quoted(reason)},"
        f"{'null' if metadata is None else quoted(metadata)},"
        f"{'null' if explanation is None else quoted(explanation)},"
        f"{'null' if operation_id is None else quoted(operation_id.hex)},"
        f'"{created_at.astimezone(UTC).isoformat()}",'
        f"{'null' if expires_at is None else quoted(expires_at.astimezone(UTC).isoformat())}]"
    )
    return hashlib.sha256(previous + content.encode()).digest()


def account_text(participant_id: UUID, points_system_id: UUID) -> str:
    return f'"{participant_id.hex}","{points_system_id.hex}"'
