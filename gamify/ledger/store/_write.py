"""Write: the other half of the store."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from gamify.ledger.posting import AccountState, Book
from gamify.ledger.store._earning import write_earning
from gamify.ledger.store._people import (
    insert_facts,
    insert_participants,
    note_facts,
    update_participants,
    upsert_profiles,
)
from gamify.ledger.store._sending import insert, send_rows
from gamify.ledger.store.rows import (
    AccountKey,
    Changes,
    RewardCountState,
    StoredOperation,
    Transition,
    Unlock,
)


def write(changes: Changes, *, tenant_id: UUID, now: datetime) -> None:
    """Write what was decided, without waiting. Participants and operations go in the order of their ids, so that of two
    transactions that insert the same ones only one waits; all else is guarded by the participants' locks.

    The transaction fails with a unique violation where another one made the same participant or used the same key at
    the same time; nothing is written then, and the operation is to be run again.
    """
    people = sorted(changes.participants, key=lambda state: state.id)
    books = sorted(changes.books, key=lambda book: (book.account.participant_id, book.account.points_system_id))
    operations = sorted(changes.operations, key=lambda operation: operation.id)
    insert_participants([state for state in people if state.is_new], tenant_id, now)
    update_participants([state for state in people if not state.is_new])
    note_facts(changes.told_of)
    upsert_profiles(sorted(changes.profiles, key=lambda profile: profile.participant_id), tenant_id, now)
    _upsert_accounts([book.account for book in books])
    _insert_entries(books)
    _insert_lots(books)
    _write_back_lots(books)
    _insert_consumptions(books)
    _insert_transitions(changes.transitions, now)
    _insert_unlocks(changes.unlocks, now)
    _upsert_reward_counts(changes.reward_counts)
    write_earning(changes, now)
    last = {state.id: state.fact_transaction for state in (*people, *changes.told_of)}
    insert_facts(changes.facts, last, tenant_id)
    _insert_operations(operations, tenant_id, now)


def _upsert_accounts(accounts: Sequence[AccountState]) -> None:
    insert(
        """gamify_account (participant_id, points_system_id, balance, total_earned, total_spent, total_expired,
                           lot_balance, next_expires_at, last_sequence, last_hash, last_earned_at, award_count,
                           rest_expires_at)""",
        [
            (
                a.participant_id,
                a.points_system_id,
                a.balance,
                a.total_earned,
                a.total_spent,
                a.total_expired,
                a.lot_balance,
                a.next_expires_at,
                a.last_sequence,
                a.last_hash,
                a.last_earned_at,
                a.award_count,
                a.rest_expires_at,
            )
            for a in accounts
        ],
        # Values as they are to be, not increments: the lock guarantees what they were.
        """ON CONFLICT (participant_id, points_system_id) DO UPDATE SET
               balance = excluded.balance, total_earned = excluded.total_earned,
               total_spent = excluded.total_spent, total_expired = excluded.total_expired,
               lot_balance = excluded.lot_balance, next_expires_at = excluded.next_expires_at,
               last_sequence = excluded.last_sequence, last_hash = excluded.last_hash,
               last_earned_at = excluded.last_earned_at, award_count = excluded.award_count,
               rest_expires_at = excluded.rest_expires_at""",
    )


def _insert_entries(books: Sequence[Book]) -> None:
    insert(
        """gamify_entry (participant_id, points_system_id, sequence, id, kind, amount, balance_after,
                         reason, metadata, explanation, operation_id, engagement_id, activity_id, transaction_type,
                         created_at, expires_at, hash)""",
        [
            (
                *_key(book),
                e.sequence,
                e.id,
                e.kind,
                e.amount,
                e.balance_after,
                e.note.reason,
                e.note.metadata,
                e.note.explanation,
                e.note.operation_id,
                e.note.engagement_id,
                e.note.activity_id,
                e.note.transaction_type,
                e.created_at,
                e.expires_at,
                e.hash,
            )
            for book in books
            for e in book.entries
            if e.kind != "expire"
        ],
    )
    # An expiry has no more to say than this, and a sweep writes nothing else.
    insert(
        """gamify_entry (participant_id, points_system_id, sequence, id, kind, amount, balance_after, created_at,
                         hash)""",
        [
            (*_key(book), e.sequence, e.id, e.kind, e.amount, e.balance_after, e.created_at, e.hash)
            for book in books
            for e in book.entries
            if e.kind == "expire"
        ],
    )


def _insert_lots(books: Sequence[Book]) -> None:
    insert(
        "gamify_lot (participant_id, points_system_id, sequence, amount, remaining, expires_at)",
        [
            (*_key(book), lot.sequence, lot.amount, lot.remaining, lot.expires_at)
            for book in books
            for lot in book.new_lots
            if lot.remaining
        ],
    )


def _write_back_lots(books: Sequence[Book]) -> None:
    changed, used_up = [], []
    for book in books:
        old = book.changed_lots - {lot.sequence for lot in book.new_lots}
        for lot in book.lots:
            if lot.sequence in old and lot.remaining:
                changed.append((*_key(book), lot.sequence, lot.remaining))
            elif lot.sequence in old:
                used_up.append((*_key(book), lot.sequence))
    send_rows(
        """UPDATE gamify_lot AS lot SET remaining = v.remaining
             FROM (VALUES {rows}) AS v (participant_id, points_system_id, sequence, remaining)
            WHERE lot.participant_id = v.participant_id AND lot.points_system_id = v.points_system_id
              AND lot.sequence = v.sequence""",
        changed,
        columns=("$::uuid", "$::uuid", "$::bigint", "$::bigint"),
    )
    send_rows(
        """DELETE FROM gamify_lot AS lot
            USING (VALUES {rows}) AS v (participant_id, points_system_id, sequence)
            WHERE lot.participant_id = v.participant_id AND lot.points_system_id = v.points_system_id
              AND lot.sequence = v.sequence""",
        used_up,
        columns=("$::uuid", "$::uuid", "$::bigint"),
    )


def _insert_consumptions(books: Sequence[Book]) -> None:
    insert(
        "gamify_consumption (participant_id, points_system_id, debit_sequence, credit_sequence, amount)",
        [
            (*_key(book), debit_sequence, take.credit_sequence, take.amount)
            for book in books
            for debit_sequence, take in book.consumptions
        ],
    )


def _insert_transitions(transitions: Sequence[Transition], now: datetime) -> None:
    insert(
        "gamify_tiertransition (participant_id, id, tier_id, previous_tier_id, cause, reason, created_at)",
        [(t.participant_id, t.id, t.tier_id, t.previous_tier_id, t.cause, t.reason, now) for t in transitions],
    )


def _insert_unlocks(unlocks: Sequence[Unlock], now: datetime) -> None:
    insert(
        "gamify_badgeunlock (participant_id, badge_id, unlocked_at)",
        [(u.participant_id, u.badge_id, now) for u in unlocks],
    )


def _upsert_reward_counts(counts: Sequence[RewardCountState]) -> None:
    insert(
        "gamify_rewardcount (participant_id, rule_id, count_ever, period_start, count_in_period)",
        [(c.participant_id, c.rule_id, c.count_ever, c.period_start, c.count_in_period) for c in counts],
        """ON CONFLICT (participant_id, rule_id) DO UPDATE SET
               count_ever = excluded.count_ever, period_start = excluded.period_start,
               count_in_period = excluded.count_in_period""",
    )


def _insert_operations(operations: Sequence[StoredOperation], tenant_id: UUID, now: datetime) -> None:
    insert(
        "gamify_operation (id, tenant_id, key, input_hash, outcome, created_at)",
        [(o.id, tenant_id, o.key, o.input_hash, o.outcome, now) for o in operations],
    )


def _key(book: Book) -> AccountKey:
    return book.account.participant_id, book.account.points_system_id
