from datetime import timedelta

import pytest

from gamify.models import BadgeUnlock, Participant
from gamify.services import definitions
from tenants.models import Tenant
from tests.factories import Client, TenantFactory
from tests.programmes import NOW, assign, award, invalid, make_badge, make_ladder, refused


def held(client: Client, participant: str = "u") -> list[str]:
    return [badge["code"] for badge in client.get(f"/participants/{participant}/badges").json()["badges"]]


def test_lists_what_was_unlocked_the_oldest_first(shop: Tenant, client: Client) -> None:
    badge = make_badge(shop, "z_first", "award_count", min_awards=1)
    badge.description, badge.icon_url = "The first award.", "https://cdn.example.com/first.png"
    definitions.save_badge(badge)
    make_badge(shop, "a_second", "award_count", min_awards=2)
    make_badge(shop, "far", "award_count", min_awards=3)
    for days in range(2):
        award(shop, "user_42", 1, now=NOW + timedelta(days=days))
    response = client.get("/participants/user_42/badges")
    assert (response.status_code, response.json()) == (
        200,
        {
            "participant_id": "user_42",
            "badges": [
                {
                    "code": "z_first",
                    "name": "Z_First",
                    "description": "The first award.",
                    "icon_url": "https://cdn.example.com/first.png",
                    "unlocked_at": "2026-01-01T00:00:00Z",
                },
                {
                    "code": "a_second",
                    "name": "A_Second",
                    "description": None,
                    "icon_url": None,
                    "unlocked_at": "2026-01-02T00:00:00Z",
                },
            ],
        },
    )


def test_award_names_the_badges_that_it_unlocked(shop: Tenant, client: Client) -> None:
    make_badge(shop, "first", "award_count", min_awards=1)
    make_badge(shop, "big", "points", min_points=100)
    assert [client.award("u", 99).json()["badges_unlocked"] for _ in range(3)] == [["first"], ["big"], []]
    assert BadgeUnlock.objects.count() == 2


def test_assignment_unlocks_badges_of_tiers(shop: Tenant, client: Client) -> None:
    make_ladder(shop)
    make_badge(shop, "golden", "tier_reached", level=3)
    assign(shop, "u", "gold")
    assert held(client) == ["golden"]


def test_a_badge_that_was_deactivated_since_is_kept(shop: Tenant, client: Client) -> None:
    badge = make_badge(shop, "first", "award_count", min_awards=1)
    award(shop, "u", 1)
    badge.is_active = False
    definitions.save_badge(badge)
    award(shop, "u", 1)
    assert held(client) == ["first"]
    badge.is_active = True
    definitions.save_badge(badge)
    assert award(shop, "u", 1).badges_unlocked == ()


@pytest.mark.parametrize("participant", ["nobody", "Zoë 🎈", "a/b", "x" * 255])
def test_a_participant_never_seen_has_none_and_is_not_made(client: Client, participant: str) -> None:
    response = client.get(f"/participants/{participant}/badges")
    assert response.json() == {"participant_id": participant, "badges": []}
    assert not Participant.objects.exists()


def test_tenants_are_apart(shop: Tenant, client: Client) -> None:
    for tenant in (shop.sandbox, TenantFactory.create()):
        make_badge(tenant, "first", "award_count", min_awards=1)
        award(tenant, "u", 1)
    assert client.award("u", 1).json()["badges_unlocked"] == held(client) == []
    assert held(Client(shop.sandbox)) == ["first"]


def test_refusals(shop: Tenant, client: Client) -> None:
    path = "/participants/u/badges"
    refused(lambda: client.http.get(client.base + path), 401, "unauthorized")
    invalid(lambda: client.get(f"/participants/{'x' * 256}/badges"), "participant_id")
    Tenant.objects.update(is_active=False)
    refused(lambda: client.get(path), 403, "forbidden")
