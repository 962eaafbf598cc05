"""The chain: each entry's hash covers its predecessor's, so that nothing can be changed or removed unnoticed."""

import hashlib
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring_ascii as quoted

GENESIS = bytes(32)

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def entry_hash(
    previous: bytes,
    account: str,
    *,
    sequence: int,
    id: bytes,
    kind: str,
    amount: int,
    balance_after: int,
    reason: str | None,
    metadata: str | None,
    explanation: str | None,
    operation_id: bytes | None,
    engagement_id: bytes | None,
    activity_id: str | None,
    transaction_type: str | None,
    created_at: int,
    expires_at: int | None,
) -> bytes:
    """SHA-256 over the predecessor's hash (GENESIS for the first) and every stored column of the entry, those that
    its account repeats in each as `account_text`. The columns are the JSON text of a list.

    Ids are given as their bytes, moments as `microseconds`: as PostgreSQL sends them, because making objects of them,
    and text of those, takes longer than all else in verify_ledger. So does json's encoder.
    """
    content = (
        f'[{account},{sequence},"{id.hex()}",{quoted(kind)},{amount},{balance_after},'
        f"{'null' if reason is None else quoted(reason)},"
        f"{'null' if metadata is None else quoted(metadata)},"
        f"{'null' if explanation is None else quoted(explanation)},"
        f"{'null' if operation_id is None else quoted(operation_id.hex())},"
        f"{'null' if engagement_id is None else quoted(engagement_id.hex())},"
        f"{'null' if activity_id is None else quoted(activity_id)},"
        f"{'null' if transaction_type is None else quoted(transaction_type)},"
        f"{created_at},{'null' if expires_at is None else expires_at}]"
    )
    return hashlib.sha256(previous + content.encode()).digest()


def account_text(participant_id: bytes, points_system_id: bytes) -> str:
    return f'"{participant_id.hex()}","{points_system_id.hex()}"'


def microseconds(moment: datetime) -> int:
    """Since the beginning of 2000 in UTC, before which they are negative."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
