from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from gamify.models import Account, Entry, PointsSystem, participant_id
from gamify.services import points
from gamify.services.points import Award, Deduct
from tenants.models import Tenant
from tests.factories import Client, TenantFactory, now, ref


def verify(*args: str) -> str:
    out = StringIO()
    call_command("verify_ledger", *args, stdout=out)
    return out.getvalue()


def broken(*args: str) -> tuple[str, str]:
    """(what went to standard error, the last sentence)"""
    err = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("verify_ledger", *args, stderr=err)
    return err.getvalue(), str(error.value)


@pytest.fixture
def ledger(shop: Tenant) -> Tenant:
    """Entries of `u`: 1 award, 2 expiring award, 3 expiring award, 4 deduct from lots, 5 expiry, 6 deduct, 7 award."""
    start = now() - timedelta(days=30)
    history: list[tuple[int, Award | Deduct]] = [
        (0, Award("u", 100)),
        (1, Award("u", 50, expires_at=start + timedelta(days=10))),
        (2, Award("u", 70, expires_at=start + timedelta(days=100))),
        (3, Deduct("u", 20)),
        (11, Deduct("u", 30, reason="Mug")),
        (12, Award("u", 5, metadata={"a": 1})),
        (12, Award("other", 40, expires_at=start + timedelta(days=99))),
    ]
    for day, item in history:
        write: Any = points.award if isinstance(item, Award) else points.deduct
        assert write(tenant=ref(shop), item=item, now=start + timedelta(days=day)).outcome
    assert list(Entry.objects.filter(participant=id_of(shop)).order_by("sequence").values_list("kind", "amount")) == [
        ("award", 100),
        ("award", 50),
        ("award", 70),
        ("deduct", -20),
        ("expire", -30),
        ("deduct", -30),
        ("award", 5),
    ]
    return shop


def id_of(shop: Tenant, participant: str = "u") -> Any:
    return participant_id(shop.id, participant)


