"""`verify_ledger` finds nothing in what the product wrote, and everything that somebody else did to it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import StringIO
from random import getrandbits
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from uuid_utils.compat import uuid7

from bricqs.env import PROJECT_DIR
from gamify.ledger.chain import account_text, entry_hash
from gamify.models import Account, Entry, participant_id
from gamify.services import _member, audit, definitions
from gamify.services.idempotency import IdempotencyKey
from tenants.models import Tenant
from tests import expiring
from tests.expiring import DAY, NOW
from tests.factories import TenantFactory
from tests.ledger._threads import at_once


@pytest.fixture
def shop(shop: Tenant) -> Tenant:
    """Anna has eight entries, of every kind, and lots 2, 3 and 5; Ben and Cleo have two entries each."""
    with written_at(NOW):
        expiring.award(shop, "anna", 100, reason="Einkauf ☕", metadata={"n": 1.50}, key=IdempotencyKey("order-1"))
        expiring.award(shop, "anna", 50, expires_at=NOW + DAY)
        expiring.award(shop, "anna", 40, expires_at=NOW + 30 * DAY)
        expiring.deduct(shop, "anna", 60)
        expiring.award(shop, "anna", 20, expires_at=NOW + 2 * DAY)
        expiring.award(shop, "anna", 5, now=NOW + 3 * DAY)  # Which first writes the expiry of lot 5, as entry 6.
        expiring.deduct(shop, "anna", 10, now=NOW + 3 * DAY)
        for name in ("ben", "cleo"):
            expiring.award(shop, name, 10)
            expiring.award(shop, name, 5)
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
    assert [remaining for remaining, _ in expiring.lots(shop, "anna")] == [0, 20, 0]
    assert run() == "Verified 12 entries of 3 accounts: 0 broken.\n"


# What is done to Anna's rows; the entry that breaks (None: the account as such); what is said of it.
ENTRY = "UPDATE gamify_entry SET {} WHERE {{anna}} AND sequence = {}"
ACCOUNT = "UPDATE gamify_account SET {} WHERE {{anna}}"
LOT = "UPDATE gamify_lot SET {} WHERE {{anna}} AND sequence = {}"
USE = "UPDATE gamify_consumption SET {} WHERE {{anna}} AND debit_sequence = {} AND credit_sequence = {}"
COPIED_ENTRY = """
    INSERT INTO gamify_entry (participant_id, points_system_id, sequence, id, kind, amount, balance_after, created_at,
                              hash)
    SELECT participant_id, points_system_id, {}, gen_random_uuid(), 'award', 1, balance_after + 1, created_at, hash
      FROM gamify_entry WHERE {{anna}} AND sequence = {}
