"""Lock and load: the reading half of the store."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from gamify.ledger.lots import LotState
from gamify.ledger.posting import AccountState
from gamify.ledger.store._earning import (
    BOOSTS,
    NO_EARNING,
    WantedEarning,
    earning_of,
    is_boosted,
    send_earning,
)
from gamify.ledger.store.rows import (
    AccountKey,
    ParticipantState,
    ProfileState,
    RewardCountState,
    Snapshot,
    StoredOperation,
    WantedLots,
)
from gamify.rewards.days import days_on_earth
from tenants.database import Row, send

# Rows become `ParticipantState`, `AccountState` and so on by position: their columns are in the order of the fields.
_LOCK = """
    SELECT id, external_id, window_started_at, window_writes, tier_id, tier_achieved_at, tier_pinned, badge_codes,
           boosted_until, fact_transaction
      FROM gamify_participant WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE
"""
# The version of the rules comes along, in every row, and in one of nulls where there is no account.
_ACCOUNTS = """
    SELECT t.programme_version, a.participant_id, a.points_system_id, a.balance, a.total_earned, a.total_spent,
           a.total_expired, a.lot_balance, a.next_expires_at, a.last_sequence, a.last_hash, a.last_earned_at,
           a.award_count, a.rest_expires_at
      FROM tenants_tenant t LEFT JOIN gamify_account a ON a.participant_id = ANY($1) WHERE t.id = $2
"""
_EARNED_SINCE = """
    SELECT e.participant_id, since.at, sum(e.amount)::bigint
      FROM unnest($1::timestamptz[]) AS since (at)
      JOIN gamify_entry e ON e.participant_id = ANY($2) AND e.points_system_id = $3
                         AND e.kind = 'award' AND e.created_at > since.at
     GROUP BY 1, 2
"""
_PROFILES = """
    SELECT participant_id, name, email, avatar_url, time_zone, subscribe_to_emails, device_tokens, attributes,
           created_at, updated_at
      FROM gamify_profile WHERE participant_id = ANY($1)
"""
_REWARD_COUNTS = """
    SELECT participant_id, rule_id, count_ever, period_start, count_in_period
      FROM gamify_rewardcount WHERE participant_id = ANY($1) AND rule_id = ANY($2)
"""
_OPERATIONS = "SELECT id, key, input_hash, outcome FROM gamify_operation WHERE id = ANY($1)"
# Where nothing is debited: the lots that are due, and the one that expires next, for the account's next_expires_at.
# Reads nothing for an account with nothing due, and of an account with many lots no other.
_DUE_LOTS = """
    SELECT lot.participant_id, lot.points_system_id, lot.sequence, lot.amount, lot.remaining, lot.expires_at
      FROM unnest($2::uuid[], $3::uuid[]) AS wanted (participant_id, points_system_id)
      JOIN gamify_account account USING (participant_id, points_system_id)
     CROSS JOIN LATERAL (
           (SELECT * FROM gamify_lot
             WHERE participant_id = account.participant_id AND points_system_id = account.points_system_id
               AND expires_at <= $1)
            UNION ALL
           (SELECT * FROM gamify_lot
             WHERE participant_id = account.participant_id AND points_system_id = account.points_system_id
               AND expires_at > $1
             ORDER BY expires_at, sequence LIMIT 1)) AS lot
     WHERE account.next_expires_at <= $1
"""
# The same where something is debited: beside those, as many lots as the debit needs, in the order of burning.
_LOTS = """
    SELECT participant_id, points_system_id, sequence, amount, remaining, expires_at
      FROM (SELECT lot.*,
                   sum(lot.remaining) FILTER (WHERE lot.expires_at IS NULL OR lot.expires_at > $1)
                       OVER (PARTITION BY lot.participant_id, lot.points_system_id
                             ORDER BY CASE WHEN wanted.oldest_first THEN NULL ELSE lot.expires_at END, lot.sequence)
                       - lot.remaining AS ahead,
                   lot.expires_at > $1 AND 1 = row_number()
                       OVER (PARTITION BY lot.participant_id, lot.points_system_id, lot.expires_at > $1
                             ORDER BY lot.expires_at, lot.sequence) AS is_next,
                   wanted.debit
              FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::bool[])
                   AS wanted (participant_id, points_system_id, debit, oldest_first)
              JOIN gamify_account account USING (participant_id, points_system_id)
              JOIN gamify_lot lot USING (participant_id, points_system_id)
             WHERE account.next_expires_at <= $1 OR (wanted.debit > 0 AND account.lot_balance > 0)) AS lots
     WHERE expires_at <= $1 OR ahead < debit OR is_next
"""

# Whose lots are due the earliest, or whose accounts, in which nothing happened for too long; and how many lots of each
# participant are due in all, also those that the LIMIT leaves out.
_DUE = """
    SELECT participant_id, min(expires_at), max(expires_at),
           greatest(1, (SELECT count(*) FROM gamify_lot
                 WHERE participant_id = due.participant_id AND points_system_id = $1 AND expires_at <= $2))
      FROM (SELECT participant_id, expires_at FROM (
                SELECT participant_id, expires_at FROM gamify_lot
                 WHERE points_system_id = $1 AND expires_at <= $2 AND expires_at >= $3 AND participant_id <> ALL($5)
                 ORDER BY expires_at LIMIT $4) AS lots
            UNION ALL
            SELECT participant_id, rest_expires_at FROM (
                SELECT participant_id, rest_expires_at FROM gamify_account
                 WHERE points_system_id = $1 AND rest_expires_at <= $2 AND rest_expires_at >= $3
                   AND participant_id <> ALL($5)
                 ORDER BY rest_expires_at LIMIT $4) AS rests
             ORDER BY expires_at LIMIT $4) AS due
     GROUP BY participant_id ORDER BY 2
