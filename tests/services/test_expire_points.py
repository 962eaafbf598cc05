"""The sweep, and that it writes what the next operation would have written."""

from datetime import datetime
from typing import Any

import pytest

from gamify.models import Account, Consumption, Entry, Lot, participant_id
from gamify.services import audit, expiry
from tenants.models import Tenant
from tests import expiring
from tests.expiring import DAY, HOUR, NOW
from tests.factories import TenantFactory


def test_one_entry_for_what_is_left_of_each_lot(shop: Tenant) -> None:
    for amount, days in ((100, 1), (40, 2), (7, 9)):
        expiring.award(shop, "anna", amount, expires_at=NOW + days * DAY)
    expiring.award(shop, "anna", 1000)
    expiring.deduct(shop, "anna", 30)
    assert expiring.sweep(shop, now=NOW + 5 * DAY) == (2, 110)
    assert expiring.lines(shop, "anna")[5:] == [
        ("expire", -70, 1047, NOW + DAY),
        ("expire", -40, 1007, NOW + 2 * DAY),
    ]
    assert expiring.lots(shop, "anna") == [(7, NOW + 9 * DAY)]
    account = expiring.account(shop, "anna")
    assert (account.balance, account.total_earned, account.total_spent, account.total_expired) == (1007, 1147, 30, 110)
    assert (account.lot_balance, account.next_expires_at) == (7, NOW + 9 * DAY)
    assert expiring.breaches() == []


def test_a_lot_expires_at_its_very_moment(shop: Tenant) -> None:
    expiring.award(shop, "anna", 100, expires_at=NOW + DAY)
    assert expiring.sweep(shop, now=NOW + DAY - DAY.resolution) == (0, 0)
    assert expiring.sweep(shop, now=NOW + DAY) == (1, 100)


def test_a_second_sweep_finds_nothing(shop: Tenant) -> None:
    expiring.award(shop, "anna", 100, expires_at=NOW + DAY)
    assert expiring.sweep(shop, now=NOW + DAY) == (1, 100)
    assert expiring.sweep(shop, now=NOW + DAY) == (0, 0)


def test_a_lot_that_was_used_up_leaves_no_entry(shop: Tenant) -> None:
    expiring.award(shop, "anna", 100, expires_at=NOW + DAY)
    expiring.deduct(shop, "anna", 100)
    assert expiring.sweep(shop, now=NOW + DAY) == (0, 0)
    assert len(expiring.lines(shop, "anna")) == 2


def test_an_expiry_is_told_as_a_fact(shop: Tenant) -> None:
    expiring.award(shop, "anna", 100, expires_at=NOW + DAY)
    expiring.sweep(shop, now=NOW + 2 * DAY)
    entry = Entry.objects.get(kind="expire")
    assert expiring.facts(shop, "points.expired") == [
        {
            "participant_id": "anna",
            "transaction_id": str(entry.id),
            "points_system_id": str(entry.points_system_id),
            "amount": 100,
            "balance_after": 0,
            "reason": None,
        }
    ]


def test_only_the_given_tenant_is_swept(shop: Tenant) -> None:
    other = TenantFactory.create()
    for tenant in (shop, other):
        expiring.award(tenant, "anna", 100, expires_at=NOW + DAY)
    assert {system.tenant for system in expiry.systems(shop)} == {shop}
    assert {shop, other} <= {system.tenant for system in expiry.systems(None)}
    assert expiring.sweep(shop, now=NOW + DAY) == (1, 100)
    assert expiring.account(other, "anna").balance == 100


def test_batches_are_bounded_however_many_lots_a_participant_has(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "LOTS_PER_BATCH", 10)
    monkeypatch.setattr(expiry, "LOTS_PER_LOOK", 15)
    # All at one moment, as at the end of a month, and first one of each participant, then the second.
    for _ in range(4):
        for participant in range(6):
            expiring.award(shop, f"p{participant}", 1, expires_at=NOW + DAY)
    batches = list(expiry.sweep(expiring.system_of(shop), clock=lambda: NOW + DAY))
    assert sum(batch.entries for batch in batches) == 24
    assert max(batch.entries for batch in batches) <= 10


