"""Readers of the stream of facts pass over none, whichever transaction commits first."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from django.db import connection, transaction

from gamify.models import participant_id
from gamify.queries import facts as stream
from gamify.queries.facts import Fact
from gamify.services import points
from gamify.services.points import Award
from tenants.models import Tenant
from tests.factories import TenantFactory, ref
from tests.ledger._threads import SECONDS_MAX, at_once
from tests.ledger._waiting import settle, wait_for_a_waiter
from tests.programmes import NOW, award

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")


@pytest.fixture
def shop() -> Tenant:
    return TenantFactory.create()


def read(shop: Tenant, after: str | None = None) -> list[Fact]:
    return stream.page(tenant_id=shop.id, after=after, types=None, limit=100)


def amounts(facts: list[Fact]) -> list[int]:
    return [json.loads(fact.data)["amount"] for fact in facts]


def balances(facts: list[Fact]) -> list[int]:
    return [json.loads(fact.data)["balance_after"] for fact in facts]


def elsewhere(call: Callable[[], T]) -> T:
    """On a connection of its own, to its end."""
    return at_once([call])[0]


@contextmanager
def open_award(shop: Tenant, participant: str, amount: int) -> Iterator[None]:
    """Meanwhile this thread's connection has made an award that is not committed."""
    with transaction.atomic():
        award(shop, participant, amount)
        yield


def test_a_transaction_that_commits_late_is_waited_for_and_comes_first(shop: Tenant) -> None:
    award(shop, "before", 1)
    settle()
    [first] = read(shop)
    with open_award(shop, "a", 2):
        elsewhere(lambda: award(shop, "b", 3))
        # Committed, and still not shown: what the open transaction wrote goes before it.
        assert elsewhere(lambda: amounts(read(shop))) == [1]
        assert elsewhere(lambda: read(shop, after=first.position)) == []
        award(shop, "c", 4)
    settle()
    assert amounts(read(shop, after=first.position)) == [2, 4, 3]
    # Nor is any passed over by who reads them one by one.
    seen = [first]
    while page := stream.page(tenant_id=shop.id, after=seen[-1].position, types=None, limit=1):
        seen += page
    assert amounts(seen) == [1, 2, 4, 3]


def test_a_transaction_that_is_rolled_back_is_waited_for_no_longer(shop: Tenant) -> None:
    with open_award(shop, "a", 2):
        elsewhere(lambda: award(shop, "b", 3))
        assert elsewhere(lambda: read(shop)) == []
        transaction.set_rollback(True)
    settle()
    assert amounts(read(shop)) == [3]


def test_a_reader_in_step_with_many_writers_misses_none_and_sees_none_twice(shop: Tenant) -> None:
    def write(number: int) -> Callable[[], list[Fact]]:
        def run() -> list[Fact]:
            for turn in range(10):
                with transaction.atomic():
                    award(shop, f"u{number}", 100 * number + turn + 1)
                    award(shop, f"v{number}", 100 * number + turn + 51)
            return []

        return run

    def follow() -> list[Fact]:
        seen: list[Fact] = []
        deadline = time.monotonic() + SECONDS_MAX
        while len(seen) < 4 * 10 * 2:
            assert time.monotonic() < deadline, f"only {len(seen)} were seen"
            seen += read(shop, after=seen[-1].position if seen else None)
        return seen

    seen = at_once([follow, *(write(number) for number in range(4))])[0]
    settle()
    assert [fact.id for fact in seen] == [fact.id for fact in read(shop)]
    for number in range(4):
        mine = [amount for amount in amounts(seen) if amount // 100 == number]
        assert mine == [100 * number + turn + 1 + extra for turn in range(10) for extra in (0, 50)]


def test_one_participants_facts_are_in_the_order_in_which_they_happened(shop: Tenant) -> None:
    def awards() -> None:
        for _ in range(10):
            award(shop, "u", 1)

    # A transaction that waits for the participant may begin before another one that comes to hold it first.
    at_once([awards] * 8)
    settle()
    assert balances(read(shop)) == list(range(1, 81))


def test_facts_of_a_batch_come_after_those_that_it_waited_for(shop: Tenant) -> None:
    people = sorted(("x", "y", "z"), key=lambda name: participant_id(shop.id, name))
    for name in people:
        award(shop, name, 1)
    low, middle, high = people

    def batch() -> Any:
        items = [Award(low, 2), Award(middle, 2), Award(high, 2)]
        return points.award_batch(tenant=ref(shop), items=items, now=NOW)

    with ThreadPoolExecutor(1) as threads:
        with open_award(shop, middle, 5):
            # Holds `low`, and so has begun, and waits for `middle`.
            running = threads.submit(closing(batch))
            wait_for_a_waiter()
            elsewhere(lambda: award(shop, high, 7))
        running.result(60)
    settle()
    of_high = [fact for fact in read(shop) if json.loads(fact.data)["participant_id"] == high]
    assert amounts(of_high) == [1, 7, 2]


def closing(call: Callable[[], T]) -> Callable[[], T]:
    def run() -> T:
        try:
            return call()
        finally:
            connection.close()

    return run
