"""`verify_ledger` finds nothing in what the product wrote, and looks where it is told to."""

import subprocess
import sys
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bench.filling import fill
from bricqs.env import PROJECT_DIR
from gamify.models import Account, Entry
from gamify.services import audit, definitions
from tenants.models import Tenant
from tests import expiring
from tests.expiring import DAY, NOW
from tests.factories import TenantFactory
from tests.ledger._threads import at_once
from tests.ledger._verifying import place, tamper, write_history, written_at


@pytest.fixture
def shop(shop: Tenant) -> Tenant:
    write_history(shop)
    return shop


def test_nothing_is_wrong_with_what_the_product_wrote(shop: Tenant) -> None:
    everything(shop)
    checked = list(audit.verify())
    assert [each.breach for each in checked if each.breach] == []
    assert len(checked) == audit.count_accounts() == Account.objects.count() == 11
    assert sum(each.entries for each in checked) == Entry.objects.count() > 40


def test_each_kind_of_entry_is_in_a_clean_ledger(shop: Tenant) -> None:
    assert [line[:3] for line in expiring.lines(shop, "anna")] == [
        ("award", 100, 100),
        ("award", 50, 150),
        ("award", 40, 190),
        ("deduct", -60, 130),
        ("award", 20, 150),
        ("expire", -20, 130),
        ("award", 5, 135),
        ("deduct", -10, 125),
    ]
    assert [remaining for remaining, _ in expiring.lots(shop, "anna")] == [20]
    assert run() == "Verified 12 entries of 3 accounts: 0 broken.\n"


@pytest.mark.parametrize(
    ("since", "accounts"),
    [("2026-01-01T12:00:00Z", 3), ("2026-01-04T12:00:00Z", 1), ("2026-01-04T12:00:00.000001Z", 0)],
)
def test_since_leaves_out_accounts_to_which_nothing_was_posted(shop: Tenant, since: str, accounts: int) -> None:
    tamper(shop, "UPDATE gamify_account SET award_count = 99")
    moment = datetime.fromisoformat(since)
    assert len(expiring.breaches(since=moment)) == audit.count_accounts(since=moment) == accounts


def test_since_counts_an_expiry_that_was_written_after_its_time(shop: Tenant) -> None:
    since = NOW + 35 * DAY
    assert audit.count_accounts(since=since) == 0
    with written_at(NOW + 40 * DAY):
        expiring.sweep(shop, now=NOW + 40 * DAY)
    assert expiring.lines(shop, "anna")[-1] == ("expire", -20, 105, NOW + 30 * DAY)
    assert audit.count_accounts(since=since) == 1


def test_since_does_not_leave_out_an_account_whose_last_entry_is_gone(shop: Tenant) -> None:
    tamper(shop, "DELETE FROM gamify_entry WHERE {anna} AND sequence = 8")
    (breach,) = expiring.breaches(since=NOW + 3 * DAY)
    assert breach.where == place(shop, "anna", 8)


def test_only_the_given_tenant_is_verified(shop: Tenant) -> None:
    other = TenantFactory.create()
    expiring.award(other, "dora", 1)
    tamper(shop, "UPDATE gamify_account SET award_count = 99 WHERE {anna}")
    assert (len(expiring.breaches(shop.id)), len(expiring.breaches(other.id))) == (1, 0)
    assert run(tenant=other.slug) == "Verified 1 entries of 1 accounts: 0 broken.\n"
    assert run(tenant=other.slug, sandbox=True) == "Verified 0 entries of 0 accounts: 0 broken.\n"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"tenant": "nobody"}, "There is no tenant 'nobody'."),
        ({"sandbox": True}, "--sandbox goes with --tenant: whose sandbox?"),
        ({"since": "yesterday"}, "'yesterday' is no date and time. Write it like 2027-01-31T00:00:00Z."),
    ],
)
def test_arguments_that_make_no_sense_are_refused(shop: Tenant, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CommandError) as error:
        run(**options)
    assert str(error.value) == sentence