"""
_STILL_DUE = """
    SELECT participant_id FROM gamify_lot
     WHERE participant_id = ANY($1) AND points_system_id = $2 AND expires_at <= $3
     UNION
    SELECT participant_id FROM gamify_account
     WHERE participant_id = ANY($1) AND points_system_id = $2 AND rest_expires_at <= $3
"""


def due_participants(
    *, points_system_id: UUID, since: datetime, now: datetime, without: Collection[UUID] = (), limit: int
) -> tuple[dict[UUID, int], datetime | None]:
    """Whose points are due, of all but those `without`, and of how many lots, the earliest first, as many as have
    `limit` lots together, but at least one; and a moment before which nothing else is due. Locks nothing.

    `since`: that moment, as the call before gave it. Index entries of what is done already are not walked again.
    """
    rows = send(_DUE, [points_system_id, now, since, limit, sorted(without)]).fetchall()
    due: dict[UUID, int] = {}
    lots = 0
    for id, first, _, count in rows:
        lots += count
        if due and lots > limit:
            return due, first
        due[id] = count
    return due, max((row[2] for row in rows), default=None)


def still_due(ids: Collection[UUID], *, points_system_id: UUID, now: datetime) -> set[UUID]:
    """Of whom among `ids` something is due. Locks nothing."""
    return {row[0] for row in send(_STILL_DUE, [sorted(ids), points_system_id, now]).fetchall()} if ids else set()


def lock_and_load(
    *,
    tenant_id: UUID,
    participants: Mapping[UUID, str],
    wanted_lots: Sequence[WantedLots],
    operation_ids: Collection[UUID],
    earned_since: Sequence[datetime] = (),
    earned_in: UUID,
    profiles_of: Collection[UUID] = (),
    reward_rules: Collection[UUID] = (),
    wanted_earning: WantedEarning = NO_EARNING,
    now: datetime,
) -> Snapshot:
    """Lock `participants` (id to external id) and read what an operation on them needs, waiting once, or
    twice where one of them has boosts of its own.

    `earned_since` and `earned_in`: what was earned after those moments, in that points system.

    Inside `database.pipelined_transaction`. Raises LockNotAvailable of the database when a lock takes too long.
    """
    ids = sorted(participants)
    locked = send(_LOCK, [ids])
    accounts = send(_ACCOUNTS, [ids, tenant_id])
    operations = send(_OPERATIONS, [sorted(operation_ids)]) if operation_ids else None
    lots = _send_lots(wanted_lots, now) if wanted_lots else None
    profiles = send(_PROFILES, [sorted(profiles_of)]) if profiles_of else None
    counts = send(_REWARD_COUNTS, [ids, sorted(reward_rules)]) if reward_rules else None
    earned = send(_EARNED_SINCE, [list(earned_since), ids, earned_in]) if earned_since else None
    earning = send_earning(ids, wanted_earning)

    states = {id: ParticipantState(True, id, external_id) for id, external_id in participants.items()}
    for row in locked.fetchall():
        states[row[0]] = ParticipantState(False, *row)
    account_rows = accounts.fetchall()
    sums: dict[UUID, dict[datetime, int]] = {}
    for id, since, amount in earned.fetchall() if earned else ():
        sums.setdefault(id, {})[since] = amount
    known = {row[0]: _profile(row) for row in (profiles.fetchall() if profiles else ())}
    # Only now is it known who has boosts of their own. Whoever has is waited for a second time.
    boosted = sorted(id for id, state in states.items() if is_boosted(state, now))
    boosts = send(BOOSTS, [boosted, days_on_earth(now)[0]]) if boosted else None
    if unknown := [id for id in boosted if id not in profiles_of]:
        known |= {row[0]: _profile(row) for row in send(_PROFILES, [unknown]).fetchall()}
    return Snapshot(
        programme_version=account_rows[0][0],
        participants=states,
        accounts={(row[1], row[2]): AccountState(*row[1:]) for row in account_rows if row[1]},
        operations={row[0]: StoredOperation(*row) for row in (operations.fetchall() if operations else ())},
        lots=_by_account(lots.fetchall() if lots else ()),
        earned_since=sums,
        profiles=known,
        reward_counts={(row[0], row[1]): RewardCountState(*row) for row in (counts.fetchall() if counts else ())},
        earning=earning_of(earning, boosts),
    )


def _send_lots(wanted: Sequence[WantedLots], now: datetime) -> Any:
    participants = [each.account[0] for each in wanted]
    systems = [each.account[1] for each in wanted]
    if not any(each.debit for each in wanted):
        return send(_DUE_LOTS, [now, participants, systems])
    return send(
        _LOTS, [now, participants, systems, [each.debit for each in wanted], [each.oldest_first for each in wanted]]
    )


def _profile(row: Row) -> ProfileState:
    id, name, email, avatar_url, time_zone, subscribes, tokens, *rest = row
    return ProfileState(id, name, email, avatar_url, time_zone, subscribes, tuple(tokens), *rest)


def _by_account(rows: Iterable[Row]) -> dict[AccountKey, list[LotState]]:
    lots: dict[AccountKey, list[LotState]] = {}
    for participant_id, points_system_id, *lot in rows:
        lots.setdefault((participant_id, points_system_id), []).append(LotState(*lot))
    return lots
