from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.utils.dateparse import parse_datetime

from gamify.models import Tier
from tenants.models import Tenant
from tests.factories import Client, TenantFactory
from tests.programmes import (
    admin,
    award,
    change_tier,
    delete,
    invalid,
    make_tier,
    patch,
    refused,
    tier_of,
)

PATH = "/admin/tiers"
EXAMPLE = {
    "code": "platinum",
    "name": "Platinum",
    "level": 4,
    "criteria_type": "points",
    "criteria_config": {"min_points": 10000},
    "benefits": {"support_sla_hours": 1, "discount_pct": 15, "exclusive_access": True},
    "color": "#E5E4E2",
}
GOLD = {
    "code": "gold",
    "name": "Gold",
    "description": "Premium status with extra benefits.",
    "level": 3,
    "criteria_type": "points",
    "criteria_config": {"min_points": 5000},
    "benefits": {"support_sla_hours": 4, "discount_pct": 10},
    "point_multiplier": 1.5,
    "icon_url": "https://cdn.example.com/tiers/gold.png",
    "color": "#FFD700",
    "badge_url": None,
    "award_type": "automatic",
}
MINIMAL = {"code": "t", "name": "T", "level": 1}

# Of a value for a field: whether it is taken. Apart from `code`, they are the same for create and for update.
FIELDS: dict[str, tuple[list[Any], list[Any]]] = {
    "name": (["x", "x" * 100, "Zoë 🎈", " "], ["", "x" * 101, 5, True, None, [], "a\0b"]),
    "description": (["", "x" * 5000, None], [5, {}, "x" * 5001, "a\0b"]),
    "level": ([1, 2_000_000_000], [0, -1, 2_000_000_001, 2**31, 2**63, 10**30, "3", 3.0, 1.5, True, None, []]),
    "criteria_type": (["points"], ["unknown", "award_count", "tier_reached", "Points", "", 5, None]),
    "criteria_config": ([{}, {"min_points": 0}], ["{}", [], 5, None]),
    "benefits": ([{}, {"deep": [{"a": None}]}], ["{}", [], 5, None, {"a": "\0"}, {"a\0": 1}, {"a": "x" * 65536}]),
    "point_multiplier": (
        [1, 1.0, 1.5, 1.2345, 1000, None],
        ["1.5", True, 0.9, 0, -2, 1.23456, 1000.1, 1e300, [], {}],
    ),
    "icon_url": (["", "https://x.example/i.png", "x" * 2000, None], [5, "x" * 2001, "a\0b"]),
    "color": (["", "x" * 20, None], ["x" * 21, 5, "a\0b"]),
    "badge_url": (["", "x" * 2000, None], [5, "x" * 2001, "a\0b"]),
    "award_type": (["automatic", "manual"], ["other", "Manual", "", 5, None]),
}
TAKEN = [(field, taken) for field, (taken, _) in FIELDS.items()]
REFUSED = [(field, refused) for field, (_, refused) in FIELDS.items()]
# An update takes null for all of them.
REFUSED_CHANGES = [(field, [value for value in values if value is not None]) for field, values in REFUSED]
CONFIGS: dict[str, list[tuple[dict[str, Any], str]]] = {
    "points": [
        *(({"min_points": value}, "min_points") for value in ("5000", 5000.0, True, -1, 10**15 + 1, None)),
        ({"minPoints": 1}, "minPoints"),
        ({"min_points": 1, "days": 1}, "days"),
    ],
    "points_in_window": [
        ({"days": 30}, "min_points"),
        ({"min_points": 0, "days": 30}, "min_points"),
        *(({"min_points": 1, "days": value}, "days") for value in (0, 3661, "30", None)),
        ({"min_points": 1}, "days"),
    ],
    "badges": [
        ({}, "codes"),
        *(({"codes": value}, "codes") for value in ([], "first", ["first", 5], ["x" * 51], [""], ["x"] * 101)),
    ],
}


@pytest.fixture
def client(shop: Tenant) -> Client:
    return admin(shop)


def create(client: Client, **fields: Any) -> Any:
    return client.post(PATH, {**MINIMAL, **fields})


