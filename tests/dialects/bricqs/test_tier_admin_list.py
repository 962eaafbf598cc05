from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from tenants.models import Tenant
from tests.factories import Client, TenantFactory
from tests.programmes import (
    admin,
    change_tier,
    delete,
    invalid,
    make_ladder,
    make_tier,
    patch,
    refused,
)

PATH = "/admin/tiers"
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


@pytest.fixture
def client(shop: Tenant) -> Client:
    return admin(shop)


class TestList:
    @pytest.fixture
    def tiers(self, shop: Tenant) -> None:
        make_tier(shop, "d", 4, award_type="manual")
        make_tier(shop, "b", 2)
        make_tier(shop, "a", 1)
        change_tier(make_tier(shop, "c", 3), is_active=False)
        make_ladder(shop.sandbox)

    def test_example_of_the_document(self, shop: Tenant, client: Client) -> None:
        made = client.post(PATH, GOLD).json()
        answer = client.get(PATH, {"is_active": "true", "page": 1, "page_size": 50}).json()
        assert answer == {
            "items": [
                {
                    "id": made["id"],
                    "tenant_id": str(shop.id),
                    "engagement_id": None,
                    **GOLD,
                    "is_active": True,
                    "created_at": made["created_at"],
                    "updated_at": made["updated_at"],
                }
            ],
            "total": 1,
            "page": 1,
            "page_size": 50,
        }

    @pytest.mark.parametrize(
        ("query", "codes", "total"),
        [
            ({}, "abcd", 4),
            ({"is_active": "true"}, "abd", 3),
            ({"is_active": "false"}, "c", 1),
            ({"is_active": True}, "abd", 3),
            ({"is_active": False}, "c", 1),
            ({"is_active": 1}, "abd", 3),
            ({"is_active": 0}, "c", 1),
            ({"award_type": "manual"}, "d", 1),
            ({"award_type": "automatic", "is_active": "true"}, "ab", 2),
            ({"page_size": 3}, "abc", 4),
            ({"page_size": 3, "page": 2}, "d", 4),
            ({"page_size": 100, "page": 2}, "", 4),
            ({"page": 10**17, "page_size": 100}, "", 4),
        ],
    )
    @pytest.mark.usefixtures("tiers")
    def test_filters_and_pages_by_level(self, client: Client, query: dict[str, Any], codes: str, total: int) -> None:
        answer = client.get(PATH, query).json()
        assert ([item["code"] for item in answer["items"]], answer["total"]) == (list(codes), total)
        assert (answer["page"], answer["page_size"]) == (query.get("page", 1), query.get("page_size", 50))

    @pytest.mark.parametrize(
        ("field", "values"),
        [
            ("is_active", ["yes", "2"]),
            ("award_type", ["other", "Manual"]),
            ("page", ["0", "-1", "a", "1.5", ""]),
            ("page_size", ["0", "101", "a"]),
        ],
    )
    def test_refused_queries(self, client: Client, field: str, values: list[str]) -> None:
        for value in values:
            invalid(partial(client.get, PATH, {field: value}), field)

    def test_of_a_tenant_without_tiers(self, client: Client) -> None:
        assert client.get(PATH).json() == {"items": [], "total": 0, "page": 1, "page_size": 50}


class TestAccess:
    def test_other_tenants_tiers_are_not_found(self, shop: Tenant, client: Client) -> None:
        others = [make_tier(tenant, "t", 1).id for tenant in (shop.sandbox, TenantFactory.create())]
        for tier_id in [*others, uuid4(), "no-uuid", "1"]:
            path = f"{PATH}/{tier_id}"
            for call in (lambda p: client.get(p), lambda p: patch(client, p, {}), lambda p: delete(client, p)):
                refused(partial(call, path), 404, "tier_not_found")

    @pytest.mark.parametrize("scope", ["admin", "gamify:admin"])
    def test_either_scope_opens_it(self, shop: Tenant, scope: str) -> None:
        assert Client(shop, scopes=[scope]).post(PATH, GOLD).status_code == 201

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("get", PATH),
            ("post", PATH),
            ("get", f"{PATH}/{{id}}"),
            ("patch", f"{PATH}/{{id}}"),
            ("delete", f"{PATH}/{{id}}"),
            ("post", f"{PATH}/preview"),
            ("get", "/facts"),
        ],
    )
    def test_a_key_without_scope_opens_none(self, shop: Tenant, method: str, path: str) -> None:
        client = Client(shop)
        path = client.base + path.format(id=make_tier(shop, "gold", 3).id)
        call = getattr(client.http, method)
        refused(lambda: call(path, headers={"X-API-Key": client.key}), 403, "forbidden")
        refused(lambda: call(path), 401, "unauthorized")
