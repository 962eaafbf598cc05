from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from gamify.models import Participant, Profile
from gamify.services import participants
from gamify.services.participants import Identify
from tenants.models import Tenant
from tests.dialects.bricqs.test_participant_ids import IDS
from tests.factories import Client, TenantFactory, now, ref
from tests.ledger._threads import at_once
from tests.programmes import award, invalid, make_ladder, patch, refused

SAID = {
    "display_name": "Alice",
    "avatar_url": "https://cdn.example.com/alice.png",
    "email": "alice@example.com",
    "time_zone": "Europe/Vienna",
    "attributes": {"plan": "premium", "мова": "🎈"},
}
NOTHING: dict[str, Any] = {
    "display_name": None,
    "avatar_url": None,
    "email": None,
    "time_zone": None,
    "attributes": {},
}
# What is not said of somebody.
REST: dict[str, Any] = {
    "points": {"balance": 0, "total_earned": 0, "total_spent": 0},
    "tier": None,
    "badges": [],
    "streaks": None,
    "rewards_claimed": 0,
    "total_events": 0,
    "is_active": True,
}


def upsert(client: Client, participant: Any = "user_123", **fields: Any) -> Any:
    return client.post("/participants", {"participant_id": participant, **fields})


def said(response: Any) -> Any:
    """Who it is, and what was said of it."""
    return {name: value for name, value in response.json().items() if name not in REST and not name.endswith("_at")}


class TestUpsert:
    def test_makes_a_participant(self, client: Client) -> None:
        response = upsert(client, **SAID)
        assert response.status_code == 201
        body = response.json()
        assert body == {
            "participant_id": "user_123",
            **SAID,
            **REST,
            "created_at": body["created_at"],
            "updated_at": body["created_at"],
        }
        assert body["created_at"].endswith("Z")
        assert abs(now() - datetime.fromisoformat(body["created_at"])) < timedelta(minutes=1)

    def test_again_changes_nothing(self, client: Client) -> None:
        first = upsert(client, **SAID)
        second = upsert(client, **SAID)
        assert (second.status_code, second.content) == (201, first.content)
        assert Profile.objects.count() == Participant.objects.count() == 1

    def test_of_an_id_alone(self, client: Client) -> None:
        assert said(upsert(client)) == {"participant_id": "user_123", **NOTHING}
        assert client.get("/participants/user_123").status_code == 200

    @pytest.mark.parametrize("field", SAID)
    def test_changes_what_is_given_and_nothing_else(self, client: Client, field: str) -> None:
        other = {
            "display_name": "",
            "avatar_url": "/a",
            "email": "a@b",
            "time_zone": "UTC",
            "attributes": {"plan": "free"},
        }
        upsert(client, **SAID)
        expected = {"participant_id": "user_123", **SAID, field: other[field]}
        assert said(upsert(client, **{field: other[field]})) == expected
        assert said(client.get("/participants/user_123")) == expected

    @pytest.mark.parametrize("field", SAID)
    def test_null_clears(self, client: Client, field: str) -> None:
        upsert(client, **SAID)
        assert said(upsert(client, **{field: None}))[field] == NOTHING[field]

    def test_of_somebody_who_has_points_leaves_them_alone(self, client: Client) -> None:
        client.award("user_123", 5)
        created_at = Participant.objects.get().created_at
        body = upsert(client, display_name="Alice").json()
        assert (client.balance("user_123"), datetime.fromisoformat(body["created_at"])) == (5, created_at)
        assert datetime.fromisoformat(body["updated_at"]) > created_at

    def test_takes_nothing_off_the_write_cap(self, shop: Tenant) -> None:
        Tenant.objects.filter(pk=shop.pk).update(participant_write_rate="1/9999d")
        client = Client(shop)
        for _ in range(2):
            assert upsert(client)["X-RateLimit-Remaining"] == "1"
        client.award("user_123", 1)
        assert upsert(client, display_name="Alice")["X-RateLimit-Remaining"] == "0"


class TestRead:
    def test_somebody_of_whom_only_points_are_known(self, client: Client) -> None:
        client.award("u", 5)
        body = client.get("/participants/u").json()
        assert body["created_at"] == body["updated_at"]
        assert said(client.get("/participants/u")) == {"participant_id": "u", **NOTHING}

    def test_nobody(self, client: Client, shop: Tenant) -> None:
        for tenant in (shop.sandbox, TenantFactory.create()):
            upsert(Client(tenant), "u")
        refused(lambda: client.get("/participants/u"), 404, "participant_not_found")

    def test_statements(self, client: Client, django_assert_num_queries: Any) -> None:
        upsert(client, **SAID)
        # The key; the profile, the account, the participant's tier, the badges.
        with django_assert_num_queries(5):
            client.get("/participants/user_123")

    def test_statements_of_who_holds_a_tier(self, client: Client, shop: Tenant, django_assert_num_queries: Any) -> None:
        make_ladder(shop)
        award(shop, "user_123", 500)
        client.get("/participants/user_123")
        # With it, how far it is to the next one.
        with django_assert_num_queries(6):
            client.get("/participants/user_123")


