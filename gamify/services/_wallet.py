"""Which points system an operation is about, as its caller says it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gamify.errors import InvalidInput
from gamify.queries.programme import EngagementRule, Programme, System


@dataclass(frozen=True, slots=True)
class Wallet:
    """A points system by its key, an engagement by its id, both or neither: then it is the tenant's default system."""

    points_system: str | None = None
    engagement_id: str | None = None

    def system(self, programme: Programme) -> System:
        """An engagement's own points system; else the one that is named. Raises InvalidInput."""
        engagement = self.engagement(programme)
        own = programme.systems[engagement.system_id] if engagement and engagement.system_id else None
        named = self._named_system(programme)
        if own and named and own != named:
            raise InvalidInput((("points_system", f"The engagement has its own, which is {own.key!r}."),))
        return own or named or programme.default_system

    def engagement(self, programme: Programme) -> EngagementRule | None:
        if self.engagement_id is None:
            return None
        found = programme.engagements.get(self.engagement_id.lower())
        if found is None:
            raise InvalidInput((("engagement_id", "There is no such engagement here."),))
        return found

    def refuse_closed(self, programme: Programme, now: datetime) -> None:
        """Nothing can be earned where nothing is going on; what was earned before can be spent. Raises InvalidInput."""
        engagement = self.engagement(programme)
        if engagement and not engagement.is_running(now):
            raise InvalidInput((("engagement_id", "The engagement is not running."),))

    def id_of_engagement(self) -> UUID | None:
        return UUID(self.engagement_id) if self.engagement_id else None

    def _named_system(self, programme: Programme) -> System | None:
        if self.points_system is None:
            return None
        found = programme.system(self.points_system)
        if found is None:
            known = ", ".join(sorted(system.key for system in programme.systems.values()))
            raise InvalidInput((("points_system", f"There is no such points system here. Known: {known}."),))
        return found


# The tenant's default points system, and no engagement.
DEFAULT = Wallet()
