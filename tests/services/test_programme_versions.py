"""The rules that a process keeps are never older than the last change, whichever process made it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from gamify.queries import programme as programmes
from gamify.services import definitions, points, tiers
from gamify.services.points import Award
from gamify.services.tiers import Assign
from tenants.models import Tenant
from tests.factories import TenantFactory, ref
from tests.ledger._threads import at_once
from tests.programmes import (
    NOW,
    award,
    change_tier,
    deduct,
    done,
    make_badge,
    make_ladder,
    make_tier,
    tier_of,
)


@pytest.mark.django_db(transaction=True)
class TestChangedByAnotherProcess:
    """What another process does: change the rows and the version on its own connection, and not what is kept here."""

    @pytest.fixture
    def shop(self) -> Tenant:
        return TenantFactory.create()

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            (lambda shop: change_tier(shop.tiers.get(code="silver"), criteria_config={"min_points": 50}), "silver"),
            (lambda shop: change_tier(shop.tiers.get(code="bronze"), is_active=False), None),
            (lambda shop: make_tier(shop, "new", 9, 1), "new"),
        ],
        ids=["changed", "deactivated", "made"],
    )
    def test_the_very_next_award_follows_it(
        self, shop: Tenant, change: Callable[[Tenant], Any], expected: str | None
    ) -> None:
        make_ladder(shop)
        award(shop, "first", 1)
        # A request that was authenticated before the change.
        early, kept = ref(Tenant.objects.get(pk=shop.pk)), programmes._kept[shop.id]
        assert kept.version == early.programme_version
        at_once([lambda: change(shop)])
        assert programmes._kept[shop.id] is kept
        done(points.award(tenant=early, item=Award("u", 100), now=NOW))
        assert tier_of(shop, "u") == expected
        assert programmes._kept[shop.id].version == Tenant.objects.get(pk=shop.pk).programme_version > kept.version

    def test_badges_and_assignments_follow_it_too(self, shop: Tenant) -> None:
        award(shop, "u", 1)
        early = ref(shop)
        at_once([lambda: (make_badge(shop, "second", "award_count", min_awards=2), make_tier(shop, "vip", 1))])
        assert done(points.award(tenant=early, item=Award("u", 1), now=NOW)).badges_unlocked == ("second",)
        at_once([lambda: make_tier(shop, "vvip", 2)])
        assert done(tiers.assign(tenant=early, item=Assign("u", "vvip"), now=NOW)).tier_code == "vvip"

    def test_a_change_that_is_not_committed_is_not_followed(self, shop: Tenant) -> None:
        tier = make_tier(shop, "gold", 1, 1000)

        with transaction.atomic():
            change_tier(tier, criteria_config={"min_points": 1})
            at_once([lambda: award(shop, "u", 10)])
            transaction.set_rollback(True)
        assert tier_of(shop, "u") is None
        assert Tenant.objects.get(pk=shop.pk).programme_version == 2


class TestVersion:
    def version(self, shop: Tenant) -> int:
        return Tenant.objects.get(pk=shop.pk).programme_version

    def test_every_change_moves_it_on_and_only_that_tenants(self, shop: Tenant) -> None:
        seen = [self.version(shop)]
        tier = make_tier(shop, "gold", 1)
        seen.append(self.version(shop))
        change_tier(tier, level=2)
        seen.append(self.version(shop))
        definitions.deactivate_tier(tenant_id=shop.id, tier_id=tier.id)
        seen.append(self.version(shop))
        badge = make_badge(shop, "first", "award_count", min_awards=1)
        seen.append(self.version(shop))
        definitions.save_badge(badge)
        seen.append(self.version(shop))
        assert seen == sorted(set(seen))
        assert self.version(shop.sandbox) == 1

    def test_using_the_rules_leaves_it_alone(self, shop: Tenant) -> None:
        make_ladder(shop)
        before = self.version(shop)
        award(shop, "u", 1000)
        assert self.version(shop) == before


class TestStatements:
    def count(self, shop: Tenant, act: Callable[[], Any]) -> int:
        award(shop, "u", 1)
        act()
        with CaptureQueriesContext(connection) as captured:
            act()
        return len(captured)

    def award(self, shop: Tenant) -> int:
        return self.count(shop, lambda: award(shop, "u", 1))

    def test_rules_cost_an_award_no_statement(self, shop: Tenant) -> None:
        plain = self.award(shop)
        make_ladder(shop)
        for n in range(10):
            make_badge(shop, f"b{n}", "award_count", min_awards=1000 + n)
            make_tier(shop, f"t{n}", 10 + n, criteria_type="badges", criteria_config={"codes": [f"b{n}"]})
        assert self.award(shop) == plain
        assert self.count(shop, lambda: deduct(shop, "u", 1)) == plain

    def test_windows_cost_one_however_many_there_are(self, shop: Tenant) -> None:
        plain = self.award(shop)
        for level in (1, 2, 3):
            config = {"days": level, "min_points": 10**6}
            make_tier(shop, f"w{level}", level, criteria_type="points_in_window", criteria_config=config)
            assert self.award(shop) == plain + 1

    def test_what_is_reached_costs_one_each_to_write(self, shop: Tenant) -> None:
        plain = self.award(shop)
        make_ladder(shop)
        award(shop, "u", 1)
        with CaptureQueriesContext(connection) as upgrade:
            award(shop, "u", 1000)
        make_badge(shop, "many", "points", min_points=1000)
        make_badge(shop, "more", "points", min_points=1001)
        award(shop, "other", 1)
        with CaptureQueriesContext(connection) as unlock:
            award(shop, "u", 1)
        assert (len(upgrade), len(unlock)) == (plain + 1, plain + 1)