def test_a_participant_with_more_lots_than_a_batch_is_swept_alone(
    shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "LOTS_PER_BATCH", 3)
    for _ in range(5):
        expiring.award(shop, "anna", 1, expires_at=NOW + DAY)
    expiring.award(shop, "ben", 1, expires_at=NOW + 2 * DAY)
    batches = list(expiry.sweep(expiring.system_of(shop), clock=lambda: NOW + 2 * DAY))
    assert [batch.entries for batch in batches] == [5, 1]


def test_it_goes_on_where_an_abandoned_one_stopped(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "LOTS_PER_BATCH", 2)
    for number in range(5):
        expiring.award(shop, f"p{number}", 10, expires_at=NOW + number * HOUR + HOUR)
    first = next(expiry.sweep(expiring.system_of(shop), clock=lambda: NOW + DAY))
    assert (first.entries, expiring.sweep(shop, now=NOW + DAY)) == (2, (3, 30))


def test_due_says_how_much_a_sweep_would_do(shop: Tenant) -> None:
    expiring.award(shop, "anna", 100, expires_at=NOW + DAY)
    expiring.award(shop, "anna", 50, expires_at=NOW + 3 * DAY)
    expiring.set_policy(shop, "inactivity", 2)
    expiring.award(shop, "ben", 7)
    due = expiry.due(expiring.system_of(shop), now=NOW + 2 * DAY)
    assert (due.lots, due.points) == expiring.sweep(shop, now=NOW + 2 * DAY) == (2, 107)


def test_a_lot_that_its_account_does_not_know_of_ends_the_sweep_instead_of_repeating_it(shop: Tenant) -> None:
    expiring.award(shop, "anna", 100, expires_at=NOW + DAY)
    Account.objects.update(next_expires_at=NOW + 9 * DAY)
    with pytest.raises(expiry.NothingExpired):
        expiring.sweep(shop, now=NOW + 2 * DAY)


@pytest.mark.parametrize("lots_per_look", [1, 2, 20_000])
@pytest.mark.parametrize("broken", ["p0", "p2", "p4"])
def test_of_several_the_one_whose_ledger_is_broken_is_named_and_all_others_are_swept(
    shop: Tenant, monkeypatch: pytest.MonkeyPatch, broken: str, lots_per_look: int
) -> None:
    monkeypatch.setattr(expiry, "LOTS_PER_LOOK", lots_per_look)
    for number in range(5):
        expiring.award(shop, f"p{number}", 10, expires_at=NOW + number * HOUR + HOUR)
    id = participant_id(shop.pk, broken)
    Account.objects.filter(participant_id=id).update(next_expires_at=NOW + 9 * DAY)
    with pytest.raises(expiry.NothingExpired, match=rf": \['{id}'\]"):
        expiring.sweep(shop, now=NOW + 2 * DAY)
    assert list(Lot.objects.values_list("participant_id", flat=True)) == [id]


def test_what_another_sweep_did_first_is_no_fault(shop: Tenant) -> None:
    for number in range(5):
        expiring.award(shop, f"p{number}", 10, expires_at=NOW + number * HOUR + HOUR)

    def late(expire_batch: Any, batches: Any) -> Any:
        for batch in list(batches):
            expiring.sweep(shop, now=NOW + DAY)
            yield expire_batch(batch)

    swept = list(expiry.sweep(expiring.system_of(shop), clock=lambda: NOW + DAY, map_batches=late))
    assert [(each.entries, len(each.in_vain)) for each in swept] == [(0, 5)]


# What one of two twins does next, at which the other was swept before.
NEXT = {
    "award": lambda tenant, now: expiring.award(tenant, "lazy", 1, now=now),
    "award-that-expires": lambda tenant, now: expiring.award(tenant, "lazy", 1, now=now, expires_at=now + DAY),
    "deduct": lambda tenant, now: expiring.deduct(tenant, "lazy", 1, now=now),
}


