"""The API reference of the GamifyHost endpoints: the document's own example, and what each status means."""

# ruff: noqa: N815 - names are as the wire has them

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers

from gamify.dialects.gamifyhost import serializers as io

F = TypeVar("F", bound=Callable[..., Any])

WHEN = {
    400: "Invalid request body / validation error: `message` says what, `meta.errors` names each field.",
    401: "The key is missing, unknown or expired.",
    403: "The key was revoked, or its tenant is disabled.",
    409: "Duplicate reference: points were already awarded for this reference and event type. Nothing was changed.",
    413: "The body is larger than MAX_BODY_BYTES.",
    415: "The Content-Type is not application/json.",
    422: "The points system has a maximum, and the user has reached it.",
    429: "The rule has a cap, and the user has reached it; or there were too many calls from one address with keys that"
    " are refused. Retry-After says when to come again; a cap for ever has none.",
    503: "The user's lock, or the database, could not be had in time. Retry with the same reference.",
}
READ = (400, 401, 403, 404, 429, 503)
WRITE = (400, 401, 403, 404, 409, 413, 415, 422, 429, 503)


class ApiSecretScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # spectacular's base has no types
    target_class = "gamify.dialects.gamifyhost._base.ApiSecretAuthentication"
    name = "ApiSecret"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Secret",
            "description": "`sk_live_…` for production, `sk_test_…` for the sandbox; X-API-Key is taken too.",
        }


class PageMeta(serializers.Serializer[Any]):
    page = serializers.IntegerField()
    limit = serializers.IntegerField()
    total = serializers.IntegerField()
    totalPages = serializers.IntegerField()


def envelope(name: str, **members: serializers.Field[Any, Any, Any, Any]) -> serializers.Serializer[Any]:
    """The shape of every answer of this dialect."""
    fields: dict[str, Any] = {
        "message": serializers.CharField(),
        "code": serializers.IntegerField(help_text="The HTTP status again."),
        "status": serializers.CharField(help_text="success or error"),
    }
    return inline_serializer(name, fields | members)


class Complaint(serializers.Serializer[Any]):
    field = serializers.CharField()
    message = serializers.CharField()


class ErrorMeta(serializers.Serializer[Any]):
    # A field, in spite of the name, which serializers also use for their own.
    errors: Any = Complaint(many=True)


_ERROR = envelope("GamifyHostError", meta=ErrorMeta(required=False, help_text="With a validation error only."))
_USER = OpenApiParameter(
    "user_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The user's ID in your system, percent-encoded."
)
_RETRY_AFTER = OpenApiParameter(
    "Retry-After",
    OpenApiTypes.INT,
    OpenApiParameter.HEADER,
    response=[429, 503],
    description="Seconds to wait.",
)


def endpoint(
    *,
    summary: str,
    description: str,
    success: Any,
    example: dict[str, Any],
    refusals: Sequence[int],
    not_found: str,
    request: Any = None,
    request_example: dict[str, Any] | None = None,
    parameters: Sequence[Any] = (),
) -> Callable[[F], F]:
    """One operation of the reference, complete with its refusals."""
    examples = [OpenApiExample("Response", example, response_only=True, status_codes=["200"])]
    if request_example:
        examples.append(OpenApiExample("Request", request_example, request_only=True))
    when = WHEN | {404: not_found}
    return extend_schema(
        tags=["GamifyHost"],
        summary=summary,
        description=description,
        request=request,
        responses={200: success, **{status: OpenApiResponse(_ERROR, when[status]) for status in refusals}},
        examples=examples,
        parameters=[*parameters, _RETRY_AFTER],
    )


award = endpoint(
    summary="Award points for an event",
    description="Awards what the reward rule for `eventType` says, and creates the user on the first event."
    " `pointsAwarded` is what was credited: after multipliers and boosts, rounded once, which is down unless a boost"
    " says otherwise, and cut to the points system's maximum.",
    request=io.RewardEventInput,
    success=envelope("GamifyHostAward", data=io.EventOutput()),
    refusals=WRITE,
    not_found="No reward rule that is in force was found for the event type.",
    request_example={
        "userId": "user_12345",
        "eventType": "signup",
        "displayName": "Alice",
        "email": "alice@example.com",
        "metadata": {"source": "ios_app", "campaign": "summer_2025"},
        "reference": "ref_signup_user12345",
    },
    example={
        "message": "Points awarded successfully",
        "code": 200,
        "status": "success",
        "data": {
            "ledgerId": "f1e2d3c4-b5a6-7890-1234-567890abcdef",
            "userId": "user_12345",
            "eventType": "signup",
            "pointsAwarded": 500,
            "userBalance": 5500,
            "reference": "ref_signup_user12345",
            "createdAt": "2025-07-15T10:00:00Z",
        },
    },
)

balance = endpoint(
    summary="A user's balance",
    description="Whichever dialect the points came through.",
    success=envelope("GamifyHostBalance", data=io.UserBalanceOutput()),
    refusals=READ,
    not_found="Nobody of that id was ever seen.",
    parameters=[_USER, io.UserBalanceInput],
    example={
        "message": "User balance retrieved",
        "code": 200,
        "status": "success",
        "data": {
            "userId": "user_12345",
            "totalPoints": 5500,
            "displayName": "Alice",
            "email": "alice@example.com",
            "metadata": {},
            "createdAt": "2025-07-15T10:00:00Z",
        },
    },
)

history = endpoint(
    summary="A user's ledger, newest first",
    description="Everything that changed the balance, whichever dialect it came through. A page of any depth costs"
    " the same.",
    success=envelope("GamifyHostHistory", data=io.UserHistoryLine(many=True), meta=PageMeta()),
    refusals=READ,
    not_found="Nobody of that id was ever seen.",
    parameters=[_USER, io.UserHistoryInput],
    example={
        "message": "User history retrieved",
        "code": 200,
        "status": "success",
        "data": [
            {
                "id": "f1e2d3c4-b5a6-7890-1234-567890abcdef",
                "eventType": "signup",
                "points": 500,
                "reference": "ref_signup_user12345",
                "metadata": {"source": "ios_app", "campaign": "summer_2025"},
                "createdAt": "2025-07-15T10:00:00Z",
            }
        ],
        "meta": {"page": 1, "limit": 20, "total": 1, "totalPages": 1},
    },
)