def test_of_many_breaches_the_first_are_shown_and_all_are_counted(shop: Tenant) -> None:
    for number in range(25):
        expiring.award(shop, f"p{number}", 1)
    tamper(shop, "UPDATE gamify_account SET award_count = 99")
    errors = StringIO()
    with pytest.raises(CommandError, match="of 28 accounts: 28 broken"):
        call_command("verify_ledger", stderr=errors)
    assert len(errors.getvalue().splitlines()) == 20


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_is_shown_on_a_terminal_only(shop: Tenant, is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = StringIO()
    monkeypatch.setattr(shown, "isatty", lambda: is_terminal)
    monkeypatch.setattr(sys, "stderr", shown)
    run()
    assert ("3/3" in shown.getvalue()) is is_terminal
    assert bool(shown.getvalue()) is is_terminal


@pytest.mark.django_db(transaction=True)
def test_nothing_is_wrong_while_points_are_awarded(transactional_db: None) -> None:
    shop = TenantFactory.create(participant_write_rate="100000/m")

    def act(amount: int) -> list[Any]:
        for number in range(40):
            name = f"p{number % 4}"
            expiring.award(shop, name, amount, expires_at=NOW + DAY, now=NOW)
            expiring.deduct(shop, name, 1)
            expiring.sweep(shop, now=NOW + timedelta(seconds=number))
        return []

    found = at_once([lambda: act(3), lambda: act(5), lambda: [expiring.breaches() for _ in range(30)]])
    assert found[2] == [[]] * 30


@pytest.mark.django_db(transaction=True)
def test_memory_does_not_grow_with_the_ledger(transactional_db: None) -> None:
    shop = TenantFactory.create()
    expiring.award(shop, "anna", 1)
    small = peak_megabytes(entries=1)
    fill(shop, participants=1, awards=150_000)
    # As Python's values it would take more than a hundred megabytes, and thirty in the driver's buffers.
    assert peak_megabytes(entries=150_001) - small < 15


def everything(shop: Tenant) -> None:
    """Six more tenants' accounts: each policy, both orders, tiers that multiply, swept and not, and a sandbox's."""
    fields = {"code": "gold", "name": "Gold", "level": 1, "criteria_config": {"min_points": 10}, "point_multiplier": 2}
    for policy in ("none", "days", "end_of_month", "end_of_year", "inactivity"):
        tenant = TenantFactory.create(time_zone="Europe/Vienna", participant_write_rate="1000/m")
        definitions.create_tier(tenant_id=tenant.id, fields=fields)
        expiring.set_policy(tenant, policy, 1, notice_days=3)
        if policy != "inactivity":
            expiring.burn_oldest_first(tenant)
        use(tenant, "anna")
    use(Tenant.objects.by_slug(shop.slug, sandbox=True), "anna")
    use(shop, "dora")
    use(shop, "emil", sweeps=False)


def use(tenant: Tenant, name: str, *, sweeps: bool = True) -> None:
    for number in range(4):
        now = NOW + number * 5 * DAY
        expiring.award(tenant, name, 10 + number, now=now)
        expiring.award(tenant, name, 7, now=now, expires_at=now + (number + 1) * DAY, metadata={"a": "\u2028ß\\"})
        expiring.deduct(tenant, name, 12, now=now, reason="")
        expiring.notify(tenant, now=now)
        if sweeps:
            expiring.sweep(tenant, now=now + 2 * DAY)


def run(**options: Any) -> str:
    out = StringIO()
    call_command("verify_ledger", stdout=out, **options)
    return out.getvalue()


def peak_megabytes(*, entries: int) -> float:
    """The most memory that the command, in a process of its own, had at once while it proved so many entries."""
    command = [sys.executable, "-c", _MEASURED, sys.executable, str(PROJECT_DIR / "manage.py"), "verify_ledger"]
    done = subprocess.run(command, env=expiring.environment(), capture_output=True, text=True, check=True)
    said, kilobytes = done.stdout.splitlines()
    assert said.startswith(f"Verified {entries} ")
    assert said.endswith(": 0 broken.")
    return int(kilobytes) / 1024


# A process's peak counts what it was before it became another programme: a copy of its parent. This one is large, so a
# small one stands between.
_MEASURED = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print(usage.ru_maxrss)
sys.exit(process.returncode)
"""
