"""Trophy users: identifying them, and what they have."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from gamify.dialects.trophy import _docs as docs
from gamify.dialects.trophy._base import TrophyViewSet
from gamify.dialects.trophy.inputs import AwardsInput, SummaryInput, UserChangeInput, UserInput
from gamify.dialects.trophy.outputs import BoostOutput, StepOutput, UserOutput, UserPointsOutput
from gamify.errors import InvalidInput
from gamify.http.fields import path_id
from gamify.queries import summaries
from gamify.queries import users as reads
from gamify.queries.earning import boost_json
from gamify.queries.users import PastAward, Person, UserPoints
from gamify.rewards.attributes import as_texts
from gamify.services import participants
from gamify.services.participants import Identify

SUMMARY_DAYS_MAX = 400


class UserViewSet(TrophyViewSet):
    @docs.user_create
    def create(self, request: Request) -> Response:
        body = self.read(UserInput, request.data)
        return self._identify(body["id"], body, status=201)

    @docs.user_get
    def retrieve(self, request: Request, id: str) -> Response:
        person = reads.person(tenant=self.tenant, participant=path_id(id, field="id"))
        return Response(self.write(UserOutput, _of_person(person)))

    @docs.user_identify
    def update(self, request: Request, id: str) -> Response:
        participant = path_id(id, field="id")
        return self._identify(participant, self.read(UserChangeInput, request.data))

    @docs.user_update
    def partial_update(self, request: Request, id: str) -> Response:
        participant = path_id(id, field="id")
        return self._identify(participant, self.read(UserChangeInput, request.data), must_exist=True)

    def _identify(
        self, participant: str, body: dict[str, Any], *, must_exist: bool = False, status: int = 200
    ) -> Response:
        item = Identify(participant, known(body), must_exist=must_exist, adds_attributes=True)
        result = participants.identify(tenant=self.tenant, item=item, now=self.now)
        if result.error:
            raise result.error
        return Response(self.write(UserOutput, _of_profile(item.participant, result.outcome.profile)), status=status)


class UserPointsViewSet(TrophyViewSet):
    @docs.user_points
    def points(self, request: Request, id: str, key: str) -> Response:
        participant, awards = path_id(id, field="id"), self.read(AwardsInput, request.query_params.dict())["awards"]
        found = reads.user_points(
            tenant=self.tenant, participant=participant, system=self.system(key), awards=awards, now=self.now
        )
        return Response(self.write(UserPointsOutput, _points(found)))

    @docs.user_boosts
    def boosts(self, request: Request, id: str, key: str) -> Response:
        participant, system = path_id(id, field="id"), self.system(key)
        day = reads.person(tenant=self.tenant, participant=participant).day(self.now)
        found = reads.active_boosts(tenant=self.tenant, participant=participant, system=system, now=self.now)
        return Response([self.write(BoostOutput, boost_json(boost, day)) for boost in found])

    @docs.event_summary
    def event_summary(self, request: Request, id: str, key: str) -> Response:
        participant, query = path_id(id, field="id"), self.read(SummaryInput, request.query_params.dict())
        first, last = query["startDate"], query["endDate"]
        if last < first:
            raise InvalidInput((("endDate", "Must not be before startDate."),))
        if (last - first).days > SUMMARY_DAYS_MAX:
            raise InvalidInput((("endDate", f"Must be at most {SUMMARY_DAYS_MAX} days after startDate."),))
        steps = summaries.by_period(
            tenant=self.tenant,
            participant=participant,
            system=self.system(key),
            frequency=query["aggregation"],
            first=first,
            last=last,
            now=self.now,
        )
        return Response([self.write(StepOutput, step) for step in steps])


def known(body: dict[str, Any]) -> dict[str, Any]:
    """What a caller says of a user, as the profile calls it. Null clears a text; it says nothing of the rest."""
    texts: dict[str, Any] = {name: body[name] for name in ("email", "name", "time_zone") if name in body}
    rest = {name: body[name] for name in ("subscribe_to_emails", "attributes") if body.get(name) is not None}
    tokens = {"device_tokens": tuple(body["device_tokens"] or ())} if "device_tokens" in body else {}
    return {**texts, **rest, **tokens}


def _of_profile(id: str, profile: Any) -> dict[str, Any]:
    names = ("email", "name", "time_zone", "subscribe_to_emails", "device_tokens")
    return {
        "id": id,
        **{name: getattr(profile, name) for name in names},
        # Another dialect may have set some that are not text.
        "attributes": as_texts(profile.attributes),
        "created_at": profile.created_at,
        "updated_at": profile.updated_at,
    }


def _of_person(person: Person) -> dict[str, Any]:
    if person.profile:
        return _of_profile(person.external_id, person.profile)
    # Known from another dialect only.
    nothing: dict[str, Any] = {"email": None, "name": None, "time_zone": None, "attributes": {}, "device_tokens": []}
    times = {"created_at": person.created_at, "updated_at": person.created_at}
    return {"id": person.external_id, **nothing, "subscribe_to_emails": True, **times}


def _points(found: UserPoints) -> dict[str, Any]:
    system = found.system
    return {
        "id": str(system.id),
        "key": system.key,
        "name": system.name,
        "description": system.description,
        "badge_url": system.badge_url,
        "max_points": system.max_points,
        "total": found.total,
        "level": found.level and found.level.as_json(),
        "awards": [_award(award, found) for award in found.awards],
    }


def _award(award: PastAward, found: UserPoints) -> dict[str, Any]:
    return {
        "id": str(award.id),
        "awarded": award.amount,
        "date": award.created_at,
        "total": award.balance_after,
        "trigger": award.trigger and award.trigger.as_json(),
        "boosts": [boost_json(boost, found.day) for boost in award.boosts],
    }
