"""`verify_ledger` finds whatever somebody else did to the ledger, and names the first entry that breaks."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from uuid_utils.compat import uuid7

from gamify.ledger.posting import AccountState, Book, Note
from gamify.models import BurnOrder, Entry, participant_id
from tenants.models import Tenant
from tests import expiring
from tests.expiring import DAY, NOW
from tests.factories import TenantFactory
from tests.ledger._verifying import COPIED_ENTRY, place, tamper, write_history

# What is done to Anna's rows; the entry that breaks (None: the account as such); what is said of it.
ENTRY = "UPDATE gamify_entry SET {} WHERE {{anna}} AND sequence = {}"
ACCOUNT = "UPDATE gamify_account SET {} WHERE {{anna}}"
LOT = "UPDATE gamify_lot SET {} WHERE {{anna}} AND sequence = {}"
REVIVED_LOT = """
    INSERT INTO gamify_lot (participant_id, points_system_id, sequence, amount, remaining, expires_at)
    SELECT participant_id, points_system_id, sequence, amount, amount, {0}
      FROM gamify_entry WHERE {{anna}} AND sequence = {1}
"""
USE = "UPDATE gamify_consumption SET {} WHERE {{anna}} AND debit_sequence = {} AND credit_sequence = {}"
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
    "expires-at": (ENTRY.format("expires_at = expires_at + interval '1 microsecond'", 3), 3, "hash"),
    "expires-at-removed": (ENTRY.format("expires_at = NULL", 3), 3, "hash"),
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
    "lot-used-up-revived": (REVIVED_LOT.format("expires_at", 2), 2, "the lot has 50 left"),
    "lot-amount": (LOT.format("amount = 41", 3), 3, "the lot's amount"),
    "lot-deleted": ("DELETE FROM gamify_lot WHERE {anna} AND sequence = 3", 3, "the lot that it made is gone"),
    "lot-forged": (
        "INSERT INTO gamify_lot (participant_id, points_system_id, sequence, amount, remaining)"
        " SELECT participant_id, points_system_id, 4, 60, 60 FROM gamify_account WHERE {anna}",
        4,
        "a lot that no award made",
    ),
    "lot-of-an-award-that-made-none": (
        "INSERT INTO gamify_lot (participant_id, points_system_id, sequence, amount, remaining)"
        " SELECT participant_id, points_system_id, 7, 5, 5 FROM gamify_account WHERE {anna};"
        " UPDATE gamify_account SET lot_balance = lot_balance + 5 WHERE {anna}",
        7,
        "a lot that its entry did not make",
    ),
    "lot-of-no-entry": (
        "INSERT INTO gamify_lot (participant_id, points_system_id, sequence, amount, remaining)"
        " SELECT participant_id, points_system_id, 9, 60, 60 FROM gamify_account WHERE {anna}",
        9,
        "a lot of an entry that does not exist",
    ),
    "expiry-put-off": (LOT.format("expires_at = expires_at + interval '9 years'", 3), 3, "the lot expires at 2035-"),
    "expiry-brought-forward": (LOT.format("expires_at = expires_at - interval '1 day'", 3), 3, "its entry says 2026-"),
    "expiry-put-off-for-ever": (
        LOT.format("expires_at = 'infinity'", 3),
        3,
        "expires at 9223372036854775807 µs",
    ),
    "expiry-removed": (LOT.format("expires_at = NULL", 3), 3, "the lot expires at None"),
    "expiry-of-what-expired-put-off": (REVIVED_LOT.format("now()", 5), 5, "the lot expires at"),
    "expiry-put-off-in-lot-and-entry": (
        ";".join(text.format("expires_at = timestamptz '2035-01-01'", 3) for text in (LOT, ENTRY)),
        3,
        "hash",
    ),
    "consumption-too-small": (USE.format("amount = 49", 4, 2), 4, "lots paid 59 of 60 points"),
    "consumption-too-large": (USE.format("amount = 11", 4, 3), 4, "lots paid 61 of 60 points"),
    "consumptions-exchanged": (
        USE.format("amount = 49", 4, 2) + ";" + USE.format("amount = 11", 4, 3),
        2,
        "the lot that it made is gone, of which 1 should be left",
    ),
    "consumption-past-expiry": (
        USE.format("credit_sequence = 5", 8, 3),
        8,
        "it consumes from lot 5 after that had expired",
    ),
    "consumption-of-an-expiry-before-it": (USE.format("credit_sequence = 3", 6, 5), 6, "lot 3 expires at"),
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


@pytest.fixture
def shop(shop: Tenant) -> Tenant:
    write_history(shop)
    return shop


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
    key = (last.participant_id, last.points_system_id)
    book = Book(AccountState(*key, balance=125, last_sequence=8, last_hash=bytes(last.hash)), new_id=uuid7)
    forged = book.award(1_000_000, note=Note(), now=NOW + 4 * DAY)
    Entry.objects.create(
        participant_id=key[0],
        points_system_id=key[1],
        **{name: getattr(forged, name) for name in ("sequence", "id", "kind", "amount", "balance_after")},
        created_at=forged.created_at,
        hash=forged.hash,
    )
    (breach,) = expiring.breaches()
    assert breach.where == place(shop, "anna", 9)
    assert breach.what == "there are 9 entries, the account counts 8"


@pytest.mark.django_db
@pytest.mark.parametrize("order", BurnOrder.values)
def test_an_unused_lot_removed_with_its_balance_is_missed(order: str) -> None:
    shop = TenantFactory.create()
    if order == BurnOrder.OLDEST_CREDIT_FIRST:
        expiring.burn_oldest_first(shop)
    expiring.award(shop, "anna", 5)
    # Where the oldest is used up first, what never expires is a lot too.
    expiring.award(shop, "anna", 40, expires_at=None if order == BurnOrder.OLDEST_CREDIT_FIRST else NOW + DAY)
    tamper(shop, "DELETE FROM gamify_lot WHERE {anna} AND sequence = 2")
    tamper(shop, "UPDATE gamify_account SET lot_balance = lot_balance - 40, next_expires_at = NULL WHERE {anna}")
    (breach,) = expiring.breaches()
    assert (breach.where, breach.what) == (
        place(shop, "anna", 2),
        "the lot that it made is gone, of which 40 should be left",
    )


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
