"""The API reference of the Trophy endpoints: the document's own examples, statuses and parameters."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from gamify.dialects.trophy import inputs, outputs

F = TypeVar("F", bound=Callable[..., Any])

WHEN = {
    400: "The body is not valid JSON, or the Idempotency-Key is empty or longer than 255 characters.",
    401: "The X-API-KEY header is missing, invalid, expired or revoked.",
    403: "The key's tenant is disabled.",
    404: "There is no such user, points system or boost.",
    422: "A field or parameter is missing, of the wrong type or out of range.",
    429: "There were too many calls from one address with keys that are refused. Retry-After says when to come again.",
    503: "Other writes to the same user did not let this one through in time, or the database cannot be had. Retry it.",
}


def endpoint(
    *,
    summary: str,
    description: str,
    success: Any,
    errors: Sequence[int],
    request: Any = None,
    request_example: Any = None,
    parameters: Sequence[Any] = (),
    statuses: Sequence[int] = (200,),
    operation_id: str | None = None,
) -> Callable[[F], F]:
    """One operation of the reference."""
    replies: dict[int, Any] = dict.fromkeys(statuses, success)
    for status in sorted({*errors, 403, 429, 503}):
        replies[status] = OpenApiResponse(outputs.ErrorOutput, WHEN[status])
    examples = [OpenApiExample("Request", request_example, request_only=True)] if request_example else []
    return extend_schema(
        operation_id=operation_id,
        tags=["Trophy"],
        summary=summary,
        description=description,
        request=request,
        responses=replies,
        examples=examples,
        parameters=list(parameters),
    )


def _path(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.PATH, description=description)


USER = _path("id", "The user's id in your database. 1 to 255 characters, percent-encoded.")
SYSTEM = _path("key", "Key of a points system.")
METRIC = _path("key", "Key of a metric.")
SYSTEM_ID = _path("system_id", "Id, or key, of a points system.")
BOOST_ID = _path("id", "Id of a boost.")
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="An event is recorded once for each user, metric and key; keys do not expire. A repetition changes"
    " nothing, whatever it says, and is answered 202 with the first answer.",
)
BOOSTS_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Ours. A repetition makes no boost twice: it is answered with those that the first call made, and makes"
    " what that refused. Without it, look whether they are there before you repeat a call that got no answer.",
)
IDS = OpenApiParameter("ids", {"type": "array", "items": {"type": "string"}}, required=True, description="1 to 100.")

event = endpoint(
    summary="Send a metric event",
    description="Adds `value` to the user's total of the metric, extends a streak, and awards what triggers promise"
    " for it. The user is made, or changed, along the way. `points` is a map by the key of the points system, and"
    " holds those that something was added to.",
    request=inputs.MetricEventInput,
    success=outputs.MetricEventReplyOutput,
    errors=(400, 401, 422, 503),
    statuses=(201, 202),
    parameters=[METRIC, IDEMPOTENCY_KEY],
    request_example={"user": {"id": "user-123"}, "value": 1},
)
user_create = endpoint(
    summary="Create a user",
    description="One that is there already is changed as by PUT.",
    request=inputs.UserInput,
    success=outputs.UserOutput,
    errors=(400, 401, 422, 503),
    statuses=(201,),
    request_example={"id": "user-123", "email": "alice@example.com", "name": "Alice", "tz": "Europe/London"},
)
user_get = endpoint(
    summary="Get a user",
    description="Also those who are known from another dialect only.",
    success=outputs.UserOutput,
    errors=(401, 404, 422),
    parameters=[USER],
)
user_identify = endpoint(
    summary="Identify a user",
    description="Makes or changes a user: the members that are sent, and no others; attributes are added.",
    request=inputs.UserChangeInput,
    success=outputs.UserOutput,
    errors=(400, 401, 422, 503),
    parameters=[USER],
)
user_update = endpoint(
    summary="Update a user",
    description="As PUT, but of users that exist.",
    request=inputs.UserChangeInput,
    success=outputs.UserOutput,
    errors=(400, 401, 404, 422, 503),
    parameters=[USER],
)
user_points = endpoint(
    summary="A user's points in one points system",
    description="The current balance, the level that it amounts to, and the last awards, the newest first.",
    success=outputs.UserPointsOutput,
    errors=(401, 404, 422),
    parameters=[USER, SYSTEM, inputs.AwardsInput],
)
user_boosts = endpoint(
    summary="The boosts that multiply a user's awards now",
    description="Everybody's, and the user's own, by the day that it is in the user's time zone.",
    success=outputs.BoostOutput(many=True),
    errors=(401, 404, 422),
    parameters=[USER, SYSTEM],
)
event_summary = endpoint(
    summary="A user's points by day, week or month",
    description="Each period with the total at its end and the change within it, by the user's time zone. Weeks begin"
    " on Monday. Of a period that reaches beyond the first or the last day, only what is between them counts.",
    success=outputs.StepOutput(many=True),
    errors=(401, 404, 422),
    parameters=[USER, SYSTEM, inputs.SummaryInput],
)
system = endpoint(
    summary="A points system with its active triggers",
    description="What can be earned in it, and what for.",
    success=outputs.SystemWithTriggersOutput,
    errors=(401, 404),
    parameters=[SYSTEM],
)
boosts = endpoint(
    summary="Everybody's boosts in one points system",
    description="Those in force or to come; with `includeFinished=true` also those that are over.",
    success=outputs.BoostOutput(many=True),
    errors=(401, 404, 422),
    parameters=[SYSTEM, inputs.BoostsInput],
)
levels = endpoint(
    summary="The levels of one points system",
    description="The lowest first.",
    success=outputs.LevelOutput(many=True),
    errors=(401, 404),
    parameters=[SYSTEM],
)
level_summary = endpoint(
    summary="How many users are at each level",
    description="By their current points.",
    success=outputs.AtLevelOutput(many=True),
    errors=(401, 404),
    parameters=[SYSTEM],
)
summary = endpoint(
    summary="How many users have how many points",
    description="None, and ten ranges of the same size up to a power of ten that nobody has more than.",
    success=outputs.RangeOutput(many=True),
    errors=(401, 404, 422),
    parameters=[SYSTEM, inputs.RangesInput],
)
_BOOST = {
    "name": "Double XP Weekend",
    "start": "2024-01-01",
    "end": "2024-01-03",
    "multiplier": 2,
}
boosts_for_users = endpoint(
    summary="Create boosts for users",
    description="Up to 1,000. Each succeeds or fails alone: `issues` says what is wrong with which. 201 where any was"
    " made, 200 where none was. Boosts multiply each other, and the product is rounded once; of several roundings the"
    " most cautious holds.",
    request=inputs.BoostsForUsersInput,
    success=outputs.BoostsMadeOutput,
    errors=(400, 401, 404, 422, 503),
    statuses=(200, 201),
    parameters=[BOOSTS_KEY],
    request_example={"systemKey": "xp", "boosts": [{"userId": "user-123", **_BOOST}]},
)
boosts_end = endpoint(
    summary="End boosts",
    description="What they multiplied stays as it is.",
    success=outputs.BoostsEndedOutput,
    errors=(400, 401),
    parameters=[IDS],
)
boost_end = endpoint(
    summary="End a boost",
    description="What it multiplied stays as it is.",
    success=None,
    errors=(401, 404),
    statuses=(204,),
    operation_id="admin_api_v1_points_boost_destroy",
    parameters=[BOOST_ID],
)
systems = endpoint(
    summary="The points systems",
    description="By key.",
    success=outputs.AdminSystemOutput(many=True),
    errors=(401, 422),
    parameters=[inputs.SkipInput],
)
system_boosts = endpoint(
    summary="All boosts in one points system",
    description="Everybody's, without `userId`, and single users', the newest first, but those that were ended.",
    success=outputs.OwnedBoostOutput(many=True),
    errors=(401, 404, 422),
    parameters=[SYSTEM_ID, inputs.SkipInput],
)
system_boosts_create = endpoint(
    summary="Create boosts in one points system",
    description="An array of up to 100; one without `userId` is everybody's. Otherwise as `POST /points/boosts`.",
    request=inputs.BoostInput(many=True),
    success=outputs.BoostsMadeOutput,
    errors=(400, 401, 404, 422, 503),
    statuses=(200, 201),
    parameters=[SYSTEM_ID, BOOSTS_KEY],
    operation_id="admin_api_v1_points_system_boosts_create",
    request_example=[{**_BOOST, "rounding": "nearest"}],
)
system_boosts_end = endpoint(
    summary="End boosts of one points system",
    description="What they multiplied stays as it is.",
    success=outputs.BoostsEndedOutput,
    errors=(401, 404, 422),
    parameters=[SYSTEM_ID, IDS],
    operation_id="admin_api_v1_points_system_boosts_destroy",
)