def tamper(shop: Tenant, sql: str) -> None:
    """As someone with all rights on the database: without trigger, and past the foreign keys."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE gamify_entry DISABLE TRIGGER gamify_entry_immutable")
        cursor.execute(sql.replace("OF_U", "participant_id = %(u)s"), {"u": id_of(shop)})
        assert cursor.rowcount >= 1
        cursor.execute("ALTER TABLE gamify_entry ENABLE TRIGGER gamify_entry_immutable")


def test_empty_ledger_is_whole(shop: Tenant) -> None:
    assert verify() == "Verified 0 entries of 0 accounts: 0 broken.\n"


def test_ledger_after_mixed_operations_is_whole(ledger: Tenant) -> None:
    assert verify() == "Verified 8 entries of 2 accounts: 0 broken.\n"


def test_ledger_written_by_the_api_is_whole(client: Client) -> None:
    for n in range(4):
        client.award("u", 10 + n, key=f"k{n % 3}", metadata={"n": n, "huge": 10**30, "text": "🎈"})
        client.award("u", 10, expires_at=(now() + timedelta(days=n + 1)).isoformat())
        client.deduct("u", 13, key=f"d{n}")
    awards = [{"participant_id": f"user_{n % 3}", "amount": n} for n in range(6)]
    assert client.post("/points/award-batch", {"awards": awards}, key="batch").json()["failed"] == 1
    assert verify().endswith(" entries of 4 accounts: 0 broken.\n")


def test_oldest_credit_first_is_whole_too(shop: Tenant) -> None:
    PointsSystem.objects.filter(tenant=shop).update(burn_order="oldest_credit_first")
    client = Client(shop)
    for amount in (10, 20, 30):
        client.award("u", amount)
        client.deduct("u", amount - 5)
    assert verify() == "Verified 6 entries of 1 accounts: 0 broken.\n"


TAMPERINGS = [
    ("UPDATE gamify_entry SET amount = 101 WHERE OF_U AND sequence = 1", 1, "balance_after is 100"),
    ("UPDATE gamify_entry SET balance_after = 149 WHERE OF_U AND sequence = 2", 2, "balance_after is 149"),
    ("UPDATE gamify_entry SET amount = 1000, balance_after = 1000 WHERE OF_U AND sequence = 1", 1, "the hash"),
    ("UPDATE gamify_entry SET reason = 'Cup' WHERE OF_U AND sequence = 6", 6, "the hash"),
    ("UPDATE gamify_entry SET reason = '' WHERE OF_U AND sequence = 1", 1, "the hash"),
    ("""UPDATE gamify_entry SET metadata = '{"a":1}' WHERE OF_U AND sequence = 7""", 7, "the hash"),
    ("UPDATE gamify_entry SET explanation = '{}' WHERE OF_U AND sequence = 3", 3, "the hash"),
    ("UPDATE gamify_entry SET kind = 'expire' WHERE OF_U AND sequence = 6", 6, "the hash"),
    ("UPDATE gamify_entry SET id = gen_random_uuid() WHERE OF_U AND sequence = 4", 4, "the hash"),
    ("UPDATE gamify_entry SET operation_id = id WHERE OF_U AND sequence = 4", 4, "the hash"),
    ("UPDATE gamify_entry SET created_at = created_at + interval '1 us' WHERE OF_U AND sequence = 7", 7, "the hash"),
    ("UPDATE gamify_entry SET hash = sha256('x') WHERE OF_U AND sequence = 2", 2, "the hash"),
    ("DELETE FROM gamify_entry WHERE OF_U AND sequence = 1", 2, "the numbering jumps from 0 to 2"),
    ("DELETE FROM gamify_entry WHERE OF_U AND sequence = 5", 6, "the numbering jumps from 4 to 6"),
    ("DELETE FROM gamify_entry WHERE OF_U AND sequence = 7", 7, "there are 6 entries, the account counts 7"),
    (
        """INSERT INTO gamify_entry
                  (participant_id, points_system_id, sequence, id, kind, amount, balance_after, created_at, hash)
           SELECT participant_id, points_system_id, 8, gen_random_uuid(), kind, 5, 150, created_at, hash
             FROM gamify_entry WHERE OF_U AND sequence = 7""",
        8,
        "the hash",
    ),
    ("UPDATE gamify_lot SET remaining = remaining - 1 WHERE OF_U AND sequence = 3", 3, "the lot has"),
    (
        """INSERT INTO gamify_lot (participant_id, points_system_id, sequence, amount, remaining, expires_at)
           SELECT participant_id, points_system_id, sequence, amount, 10, expires_at
             FROM gamify_entry WHERE OF_U AND sequence = 2""",
        2,
        "the lot has 10 left",
    ),
    ("UPDATE gamify_lot SET amount = 71 WHERE OF_U AND sequence = 3", 3, "the lot's amount"),
    ("DELETE FROM gamify_lot WHERE OF_U AND sequence = 3", 3, "the lot that it made is gone"),
    (
        """INSERT INTO gamify_lot (participant_id, points_system_id, sequence, amount, remaining)
           SELECT participant_id, points_system_id, 99, 1, 1
             FROM gamify_lot WHERE OF_U AND sequence = 3""",
        99,
        "a lot of an entry that does not exist",
    ),
    ("UPDATE gamify_consumption SET amount = 19 WHERE OF_U AND debit_sequence = 4", 4, "lots paid 19 of 20 points"),
    (
        "UPDATE gamify_consumption SET amount = 21 WHERE OF_U AND debit_sequence = 4",
        4,
        "lots paid 21 of 20 points",
    ),
    ("UPDATE gamify_consumption SET amount = 29 WHERE OF_U AND debit_sequence = 5", 5, "lots paid 29"),
    ("UPDATE gamify_consumption SET debit_sequence = 99 WHERE OF_U AND debit_sequence = 6", 6, "lots paid 0 of 30"),
    (
        "UPDATE gamify_consumption SET credit_sequence = 2 WHERE OF_U AND debit_sequence = 6",
        6,
        "after that had expired",
    ),
    ("DELETE FROM gamify_consumption WHERE OF_U AND debit_sequence = 4", 4, "lots paid 0 of 20"),
    ("UPDATE gamify_account SET balance = balance + 9, total_earned = total_earned + 9 WHERE OF_U", None, "balance is"),
    (
        "UPDATE gamify_account SET total_spent = total_spent - 9, total_expired = total_expired + 9 WHERE OF_U",
        None,
        "total_spent is 41, the rows give 50",
    ),
    ("UPDATE gamify_account SET lot_balance = lot_balance - 1 WHERE OF_U", None, "lot_balance is"),
    ("UPDATE gamify_account SET last_sequence = 8 WHERE OF_U", 8, "there are 7 entries, the account counts 8"),
    ("UPDATE gamify_account SET last_hash = sha256('x') WHERE OF_U", None, "last_hash is"),
    ("UPDATE gamify_account SET last_earned_at = NULL WHERE OF_U", None, "last_earned_at is None"),
    ("UPDATE gamify_account SET next_expires_at = NULL WHERE OF_U", None, "next_expires_at is None, but a lot expires"),
    ("DELETE FROM gamify_account WHERE OF_U", None, "rows of an account that does not exist"),
    (
        "UPDATE gamify_participant SET external_id = 'v' WHERE id = %(u)s",
        None,
        "the participant's id is not the one computed",
    ),
]


@pytest.mark.parametrize(("sql", "sequence", "what"), TAMPERINGS, ids=[sql[:70] for sql, *_ in TAMPERINGS])
def test_tampering_is_found_and_the_entry_named(ledger: Tenant, sql: str, sequence: int | None, what: str) -> None:
    system = PointsSystem.objects.get(tenant=ledger)
    tamper(ledger, sql)
    named, sentence = broken()
    place = f"participant {id_of(ledger)}, points system {system.id}"
    assert named.startswith(place + (f", entry {sequence}: " if sequence else ": "))
    assert what in named
    assert sentence.endswith(": 1 broken.")


def test_balance_that_does_not_add_up_cannot_even_be_stored(ledger: Tenant) -> None:
    with pytest.raises(IntegrityError, match="account_balance_is_sum_of_totals"), transaction.atomic():
        Account.objects.filter(participant=id_of(ledger)).update(balance=1)


@pytest.mark.parametrize("sql", ["UPDATE gamify_entry SET reason = 'x'", "DELETE FROM gamify_entry"])
def test_entries_can_be_neither_changed_nor_removed(ledger: Tenant, sql: str) -> None:
    with pytest.raises(IntegrityError, match="immutable"), connection.cursor() as cursor:
        cursor.execute(sql)


def test_one_tenant_alone_can_be_checked(ledger: Tenant) -> None:
    other = TenantFactory.create()
    Client(other).award("u", 10)
    Client(other.sandbox).award("u", 10)
    tamper(ledger, "UPDATE gamify_entry SET reason = 'x' WHERE OF_U AND sequence = 1")
    assert verify("--tenant", other.slug) == "Verified 1 entries of 1 accounts: 0 broken.\n"
    assert verify("--tenant", other.slug, "--sandbox") == "Verified 1 entries of 1 accounts: 0 broken.\n"
    assert broken("--tenant", ledger.slug)[1].endswith(" of 2 accounts: 1 broken.")
    assert broken()[1].endswith(" of 4 accounts: 1 broken.")


def test_unknown_tenant_is_refused(db: None) -> None:
    assert broken("--tenant", "nobody") == ("", "There is no tenant 'nobody'.")


def test_no_more_than_twenty_breaches_are_shown(shop: Tenant) -> None:
    for n in range(25):
        points.award(tenant=ref(shop), item=Award(f"user_{n}", 1), now=now())
    tamper(shop, "UPDATE gamify_entry SET reason = 'x'")
    named, sentence = broken()
    assert (len(named.splitlines()), sentence) == (20, "Verified 25 entries of 25 accounts: 25 broken.")
