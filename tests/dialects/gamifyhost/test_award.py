from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from gamify.models import Entry, Operation, Participant, Profile, RewardCount, participant_id
from tenants.models import Tenant
from tests.dialects.gamifyhost.helpers import Api, done, invalid, make_rule, make_system, refused
from tests.factories import Client, TenantFactory, now
from tests.programmes import award, make_badge, make_tier, tier_of

NO_RULE = "No reward rule found for event type"
EXAMPLE = {
    "userId": "user_12345",
    "eventType": "signup",
    "displayName": "Alice",
    "email": "alice@example.com",
    "metadata": {"source": "ios_app", "campaign": "summer_2025"},
    "reference": "ref_signup_user12345",
}


def test_example_of_the_document(api: Api, shop: Tenant) -> None:
    award(shop, "user_12345", 5000)
    response = api.post(EXAMPLE)
    body = done(response)
    data = body["data"]
    assert body == {
        "message": "Points awarded successfully",
        "code": 200,
        "status": "success",
        "data": {
            "ledgerId": data["ledgerId"],
            "userId": "user_12345",
            "eventType": "signup",
            "pointsAwarded": 500,
            "userBalance": 5500,
            "reference": "ref_signup_user12345",
            "createdAt": data["createdAt"],
        },
    }
    assert response["Content-Type"] == "application/json"
    assert UUID(data["ledgerId"]) == Entry.objects.latest("sequence").id
    assert data["createdAt"].endswith("Z")
    assert abs(now() - datetime.fromisoformat(data["createdAt"])) < timedelta(minutes=1)


def test_only_user_and_event_type_are_needed(api: Api) -> None:
    data = done(api.post({"userId": "u", "eventType": "signup"}))["data"]
    assert (data["pointsAwarded"], data["userBalance"], data["reference"]) == (500, 500, None)


def test_user_is_made_by_the_first_event(api: Api) -> None:
    refused(lambda: api.get("u/balance"), 404, "User not found")
    api.award("u")
    assert Participant.objects.get().external_id == "u"


def test_without_reference_every_call_awards(api: Api) -> None:
    assert [api.award().json()["data"]["userBalance"] for _ in range(3)] == [500, 1000, 1500]
    assert Operation.objects.count() == 0


def test_rule_decides_whatever_the_call_says(api: Api) -> None:
    assert api.award(points=9, amount=9, pointsAwarded=9).json()["data"]["pointsAwarded"] == 500


def test_each_event_type_has_its_own_rule(api: Api, shop: Tenant) -> None:
    make_rule(shop, "Signup", 1)
    make_rule(shop, "зустріч 🎈\n", 7)
    given = [
        api.award(event_type=type).json()["data"]["pointsAwarded"] for type in ("signup", "Signup", "зустріч 🎈\n")
    ]
    assert given == [500, 1, 7]


class TestNoRule:
    @pytest.mark.parametrize("event_type", ["purchase", "Signup", "signup ", " signup", "signup\n", "x" * 255])
    def test_unknown_event_type(self, api: Api, event_type: str) -> None:
        refused(lambda: api.award(event_type=event_type), 404, NO_RULE)

    def test_deactivated_rule(self, api: Api, shop: Tenant) -> None:
        make_rule(shop, "purchase", is_active=False)
        refused(lambda: api.award(event_type="purchase"), 404, NO_RULE)

    @pytest.mark.parametrize(
        ("starts", "ends", "status"),
        [(None, None, 200), (-1, 1, 200), (-1, None, 200), (None, 1, 200), (1, None, 404), (1, 2, 404), (-2, -1, 404)],
    )
    def test_rule_in_force_for_a_time(
        self, api: Api, shop: Tenant, starts: int | None, ends: int | None, status: int
    ) -> None:
        def at(hours: int | None) -> datetime | None:
            return None if hours is None else now() + timedelta(hours=hours)

        make_rule(shop, "purchase", starts_at=at(starts), ends_at=at(ends))
        assert api.award(event_type="purchase").status_code == status

    def test_rule_of_another_tenant(self, api: Api) -> None:
        make_rule(TenantFactory.create(), "purchase")
        refused(lambda: api.award(event_type="purchase"), 404, NO_RULE)

    def test_rule_of_the_sandbox(self, api: Api, shop: Tenant) -> None:
        make_rule(shop.sandbox, "purchase")
        refused(lambda: api.award(event_type="purchase"), 404, NO_RULE)
        assert Api(shop.sandbox).award(event_type="purchase").status_code == 200


