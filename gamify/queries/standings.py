"""Where everybody would be under given rules, found out in one statement over all of a tenant's participants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from gamify.criteria import Standing, earned_in
from gamify.models import Participant
from gamify.queries.programme import Programme, TierRule

# How many participants are looked at at once for those who are not where they belong.
PAGE_SIZE = 5_000

# How PostgreSQL is to go about a statement over a million participants.
_PLANNING = {
    # Participants and accounts are joined in memory.
    "work_mem": "256MB",
    # One beside the connection's own: each adds up the entries of the window for itself.
    "max_parallel_workers_per_gather": "1",
    # Entries are added up as their index has them, sorted by participant. The default, for disks that spin, says that
    # reading all of the table and hashing it takes less; it takes longer.
    "random_page_cost": "1.1",
}

_PEOPLE = """
      FROM gamify_participant p
      LEFT JOIN gamify_account a ON a.participant_id = p.id AND a.points_system_id = %(system)s
"""
# Who reached none of a window's thresholds need not be told from who earned nothing.
_WINDOWS = """
      LEFT JOIN (SELECT participant_id, {sums} FROM gamify_entry
                  WHERE points_system_id = %(system)s AND kind = 'award' AND created_at > %(longest)s {ids}
                  GROUP BY participant_id HAVING sum(amount) >= {least}) AS w ON w.participant_id = p.id
"""


@dataclass(frozen=True, slots=True)
class Move:
    """So many participants that would go from one tier to another; None is no tier."""

    from_tier: TierRule | None
    to_tier: TierRule | None
    participants: int


def moves(*, tenant_id: UUID, programme: Programme, now: datetime) -> list[Move]:
    """How many participants `programme` would move from where they are. Writes nothing.

    Participants are counted by what the criteria can tell apart; one of each kind is then evaluated like any other.
    Inside the `database.snapshot` in which `programme` was read: nobody then is at a tier that it does not know.
    """
    kinds = _Kinds(programme, now)
    people = "WHERE p.tenant_id = %(tenant)s AND NOT p.tier_pinned"
    columns = ", ".join(str(number) for number in range(1, len(kinds.columns) + 1))
    with connection.cursor() as cursor:
        for name, value in _PLANNING.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        cursor.execute(f"{kinds.select('count(*)')} {people} GROUP BY {columns}", kinds.params(tenant=tenant_id))
        rows = cursor.fetchall()
    counts: dict[tuple[TierRule | None, TierRule | None], int] = {}
    for *kind, participants in rows:
        current, target = kinds.move(kind)
        if target != current:
            counts[current, target] = counts.get((current, target), 0) + participants
    found = [Move(current, target, count) for (current, target), count in counts.items()]
    return sorted(found, key=lambda move: (_level(move.from_tier), _level(move.to_tier)))


def misplaced(
    *, tenant_id: UUID, programme: Programme, after: UUID | None, limit: int, now: datetime
) -> list[tuple[UUID, str]]:
    """The first `limit` participants behind the id `after` that are not where `programme` says: (id, external id).

    Inside the `database.snapshot` in which `programme` was read.
    """
    kinds = _Kinds(programme, now)
    people = Participant.objects.filter(tenant_id=tenant_id, tier_pinned=False).order_by("pk")
    found: list[tuple[UUID, str]] = []
    while len(found) < limit:
        page = people.filter(pk__gt=after) if after else people
        ids = list(page.values_list("pk", flat=True)[:PAGE_SIZE])
        with connection.cursor() as cursor:
            statement = f"{kinds.select('p.id, p.external_id', of_some=True)} WHERE p.id = ANY(%(ids)s) ORDER BY p.id"
            cursor.execute(statement, kinds.params(ids=ids))
            for *kind, id, external_id in cursor.fetchall():
                current, target = kinds.move(kind)
                if target != current:
                    found.append((id, external_id))
        if len(ids) < PAGE_SIZE:
            break
        after = ids[-1]
    return found[:limit]


class _Kinds:
    """What a programme's criteria can tell apart: who agrees in the tier, in all thresholds and in the badges asked
    for is evaluated alike."""

    def __init__(self, programme: Programme, now: datetime) -> None:
        self.programme, self.now = programme, now
        criteria = [tier.criterion for tier in programme.ladder] + [badge.criterion for badge in programme.badges]
        self.thresholds = list(dict.fromkeys(asked for each in criteria if (asked := each.threshold()) is not None))
        self.badge_codes = sorted({code for each in criteria for code in each.badge_codes})
        self.columns = [
            "p.tier_id",
            # True or false: of those the planner knows how many kinds there can be, and so that they fit into memory.
            *(f"coalesce({asked.amount}, 0) >= {asked.at_least}" for asked in self.thresholds),
            *(f"p.badge_codes @> ARRAY[%(badge_{number})s::varchar]" for number in range(len(self.badge_codes))),
        ]

    def select(self, more: str, *, of_some: bool = False) -> str:
        """The statement up to its WHERE: the columns that `move` wants, and `more`. `of_some`: of %(ids)s only."""
        statement = f"SELECT {', '.join(self.columns)}, {more} {_PEOPLE}"
        days = self.programme.windows
        if not days:
            return statement
        return statement + _WINDOWS.format(
            sums=", ".join(
                f"(sum(amount) FILTER (WHERE created_at > %({earned_in(n)})s))::bigint AS {earned_in(n)}" for n in days
            ),
            least=min(asked.at_least for asked in self.thresholds if asked.amount in map(earned_in, days)),
            ids="AND participant_id = ANY(%(ids)s)" if of_some else "",
        )

    def params(self, **more: Any) -> dict[str, Any]:
        starts = {days: self.now - timedelta(days=days) for days in self.programme.windows}
        return {
            "system": self.programme.default_system.id,
            "longest": min(starts.values(), default=None),
            **{earned_in(days): start for days, start in starts.items()},
            **{f"badge_{number}": code for number, code in enumerate(self.badge_codes)},
            **more,
        }

    def move(self, kind: Sequence[Any]) -> tuple[TierRule | None, TierRule | None]:
        """Where those of a kind are, and where they belong."""
        tier_id, reached, held = kind[0], kind[1 : 1 + len(self.thresholds)], kind[1 + len(self.thresholds) :]
        # Any amounts will do that reach the same thresholds as theirs.
        amounts: dict[str, int] = {}
        for asked, is_reached in zip(self.thresholds, reached, strict=True):
            if is_reached:
                amounts[asked.amount] = max(asked.at_least, amounts.get(asked.amount, 0))
        standing = Standing(
            total_earned=amounts.get("total_earned", 0),
            award_count=amounts.get("award_count", 0),
            earned_in_days={days: amounts.get(earned_in(days), 0) for days in self.programme.windows},
            badges=frozenset(code for code, is_held in zip(self.badge_codes, held, strict=True) if is_held),
        )
        current = self.programme.tiers[tier_id] if tier_id else None
        return current, self.programme.evaluate(standing, current).tier


def _level(tier: TierRule | None) -> int:
    return tier.level if tier else 0