class TestCreate:
    def test_example_of_the_document(self, shop: Tenant, client: Client) -> None:
        response = client.post(PATH, EXAMPLE)
        assert response.status_code == 201
        answer = response.json()
        assert answer == {
            "id": str(Tier.objects.get().id),
            "tenant_id": str(shop.id),
            "engagement_id": None,
            **EXAMPLE,
            "description": None,
            "point_multiplier": None,
            "icon_url": None,
            "badge_url": None,
            "is_active": True,
            "award_type": "automatic",
            "created_at": answer["created_at"],
            "updated_at": answer["updated_at"],
        }
        for name in ("created_at", "updated_at"):
            assert answer[name].endswith("Z")
            assert parse_datetime(answer[name])

    def test_defaults(self, client: Client) -> None:
        answer = create(client).json()
        names = ("criteria_type", "criteria_config", "benefits", "award_type", "is_active", "point_multiplier")
        assert [answer[name] for name in names] == ["points", {}, {}, "automatic", True, None]

    def test_engagement_and_what_is_not_for_callers_is_ignored(self, shop: Tenant, client: Client) -> None:
        others = {"engagement_id": "e1", "tenant_id": str(uuid4()), "id": str(uuid4()), "is_active": False, "more": 1}
        answer = create(client, **others).json()
        assert (answer["engagement_id"], answer["tenant_id"], answer["is_active"]) == (None, str(shop.id), True)
        assert answer["id"] != others["id"]

    @pytest.mark.parametrize(("field", "values"), [*TAKEN, ("code", ["x" * 50, "Zoë 🎈", "a/b c"])])
    def test_taken(self, client: Client, field: str, values: list[Any]) -> None:
        for n, value in enumerate(values, 5):
            response = create(client, **{"code": f"t{n}", "level": n, field: value})
            assert response.status_code == 201, response.content
            assert response.json()[field] == value
            assert client.get(f"{PATH}/{response.json()['id']}").json() == response.json()

    @pytest.mark.parametrize(("field", "values"), [*REFUSED, ("code", ["", "x" * 51, 5, True, None, "a\0b"])])
    def test_refused(self, client: Client, field: str, values: list[Any]) -> None:
        for value in values:
            invalid(partial(create, client, **{field: value}), field)

    def test_required_fields_are_all_named(self, client: Client) -> None:
        invalid(lambda: client.post(PATH, {}), "name", "level", "code")

    @pytest.mark.parametrize("type", ["points", "points_in_window", "badges"])
    def test_config_that_its_type_cannot_read(self, client: Client, type: str) -> None:
        for config, key in CONFIGS[type]:
            fields = {"criteria_type": type, "criteria_config": config}
            invalid(partial(create, client, **fields), f"criteria_config.{key}")

    @pytest.mark.parametrize(
        ("type", "config"),
        [
            ("points", {"min_points": 10**15}),
            ("points_in_window", {"min_points": 1, "days": 3660}),
            ("badges", {"codes": ["x" * 50] * 100}),
        ],
    )
    def test_config_at_its_limits(self, client: Client, type: str, config: dict[str, Any]) -> None:
        assert create(client, criteria_type=type, criteria_config=config).json()["criteria_config"] == config

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"code": "taken", "level": 2}, "tier_code_conflict"),
            ({"code": "t", "level": 1}, "tier_level_conflict"),
            ({"code": "taken", "level": 1}, "tier_code_conflict"),
        ],
    )
    @pytest.mark.parametrize("is_active", [True, False])
    def test_conflicts(self, shop: Tenant, client: Client, fields: dict[str, Any], code: str, is_active: bool) -> None:
        change_tier(make_tier(shop, "taken", 1), is_active=is_active)
        refused(lambda: create(client, **fields), 400, code)

    def test_codes_and_levels_are_each_tenants_own(self, shop: Tenant, client: Client) -> None:
        for tenant in (shop.sandbox, TenantFactory.create()):
            make_tier(tenant, "t", 1)
        assert create(client).status_code == 201