"""
TAMPERING: dict[str, tuple[str, int | None, str]] = {
    "amount": (ENTRY.format("amount = amount + 1", 2), 2, "balance_after is 150, the entries sum up to 151"),
    "amount-of-the-first": (ENTRY.format("amount = 99, balance_after = 99", 1), 1, "hash"),
    "amount-and-balance-after": (ENTRY.format("amount = amount + 1, balance_after = balance_after + 1", 3), 3, "hash"),
    "balance-after": (ENTRY.format("balance_after = balance_after + 1", 5), 5, "balance_after is 151"),
    "id": (ENTRY.format("id = gen_random_uuid()", 7), 7, "hash"),
    "kind": (ENTRY.format("kind = 'expire'", 4), 4, "hash"),
    "reason": (ENTRY.format("reason = 'Something else'", 1), 1, "hash"),
    "reason-removed": (ENTRY.format("reason = NULL", 1), 1, "hash"),
    "reason-emptied": (ENTRY.format("reason = ''", 2), 2, "hash"),
    "metadata": (ENTRY.format("""metadata = '{{"n": 1.50}}'""", 1), 1, "hash"),
    "explanation": (ENTRY.format("explanation = '{{}}'", 2), 2, "hash"),
    "key": (ENTRY.format("operation_id = NULL", 1), 1, "hash"),
    "created-at": (ENTRY.format("created_at = created_at + interval '1 microsecond'", 8), 8, "hash"),
    "hash": (ENTRY.format("hash = decode(repeat('00', 32), 'hex')", 6), 6, "hash"),
    "deleted-first": ("DELETE FROM gamify_entry WHERE {anna} AND sequence = 1", 2, "jumps from 0 to 2"),
    "deleted-in-the-middle": ("DELETE FROM gamify_entry WHERE {anna} AND sequence = 4", 5, "jumps from 3 to 5"),
    "deleted-last": (
        "DELETE FROM gamify_entry WHERE {anna} AND sequence = 8",
        8,
        "a consumption by an entry that does not exist",
    ),
    "deleted-last-with-its-consumption": (
        "DELETE FROM gamify_entry WHERE {anna} AND sequence = 8;"
        " DELETE FROM gamify_consumption WHERE {anna} AND debit_sequence = 8;"
        " UPDATE gamify_lot SET remaining = 30 WHERE {anna} AND sequence = 3",
        8,
        "there are 7 entries, the account counts 8",
    ),
    "all-entries-deleted": ("DELETE FROM gamify_entry WHERE {anna}", 4, "a consumption by an entry"),
    "forged-at-the-end": (COPIED_ENTRY.format(9, 8), 9, "hash"),
    "forged-in-the-middle": (
        ";".join(
            (
                "UPDATE gamify_entry SET sequence = sequence + 100 WHERE {anna} AND sequence >= 7",
                "UPDATE gamify_entry SET sequence = sequence - 99 WHERE {anna} AND sequence >= 100",
                COPIED_ENTRY.format(7, 6),
            )
        ),
        7,
        "hash",
    ),
    "swapped": (
        "UPDATE gamify_entry SET sequence = 99 WHERE {anna} AND sequence = 1;"
        "UPDATE gamify_entry SET sequence = 1 WHERE {anna} AND sequence = 2;"
        "UPDATE gamify_entry SET sequence = 2 WHERE {anna} AND sequence = 99",
        1,
        "balance_after is 150, the entries sum up to 50",
    ),
    "balance": (ACCOUNT.format("balance = balance + 1, total_earned = total_earned + 1"), None, "balance is 126"),
    "totals": (ACCOUNT.format("total_spent = total_spent + 1, total_expired = total_expired - 1"), None, "total_spent"),
    "earned-and-expired": (
        ACCOUNT.format("total_earned = total_earned + 1, total_expired = total_expired + 1"),
        None,
        "total_earned is 216, the rows give 215",
    ),
    "lot-balance": (ACCOUNT.format("lot_balance = lot_balance + 1"), None, "lot_balance is 21, the rows give 20"),
    "award-count": (ACCOUNT.format("award_count = award_count - 1"), None, "award_count is 4, the rows give 5"),
    "last-earned-at": (ACCOUNT.format("last_earned_at = now()"), None, "last_earned_at"),
    "last-hash": (ACCOUNT.format("last_hash = decode(repeat('00', 32), 'hex')"), None, "last_hash"),
    "last-sequence": (ACCOUNT.format("last_sequence = 9"), 9, "there are 8 entries, the account counts 9"),
    "next-expires-at-late": (ACCOUNT.format("next_expires_at = now() + interval '9 years'"), None, "next_expires_at"),
    "next-expires-at-never": (ACCOUNT.format("next_expires_at = NULL"), None, "next_expires_at is None"),
    "lot-remaining": (LOT.format("remaining = 21", 3), 3, "the lot has 21 left; less what was consumed"),
    "lot-used-up-revived": (LOT.format("remaining = 50", 2), 2, "the lot has 50 left"),
    "lot-amount": (LOT.format("amount = 41", 3), 3, "the lot's amount"),
    "lot-deleted": ("DELETE FROM gamify_lot WHERE {anna} AND sequence = 3", 4, "lot 3, which does not exist"),
    "lot-forged": (
        "INSERT INTO gamify_lot (participant_id, points_system_id, sequence, amount, remaining)"
        " SELECT participant_id, points_system_id, 4, 60, 60 FROM gamify_account WHERE {anna}",
        4,
        "a lot that no award made",
    ),
    "lot-of-no-entry": (
        "INSERT INTO gamify_lot (participant_id, points_system_id, sequence, amount, remaining)"
        " SELECT participant_id, points_system_id, 9, 60, 60 FROM gamify_account WHERE {anna}",
        9,
        "a lot of an entry that does not exist",
    ),
    "expiry-put-off": (LOT.format("expires_at = now() + interval '9 years'", 5), 6, "lot 5 expires at"),
    "consumption-too-small": (USE.format("amount = 49", 4, 2), 4, "lots paid 59 of 60 points"),
    "consumption-too-large": (USE.format("amount = 11", 4, 3), 4, "lots paid 61 of 60 points"),
    "consumptions-exchanged": (
        USE.format("amount = 49", 4, 2) + ";" + USE.format("amount = 11", 4, 3),
        2,
        "the lot has 0 left; less what was consumed it should be 1",
    ),
    "consumption-past-expiry": (
        LOT.format("expires_at = timestamptz '2026-01-01T12:00Z'", 2),
        4,
        "it consumes from lot 2 after that had expired",
    ),
    "consumption-missing": (
        "DELETE FROM gamify_consumption WHERE {anna} AND debit_sequence = 8",
        8,
        "lots paid 0 of 10 points, where they owed 10",
    ),
    "consumption-of-an-expiry-missing": (
        "DELETE FROM gamify_consumption WHERE {anna} AND debit_sequence = 6",
        6,
        "lots paid 0 of 20 points",
    ),
    "consumption-by-an-award": (USE.format("debit_sequence = 7", 8, 3), 7, "lots paid for an award"),
    "consumption-by-nothing": (USE.format("debit_sequence = 99", 8, 3), 8, "lots paid 0 of 10 points"),
    "consumption-of-what-was-no-lot": (USE.format("credit_sequence = 1", 8, 3), 8, "lot 1, which does not exist"),
}


@pytest.mark.parametrize(("sql", "sequence", "what"), TAMPERING.values(), ids=TAMPERING)
def test_the_first_entry_that_breaks_is_named(shop: Tenant, sql: str, sequence: int | None, what: str) -> None:
    tamper(shop, sql)
    (breach,) = expiring.breaches()
    assert breach.where == place(shop, "anna", sequence)
    assert what in breach.what
    errors = StringIO()
    with pytest.raises(CommandError, match="of 3 accounts: 1 broken"):
        call_command("verify_ledger", stderr=errors)
    assert errors.getvalue() == f"{breach.where}: {breach.what}.\n"


def test_a_forged_entry_with_a_fitting_hash_is_one_too_many(shop: Tenant) -> None:
    last = Entry.objects.get(participant_id=participant_id(shop.id, "anna"), sequence=8)
    fields: dict[str, Any] = {
        **dict.fromkeys(
            ("reason", "metadata", "explanation", "operation_id", "engagement_id", "activity_id", "transaction_type")
        ),
        "sequence": 9,
        "id": uuid7(),
        "kind": "award",
        "amount": 1_000_000,
        "balance_after": 1_000_125,
        "created_at": NOW + 4 * DAY,
    }
    text = account_text(last.participant_id, last.points_system_id)
    Entry.objects.create(
        participant_id=last.participant_id,
        points_system_id=last.points_system_id,
        hash=entry_hash(bytes(last.hash), text, **fields),
        **fields,
    )
    (breach,) = expiring.breaches()
    assert breach.where == place(shop, "anna", 9)


@pytest.mark.parametrize("table", ["gamify_entry", "gamify_lot", "gamify_consumption"])
@pytest.mark.parametrize("system", ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"])
def test_rows_without_an_account_are_named(shop: Tenant, table: str, system: str) -> None:
    tamper(shop, "CREATE TEMP TABLE copies ON COMMIT DROP AS SELECT * FROM {table} WHERE {anna}", table=table)
    tamper(shop, "UPDATE copies SET points_system_id = '{system}'", system=system)
    tamper(shop, "INSERT INTO {table} SELECT * FROM copies", table=table)
    (breach,) = expiring.breaches()
    assert breach.where == f"participant {participant_id(shop.id, 'anna')}, points system {system}"
    assert breach.what == "rows of an account that does not exist"


def test_rows_of_an_account_that_was_deleted_are_named(shop: Tenant) -> None:
    tamper(shop, "DELETE FROM gamify_account WHERE {anna}")
    (breach,) = expiring.breaches()
    assert breach.where == place(shop, "anna", None)


def test_a_participant_under_another_name_is_named(shop: Tenant) -> None:
    tamper(shop, "UPDATE gamify_participant SET external_id = 'mallory' WHERE {anna_id}")
    (breach,) = expiring.breaches()
    assert breach.where == place(shop, "anna", None)
    assert "not the one computed from tenant and external id" in breach.what


def test_an_account_in_another_tenants_points_system_is_named(shop: Tenant) -> None:
    other = TenantFactory.create()
    for table in ("account", "entry", "lot", "consumption"):
        sql = "UPDATE gamify_{table} SET points_system_id = '{system}' WHERE {anna}"
        tamper(shop, sql, table=table, system=expiring.system_of(other).id)
    (breach,) = expiring.breaches()
    assert "the points system is not one of the participant's tenant" in breach.what


def test_the_database_itself_refuses_to_change_an_entry(shop: Tenant) -> None:
    with pytest.raises(IntegrityError, match="immutable"), connection.cursor() as cursor:
        cursor.execute("UPDATE gamify_entry SET amount = amount + 1")


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
    small = peak_megabytes()
    # That this breaks does not matter here: it is read to the end.
    tamper(
        shop,
        COPIED_ENTRY.format("n", "1").replace("gamify_entry WHERE", "gamify_entry, generate_series(2, 150000) n WHERE"),
    )
    assert Entry.objects.count() == 150_000
    # As Python's values it would take more than a hundred megabytes, and thirty in the driver's buffers.
    assert peak_megabytes() - small < 15


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


def tamper(tenant: Tenant, sql: str, **names: Any) -> None:
    """Past the trigger, as whoever owns the table can. `{anna}` is Anna's account in `tenant`."""
    id = participant_id(tenant.id, "anna")
    system_id = expiring.system_of(tenant).id
    anna = f"participant_id = '{id}' AND points_system_id = '{system_id}'"
    with connection.cursor() as cursor:
        # A table with checks outstanding could not be altered.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE gamify_entry DISABLE TRIGGER gamify_entry_immutable")
        cursor.execute(sql.format(anna=anna, anna_id=f"id = '{id}'", **names))
        assert cursor.rowcount
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE gamify_entry ENABLE TRIGGER gamify_entry_immutable")


@contextmanager
def written_at(moment: datetime) -> Iterator[None]:
    """An entry's id tells when it was written, whatever `now` was."""
    with pytest.MonkeyPatch.context() as patch:
        start = int(moment.timestamp() * 1000) << 80
        patch.setattr(_member, "uuid7", lambda: UUID(int=start + getrandbits(80)))
        yield


def place(tenant: Tenant, participant: str, sequence: int | None) -> str:
    account = f"participant {participant_id(tenant.id, participant)}, points system {expiring.system_of(tenant).id}"
    return account if sequence is None else f"{account}, entry {sequence}"


def run(**options: Any) -> str:
    out = StringIO()
    call_command("verify_ledger", stdout=out, **options)
    return out.getvalue()


def peak_megabytes() -> float:
    """The most memory that the command, in a process of its own, had at once."""
    process = subprocess.Popen(
        [sys.executable, PROJECT_DIR / "manage.py", "verify_ledger"],
        env=expiring.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_maxrss / 1024
