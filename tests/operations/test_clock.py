"""A clock that steps back, as after a correction: nothing is lost, doubled or had twice, and the ledger stays whole."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from gamify.models import Entry
from tenants.models import Tenant
from tests.factories import Client

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECONDS_MAX = 60
SetClock = Callable[[datetime], None]


@pytest.fixture
def clock(client: Client, monkeypatch: pytest.MonkeyPatch) -> SetClock:
    def set_to(moment: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: moment)

    set_to(NOON)
    return set_to


def verified() -> str:
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    return out.getvalue().strip()


def test_awards_and_deducts_go_on_and_the_ledger_stays_whole(client: Client, clock: SetClock) -> None:
    client.award("anna", 100)
    client.award("anna", 10, expires_at=(NOON + HOUR).isoformat())
    clock(NOON - HOUR)
    assert client.award("anna", 5).json()["new_balance"] == 115
    assert client.deduct("anna", 12).json()["new_balance"] == 103
    clock(NOON + 2 * HOUR)
    assert client.award("anna", 1).json()["new_balance"] == 104
    assert client.balance("anna") == 104
    assert verified() == "Verified 5 entries of 1 accounts: 0 broken."
    assert list(Entry.objects.order_by("sequence").values_list("amount", flat=True)) == [100, 10, 5, -12, 1]


def test_a_key_is_known_before_it_was_used(client: Client, clock: SetClock) -> None:
    first = client.award("anna", 100, key="order-1")
    clock(NOON - HOUR)
    again = client.award("anna", 100, key="order-1")
    assert (again["Idempotent-Replayed"], again.json()) == ("true", first.json())
    assert client.balance("anna") == 100


def test_what_expired_stays_expired(client: Client, clock: SetClock) -> None:
    client.award("anna", 10, expires_at=(NOON + HOUR).isoformat())
    clock(NOON + 2 * HOUR)
    # Writes off the ten.
    client.award("anna", 1)
    clock(NOON)
    assert client.balance("anna") == 1
    assert client.deduct("anna", 2).json()["code"] == "insufficient_points"
    assert client.deduct("anna", 1).json()["new_balance"] == 0
    assert verified() == "Verified 4 entries of 1 accounts: 0 broken."


def test_the_write_cap_gives_no_second_allowance(shop: Tenant, client: Client, clock: SetClock) -> None:
    shop.participant_write_rate = "2/h"
    shop.save()
    assert [client.award("anna", 1).status_code for _ in range(3)] == [200, 200, 429]
    clock(NOON - 2 * HOUR)
    refused = client.award("anna", 1)
    assert (refused.status_code, refused["Retry-After"]) == (429, str(3 * 3600))
    clock(NOON + HOUR)
    assert client.award("anna", 1).status_code == 200


def test_facts_keep_their_order(shop: Tenant, client: Client, clock: SetClock) -> None:
    admin = Client(shop, scopes=["admin"])
    client.award("anna", 1)
    clock(NOON - HOUR)
    client.award("anna", 2)
    clock(NOON)
    client.award("anna", 3)
    # Transactions of other test processes hold facts back, each for a moment.
    deadline = time.monotonic() + SECONDS_MAX
    while len(amounts := [fact["data"]["amount"] for fact in admin.get("/facts").json()["facts"]]) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert amounts == [1, 2, 3]
