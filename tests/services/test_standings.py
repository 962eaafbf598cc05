"""Previews and re-evaluation, against evaluating one participant after the other in Python."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gamify.criteria import Standing
from gamify.models import Account, Entry, Participant, Tier, TierTransition
from gamify.queries import programme as programmes
from gamify.queries import standings
from gamify.queries.programme import TierRule
from gamify.services import points, reevaluation, tiers
from gamify.services.points import Award
from tenants.models import Tenant
from tests.factories import TenantFactory, ref
from tests.ledger._threads import at_once
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
    rows,
    tier_of,
)

PEOPLE = [f"u{n}" for n in range(24)]
DAY = timedelta(days=1)


def random_rule(chance: Random) -> dict[str, Any]:
    type, config = chance.choice(
        [
            ("points", {"min_points": chance.choice([0, 50, 150, 300, 600])}),
            ("points", {"min_points": chance.randint(1, 800)}),
            ("points", {}),
            ("points_in_window", {"days": chance.choice([5, 10, 30]), "min_points": chance.randint(1, 400)}),
            ("points_in_window", {"days": chance.choice([5, 10]), "min_points": chance.randint(1, 200)}),
            ("badges", {"codes": chance.sample(["twice", "rich", "never"], chance.randint(1, 2))}),
            ("badges", {"codes": ["rich"]}),
        ]
    )
    return {
        "criteria_type": type,
        "criteria_config": config,
        "award_type": chance.choice(["automatic"] * 4 + ["manual"]),
        "is_active": chance.random() < 0.8,
    }


def random_programme(shop: Tenant, chance: Random) -> None:
    """Participants that awards, assignments and releases of the last weeks have put somewhere; then other rules.

    Some of the awards are exactly as old as a window is long.
    """
    make_badge(shop, "twice", "award_count", min_awards=2)
    make_badge(shop, "rich", "points", min_points=300)
    levels = chance.sample(range(1, 50), 7)
    for level in levels[:4]:
        make_tier(shop, f"t{level}", level, **random_rule(chance))
    for days in range(40, 0, -5):
        items = [Award(name, chance.randint(1, 200)) for name in chance.sample(PEOPLE, 8)]
        points.award_batch(tenant=ref(shop), items=items, now=NOW - days * DAY)
    for name in chance.sample(PEOPLE, 8):
        code = chance.choice(Tier.objects.filter(tenant=shop)).code
        item = tiers.Assign(name, code)
        # Where the tier is active; the others are refused.
        tiers.assign(tenant=ref(shop), item=item, now=NOW - DAY)
    for name in chance.sample(PEOPLE, 6):
        release(shop, name, now=NOW - DAY / 2)
    for tier in Tier.objects.filter(tenant=shop):
        if chance.random() < 0.6:
            change_tier(tier, **random_rule(chance))
    for level in levels[4:]:
        make_tier(shop, f"t{level}", level, **random_rule(chance))


def points_standing(row: Participant, days: Sequence[int]) -> Standing:
    """Counted from the ledger itself."""
    awards = Entry.objects.filter(participant=row, kind="award").values_list("created_at", "amount")
    return Standing(
        total_earned=sum(amount for _, amount in awards),
        award_count=len(awards),
        earned_in_days={n: sum(amount for at, amount in awards if at > NOW - n * DAY) for n in days},
        badges=frozenset(row.badge_codes),
    )


def expected(shop: Tenant) -> dict[str, tuple[TierRule | None, TierRule | None]]:
    """Of each participant that would move: from where to where."""
    programme = programmes.load(shop.id)
    found = {}
    for row in Participant.objects.filter(tenant=shop, tier_pinned=False):
        current = programme.tiers[row.tier_id] if row.tier_id else None
        target = programme.tier_after(current, programme.best_tier(points_standing(row, programme.windows)))
        if target != current:
            found[row.external_id] = (current, target)
    return found


def pending(shop: Tenant) -> Counter[tuple[TierRule | None, TierRule | None]]:
    moves = reevaluation.pending(tenant_id=shop.id, now=NOW)
    counted = Counter({(move.from_tier, move.to_tier): move.participants for move in moves})
    assert len(counted) == len(moves)
    return counted


def reevaluate(shop: Tenant, **options: Any) -> int:
    return sum(done.moved for done in reevaluation.reevaluate(tenant=ref(shop), clock=lambda: NOW, **options))


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reevaluation, "BATCH_SIZE", 3)


# Of random programmes, some move nobody; these move many, each in its way.
@pytest.mark.parametrize("seed", [0, 2, 7, 8, 9, 10, 12, 13])
@pytest.mark.usefixtures("small_batches")
def test_preview_and_reevaluation_agree_with_evaluation(shop: Tenant, seed: int) -> None:
    chance = Random(seed)
    random_programme(shop, chance)
    assert expected(shop)
    for _ in range(3):
        moving = expected(shop)
        before = rows()
        assert pending(shop) == Counter(moving.values())
        assert rows() == before
        places = dict(Participant.objects.filter(tenant=shop).values_list("external_id", "tier_id"))
        assert reevaluate(shop) == len(moving)
        places |= {name: target.id if target else None for name, (_, target) in moving.items()}
        assert dict(Participant.objects.filter(tenant=shop).values_list("external_id", "tier_id")) == places
        assert (pending(shop), expected(shop)) == (Counter(), {})
        for tier in chance.sample(list(Tier.objects.filter(tenant=shop)), 3):
            change_tier(tier, **random_rule(chance))


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_preview_of_a_change_is_what_the_change_then_leads_to(shop: Tenant, seed: int) -> None:
    chance = Random(seed)
    random_programme(shop, chance)
    reevaluate(shop)
    moved = 0
    for tier in Tier.objects.filter(tenant=shop):
        fields = random_rule(chance)
        asked = reevaluation.preview(tenant_id=shop.id, tier_id=tier.id, fields=fields, now=NOW)
        change_tier(tier, **fields)
        assert Counter({(move.from_tier, move.to_tier): move.participants for move in asked}) == pending(shop)
        moved += reevaluate(shop)
    assert moved


@pytest.mark.parametrize("seed", [100, 101, 103])
def test_awards_agree_with_reevaluation(shop: Tenant, seed: int) -> None:
    random_programme(shop, Random(seed))
    moving = expected(shop)
    assert moving
    for name in moving:
        award(shop, name, 1, now=NOW)
    assert set(expected(shop)) & set(moving) == set()


def test_a_preview_reads_the_entries_once_for_all_tiers_and_windows(shop: Tenant) -> None:
    for level, days in enumerate([7, 30, 30], 1):
        config = {"days": days, "min_points": 100 * level}
        make_tier(shop, f"t{level}", level, criteria_type="points_in_window", criteria_config=config)
    with CaptureQueriesContext(connection) as captured:
        pending(shop)
    assert sum(query["sql"].count("gamify_entry") for query in captured) == 1


class TestReevaluation:
    @pytest.fixture
    def moving(self, shop: Tenant) -> list[str]:
        """Ten participants with silver's points and without a tier, in the order in which they are gone through."""
        names = [f"u{n}" for n in range(10)]
        for name in names:
            award(shop, name, 500)
        make_ladder(shop)
        return sorted(names, key=lambda name: participant(shop, name).id)

    def test_says_what_it_did_and_why(self, shop: Tenant, moving: list[str]) -> None:
        before = len(facts(shop))
        assert reevaluate(shop, reason="New rules") == 10
        told = facts(shop)[before:]
        assert len(told) == 10
        assert {(type, data["cause"], data["reason"], data["new"]["code"]) for type, data in told} == {
            ("tier.changed", "reevaluate", "New rules", "silver")
        }
        assert set(TierTransition.objects.values_list("cause", "reason")) == {("reevaluate", "New rules")}

    @pytest.mark.usefixtures("moving")
    def test_twice_moves_nobody(self, shop: Tenant) -> None:
        assert [reevaluate(shop), reevaluate(shop)] == [10, 0]
        assert TierTransition.objects.count() == 10

    @pytest.mark.usefixtures("small_batches")
    def test_goes_on_where_it_was_interrupted(self, shop: Tenant, moving: list[str]) -> None:
        first = next(reevaluation.reevaluate(tenant=ref(shop), clock=lambda: NOW))
        assert (first.looked_at, first.moved, first.position) == (3, 3, participant(shop, moving[2]).id)
        assert [tier_of(shop, name) for name in moving] == ["silver"] * 3 + [None] * 7
        assert reevaluate(shop, after=participant(shop, moving[4]).id) == 5
        assert [tier_of(shop, name) for name in moving] == ["silver"] * 3 + [None] * 2 + ["silver"] * 5
        assert reevaluate(shop) == 2

    @pytest.mark.usefixtures("small_batches")
    def test_follows_rules_that_change_meanwhile(self, shop: Tenant, moving: list[str]) -> None:
        run = reevaluation.reevaluate(tenant=ref(shop), clock=lambda: NOW)
        next(run)
        change_tier(shop.tiers.get(code="gold"), criteria_config={"min_points": 500})
        assert sum(done.moved for done in run) == 7
        assert [tier_of(shop, name) for name in moving] == ["silver"] * 3 + ["gold"] * 7

    @pytest.mark.usefixtures("moving")
    def test_leaves_pins_balances_and_caps_alone(self, shop: Tenant) -> None:
        assign(shop, "u0", "bronze")
        before = list(Account.objects.order_by("pk").values_list())
        writes = list(Participant.objects.order_by("pk").values_list("window_writes"))
        assert reevaluate(shop) == 9
        assert (tier_of(shop, "u0"), participant(shop, "u0").tier_pinned) == ("bronze", True)
        assert list(Account.objects.order_by("pk").values_list()) == before
        assert list(Participant.objects.order_by("pk").values_list("window_writes")) == writes

    @pytest.mark.usefixtures("moving")
    def test_of_one_tenant_touches_no_other(self, shop: Tenant) -> None:
        other = TenantFactory.create()
        award(other, "u", 500)
        make_ladder(other)
        reevaluate(shop)
        assert tier_of(other, "u") is None

    def test_without_participants_or_tiers(self, shop: Tenant) -> None:
        assert (reevaluate(shop), pending(shop)) == (0, Counter())
        award(shop, "u", 1)
        assert (reevaluate(shop), pending(shop)) == (0, Counter())
        assert (
            list(
                standings.misplaced(tenant_id=shop.id, programme=programmes.load(shop.id), after=None, limit=1, now=NOW)
            )
            == []
        )


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("small_batches")
def test_two_runs_at_once_and_awards_beside_them_move_each_participant_once() -> None:
    shop = TenantFactory.create()
    names = [f"u{n}" for n in range(30)]
    for start in range(0, 30, 10):
        items = [Award(name, 500) for name in names[start : start + 10]]
        points.award_batch(tenant=ref(shop), items=items, now=NOW)
    make_ladder(shop)

    def awards(order: list[str]) -> Callable[[], int]:
        return lambda: sum(award(shop, name, 1).tier_upgrade is not None for name in order)

    def run() -> int:
        return reevaluate(shop)

    moved = at_once([run, run, awards(names[:12]), awards(names[::-1][:12])])
    assert sum(moved) == 30
    assert TierTransition.objects.count() == 30
    assert {tier_of(shop, name) for name in names} == {"silver"}
