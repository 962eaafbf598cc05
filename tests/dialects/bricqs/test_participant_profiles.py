"""The full profile, which every participants endpoint answers with, and the attributes in it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from gamify.http.parsers import NESTING_MAX
from gamify.queries import profiles
from gamify.services import programme_file
from tenants.models import Tenant
from tests import expiring
from tests.dialects.bricqs.test_participants import NOTHING, REST, SAID, said, upsert
from tests.factories import Client, TenantFactory, now
from tests.ledger._threads import at_once
from tests.programmes import NOW, award, deduct, make_badge, make_ladder, patch, refused


class TestFullProfile:
    @pytest.fixture(autouse=True)
    def _history(self, shop: Tenant) -> None:
        make_ladder(shop)
        make_badge(shop, "first", "award_count", min_awards=1)
        make_badge(shop, "second", "award_count", min_awards=2)
        award(shop, "u", 400)
        award(shop, "u", 200, now=NOW + timedelta(days=1))
        deduct(shop, "u", 50, now=NOW + timedelta(days=2))

    def test_has_what_the_reads_of_each_have(self, client: Client) -> None:
        body = client.get("/participants/u").json()
        assert body["points"] == {"balance": 550, "total_earned": 600, "total_spent": 50}
        assert {"participant_id": "u", **body["points"]} == client.get("/participants/u/points").json()
        assert body["tier"]["code"] == "silver"
        assert body["tier"]["next_tier"]["points_remaining"] == 400
        assert body["tier"] == client.get("/participants/u/tier").json()["current_tier"]
        assert [badge["code"] for badge in body["badges"]] == ["first", "second"]
        assert body["badges"] == client.get("/participants/u/badges").json()["badges"]
        assert {name: body[name] for name in ("streaks", "rewards_claimed", "total_events", "is_active")} == {
            "streaks": None,
            "rewards_claimed": 0,
            "total_events": 0,
            "is_active": True,
        }

    def test_is_the_answer_to_every_call(self, client: Client) -> None:
        full = upsert(client, "u", **SAID).json()
        assert full["points"]["balance"] == 550
        assert client.get("/participants/u").json() == full
        assert patch(client, "/participants/u", {}).json() == full

    def test_is_of_the_default_points_system(self, shop: Tenant, client: Client) -> None:
        programme_file.apply(shop, {"points_systems": [{"key": "gems", "name": "Gems"}]})
        client.award("u", 7, points_system="gems")
        client.award("v", 7, points_system="gems")
        assert client.get("/participants/u").json()["points"]["balance"] == 550
        assert client.get("/participants/v").json()["points"] == REST["points"]

    def test_what_is_past_its_time_is_not_counted(self, shop: Tenant, client: Client) -> None:
        past = now() - timedelta(days=2)
        expiring.award(shop, "v", 40, now=past, expires_at=past + timedelta(days=1))
        assert client.get("/participants/v").json()["points"] == {"balance": 0, "total_earned": 40, "total_spent": 0}

    def test_top_tier_has_no_next_one(self, shop: Tenant, client: Client) -> None:
        award(shop, "u", 400, now=NOW + timedelta(days=3))
        tier = client.get("/participants/u").json()["tier"]
        assert (tier["code"], tier["next_tier"]) == ("gold", None)

    def test_nothing_of_the_sandbox_is_in_it(self, shop: Tenant, client: Client) -> None:
        sandbox = Client(shop.sandbox)
        upsert(sandbox, "u", **SAID)
        sandbox.award("u", 9)
        assert said(client.get("/participants/u")) == {"participant_id": "u", **NOTHING}
        body = sandbox.get("/participants/u").json()
        assert (body["points"]["balance"], body["tier"], body["badges"]) == (9, None, [])


ATTRIBUTES: list[dict[str, Any]] = [
    {"age": 30, "height": 1.8, "big": 2**70, "far": 1e22, "near": 1e-7, "zero": -0.0, "whole": 5.0},
    {"longer": None, "b": True, "a": False, "empty": "", "text": "🎈"},
    {"nested": {"longer": [1, [2.5, {"b": None, "a": []}]], "b": {}, "a": "x"}, "list": [], "": {"": ""}},
    {str(number): number for number in range(100)},
]


class TestAttributes:
    @pytest.mark.parametrize("attributes", ATTRIBUTES, ids=range(len(ATTRIBUTES)))
    def test_are_kept_to_the_letter(self, client: Client, attributes: dict[str, Any]) -> None:
        response = upsert(client, attributes=attributes)
        assert response.status_code == 201
        text = json.dumps(attributes, ensure_ascii=False, separators=(",", ":"))
        for answer in (response, client.get("/participants/user_123"), upsert(client, display_name="A")):
            assert f'"attributes":{text},' in answer.content.decode()

    @pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.0), (0, False), ([0], [False]), ("1", 1)])
    def test_what_is_the_same_to_python_is_a_change(self, client: Client, before: Any, after: Any) -> None:
        upsert(client, attributes={"x": before})
        changed = patch(client, "/participants/user_123", {"attributes": {"x": after}}).json()
        assert repr(changed["attributes"]["x"]) == repr(after)
        assert repr(client.get("/participants/user_123").json()["attributes"]["x"]) == repr(after)

    def test_nesting_has_the_limit_of_every_body(self, client: Client) -> None:
        deep: Any = {}
        for _ in range(NESTING_MAX):
            deep = {"a": deep}
        refused(lambda: upsert(client, attributes=deep), 400, "malformed_json")

    def test_a_first_profile_is_paid_by_its_attributes_as_text(self, shop: Tenant, client: Client) -> None:
        trigger = {"points_system": "xp", "type": "user_creation", "points": 3, "user_attributes": {"age": "30"}}
        programme_file.apply(shop, {"points_systems": [{"key": "xp", "name": "XP"}], "triggers": [trigger]})
        for participant, age in {"number": 30, "text": "30", "float": 30.0, "none": None}.items():
            upsert(client, participant, attributes={"age": age})
        paid = {
            who: client.get(f"/participants/{who}/points", {"points_system": "xp"}).json()["balance"]
            for who in ("number", "text", "float", "none")
        }
        assert paid == {"number": 3, "text": 3, "float": 0, "none": 0}


@pytest.mark.django_db(transaction=True)
def test_is_as_of_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = TenantFactory.create()
    make_ladder(shop)
    make_badge(shop, "first", "award_count", min_awards=1)
    client = Client(shop)
    upsert(client, "u")
    read_first = profiles.profile

    def award_after_it(**asked: Any) -> Any:
        found = read_first(**asked)
        at_once([lambda: award(shop, "u", 600)])
        return found

    with monkeypatch.context() as patched:
        patched.setattr(profiles, "profile", award_after_it)
        body = client.get("/participants/u").json()
    assert {name: body[name] for name in REST} == REST
    later = client.get("/participants/u").json()
    assert (later["points"]["balance"], later["tier"]["code"], len(later["badges"])) == (600, "silver", 1)