class TestProfile:
    def profile(self, shop: Tenant, user: str = "user_12345") -> Any:
        return Profile.objects.values_list("name", "email").get(pk=participant_id(shop.id, user))

    def test_is_made_with_what_is_said(self, api: Api, shop: Tenant) -> None:
        api.award(displayName="Alice", email="alice@example.com")
        assert self.profile(shop) == ("Alice", "alice@example.com")

    def test_is_updated_by_what_is_said_and_keeps_the_rest(self, api: Api, shop: Tenant) -> None:
        api.award(displayName="Alice", email="alice@example.com")
        api.award(displayName="Alicia")
        assert self.profile(shop) == ("Alicia", "alice@example.com")
        api.award(email="a@example.com", displayName=None)
        assert self.profile(shop) == ("Alicia", "a@example.com")

    def test_is_not_made_where_nothing_is_said(self, api: Api) -> None:
        api.award(displayName=None, email=None)
        assert not Profile.objects.exists()

    @pytest.mark.parametrize("name", ["", " ", "x" * 255, "🎈" * 255, "<b>", "مرحبا"])
    def test_name_is_kept_to_the_character(self, api: Api, name: str) -> None:
        api.award(displayName=name)
        assert api.balance()["displayName"] == name

    def test_of_a_refused_call_is_left_alone(self, api: Api, shop: Tenant) -> None:
        api.award(displayName="Alice", reference="r")
        refused(lambda: api.award(displayName="Bob", reference="r"), 409)
        refused(lambda: api.award(event_type="nope", displayName="Bob"), 404)
        assert self.profile(shop) == ("Alice", None)


class TestOneEngine:
    def test_tier_multiplies_and_its_change_follows(self, api: Api, shop: Tenant) -> None:
        make_tier(shop, "gold", 1, 500, point_multiplier=Decimal("1.5"))
        make_badge(shop, "second", "award_count", min_awards=2)
        assert api.award().json()["data"]["pointsAwarded"] == 500
        assert tier_of(shop, "user_12345") == "gold"
        second = api.award().json()["data"]
        assert (second["pointsAwarded"], second["userBalance"]) == (750, 1250)
        assert Participant.objects.get().badge_codes == ["second"]

    def test_points_go_where_the_rule_says(self, api: Api, shop: Tenant) -> None:
        make_rule(shop, "level", 30, points_system=make_system(shop, "xp"))
        api.award()
        assert api.award(event_type="level").json()["data"]["userBalance"] == 30
        assert api.balance()["totalPoints"] == 500
        assert done(api.get("user_12345/balance", {"pointsSystem": "xp"}))["data"]["totalPoints"] == 30

    def test_maximum_of_the_points_system_cuts_and_then_refuses(self, api: Api, shop: Tenant) -> None:
        make_rule(shop, "level", 30, points_system=make_system(shop, "xp", max_points=40))
        given = [api.award(event_type="level", reference=str(n)).json()["data"]["pointsAwarded"] for n in range(2)]
        assert given == [30, 10]
        refused(lambda: api.award(event_type="level", reference="2", displayName="Alice"), 422)
        assert RewardCount.objects.get().count_ever == 2

    def test_write_cap_of_another_dialect_does_not_count(self, api: Api, shop: Tenant) -> None:
        Tenant.objects.filter(pk=shop.pk).update(participant_write_rate="1/9999d")
        assert [api.award("u").status_code for _ in range(3)] == [200] * 3
        assert Client(shop).award("u", 1).status_code == 200
        assert Client(shop).award("u", 1).status_code == 429
        assert api.award("u").status_code == 200

    def test_bricqs_lists_it(self, api: Api, shop: Tenant) -> None:
        make_rule(shop, "purchase", 5, name="Purchase completed")
        ledger_id = api.award("u", "purchase", metadata={"a": 1.0}).json()["data"]["ledgerId"]
        [entry] = Client(shop).transactions("u")["transactions"]
        assert entry | {"created_at": ""} == {
            "id": ledger_id,
            "amount": 5,
            "reason": "Purchase completed",
            "transaction_type": "award",
            "created_at": "",
            "metadata": {"a": 1.0},
        }


