"""`max_points`: nobody has more than that in a points system, whatever comes at once."""

import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from gamify.errors import InvalidInput
from gamify.models import Account, Entry, PointsSystem
from gamify.services import audit, definitions
from tenants.models import Tenant
from tests.dialects.bricqs.helpers import award_at, refused
from tests.dialects.bricqs.session_helpers import make_engagement, make_system, open_page
from tests.factories import Client, now
from tests.ledger._threads import at_once
from tests.programmes import change_tier, make_ladder

MOST = 100


@pytest.fixture(autouse=True)
def system(shop: Tenant) -> PointsSystem:
    return cap(shop, MOST)


def cap(shop: Tenant, most: int | None) -> PointsSystem:
    system = PointsSystem.objects.get(tenant=shop, is_default=True)
    system.max_points = most
    return definitions.save_points_system(system)


def test_award_is_cut_to_what_there_is_room_for(client: Client) -> None:
    assert client.award("u", 60).json()["amount"] == 60
    answer = client.award("u", 60).json()
    assert (answer["amount"], answer["new_balance"]) == (40, 100)
    body = client.get("/participants/u/points").json()
    assert (body["balance"], body["total_earned"]) == (100, 100)


def test_entry_explains_why_it_is_less(client: Client) -> None:
    client.award("u", 60)
    client.award("u", 60)
    whole, cut = Entry.objects.order_by("sequence")
    assert whole.explanation is None
    assert json.loads(cut.explanation or "") == {"base": 60, "max_points": 100}


def test_award_that_fits_exactly_is_whole(client: Client) -> None:
    assert client.award("u", 100).json()["amount"] == 100
    assert Entry.objects.get().explanation is None


def test_who_has_all_is_refused_and_no_key_is_used_up(client: Client) -> None:
    client.award("u", 100)
    body = refused(lambda: client.award("u", 1, key="order-1"), 400, "points_cap_reached").json()
    assert "100" in body["detail"]
    client.deduct("u", 1)
    assert client.award("u", 1, key="order-1").json()["new_balance"] == 100


def test_room_comes_back_with_what_is_spent_or_expires(client: Client, shop: Tenant) -> None:
    past = now() - timedelta(days=10)
    award_at(past, shop, "u", 100, expires_at=past + timedelta(days=1))
    assert client.award("u", 70).json() | {"transaction_id": ""} == {
        "transaction_id": "",
        "participant_id": "u",
        "amount": 70,
        "new_balance": 70,
        "tier_upgrade": None,
        "badges_unlocked": [],
    }
    client.deduct("u", 50)
    assert client.award("u", 200).json()["amount"] == 80


def test_refused_award_leaves_what_is_due_to_be_written_later(client: Client, shop: Tenant) -> None:
    past = now() - timedelta(days=10)
    award_at(past, shop, "u", 60)
    award_at(past, shop, "u", 40, expires_at=past + timedelta(days=1))
    cap(shop, 60)
    refused(lambda: client.award("u", 1), 400, "points_cap_reached")
    assert client.balance("u") == 60


def test_retry_repeats_what_was_credited(client: Client) -> None:
    client.award("u", 60)
    first = client.award("u", 60, key="order-1")
    client.deduct("u", 50)
    again = client.award("u", 60, key="order-1")
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")


def test_lot_is_as_large_as_what_was_credited(client: Client) -> None:
    client.award("u", 60)
    client.award("u", 60, expires_at=(now() + timedelta(days=1)).isoformat())
    assert client.get("/participants/u/points/expiring").json()["total"] == 40
    assert [checked.breach for checked in audit.verify() if checked.breach] == []


def test_multiplied_award_is_cut_after_it_is_multiplied(client: Client, shop: Tenant) -> None:
    change_tier(make_ladder(shop)["bronze"], point_multiplier=1.5)
    client.award("u", 100)
    client.deduct("u", 50)
    assert client.award("u", 20).json()["amount"] == 30
    answer = client.award("u", 20).json()
    assert (answer["amount"], answer["new_balance"]) == (20, 100)
    last = Entry.objects.order_by("-sequence").first()
    assert last
    assert json.loads(last.explanation or "") == {
        "base": 20,
        "tier": "bronze",
        "multiplier": "1.5000",
        "max_points": 100,
    }


def test_lowered_limit_takes_nothing_away(client: Client, shop: Tenant) -> None:
    client.award("u", 80)
    cap(shop, 50)
    assert client.balance("u") == 80
    refused(lambda: client.award("u", 1), 400, "points_cap_reached")
    client.deduct("u", 40)
    assert client.award("u", 100).json()["new_balance"] == 50
    cap(shop, None)
    assert client.award("u", 1_000_000).json()["amount"] == 1_000_000


def test_each_system_has_its_own(client: Client, shop: Tenant) -> None:
    make_system(shop, "stars", max_points=5)
    quiz = make_engagement(shop, points_system="stars")
    client.award("u", 50)
    assert client.award("u", 50, engagement_id=str(quiz.id)).json()["amount"] == 5
    assert client.award("u", 50).json()["new_balance"] == 100
    assert open_page(quiz, "u").balance()["available_points"] == 5


def test_items_of_a_batch_share_the_room(client: Client) -> None:
    items = [{"participant_id": name, "amount": 60} for name in ("u", "v", "u", "u")]
    answer = client.post("/points/award-batch", {"awards": items}).json()
    assert [line["new_balance"] for line in answer["results"]] == [60, 60, 100, None]
    assert (answer["results"][3]["error"] or "").startswith("points_cap_reached: ")
    assert (answer["processed"], answer["failed"]) == (3, 1)


@pytest.mark.parametrize("most", [0, -1, 10**15 + 1])
def test_limit_that_is_none_is_refused(shop: Tenant, most: int) -> None:
    with pytest.raises(InvalidInput) as refusal:
        cap(shop, most)
    assert [field for field, _ in refusal.value.errors] == ["max_points"]


@pytest.mark.django_db(transaction=True)
def test_awards_at_once_fill_it_to_the_point(client: Client) -> None:
    calls = [partial(client.award, "u", 7) for _ in range(16)]
    answers = [response.json() for response in at_once(calls)]
    amounts = sorted(answer.get("amount", 0) for answer in answers)
    # 14 of them make 98: then one of 2, and one that is refused.
    assert amounts == [0, 2, *[7] * 14]
    assert {answer["code"] for answer in answers if "code" in answer} == {"points_cap_reached"}
    assert Account.objects.get().balance == 100


@pytest.mark.django_db(transaction=True)
def test_awards_and_deducts_at_once_never_lead_beyond_it(client: Client) -> None:
    client.award("u", 90)
    calls: list[Any] = [partial(client.award, "u", 30) for _ in range(8)]
    calls += [partial(client.deduct, "u", 20) for _ in range(8)]
    at_once(calls)
    assert max(Entry.objects.values_list("balance_after", flat=True)) <= MOST
    assert [checked.breach for checked in audit.verify() if checked.breach] == []
