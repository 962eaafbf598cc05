"""What earns points by itself: counters, streaks, personal boosts and payments, loaded and written."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gamify.ledger.store._sending import insert
from gamify.ledger.store.rows import Changes, EarningState, ParticipantState
from gamify.rewards.boosts import BoostRule
from gamify.rewards.days import days_on_earth
from gamify.rewards.streaks import StreakState
from tenants.database import send


@dataclass(frozen=True, slots=True)
class WantedEarning:
    """Which counters to load, and the streaks with them; and of which triggers until when they were paid."""

    counters: Collection[UUID] = ()
    payments: Collection[UUID] = ()


NO_EARNING = WantedEarning()

# Counters and streaks in one statement.
_PROGRESS = """
    SELECT participant_id, counter_id, total, NULL::text, NULL::int, NULL::date, NULL::date
      FROM gamify_metrictotal WHERE participant_id = ANY($1) AND counter_id = ANY($2)
     UNION ALL
    SELECT participant_id, NULL, NULL, frequency, length, started_on, last_period_on
      FROM gamify_streak WHERE participant_id = ANY($1)
"""
_PAYMENTS = """
    SELECT participant_id, trigger_id, paid_until
      FROM gamify_timepayment WHERE participant_id = ANY($1) AND trigger_id = ANY($2)
"""
BOOSTS = """
    SELECT participant_id, id, points_system_id, name, start, "end", multiplier, rounding
      FROM gamify_participantboost
     WHERE participant_id = ANY($1) AND is_active AND ("end" IS NULL OR "end" >= $2) ORDER BY id
"""


def send_earning(participant_ids: Sequence[UUID], wanted: WantedEarning) -> tuple[Any, Any]:
    """Ask for it, without waiting; `earning_of` has the answers."""
    return (
        send(_PROGRESS, [participant_ids, sorted(wanted.counters)]) if wanted.counters else None,
        send(_PAYMENTS, [participant_ids, sorted(wanted.payments)]) if wanted.payments else None,
    )


def earning_of(sent: tuple[Any, Any], boosts: Any) -> EarningState:
    progress, payments = sent
    state = EarningState()
    for participant_id, counter_id, total, frequency, *streak in progress.fetchall() if progress else ():
        if counter_id:
            state.totals[participant_id, counter_id] = total
        else:
            state.streaks[participant_id, frequency] = StreakState(frequency, *streak)
    for participant_id, trigger_id, paid_until in payments.fetchall() if payments else ():
        state.payments[participant_id, trigger_id] = paid_until
    for participant_id, *boost in boosts.fetchall() if boosts else ():
        state.boosts.setdefault(participant_id, []).append(BoostRule(*boost))
    return state


def is_boosted(state: ParticipantState, now: datetime) -> bool:
    """Whether a boost of its own may be in force; its time zone is not known here."""
    return state.boosted_until is not None and state.boosted_until >= days_on_earth(now)[0]


def write_earning(changes: Changes, now: datetime) -> None:
    insert(
        "gamify_metrictotal (participant_id, counter_id, total)",
        [(*key, total) for key, total in sorted(changes.totals.items())],
        "ON CONFLICT (participant_id, counter_id) DO UPDATE SET total = excluded.total",
    )
    insert(
        "gamify_streak (participant_id, frequency, length, started_on, last_period_on)",
        [(*key, s.length, s.started_on, s.last_period_on) for key, s in sorted(changes.streaks.items())],
        """ON CONFLICT (participant_id, frequency) DO UPDATE SET
               length = excluded.length, started_on = excluded.started_on, last_period_on = excluded.last_period_on""",
    )
    insert(
        """gamify_participantboost (participant_id, id, points_system_id, name, start, "end", multiplier, rounding,
                                    is_active, created_at)""",
        [
            (owner, b.id, b.system_id, b.name, b.start, b.end, b.multiplier, b.rounding, True, now)
            for owner, b in changes.new_boosts
        ],
    )
    insert(
        "gamify_timepayment (participant_id, trigger_id, paid_until)",
        [(*key, paid_until) for key, paid_until in sorted(changes.payments.items())],
        "ON CONFLICT (participant_id, trigger_id) DO UPDATE SET paid_until = excluded.paid_until",
    )
