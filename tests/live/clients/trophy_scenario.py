"""What an app does with the published client `trophy`. Run by the Python of an environment that has it, and nothing
of this project: `python trophy_scenario.py URL KEY`. Fails with a traceback; says the client's version otherwise.
"""

import importlib.metadata
import sys
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from trophy import TrophyApi, UpsertedUser
from trophy.core.api_error import ApiError
from trophy.environment import TrophyApiEnvironment
from trophy.errors import NotFoundError, UnauthorizedError, UnprocessableEntityError

# Where it is about noon: no day ends meanwhile. Its signs are the other way round: +1 is an hour behind UTC.
USER_TZ = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
# Ids may hold spaces and slashes; the client sends them raw.
IDS = ("user-123", "ann lee", "team/ann", " a/b c ")

statuses: list[int] = []


def connect(url: str, key: str) -> Any:
    http = httpx.Client(event_hooks={"response": [lambda response: statuses.append(response.status_code)]}, timeout=30)
    environment = TrophyApiEnvironment(api=f"{url}/v1", admin=f"{url}/admin-api/v1")
    return TrophyApi(api_key=key, environment=environment, httpx_client=http)


def refused(error: type[ApiError], call: Any, *arguments: Any, **named: Any) -> str:
    """The sentence with which a call is refused, in the one shape that the client can read."""
    try:
        call(*arguments, **named)
    except error as caught:
        body: Any = caught.body
    else:
        raise AssertionError(f"{call} was not refused")
    # The first generation parses it, the second passes it on.
    sentence: str = body["error"] if isinstance(body, dict) else body.error
    assert sentence
    return sentence


def events(trophy: Any) -> None:
    user = UpsertedUser(id="user-123", name="Ann", tz=USER_TZ, attributes={"plan": "pro"})
    first = trophy.metrics.event("words-written", user=user, value=2.5, idempotency_key="k", attributes={"a": "b"})
    assert (first.total, first.achievements, first.points, first.leaderboards) == (2.5, [], {}, {})
    assert (first.idempotency_key, first.idempotent_replayed) == ("k", False)
    assert statuses[-1] == 201
    replay = trophy.metrics.event("words-written", user=user, value=99, idempotency_key="k")
    assert (replay.event_id, replay.total, replay.idempotent_replayed) == (first.event_id, 2.5, True)
    assert statuses[-1] == 202

    streak = first.current_streak
    assert (streak.length, streak.frequency, streak.extended) == (1, "daily", True)
    assert streak.started
    assert streak.period_start == streak.period_end == streak.started < streak.expires

    crossing = trophy.metrics.event("words-written", user=user, value=0.5)
    assert (crossing.total, crossing.current_streak.extended) == (3, False)
    points = crossing.points["xp"]
    assert (points.key, points.name, points.total, points.added, points.max_points) == ("xp", "XP", 10, 10, 1000)
    assert points.level.key == "novice"
    [award] = points.awards
    assert (award.awarded, award.total, award.boosts) == (10, 10, [])
    trigger = award.trigger
    assert (trigger.type, trigger.status, trigger.points) == ("metric", "active", 10)
    assert (trigger.metric_id, trigger.metric_name, trigger.metric_threshold) == (
        crossing.metric_id,
        "Words written",
        3,
    )
    assert trigger.user_attributes == trigger.event_attributes == []
    assert trigger.created <= trigger.updated <= datetime.now(UTC)

    assert trophy.metrics.event("words-written", user=user, value=-1).total == 2
    assert trophy.metrics.event("words-written", user=user, value=1).points["xp"].added == 10
    [achievement] = trophy.metrics.event("lessons", user=user, value=1).achievements
    assert (achievement.name, achievement.key, achievement.trigger) == ("First lesson", "first-lesson", "api")
    assert achievement.achieved_at <= datetime.now(UTC)


def users(trophy: Any) -> None:
    made = trophy.users.create(
        id="bob", email="bob@example.com", name="Bob", tz="Asia/Tokyo", attributes={"plan": "free"}, device_tokens=["t"]
    )
    assert statuses[-1] == 201
    assert trophy.users.get("bob") == made
    assert (made.email, made.tz, made.device_tokens, made.control) == ("bob@example.com", "Asia/Tokyo", ["t"], False)
    changed = trophy.users.update("bob", name="Robert", attributes={"region": "eu"})
    assert (changed.name, changed.attributes, changed.created) == (
        "Robert",
        {"plan": "free", "region": "eu"},
        made.created,
    )
    assert trophy.users.identify("carol", subscribe_to_emails=False).subscribe_to_emails is False
    assert trophy.points.summary("xp", user_attributes="plan:free,region:eu")[0].users == 1
    refused(NotFoundError, trophy.users.update, "nobody", name="No")
    refused(UnprocessableEntityError, trophy.users.update, "bob", tz="Mars/Olympus")