@pytest.mark.parametrize("act", NEXT.values(), ids=NEXT)
@pytest.mark.parametrize("oldest_first", [False, True], ids=["soonest-first", "oldest-first"])
@pytest.mark.parametrize("sweeps", [1, 4], ids=["one-sweep", "a-sweep-a-day"])
def test_the_next_operation_expires_what_the_sweep_would(
    shop: Tenant, act: Any, oldest_first: bool, sweeps: int
) -> None:
    if oldest_first:
        expiring.burn_oldest_first(shop)
    twins(
        shop,
        # In no order, two at one moment, one partly and one wholly used, one that stays, one that never expires.
        [("award", 10, 3), ("award", 20, 1), ("award", 30, 2), ("award", 31, 2), ("deduct", 35, 0), ("award", 40, 90)],
    )
    expiring.award(shop, "lazy", 500)
    expiring.award(shop, "swept", 500)
    end = NOW + 4 * DAY
    act(shop, end)
    for number in range(1, sweeps + 1):
        sweep_only(shop, "swept", end - (sweeps - number) * DAY)
    assert expired(shop, "lazy") == expired(shop, "swept") != []
    assert expiring.breaches() == []


def test_of_a_rest_and_lots_each_expires_in_its_turn_either_way(shop: Tenant) -> None:
    twins(shop, [("award", 10, 3), ("award", 20, 1), ("award", 40, 90)])
    expiring.set_policy(shop, "inactivity", 2)
    for name in ("lazy", "swept"):
        expiring.award(shop, name, 500)
    expiring.award(shop, "lazy", 1, now=NOW + 4 * DAY)
    sweep_only(shop, "swept", NOW + 4 * DAY)
    assert expired(shop, "lazy") == [
        ("expire", -20, 550, NOW + DAY),
        ("expire", -500, 50, NOW + 2 * DAY),
        ("expire", -10, 40, NOW + 3 * DAY),
    ]
    assert expired(shop, "swept") == expired(shop, "lazy")
    assert expiring.breaches() == []


def test_a_rest_that_expires_leaves_the_lots_their_time(shop: Tenant) -> None:
    expiring.award(shop, "anna", 10, expires_at=NOW + 9 * DAY)
    expiring.set_policy(shop, "inactivity", 2)
    expiring.award(shop, "anna", 500)
    assert expiring.sweep(shop, now=NOW + 2 * DAY) == (1, 500)
    assert expiring.account(shop, "anna").next_expires_at == NOW + 9 * DAY
    assert expiring.balance(shop, "anna", now=NOW + 9 * DAY) == 0
    assert expiring.sweep(shop, now=NOW + 9 * DAY) == (1, 10)


def test_what_it_writes_is_in_the_ledgers_own_form(shop: Tenant) -> None:
    expiring.award(shop, "anna", 100, expires_at=NOW + DAY)
    expiring.sweep(shop, now=NOW + DAY)
    debit = Consumption.objects.get()
    assert (debit.debit_sequence, debit.credit_sequence, debit.amount) == (2, 1, 100)
    assert not Lot.objects.exists()
    entry = Entry.objects.get(sequence=2)
    assert (entry.reason, entry.metadata, entry.explanation, entry.operation_id) == (None, None, None, None)
    assert [checked.breach for checked in audit.verify(shop.id)] == [None]


def twins(tenant: Tenant, history: list[tuple[str, int, int]]) -> None:
    """The same history for two participants: kind, amount, and for an award after how many days it expires."""
    for name in ("lazy", "swept"):
        for kind, amount, days in history:
            if kind == "award":
                expiring.award(tenant, name, amount, expires_at=NOW + days * DAY)
            else:
                expiring.deduct(tenant, name, amount)


def sweep_only(tenant: Tenant, participant: str, now: datetime) -> None:
    """The lazy twin has nothing that is due: it was expired by its own next operation."""
    before = expiring.lines(tenant, "lazy")
    expiring.sweep(tenant, now=now)
    assert expiring.lines(tenant, "lazy") == before
    assert expiring.lines(tenant, participant)


def expired(tenant: Tenant, participant: str) -> list[expiring.Line]:
    return [line for line in expiring.lines(tenant, participant) if line[0] == "expire"]
