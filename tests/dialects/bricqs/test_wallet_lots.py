"""Credits that expire, tiers and badges, where there are several wallets."""

from datetime import timedelta

import pytest

from gamify.models import Account, Lot
from gamify.services import audit, expiry, points
from gamify.services.points import Award, Wallet
from tenants.models import Tenant
from tests.dialects.bricqs.session_helpers import balances, make_system
from tests.factories import Client, now, ref
from tests.programmes import change_tier, make_badge, make_ladder, tier_of


@pytest.fixture(autouse=True)
def systems(shop: Tenant) -> None:
    make_system(shop, "stars")
    make_system(shop, "aged", burn_order="oldest_credit_first")


class TestLots:
    """Credits that expire, in wallets other than the default one."""

    def test_deduct_takes_the_lots_of_its_own_wallet_in_that_ones_order(self, client: Client) -> None:
        near, far = ((now() + timedelta(days=days)).isoformat() for days in (1, 30))
        for key in ("points", "stars", "aged"):
            client.award("u", 10, points_system=key, expires_at=far)
            client.award("u", 10, points_system=key, expires_at=near)
        for key in ("stars", "aged"):
            client.deduct("u", 7, points_system=key)

        def remaining(key: str) -> list[int]:
            lots = Lot.objects.filter(points_system__key=key).order_by("sequence")
            return list(lots.values_list("remaining", flat=True))

        # The soonest to expire first; in `aged`, the oldest.
        assert [remaining(key) for key in ("points", "stars", "aged")] == [[10, 10], [10, 3], [3, 10]]
        assert [checked.breach for checked in audit.verify() if checked.breach] == []

    def test_expiry_in_one_wallet_leaves_the_others_alone(self, client: Client, shop: Tenant) -> None:
        past = now() - timedelta(days=10)
        for key in ("stars", "aged"):
            for days in (1, 100):
                item = Award("u", 10, expires_at=past + timedelta(days=days), wallet=Wallet(key))
                assert points.award(tenant=ref(shop), item=item, now=past).error is None
        assert balances(client) == {"points": 0, "stars": 10, "aged": 10}
        # Written by the next operation in the one, by the sweep in the other.
        client.award("u", 1, points_system="stars")
        lines = client.transactions("u", points_system="stars")["transactions"]
        assert [line["transaction_type"] for line in lines] == ["award", "expire", "award", "award"]
        assert client.transactions("u", points_system="aged")["total"] == 2
        swept = {
            system.key: sum(each.points for each in expiry.sweep(system, clock=now)) for system in expiry.systems(shop)
        }
        assert swept == {"points": 0, "stars": 0, "aged": 10}
        assert balances(client) == {"points": 0, "stars": 11, "aged": 10}
        assert [checked.breach for checked in audit.verify() if checked.breach] == []

    def test_policy_of_the_system_is_followed(self, client: Client, shop: Tenant) -> None:
        make_system(shop, "short", expiry_policy="days", expiry_periods=7)
        client.award("u", 10, points_system="short")
        client.award("u", 10)
        [lot] = Lot.objects.all()
        assert lot.points_system.key == "short"
        assert lot.expires_at
        assert timedelta(days=6, hours=23) < lot.expires_at - now() < timedelta(days=7)


class TestProgress:
    """Tiers and badges are about the default system."""

    def test_points_of_other_systems_lead_to_no_tier_and_no_badge(self, client: Client, shop: Tenant) -> None:
        make_ladder(shop)
        make_badge(shop, "first", "award_count", min_awards=1)
        answer = client.award("u", 5000, points_system="stars").json()
        assert (answer["tier_upgrade"], answer["badges_unlocked"]) == (None, [])
        assert tier_of(shop, "u") is None
        answer = client.award("u", 500).json()
        assert (answer["tier_upgrade"]["code"], answer["badges_unlocked"]) == ("silver", ["first"])

    def test_multiplier_of_a_tier_is_for_the_default_system(self, client: Client, shop: Tenant) -> None:
        tiers = make_ladder(shop)
        change_tier(tiers["gold"], point_multiplier=2)
        client.award("u", 1000)
        assert client.award("u", 10).json()["amount"] == 20
        assert client.award("u", 10, points_system="stars").json()["amount"] == 10
        assert Account.objects.get(points_system__key="stars").total_earned == 10
