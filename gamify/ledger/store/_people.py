"""Write what is known of participants, and the facts about them: where its last facts stand is in its row."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from gamify.ledger.store._sending import insert, send_rows
from gamify.ledger.store.rows import FactRow, ParticipantState, ProfileState
from tenants.database import Row, send

# This transaction's place in the stream of facts, or, where that comes first, the one of the participant's last facts.
# Never before this transaction's own, so readers hold it back as long as it runs.
_FACT_TRANSACTION = "greatest(pg_current_xact_id()::text::bigint, $::bigint)"


def insert_participants(states: Sequence[ParticipantState], tenant_id: UUID, now: datetime) -> None:
    # A plain INSERT: two first awards at once must not both believe that the account is empty.
    insert(
        """gamify_participant (id, external_id, window_started_at, window_writes, tier_id, tier_achieved_at,
                               tier_pinned, badge_codes, boosted_until, fact_transaction, tenant_id, created_at)""",
        [(s.id, s.external_id, *_changing(s), tenant_id, now) for s in states],
        columns=(*["$"] * 9, _FACT_TRANSACTION, "$", "$"),
    )


def update_participants(states: Sequence[ParticipantState]) -> None:
    send_rows(
        """UPDATE gamify_participant AS p
              SET window_started_at = v.window_started_at, window_writes = v.window_writes, tier_id = v.tier_id,
                  tier_achieved_at = v.tier_achieved_at, tier_pinned = v.tier_pinned, badge_codes = v.badge_codes,
                  boosted_until = v.boosted_until, fact_transaction = v.fact_transaction
             FROM (VALUES {rows}) AS v (id, window_started_at, window_writes, tier_id, tier_achieved_at,
                                        tier_pinned, badge_codes, boosted_until, fact_transaction)
            WHERE p.id = v.id""",
        [(s.id, *_changing(s)) for s in states],
        columns=(
            "$::uuid",
            "$::timestamptz",
            "$::int",
            "$::uuid",
            "$::timestamptz",
            "$::bool",
            "$::varchar[]",
            "$::date",
            _FACT_TRANSACTION,
        ),
    )


def note_facts(states: Sequence[ParticipantState]) -> None:
    """Participants of whom there are facts, and in whose rows nothing else changes."""
    if states:
        send(
            """UPDATE gamify_participant
                  SET fact_transaction = greatest(pg_current_xact_id()::text::bigint, fact_transaction)
                WHERE id = ANY($1)""",
            [[state.id for state in states]],
        )


def insert_facts(facts: Sequence[FactRow], last: Mapping[UUID, int], tenant_id: UUID) -> None:
    insert(
        "gamify_fact (participant_id, id, tenant_id, type, data, created_at, transaction)",
        [(f.participant_id, f.id, tenant_id, f.type, f.data, f.created_at, last[f.participant_id]) for f in facts],
        columns=(*["$"] * 6, _FACT_TRANSACTION),
    )


def upsert_profiles(profiles: Sequence[ProfileState], tenant_id: UUID, now: datetime) -> None:
    insert(
        """gamify_profile (participant_id, tenant_id, name, email, avatar_url, time_zone, subscribe_to_emails,
                           device_tokens, attributes, created_at, updated_at)""",
        [
            (
                p.participant_id,
                tenant_id,
                p.name,
                p.email,
                p.avatar_url,
                p.time_zone,
                p.subscribe_to_emails,
                list(p.device_tokens),
                json.dumps(dict(p.attributes), ensure_ascii=False),
                p.created_at or now,
                now,
            )
            for p in profiles
        ],
        """ON CONFLICT (participant_id) DO UPDATE SET
               name = excluded.name, email = excluded.email, avatar_url = excluded.avatar_url,
               time_zone = excluded.time_zone, subscribe_to_emails = excluded.subscribe_to_emails,
               device_tokens = excluded.device_tokens,
               attributes = excluded.attributes, updated_at = excluded.updated_at""",
        columns=(*["$"] * 8, "$::json", "$", "$"),
    )


def _changing(state: ParticipantState) -> Row:
    return (
        state.window_started_at,
        state.window_writes,
        state.tier_id,
        state.tier_achieved_at,
        state.tier_pinned,
        state.badge_codes,
        state.boosted_until,
        state.fact_transaction,
    )