class TestBadInput:
    @pytest.mark.parametrize(
        "value", ["", "x" * 256, "a\0b", None, 5, True, ["u"], {}], ids=lambda value: repr(value)[:12]
    )
    @pytest.mark.parametrize("field", ["userId", "eventType"])
    def test_required_text(self, api: Api, field: str, value: Any) -> None:
        invalid(lambda: api.post({**EXAMPLE, field: value}), field)

    @pytest.mark.parametrize("value", ["a\0b", 5, True, ["u"], {}], ids=repr)
    @pytest.mark.parametrize("field", ["displayName", "email", "reference"])
    def test_optional_text(self, api: Api, field: str, value: Any) -> None:
        invalid(lambda: api.post({**EXAMPLE, field: value}), field)

    @pytest.mark.parametrize(
        ("field", "value"),
        [("displayName", "x" * 256), ("email", "x" * 321), ("reference", "x" * 256), ("reference", "")],
    )
    def test_text_out_of_limits(self, api: Api, field: str, value: str) -> None:
        invalid(lambda: api.post({**EXAMPLE, field: value}), field)

    @pytest.mark.parametrize(
        "value", [[], "text", 5, True, {"a": "\0"}, {"a": "x" * 65_536}], ids=lambda value: repr(value)[:12]
    )
    def test_metadata(self, api: Api, value: Any) -> None:
        invalid(lambda: api.award(metadata=value), "metadata")

    @pytest.mark.parametrize("text", ['"\\ud800"', '"\\udfff\\ud800"'])
    @pytest.mark.parametrize("field", ["userId", "eventType", "displayName", "email", "reference"])
    def test_lone_surrogates(self, api: Api, field: str, text: str) -> None:
        others = "".join(f', "{name}": "signup"' for name in ("userId", "eventType") if name != field)
        invalid(lambda: api.send(f'{{"{field}": {text}{others}}}'), field)

    def test_all_bad_fields_are_named_at_once(self, api: Api) -> None:
        body = {"eventType": 5, "displayName": [], "email": {}, "metadata": [], "reference": ""}
        invalid(lambda: api.post(body), "userId", "eventType", "displayName", "email", "metadata", "reference")

    @pytest.mark.parametrize("text", ["", "[]", "null", "true", "5", '"text"', "{}"])
    def test_no_object_with_the_fields(self, api: Api, text: str) -> None:
        response = refused(lambda: api.send(text), 400)
        assert response.json()["meta"]["errors"]

    @pytest.mark.parametrize(
        "text", ["{", "nope", '{"userId": "u", "userId": "v"}', '{"userId": NaN}', b"\xff", "[" * 9999]
    )
    def test_no_json(self, api: Api, text: Any) -> None:
        refused(lambda: api.send(text), 400)


@pytest.mark.parametrize("text", ["{}", "null", '{"a":1.0,"b":[true,null,"🎈"],"c":123456789012345678901234567890}'])
def test_metadata_comes_back_to_the_character(api: Api, text: str) -> None:
    assert api.send(f'{{"userId":"u","eventType":"signup","metadata":{text}}}').status_code == 200
    assert f'"metadata":{text},' in api.get("u/history").content.decode()


def test_statements_do_not_grow(api: Api, shop: Tenant, django_assert_num_queries: Any) -> None:
    make_rule(shop, "daily", 5, cap_count=10_000, cap_period="day")
    for n in range(3):
        api.award(event_type="daily", reference=f"warm-up {n}", displayName="Alice")
    # The key; six to load: participant, account, operation, lots, profile, count; six to write: participant, account,
    # entry, count, fact, operation; and a savepoint, which is no statement outside of tests.
    for n in range(3):
        with django_assert_num_queries(15):
            api.award(event_type="daily", reference=f"counted {n}", displayName="Alice")
        for m in range(30):
            api.award(event_type="daily", reference=f"{n}-{m}")
