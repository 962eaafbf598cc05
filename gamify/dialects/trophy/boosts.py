"""Trophy boosts, for whoever administers them: made, listed and ended, in the forms of old clients and of new ones."""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gamify.dialects.trophy import _docs as docs
from gamify.dialects.trophy._base import TrophyViewSet
from gamify.dialects.trophy.inputs import (
    IDS_MAX,
    SYSTEM_BOOSTS_MAX,
    BoostInput,
    BoostsForUsersInput,
    SkipInput,
    UserBoostInput,
)
from gamify.dialects.trophy.outputs import AdminSystemOutput, BoostsEndedOutput, BoostsMadeOutput, OwnedBoostOutput
from gamify.errors import BoostNotFound, DomainError, InvalidInput
from gamify.http.errors import invalid_input
from gamify.queries import boosts as reads
from gamify.queries.earning import boost_json
from gamify.queries.programme import System
from gamify.services import boosts
from gamify.services.boosts import Made, NewBoost
from gamify.services.idempotency import IdempotencyKey


class BoostViewSet(TrophyViewSet):
    without_422: ClassVar[frozenset[str]] = frozenset({"end_many"})

    @docs.boosts_for_users
    def create_for_users(self, request: Request) -> Response:
        body = self.read(BoostsForUsersInput, request.data)
        return self._create(self.system(body["systemKey"]), body["boosts"], UserBoostInput())

    @docs.boosts_end
    def end_many(self, request: Request) -> Response:
        return self._end(request)

    @docs.boost_end
    def end(self, request: Request, id: str) -> Response:
        if not (_uuid(id) and boosts.end(tenant=self.tenant, ids=[UUID(id)])):
            raise BoostNotFound(id)
        return Response(status=204)

    @docs.system_boosts
    def list(self, request: Request, system_id: str) -> Response:
        query, system = self.read(SkipInput, request.query_params.dict()), self.system(system_id)
        found = reads.page(tenant=self.tenant, system=system, offset=query["skip"], limit=query["limit"])
        return Response([self.write(OwnedBoostOutput, self._as_json(each)) for each in found])

    @docs.system_boosts_create
    def create(self, request: Request, system_id: str) -> Response:
        system, items = self.system(system_id), request.data
        if not isinstance(items, list) or len(items) > SYSTEM_BOOSTS_MAX:
            raise InvalidInput((("body", f"Must be an array of up to {SYSTEM_BOOSTS_MAX} boosts."),))
        return self._create(system, items, BoostInput())

    @docs.system_boosts_end
    def end_in_system(self, request: Request, system_id: str) -> Response:
        return self._end(request, self.system(system_id))

    def _create(self, system: System, raw_items: Sequence[Any], reader: serializers.Serializer[Any]) -> Response:
        text = self.header_key()
        key = None if text is None else IdempotencyKey(text, scope="boost")
        items = [_boost(raw, reader) for raw in raw_items]
        results = boosts.create(tenant=self.tenant, system_id=system.id, items=items, now=self.now, key=key)
        made = [result for result in results if isinstance(result, Made)]
        issues = [
            _issue(self.refusal(result).detail, index, user=_given_user(raw_items[index]))
            for index, result in enumerate(results)
            if isinstance(result, DomainError)
        ]
        body = {"created": [self._as_json(each) for each in made], "issues": issues}
        return Response(self.write(BoostsMadeOutput, body), status=201 if made else 200)

    def _end(self, request: Request, system: System | None = None) -> Response:
        ids = request.query_params.getlist("ids")
        if not 1 <= len(ids) <= IDS_MAX:
            raise InvalidInput((("ids", f"Name 1 to {IDS_MAX} boosts: ids=…&ids=…"),))
        known = [UUID(id) for id in ids if _uuid(id)]
        ended = boosts.end(tenant=self.tenant, ids=known, system_id=system.id if system else None)
        found = list(dict.fromkeys(id for id in ids if _uuid(id) and UUID(id) in ended))
        issues = [
            {**_issue(self.refusal(BoostNotFound(id)).detail, index), "id": id, "boostId": id}
            for index, id in enumerate(ids)
            if id not in found
        ]
        body = {"deleted": [{"id": id} for id in found], "archivedCount": len(found), "issues": issues}
        return Response(self.write(BoostsEndedOutput, body))

    def _as_json(self, each: Made | reads.ListedBoost) -> dict[str, Any]:
        # Whose day it is, is not asked here: a status is as of the day in UTC.
        return {**boost_json(each.boost, self.now.date()), "participant": each.participant}


class SystemViewSet(TrophyViewSet):
    @docs.systems
    def list(self, request: Request) -> Response:
        query = self.read(SkipInput, request.query_params.dict())
        found = reads.systems(tenant=self.tenant, offset=query["skip"], limit=query["limit"])
        shown = [
            {
                "id": str(system.id),
                "key": system.key,
                "name": system.name,
                "description": system.description or "",
                "status": "active",
                "badge": {"url": system.badge_url} if system.badge_url else None,
                "maxPoints": system.max_points,
            }
            for system in found
        ]
        return Response([self.write(AdminSystemOutput, system) for system in shown])


def _boost(raw: Any, reader: serializers.Serializer[Any]) -> NewBoost | DomainError:
    try:
        fields = reader.run_validation(raw)
    except exceptions.ValidationError as error:
        return invalid_input(error)
    if raw.get("userAttributes"):
        return InvalidInput((("userAttributes", "Boosts are for one user or for all: leave this out."),))
    return NewBoost(
        name=fields["name"],
        start=fields["start"],
        end=fields.get("end"),
        multiplier=fields["multiplier"],
        rounding=fields.get("rounding") or "down",
        participant=fields.get("participant"),
    )


def _issue(message: str, index: int, *, user: str | None = None) -> dict[str, Any]:
    return {
        "userId": user,
        "level": "error",
        "reason": message,
        "severity": "error",
        "message": message,
        "index": index,
    }


def _given_user(raw: Any) -> str:
    """The user id of an item, sound or not, as far as an answer can repeat it. Old clients insist on a text."""
    given = raw.get("userId") if isinstance(raw, dict) else None
    # A lone surrogate has no place in UTF-8: rendering it would fail, after the others were made.
    return given.encode(errors="replace").decode() if isinstance(given, str) else ""


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