class TestPatch:
    def test_changes_what_is_given_and_nothing_else(self, client: Client) -> None:
        upsert(client, **SAID)
        response = patch(client, "/participants/user_123", {"display_name": "Alicia", "attributes": {"age": 30}})
        assert response.status_code == 200
        assert said(response) == {
            "participant_id": "user_123",
            **SAID,
            "display_name": "Alicia",
            "attributes": {"age": 30},
        }

    def test_of_somebody_of_whom_only_points_are_known(self, client: Client) -> None:
        client.award("u", 5)
        assert said(patch(client, "/participants/u", {"display_name": "Alice"}))["display_name"] == "Alice"

    @pytest.mark.parametrize("body", [{}, {"display_name": "Alice"}])
    def test_nobody(self, client: Client, body: Any) -> None:
        refused(lambda: patch(client, "/participants/u", body), 404, "participant_not_found")

    def test_nothing_at_all(self, client: Client) -> None:
        upsert(client, **SAID)
        assert said(patch(client, "/participants/user_123", {})) == {"participant_id": "user_123", **SAID}


BAD = [
    *(("display_name", value) for value in ["x" * 256, "a\0b", 5, True, [], {}]),
    *(("avatar_url", value) for value in ["x" * 501, "a\0b", 5, True, [], {}]),
    *(("email", value) for value in ["", "x" * 321, "a\0b", 5, True, [], {}]),
    *(("time_zone", value) for value in ["", "Vienna", "europe/vienna", "../etc/passwd", "UTC ", "+01:00", 5, []]),
    *(("attributes", value) for value in [[], "text", 5, {"a": "\0"}, {"a\0": ""}, {"a": [{"b": "\0"}]}]),
    ("attributes", {"a": "x" * 65_536}),
    ("attributes", {str(number): number for number in range(101)}),
]


@pytest.mark.parametrize(("field", "value"), BAD, ids=lambda value: repr(value)[:16])
def test_bad_field_is_refused(client: Client, field: str, value: Any) -> None:
    upsert(client)
    invalid(lambda: upsert(client, **{field: value}), field)
    invalid(lambda: patch(client, "/participants/user_123", {field: value}), field)


@pytest.mark.parametrize("participant", ["", "x" * 256, "a\0b", None, 5, True, ["u"], {}], ids=lambda id: repr(id)[:12])
def test_bad_id_is_refused(client: Client, participant: Any) -> None:
    invalid(lambda: upsert(client, participant), "participant_id")


@pytest.mark.parametrize("encoded", ["a%00b", "x" * 256])
def test_bad_id_in_a_path_is_refused(client: Client, encoded: str) -> None:
    invalid(lambda: client.get(f"/participants/{encoded}"), "participant_id")
    invalid(lambda: patch(client, f"/participants/{encoded}", {}), "participant_id")


# What ends in the words of another route is an id only there.
@pytest.mark.parametrize(
    "participant", [id for id in IDS if not id.endswith(("/points", "/transactions"))], ids=lambda id: repr(id)[:24]
)
def test_id_is_kept_to_the_character_and_found_in_a_path(client: Client, participant: str) -> None:
    assert upsert(client, participant, display_name="Alice").json()["participant_id"] == participant
    assert client.get(f"/participants/{quote(participant, safe='')}").json()["display_name"] == "Alice"


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_other_method_is_refused(client: Client, method: str) -> None:
    response = getattr(client.http, method)(f"{client.base}/participants", headers={"X-API-Key": client.key})
    assert (response.status_code, response["Allow"]) == (405, "POST")


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_each_is_made_and_none_is_lost() -> None:
    shop = TenantFactory.create()
    fields: list[dict[str, Any]] = [
        {"name": "Alice"},
        {"email": "alice@example.com"},
        {"time_zone": "UTC"},
        {"avatar_url": "/a"},
        {"attributes": {"a": ["b"]}},
    ]
    calls = [
        lambda known=known: participants.identify(tenant=ref(shop), item=Identify("u", known), now=now())
        for known in fields * 4
    ]
    assert [result.error for result in at_once(calls)] == [None] * len(calls)
    profile = Profile.objects.get()
    assert (profile.name, profile.email, profile.time_zone) == ("Alice", "alice@example.com", "UTC")
    assert (profile.avatar_url, profile.attributes) == ("/a", {"a": ["b"]})
