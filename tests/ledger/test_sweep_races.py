"""The sweep beside others: real threads, real connections, and a ledger that is whole afterwards."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psutil
import pytest
from django.core.management import call_command
from django.db import connection

from bench.filling import fill
from bricqs.env import PROJECT_DIR
from gamify.errors import InsufficientPoints
from gamify.ledger import store
from gamify.management.commands.expire_points import LOTS_FOR_PROCESSES
from gamify.models import Entry
from gamify.services import expiry
from tenants.models import Tenant
from tests import expiring
from tests.expiring import DAY, HOUR, NOW
from tests.factories import TenantFactory, now
from tests.ledger._threads import SECONDS_MAX, at_once

pytestmark = pytest.mark.django_db(transaction=True)

PARTICIPANTS = [f"p{number}" for number in range(12)]
LATER = NOW + 2 * DAY


@pytest.fixture
def shop(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Tenant:
    """Twelve participants with three lots each that are due `LATER`, and some that are not."""
    # Many batches, so that the others get in between.
    monkeypatch.setattr(expiry, "LOTS_PER_BATCH", 3)
    monkeypatch.setattr(expiry, "LOTS_PER_LOOK", 9)
    shop: Tenant = TenantFactory.create()
    shop.participant_write_rate = "100000/m"
    shop.save()
    for name in PARTICIPANTS:
        for number in range(3):
            expiring.award(shop, name, 10, expires_at=NOW + DAY + number * HOUR)
        expiring.award(shop, name, 10, expires_at=NOW + 90 * DAY)
        expiring.award(shop, name, 10)
    return shop


def test_two_sweeps_at_once_expire_each_lot_once(shop: Tenant) -> None:
    done = at_once([lambda: expiring.sweep(shop, now=LATER)] * 2)
    assert sum(entries for entries, _ in done) == 3 * len(PARTICIPANTS)
    assert expired(shop) == [-10] * 3 * len(PARTICIPANTS)
    assert expiring.breaches() == []


def test_sweep_award_and_deduct_on_the_same_participants(shop: Tenant) -> None:
    def each(act: Callable[..., Any], *amount: int, **fields: Any) -> Callable[[], Any]:
        return lambda: [act(shop, name, *amount, now=LATER, **fields) for name in PARTICIPANTS]

    at_once(
        [
            lambda: expiring.sweep(shop, now=LATER),
            lambda: expiring.sweep(shop, now=LATER),
            each(expiring.award, 1),
            each(expiring.award, 2, expires_at=LATER + DAY),
            each(expiring.deduct, 5),
            lambda: [each(expiring.deduct, 1)() for _ in range(3)],
        ]
    )
    assert expired(shop) == [-10] * 3 * len(PARTICIPANTS)
    for name in PARTICIPANTS:
        assert expiring.balance(shop, name, now=LATER) == 20 + 1 + 2 - 5 - 3
    assert expiring.breaches() == []


def test_of_sweeps_and_deducts_of_everything_nobody_spends_what_expired(shop: Tenant) -> None:
    def spend() -> int:
        spent = 0
        for name in PARTICIPANTS:
            for _ in range(4):
                try:
                    spent += expiring.deduct(shop, name, 10, now=LATER).amount
                except InsufficientPoints:
                    break
        return spent

    _, *spent = at_once([lambda: expiring.sweep(shop, now=LATER)[1], spend, spend])
    assert sum(spent) == 20 * len(PARTICIPANTS)
    assert {expiring.account(shop, name).balance for name in PARTICIPANTS} == {0}
    assert expiring.breaches() == []


def test_deducts_just_before_and_a_sweep_just_after_share_each_lot_out(shop: Tenant) -> None:
    """Both read the clock before they wait for the lock: whoever comes first, no point is counted twice."""
    before = NOW + DAY - timedelta.resolution
    at_once(
        [
            lambda: expiring.sweep(shop, now=LATER)[0],
            lambda: sum(deducted(shop, name, before) for name in PARTICIPANTS),
        ]
    )
    for name in PARTICIPANTS:
        account = expiring.account(shop, name)
        assert (account.total_spent, account.total_expired) in {(25, 5), (0, 30)}
    assert expiring.breaches() == []


@pytest.mark.parametrize("how", ["after-a-batch", "inside-a-batch"])
def test_a_sweep_that_was_killed_is_taken_up_by_the_next(
    shop: Tenant, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "after-a-batch":
        batches = expiry.sweep(expiring.system_of(shop), clock=lambda: LATER)
        assert next(batches).entries == 3
        del batches
    else:
        killed_in_second_write(shop, monkeypatch)
    assert expiring.breaches() == []
    assert expiring.sweep(shop, now=LATER) == (33, 330)
    assert expired(shop) == [-10] * 36
    assert expiring.breaches() == []


def test_a_process_killed_in_the_midst_leaves_whole_batches(transactional_db: None) -> None:
    shop = TenantFactory.create()
    fill(shop, participants=12_000, awards=5, expires_at=lambda number, at: now() - DAY)
    command = [sys.executable, str(PROJECT_DIR / "manage.py"), "expire_points", "--processes", "1"]
    process = subprocess.Popen(command, env=expiring.environment())
    deadline = time.monotonic() + SECONDS_MAX
    while not Entry.objects.filter(kind="expire").exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert expiring.breaches() == []
    # Waits for what the server may still be doing on behalf of the dead.
    entries, _ = expiring.sweep(shop, now=now())
    assert 0 < entries < 60_000
    assert expired(shop) == [-10] * 60_000
    assert expiring.breaches() == []


def test_processes_share_a_sweep_and_end_when_it_is_killed(transactional_db: None) -> None:
    shop = TenantFactory.create()
    lots = LOTS_FOR_PROCESSES + 40_000
    fill(shop, participants=lots // 5, awards=5, expires_at=lambda number, at: now() - DAY)
    process = psutil.Popen([sys.executable, PROJECT_DIR / "manage.py", "expire_points"], env=expiring.environment())
    deadline = time.monotonic() + SECONDS_MAX
    while Entry.objects.filter(kind="expire").count() < 1_000:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    # With the workers multiprocessing's own, which looks after what they share.
    helpers = process.children()
    assert len(workers_of(process)) == 2
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(helpers, timeout=SECONDS_MAX)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []
    assert expiring.breaches() == []
    assert expired(shop).count(-10) < lots
    # Too few may be left for several processes.
    call_command("expire_points", verbosity=0)
    assert expired(shop) == [-10] * lots
    assert expiring.breaches() == []


def test_processes_whose_time_is_up_say_all_that_they_did(transactional_db: None) -> None:
    shop = TenantFactory.create()
    fill(shop, participants=8_000, awards=5, expires_at=lambda number, at: now() - DAY)
    command = [sys.executable, str(PROJECT_DIR / "manage.py"), "expire_points", "--max-seconds", "0.5"]
    said = subprocess.run(command, env=expiring.environment(), capture_output=True, text=True, check=True).stdout
    entries = len(expired(shop))
    assert said.startswith(f"Expired {10 * entries} points of {entries} lots.")
    assert 0 < entries < 40_000
    assert "Time is up" in said


def test_a_process_of_it_that_is_killed_ends_it_with_a_sentence(transactional_db: None) -> None:
    shop = TenantFactory.create()
    fill(shop, participants=(LOTS_FOR_PROCESSES + 40_000) // 5, awards=5, expires_at=lambda number, at: now() - DAY)
    command = [sys.executable, PROJECT_DIR / "manage.py", "expire_points"]
    process = psutil.Popen(command, env=expiring.environment(), stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + SECONDS_MAX
    while not Entry.objects.filter(kind="expire").exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    workers_of(process)[0].kill()
    _, complaint = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == 1
    assert complaint.strip().endswith("What was done until then stays; run it again.")
    assert "Traceback" not in complaint
    assert expiring.breaches() == []


def test_two_notifiers_at_once_tell_of_each_lot_once(shop: Tenant) -> None:
    expiring.set_policy(shop, "none", notice_days=7)
    told = at_once([lambda: expiring.notify(shop, now=NOW)] * 2)
    assert sum(told) == len(expiring.facts(shop, "points.expiring_soon")) == 3 * len(PARTICIPANTS)


def test_two_notifiers_at_once_with_awards_tell_of_each_rest_once(shop: Tenant) -> None:
    expiring.set_policy(shop, "inactivity", 10, notice_days=7)

    def notify() -> int:
        return expiring.notify(shop, now=NOW + 4 * DAY)

    def award_each() -> int:
        """At one moment, so that those of the race leave the rest's where it is."""
        return sum(expiring.award(shop, name, 1).amount for name in PARTICIPANTS)

    award_each()
    first, second, _ = at_once([notify, notify, award_each])
    told = expiring.facts(shop, "points.expiring_soon")
    assert first + second == len(told) == len(PARTICIPANTS)
    assert {fact["participant_id"] for fact in told} == set(PARTICIPANTS)
    # What was in the rest when it was told of: with the award of the race, or without.
    assert {fact["amount"] for fact in told} <= {11, 12}
    assert expiring.breaches() == []


def killed_in_second_write(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection dies when the second batch has been sent and not committed."""
    write = store.write

    def dying(*args: Any, **fields: Any) -> None:
        write(*args, **fields)
        connection.connection.pgconn.finish()

    batches: Iterator[expiry.Swept] = expiry.sweep(expiring.system_of(shop), clock=lambda: LATER)
    assert next(batches).entries == 3
    with monkeypatch.context() as patched:
        patched.setattr(store, "write", dying)
        with pytest.raises(Exception, match="connection"):
            next(batches)
    connection.close()


def workers_of(sweep: psutil.Process) -> list[psutil.Process]:
    return [each for each in sweep.children() if "spawn_main" in " ".join(each.cmdline())]


def deducted(shop: Tenant, name: str, now: Any) -> int:
    try:
        return expiring.deduct(shop, name, 25, now=now).amount
    except InsufficientPoints:
        return 0


def expired(shop: Tenant) -> list[int]:
    return list(Entry.objects.filter(participant__tenant=shop, kind="expire").values_list("amount", flat=True))