class TestUpdate:
    @pytest.fixture
    def path(self, client: Client) -> str:
        return f"{PATH}/{client.post(PATH, GOLD).json()['id']}"

    @pytest.mark.parametrize(("field", "values"), [*TAKEN, ("is_active", [False, True])])
    def test_changes_only_what_is_given(self, client: Client, path: str, field: str, values: list[Any]) -> None:
        for value in values:
            before = client.get(path).json()
            response = patch(client, path, {field: value})
            assert response.status_code == 200, response.content
            after = response.json()
            assert after["updated_at"] > before["updated_at"]
            assert after == before | {field: value, "updated_at": after["updated_at"]}
            assert client.get(path).json() == after

    @pytest.mark.parametrize(("field", "values"), [*REFUSED_CHANGES, ("is_active", ["true", 1])])
    def test_refused(self, client: Client, path: str, field: str, values: list[Any]) -> None:
        for value in values:
            invalid(partial(patch, client, path, {field: value}), field)

    def test_null_changes_nothing_where_a_tier_is_never_without(self, client: Client, path: str) -> None:
        before = client.get(path).json()
        names = ("name", "level", "criteria_type", "criteria_config", "benefits", "award_type", "is_active")
        response = patch(client, path, {**dict.fromkeys(names), "color": "#000000"})
        after = response.json()
        assert (response.status_code, after) == (200, before | {"color": "#000000", "updated_at": after["updated_at"]})

    def test_nothing_given_changes_nothing(self, client: Client, path: str) -> None:
        before = client.get(path).json()
        after = patch(client, path, {}).json()
        assert after == before | {"updated_at": after["updated_at"]}

    def test_config_and_benefits_are_replaced_entirely(self, client: Client, path: str) -> None:
        answer = patch(client, path, {"benefits": {"a": 1}, "criteria_config": {}}).json()
        assert (answer["benefits"], answer["criteria_config"]) == ({"a": 1}, {})

    @pytest.mark.parametrize("field", ["code", "engagement_id", "tenant_id", "id", "created_at"])
    def test_never_changes(self, client: Client, path: str, field: str) -> None:
        before = client.get(path).json()
        response = patch(client, path, {field: "other", "name": "Renamed"})
        assert (response.status_code, response.json()["name"]) == (200, "Renamed")
        assert client.get(path).json()[field] == before[field]

    def test_new_type_must_be_able_to_read_the_config(self, client: Client, path: str) -> None:
        invalid(lambda: patch(client, path, {"criteria_type": "badges"}), "criteria_config.min_points")
        config = {"codes": ["first"]}
        answer = patch(client, path, {"criteria_type": "badges", "criteria_config": config}).json()
        assert (answer["criteria_type"], answer["criteria_config"]) == ("badges", config)

    def test_level_of_another_tier(self, shop: Tenant, client: Client, path: str) -> None:
        change_tier(make_tier(shop, "other", 9), is_active=False)
        refused(lambda: patch(client, path, {"level": 9}), 400, "tier_level_conflict")
        assert patch(client, path, {"level": 3}).status_code == 200

    def test_pausing_keeps_placements_and_waking_picks_again(self, shop: Tenant, client: Client, path: str) -> None:
        award(shop, "u", 5000)
        patch(client, path, {"is_active": False})
        award(shop, "u", 1)
        award(shop, "late", 5000)
        assert (tier_of(shop, "u"), tier_of(shop, "late")) == ("gold", None)
        patch(client, path, {"is_active": True})
        award(shop, "late", 1)
        assert tier_of(shop, "late") == "gold"


class TestDelete:
    def test_example_of_the_document(self, shop: Tenant, client: Client) -> None:
        tier = make_tier(shop, "gold", 1, 100)
        award(shop, "u", 100)
        for _ in range(2):
            response = delete(client, f"{PATH}/{tier.id}")
            assert (response.status_code, response.json()) == (200, {"message": "Tier deactivated"})
        assert client.get(f"{PATH}/{tier.id}").json()["is_active"] is False
        award(shop, "u", 1)
        assert tier_of(shop, "u") == "gold"
        assert award(shop, "late", 100).tier_upgrade is None
