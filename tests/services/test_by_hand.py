"""What the engine is measured against does all that the engine does: same answers, tiers, badges, facts and entries."""

import random
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from bench.by_hand import services as by_hand
from bench.programme import PROGRAMME
from gamify.errors import IdempotencyKeyReused, RateLimitExceeded
from gamify.models import Account, Lot
from gamify.services import audit, points, programme_file
from gamify.services.idempotency import IdempotencyKey
from gamify.services.points import Award
from tenants.models import Tenant
from tests.factories import TenantFactory, ref
from tests.programmes import NOW, done, facts, participant

pytestmark = pytest.mark.django_db

OF_ONE_RUN = {"transaction_id", "points_system_id"}


@pytest.fixture
def shops() -> list[Tenant]:
    """The engine's, and the one that is written to by hand."""
    shops = [TenantFactory.create(participant_write_rate="1000/s"), TenantFactory.create()]
    for shop in shops:
        programme_file.apply(shop, PROGRAMME)
        shop.refresh_from_db()
    return shops


def award_by_hand(shop: Tenant, amount: int, *, key: str, **fields: Any) -> by_hand.Awarded:
    given = {"reason": "Purchase completed", "metadata": {"n": 1}, "expires_at": None, "now": NOW, **fields}
    return by_hand.award(tenant=ref(shop), participant="ann", amount=amount, key=IdempotencyKey(key), **given)


def comparable(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in OF_ONE_RUN}


def test_awards_by_hand_come_to_the_same(shops: list[Tenant]) -> None:
    chance = random.Random(4)
    engine, hand = shops
    for number in range(60):
        amount, now = chance.randint(1, 200), NOW + timedelta(days=number)
        # Some expire before the next award, some after.
        expires_at = now + timedelta(hours=chance.choice([12, 60])) if number % 5 == 0 else None
        note: dict[str, Any] = {"reason": "Purchase completed", "metadata": {"n": 1}, "expires_at": expires_at}
        item = Award("ann", amount, key=IdempotencyKey(f"k{number}"), **note)
        expected = done(points.award(tenant=ref(engine), item=item, now=now))
        found = award_by_hand(hand, amount, key=f"k{number}", now=now, expires_at=expires_at).outcome
        found_data = asdict(found) | {"badges_unlocked": tuple(found.badges_unlocked)}
        assert comparable(found_data) == comparable(asdict(expected))
    one, other = (participant(shop, "ann") for shop in shops)
    assert (one.badge_codes, one.window_writes) == (other.badge_codes, other.window_writes)
    told = [[(type, comparable(data)) for type, data in facts(shop)] for shop in shops]
    assert sorted(map(str, told[0])) == sorted(map(str, told[1]))
    kinds = {type for type, _ in told[0]}
    assert kinds == {"points.awarded", "points.expired", "tier.changed", "badge.unlocked"}
    accounts = [Account.objects.get(participant=each) for each in (one, other)]
    assert accounts[0].next_expires_at == accounts[1].next_expires_at
    lots = [list(Lot.objects.filter(participant=each).values_list("sequence", "remaining")) for each in (one, other)]
    assert sorted(lots[0]) == sorted(lots[1])
    assert [checked.breach for checked in audit.verify(hand.id)] == [None]


def test_a_retry_by_hand_returns_the_first_award(shops: list[Tenant]) -> None:
    first = award_by_hand(shops[1], 10, key="k")
    again = award_by_hand(shops[1], 10, key="k")
    assert again.replayed
    assert again.outcome.transaction_id == first.outcome.transaction_id
    with pytest.raises(IdempotencyKeyReused):
        award_by_hand(shops[1], 11, key="k")


def test_the_write_cap_holds_by_hand(shops: list[Tenant]) -> None:
    Tenant.objects.filter(pk=shops[1].pk).update(participant_write_rate="1/h")
    shops[1].refresh_from_db()
    award_by_hand(shops[1], 10, key="a")
    with pytest.raises(RateLimitExceeded):
        award_by_hand(shops[1], 10, key="b")
    assert Account.objects.get(participant=participant(shops[1], "ann")).balance == 10
