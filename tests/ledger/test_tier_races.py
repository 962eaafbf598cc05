"""Real threads on real connections: tiers and badges are as if one operation had come after the other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from gamify.errors import TierLevelConflict
from gamify.models import BadgeUnlock, Entry, Tier, TierTransition
from gamify.queries import programme as programmes
from gamify.queries.programme import Programme
from gamify.services import programme_file, reevaluation, tiers
from gamify.services.idempotency import IdempotencyKey
from gamify.services.tiers import Assign
from tenants.models import Tenant
from tests.factories import TenantFactory, ref
from tests.ledger._threads import at_once
from tests.ledger._waiting import wait_for_a_waiter
from tests.programmes import (
    NOW,
    assign,
    award,
    change_tier,
    facts,
    make_badge,
    make_ladder,
    make_tier,
    participant,
    release,
    tier_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True, params=[1, 100], ids=["apart", "joined"])
def joined_operations_max(request: pytest.FixtureRequest, settings: Settings) -> None:
    settings.JOINED_OPERATIONS_MAX = request.param


THREADS = 12


@pytest.fixture
def shop() -> Tenant:
    return TenantFactory.create(participant_write_rate="100000/d")


@pytest.fixture(params=["new", "known"])
def user(request: pytest.FixtureRequest, shop: Tenant) -> str:
    """A participant that was never seen, or one that has had an award."""
    if request.param == "known":
        award(shop, "user", 1)
    return "user"


def history(shop: Tenant) -> list[TierTransition]:
    """The transitions of the one participant, which follow one from the other and end where it is."""
    changes = list(TierTransition.objects.order_by("pk").select_related("tier", "previous_tier"))
    before = None
    for change in changes:
        assert change.previous_tier_id == before
        assert change.tier_id != before
        before = change.tier_id
    assert participant(shop, "user").tier_id == before
    told = [data for type, data in facts(shop) if type == "tier.changed"]
    assert [data["new"] and data["new"]["code"] for data in told] == [c.tier and c.tier.code for c in changes]
    return changes


def test_assigns_at_once_are_all_made_one_after_the_other(shop: Tenant, user: str) -> None:
    codes = [make_tier(shop, f"t{level}", level).code for level in range(1, THREADS + 1)]
    placements = at_once([partial(assign, shop, user, code) for code in codes])
    changes = history(shop)
    assert sorted(change.tier.code for change in changes if change.tier) == sorted(codes)
    previous = {
        change.tier.code: change.previous_tier and change.previous_tier.code for change in changes if change.tier
    }
    assert {placement.tier_code: placement.previous_tier_code for placement in placements} == previous


def test_one_assign_sent_at_once_is_made_once_and_replayed_to_the_others(shop: Tenant, user: str) -> None:
    make_ladder(shop)
    item = Assign(user, "gold", key=IdempotencyKey("contract"))
    results = at_once([lambda: tiers.assign(tenant=ref(shop), item=item, now=NOW)] * THREADS)
    assert sorted(result.replayed for result in results) == [False] + [True] * (THREADS - 1)
    assert len({result.outcome for result in results}) == 1
    assert len(history(shop)) == 1


def test_assigns_and_awards_at_once(shop: Tenant, user: str) -> None:
    make_ladder(shop)
    calls: list[Callable[[], Any]] = [lambda: award(shop, user, 200)] * 8
    at_once([*calls, lambda: assign(shop, user, "gold"), lambda: assign(shop, user, "bronze")])
    changes = history(shop)
    causes = [change.cause for change in changes]
    # Once assigned, no award moves it.
    assert causes == sorted(causes, key=["award", "assign"].index)
    assert tier_of(shop, user) in ("gold", "bronze")
    assert participant(shop, user).tier_pinned
    assert Entry.objects.filter(amount=200).count() == 8


def test_assigns_releases_and_awards_at_once(shop: Tenant, user: str) -> None:
    make_ladder(shop)
    calls: list[Callable[[], Any]] = [
        lambda: award(shop, user, 300),
        lambda: release(shop, user),
        lambda: assign(shop, user, "bronze"),
    ]
    at_once(calls * 4)
    history(shop)
    release(shop, user)
    history(shop)
    assert tier_of(shop, user) == "gold"


def test_one_of_the_awards_at_once_upgrades_and_one_unlocks(shop: Tenant, user: str) -> None:
    make_tier(shop, "silver", 1, 1000)
    make_badge(shop, "many", "points", min_points=1000)
    outcomes = at_once([lambda: award(shop, user, 100)] * THREADS)
    assert [outcome.tier_upgrade["code"] for outcome in outcomes if outcome.tier_upgrade] == ["silver"]
    assert [outcome.badges_unlocked for outcome in outcomes if outcome.badges_unlocked] == [("many",)]
    assert len(history(shop)) == BadgeUnlock.objects.count() == 1


def test_awards_never_go_back_to_rules_of_before(shop: Tenant) -> None:
    tier = make_tier(shop, "vip", 1, point_multiplier=1)
    assign(shop, "user", "vip")

    def awards() -> None:
        for _ in range(12):
            award(shop, "user", 10)

    def changes() -> None:
        for multiplier in (2, 3, 4):
            change_tier(tier, point_multiplier=multiplier)

    at_once([awards, awards, changes])
    amounts = list(Entry.objects.order_by("sequence").values_list("amount", flat=True))
    assert len(amounts) == 24
    assert amounts == sorted(amounts)
    award(shop, "user", 10)
    assert Entry.objects.latest("sequence").amount == 40


def test_a_tier_made_and_assigned_at_once_with_awards(shop: Tenant) -> None:
    def make_and_assign() -> None:
        make_tier(shop, "vip", 9, award_type="manual")
        assign(shop, "user", "vip")

    at_once([make_and_assign, *[lambda: award(shop, "user", 1)] * 6])
    assert tier_of(shop, "user") == "vip"
    history(shop)


def test_changes_of_one_tier_at_once_keep_each_others_fields(shop: Tenant) -> None:
    tier = make_tier(shop, "gold", 1, 100)
    fields: list[dict[str, Any]] = [{"name": "A"}, {"color": "B"}, {"level": 9}, {"benefits": {"c": 1}}]
    at_once([partial(change_tier, tier, **change) for change in fields])
    tier.refresh_from_db()
    assert (tier.name, tier.color, tier.level, tier.benefits) == ("A", "B", 9, {"c": 1})


def test_of_tiers_with_one_level_made_at_once_one_is_made(shop: Tenant) -> None:
    def make(code: str) -> str:
        try:
            return make_tier(shop, code, 1).code
        except TierLevelConflict:
            return ""

    made = at_once([partial(make, code) for code in "abcdef"])
    assert len([code for code in made if code]) == Tier.objects.count() == 1


def test_a_change_of_a_tier_waits_for_a_file_before_it_holds_the_tier(shop: Tenant) -> None:
    # Otherwise the two would hold what the other one wants: a deadlock.
    tier = make_tier(shop, "gold", 1, 100)

    def change() -> None:
        try:
            change_tier(tier, name="Changed")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            programme_file.apply(shop, {"points_systems": [{"key": "points", "name": "Renamed"}]})
            running = threads.submit(change)
            wait_for_a_waiter()
            Tier.objects.select_for_update(nowait=True).get(pk=tier.pk)
        running.result(60)
    tier.refresh_from_db()
    assert tier.name == "Changed"


@pytest.mark.parametrize("look", ["pending", "preview", "reevaluate"])
def test_who_looks_for_moves_sees_rules_and_participants_of_one_moment(
    shop: Tenant, look: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tier that is made, and come to, after the rules were read is in neither."""
    silver = make_ladder(shop)["silver"]
    for name in ("user", "other"):
        award(shop, name, 500)
    change_tier(silver, criteria_config={"min_points": 900})
    load = programmes.load

    def load_slowly(tenant_id: UUID) -> Programme:
        programme = load(tenant_id)
        if not Tier.objects.filter(code="new").exists():
            at_once([lambda: (make_tier(shop, "new", 99, 1), award(shop, "user", 1))])
        return programme

    monkeypatch.setattr(programmes, "load", load_slowly)
    if look == "reevaluate":
        assert list(reevaluation.reevaluate(tenant=ref(shop), clock=lambda: NOW)) == []
    elif look == "pending":
        assert reevaluation.pending(tenant_id=shop.id, now=NOW) == []
    else:
        fields = {"code": "gold", "name": "Gold", "level": 9, "criteria_config": {"min_points": 1}}
        [move] = reevaluation.preview(tenant_id=shop.id, tier_id=None, fields=fields, now=NOW)
        assert (move.from_tier and move.from_tier.code, move.participants) == ("silver", 2)