def points(trophy: Any) -> None:
    mine = trophy.users.points("user-123", "xp", awards=1)
    assert (mine.total, mine.level.name, len(mine.awards)) == (20, "Novice", 1)
    assert isinstance(mine.total, int)
    # Where the user is: it may be another day than in UTC.
    today = datetime.now(ZoneInfo(USER_TZ)).date().isoformat()
    steps = trophy.users.points_event_summary("user-123", "xp", aggregation="daily", start_date=today, end_date=today)
    assert [(step.date, step.total, step.change) for step in steps] == [(today, 20, 20)]
    system = trophy.points.system("xp")
    assert {trigger.type for trigger in system.triggers} == {"metric", "streak", "time", "user_creation"}
    [level] = trophy.points.levels("xp")
    assert (level.key, level.points, level.description) == ("novice", 10, "")
    [at_level] = trophy.points.level_summary("xp")
    assert (at_level.level, at_level.users) == (level, 1)
    ranges = trophy.points.summary("xp")
    assert [(each.from_, each.to) for each in ranges[:3]] == [(0, 0), (1, 10), (11, 20)]
    assert (len(ranges), ranges[2].users) == (11, 1)
    refused(NotFoundError, trophy.points.system, "no-such")
    refused(NotFoundError, trophy.users.points, "nobody", "xp")
    refused(UnprocessableEntityError, trophy.users.points, "user-123", "xp", awards=101)


def ids(trophy: Any) -> None:
    for id in IDS:
        assert trophy.users.identify(id).id == id
        trophy.metrics.event("visits", user=UpsertedUser(id=id), value=1)
        assert trophy.users.get(id).id == id
        assert trophy.users.points(id, "coins").total == 1
        assert trophy.users.points_boosts(id, "coins") == []


def boosts(trophy: Any, system_id: str) -> None:
    made = make_boosts(
        trophy,
        system_id,
        [
            {"userId": "user-123", "name": "Double", "start": "2024-01-01", "multiplier": 2},
            {"userId": "user-123", "name": "Half more", "start": "2024-01-01", "end": None, "multiplier": 1.5},
            {"userId": "user-123", "name": "None", "start": "2024-01-01", "multiplier": 1},
        ],
    )
    assert statuses[-1] == 201
    assert [(each.name, each.user_id, each.rounding) for each in made.created] == [
        ("Double", "user-123", "down"),
        ("Half more", "user-123", "down"),
    ]
    [issue] = made.issues
    assert "multiplier" in (issue.message if hasattr(issue, "message") else issue.reason)
    assert [each.multiplier for each in trophy.users.points_boosts("user-123", "xp")] == [2, 1.5]
    event = trophy.metrics.event("words-written", user=UpsertedUser(id="user-123"), value=3)
    [award] = event.points["xp"].awards
    assert (award.awarded, [boost.name for boost in award.boosts]) == (30, ["Double", "Half more"])
    make_boosts(trophy, system_id, [{"userId": "user-123", "name": "", "start": "x", "multiplier": 2}])
    assert statuses[-1] == 200
    end_boosts(trophy, system_id, [each.id for each in made.created])
    assert trophy.users.points_boosts("user-123", "xp") == []
    assert [boost.name for boost in trophy.users.points("user-123", "xp").awards[0].boosts] == ["Double", "Half more"]


def is_first_generation(trophy: Any) -> bool:
    return hasattr(trophy.admin.points.boosts, "batch_archive")


def make_boosts(trophy: Any, system_id: str, items: list[dict[str, Any]]) -> Any:
    api = trophy.admin.points.boosts
    if is_first_generation(trophy):
        return api.create(system_key="xp", boosts=items)
    return api.create(system_id, request=items)


def end_boosts(trophy: Any, system_id: str, ids: list[str]) -> None:
    api = trophy.admin.points.boosts
    if is_first_generation(trophy):
        assert api.batch_archive(ids=ids[:1]).archived_count == 1
        api.archive(ids[1])
        assert statuses[-1] == 204
        refused(NotFoundError, api.archive, "0199a0c1-0000-7000-8000-000000000000")
    else:
        assert {each.id for each in api.list(system_id, limit=100)} >= set(ids)
        ended = api.delete(system_id, ids=[*ids, "no-such"])
        assert [each.id for each in ended.deleted] == ids
        assert [(each.id, each.severity) for each in ended.issues] == [("no-such", "error")]


def global_boosts(trophy: Any, system_id: str) -> None:
    if is_first_generation(trophy):
        return
    terms = {"name": "All", "start": "2024-01-01", "end": "2124-01-01", "multiplier": 3, "rounding": "up"}
    [boost] = trophy.admin.points.boosts.create(system_id, request=[terms]).created
    assert (boost.user_id, boost.status, boost.end) == (None, "active", "2124-01-01")
    assert [each.id for each in trophy.points.boosts("xp", include_finished=True)] == [boost.id]
    event = trophy.metrics.event("words-written", user=UpsertedUser(id="dora"), value=3)
    assert event.points["xp"].added == 30
    trophy.admin.points.boosts.delete(system_id, ids=boost.id)
    assert trophy.points.boosts("xp") == []


def errors(trophy: Any, url: str) -> None:
    user = UpsertedUser(id="user-123")
    assert "no-such" in refused(UnprocessableEntityError, trophy.metrics.event, "no-such", user=user, value=1)
    refused(UnauthorizedError, connect(url, "bq_live_" + "0" * 32).users.get, "user-123")


def main(url: str, key: str) -> None:
    trophy = connect(url, key)
    events(trophy)
    system_id = trophy.points.system("xp").id
    points(trophy)
    users(trophy)
    boosts(trophy, system_id)
    global_boosts(trophy, system_id)
    ids(trophy)
    errors(trophy, url)
    print(importlib.metadata.version("trophy"))  # noqa: T201 - what the test asks for


if __name__ == "__main__":
    main(*sys.argv[1:])
