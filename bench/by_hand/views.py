"""An award by hand; and views that do nothing, for what the stack costs before anything is done."""

from typing import Any

from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from bench.by_hand import services
from gamify.dialects.bricqs._base import REPLAYED_HEADER, BricqsViewSet, one_key
from gamify.dialects.bricqs.serializers import AwardInput, PointsOutput
from gamify.http.errors import invalid_input
from gamify.http.views import DialectViewSet


class EmptyViewSet(DialectViewSet):
    authentication_classes: Any = []

    def admit(self, request: Request) -> None:
        """Anybody may call it."""

    def empty(self, request: Request) -> Response:
        return Response({})


class KeyedViewSet(BricqsViewSet):
    def empty(self, request: Request) -> Response:
        return Response({})


class AwardViewSet(BricqsViewSet):
    def award(self, request: Request) -> Response:
        header = self.header_key()
        body = AwardInput(data=request.data)
        try:
            body.is_valid(raise_exception=True)
        except exceptions.ValidationError as error:
            raise invalid_input(error) from error
        fields = body.validated_data
        awarded = services.award(
            tenant=self.tenant,
            participant=fields["participant_id"],
            amount=fields["amount"],
            reason=fields.get("reason"),
            metadata=fields.get("metadata"),
            expires_at=fields.get("expires_at"),
            key=one_key(header, fields.get("idempotency_key")),
            now=self.now,
        )
        self.window = awarded.window
        headers = {REPLAYED_HEADER: "true"} if awarded.replayed else None
        return Response(PointsOutput(awarded.outcome).data, headers=headers)
