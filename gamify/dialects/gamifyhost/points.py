"""GamifyHost API: award by reward rule, balance, history."""

import json
from datetime import datetime
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from gamify.dialects.gamifyhost import _docs as docs
from gamify.dialects.gamifyhost._base import GamifyHostViewSet
from gamify.dialects.gamifyhost.serializers import RewardEventInput, UserBalanceInput, UserHistoryInput
from gamify.errors import IdempotencyKeyReused
from gamify.http.fields import instant, path_id
from gamify.queries import points as reads
from gamify.queries import profiles
from gamify.queries.points import LedgerEntry
from gamify.services import rewards
from gamify.services.rewards import RewardEvent, reference_key


class AwardViewSet(GamifyHostViewSet):
    confirming_actions = frozenset({"award"})

    @docs.award
    def award(self, request: Request) -> Response:
        body = self.read(RewardEventInput, request.data)
        reference = body.get("reference")
        item = RewardEvent(
            participant=body["userId"],
            event_type=body["eventType"],
            name=body.get("displayName"),
            email=body.get("email"),
            metadata=body.get("metadata"),
            key=None if reference is None else reference_key(body["eventType"], reference),
        )
        result = rewards.award(tenant=self.tenant, item=item, now=self.now)
        if result.error:
            raise result.error
        done = result.outcome
        if result.replayed:
            raise IdempotencyKeyReused(done.reference)
        return self.reply(
            "Points awarded successfully",
            {
                "ledgerId": done.transaction_id,
                "userId": done.participant,
                "eventType": done.event_type,
                "pointsAwarded": done.amount,
                "userBalance": done.new_balance,
                "reference": done.reference,
                "createdAt": instant(datetime.fromisoformat(done.created_at)),
            },
        )


class UserViewSet(GamifyHostViewSet):
    @docs.balance
    def balance(self, request: Request, user_id: str) -> Response:
        user = path_id(user_id, field="userId")
        query = self.read(UserBalanceInput, request.query_params.dict())
        system = reads.named_system(self.tenant, query.get("pointsSystem"), field="pointsSystem")
        profile = profiles.profile(tenant=self.tenant, participant=user, now=self.now)
        balance = reads.balance(tenant=self.tenant, participant=user, system=system, now=self.now)
        return self.reply(
            "User balance retrieved",
            {
                "userId": user,
                "totalPoints": balance.balance,
                "displayName": profile.name,
                "email": profile.email,
                "metadata": profile.attributes,
                "createdAt": instant(profile.created_at),
            },
        )

    @docs.history
    def history(self, request: Request, user_id: str) -> Response:
        user = path_id(user_id, field="userId")
        query = self.read(UserHistoryInput, request.query_params.dict())
        page, limit = query["page"], query["limit"]
        system = reads.named_system(self.tenant, query.get("pointsSystem"), field="pointsSystem")
        # Refuses who was never seen.
        profiles.profile(tenant=self.tenant, participant=user, now=self.now)
        ledger = reads.transactions(
            tenant=self.tenant,
            participant=user,
            system=system,
            offset=(page - 1) * limit,
            limit=limit,
            now=self.now,
        )
        keys = reads.keys_of(ledger.entries)
        return self.reply(
            "User history retrieved",
            [_line(entry, keys.get(entry.operation_id)) for entry in ledger.entries],
            page=page,
            limit=limit,
            total=ledger.total,
            totalPages=-(-ledger.total // limit),
        )


def _line(entry: LedgerEntry, key: str | None) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        # Of a reward, the activity is its event type. What other dialects wrote has one, a type, or neither.
        "eventType": entry.activity_id or entry.transaction_type or entry.kind,
        "points": entry.amount,
        "reference": key,
        "metadata": json.loads(entry.metadata) if entry.metadata else None,
        "createdAt": instant(entry.created_at),
    }
