from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from gamify.services import points
from gamify.services.points import Award, Deduct
from tenants.database import pipelined_transaction, send
from tenants.refs import TenantRef
from tests.factories import TenantFactory, now, ref
from tests.ledger._threads import SECONDS_MAX


@pytest.fixture
def fresh(transactional_db: None) -> Any:
    """A connection that has prepared nothing yet."""
    connection.close()
    yield
    connection.close()


def fail() -> None:
    with pytest.raises(DatabaseError, match="division by zero"):
        divide_by_zero()


@pipelined_transaction()
def divide_by_zero() -> None:
    send("SELECT 1 / 0")
    # The server skips this one; psycopg believes that it was prepared.
    send("SELECT 'after'")


def succeed() -> None:
    with pipelined_transaction():
        assert send("SELECT 'after'").fetchone() == ("after",)


@pytest.mark.parametrize("failures", [1, 2, 3, 4])
@pytest.mark.parametrize("successes", [0, 1, 2])
def test_connection_works_on_after_a_pipeline_failed(fresh: None, successes: int, failures: int) -> None:
    for _ in range(3):
        for _ in range(successes):
            succeed()
        for _ in range(failures):
            fail()
        succeed()


def test_connection_works_on_after_a_pipeline_failed_inside_an_outer_transaction(fresh: None) -> None:
    for _ in range(4):
        with transaction.atomic():
            fail()
            succeed()
        succeed()


def test_refused_commit_leaves_a_working_connection(fresh: None) -> None:
    deferred = """CREATE TEMP TABLE once (n int UNIQUE DEFERRABLE INITIALLY DEFERRED);
                  INSERT INTO once VALUES (1)"""
    with connection.cursor() as cursor:
        cursor.execute(deferred)
    for _ in range(4):
        with pytest.raises(DatabaseError), pipelined_transaction():
            send("INSERT INTO once VALUES (1)")
        succeed()


def test_first_awards_at_once_spoil_no_connection(transactional_db: None) -> None:
    shop, start = ref(TenantFactory.create()), Barrier(4)

    def work() -> list[str]:
        try:
            for n in range(6):
                start.wait(SECONDS_MAX)
                one_award(shop, f"u{n}")
            return [refused_deduct(shop) for _ in range(4)]
        finally:
            connection.close()

    with ThreadPoolExecutor(start.parties) as pool:
        answers = [future.result() for future in [pool.submit(work) for _ in range(start.parties)]]
    assert answers == [["InsufficientPoints"] * 4] * start.parties


def one_award(shop: TenantRef, name: str) -> None:
    assert points.award(tenant=shop, item=Award(name, 1), now=now()).outcome


def refused_deduct(shop: TenantRef) -> str:
    return type(points.deduct(tenant=shop, item=Deduct("nobody", 1), now=now()).error).__name__
