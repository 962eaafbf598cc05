"""What an award asks of the database: the same few statements for one as for a hundred, few waits, few rows."""

import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from psycopg.pq import Trace

from gamify.services import points
from gamify.services.idempotency import IdempotencyKey
from gamify.services.points import Award, Deduct, Wallet
from tenants.models import Tenant
from tenants.refs import TenantRef
from tests.dialects.bricqs.session_helpers import make_engagement, make_system
from tests.factories import Client, TenantFactory, ref

# Outside a test's transaction, which would turn BEGIN and COMMIT into savepoints.
pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)
# The version of the rules comes with the accounts.
LOAD = ["BEGIN", "SELECT participant", "SELECT account", "SELECT lot"]
LOAD_WITH_KEYS = [*LOAD[:3], "SELECT operation", *LOAD[3:]]
# psycopg prepares a statement when it is sent for the second time; the programme is read once a process.
WARM_UPS = 3

_WORD = re.compile(r"\s*([A-Z]+)")
_TABLE = re.compile(r"\b(?:gamify|tenants)_(\w+)")
_ASKS_FOR_ANSWERS = {"Sync", "Flush", "Query"}


@pytest.fixture
def tenant() -> TenantRef:
    return ref(TenantFactory.create(participant_write_rate="999999999/d"))


class Steps:
    """Awards and deducts of one tenant that a test repeats; each call is a new operation."""

    def __init__(self, tenant: TenantRef) -> None:
        self.tenant = tenant
        self.calls = 0

    def award(self, *participants: str, key: bool = False, expires_at: datetime | None = None) -> None:
        self.calls += 1
        items = [
            Award(name, 5, expires_at=expires_at, key=IdempotencyKey(f"{self.calls}:{place}") if key else None)
            for place, name in enumerate(participants)
        ]
        batch = points.award_batch(tenant=self.tenant, items=items, now=NOW)
        assert not [result.error for result in batch.results if result.error]

    def deduct(self, participant: str, amount: int = 1, now: datetime = NOW) -> None:
        result = points.deduct(tenant=self.tenant, item=Deduct(participant, amount), now=now)
        assert result.error is None


@pytest.fixture
def steps(tenant: TenantRef) -> Steps:
    steps = Steps(tenant)
    for _ in range(WARM_UPS):
        steps.award("known", key=True)
    return steps


def people(count: int, prefix: str = "user") -> list[str]:
    return [f"{prefix}-{number}" for number in range(count)]


def test_an_award_is_four_statements_to_load_and_five_to_write(steps: Steps) -> None:
    seen = statements_of(lambda: steps.award("known"))
    assert seen == [*LOAD, "UPDATE participant", "INSERT account", "INSERT entry", "INSERT fact", "COMMIT"]


def test_a_key_costs_two_more(steps: Steps) -> None:
    seen = statements_of(lambda: steps.award("known", key=True))
    write = ["UPDATE participant", "INSERT account", "INSERT entry", "INSERT fact", "INSERT operation"]
    assert seen == [*LOAD_WITH_KEYS, *write, "COMMIT"]


def test_a_hundred_existing_participants_cost_exactly_what_one_does(steps: Steps) -> None:
    everyone = people(100)
    steps.award(*everyone)
    assert statements_of(lambda: steps.award(*everyone, key=True)) == statements_of(
        lambda: steps.award(everyone[0], key=True)
    )


def test_a_hundred_new_participants_cost_exactly_what_one_does(steps: Steps) -> None:
    one = statements_of(lambda: steps.award("new", key=True))
    assert one == [
        *LOAD_WITH_KEYS,
        "INSERT participant",
        "INSERT account",
        "INSERT entry",
        "INSERT fact",
        "INSERT operation",
        "COMMIT",
    ]
    assert statements_of(lambda: steps.award(*people(100), key=True)) == one


def test_a_hundred_awards_of_one_participant_cost_what_one_does(steps: Steps) -> None:
    assert statements_of(lambda: steps.award(*["known"] * 100)) == statements_of(lambda: steps.award("known"))


def test_new_and_existing_together_cost_one_statement_more(steps: Steps) -> None:
    seen = statements_of(lambda: steps.award("known", *people(99)))
    new = ["INSERT participant", "UPDATE participant"]
    assert seen == [*LOAD, *new, "INSERT account", "INSERT entry", "INSERT fact", "COMMIT"]


def test_a_replay_and_a_refusal_write_nothing(steps: Steps) -> None:
    replay = Award("known", 5, key=IdempotencyKey("replayed"))
    points.award(tenant=steps.tenant, item=replay, now=NOW)
    reuse = Award("known", 6, key=IdempotencyKey("replayed"))
    too_much = Deduct("known", 1_000_000)
    for load, call in (
        (LOAD_WITH_KEYS, lambda: points.award(tenant=steps.tenant, item=replay, now=NOW)),
        (LOAD_WITH_KEYS, lambda: points.award(tenant=steps.tenant, item=reuse, now=NOW)),
        (LOAD, lambda: points.deduct(tenant=steps.tenant, item=too_much, now=NOW)),
    ):
        assert statements_of(call) == [*load, "COMMIT"]


def test_lots_cost_statements_only_where_there_are_any(steps: Steps) -> None:
    write = ["UPDATE participant", "INSERT account", "INSERT entry"]
    assert statements_of(lambda: steps.deduct("known")) == [*LOAD, *write, "INSERT fact", "COMMIT"]
    expiring = statements_of(lambda: steps.award("known", expires_at=TOMORROW))
    assert expiring == [*LOAD, *write, "INSERT lot", "INSERT fact", "COMMIT"]
    from_lots = statements_of(lambda: steps.deduct("known"))
    assert from_lots == [*LOAD, *write, "UPDATE lot", "INSERT consumption", "INSERT fact", "COMMIT"]


class TestWallets:
    # Another points system, an engagement and what an entry says beside cost no statement.
    @pytest.fixture
    def wallets(self, steps: Steps) -> list[Wallet]:
        shop = Tenant.objects.get(pk=steps.tenant.id)
        make_system(shop, "stars")
        engagements = make_engagement(shop, "Own", points_system="stars"), make_engagement(shop, "Shared")
        steps.award("known")
        return [Wallet("stars"), *(Wallet(engagement_id=str(each.id)) for each in engagements)]

    def test_award_and_deduct(self, steps: Steps, wallets: list[Wallet]) -> None:
        for wallet in wallets:
            award = Award("known", 5, wallet=wallet, activity_id="a", transaction_type="bonus")
            call = partial(points.award, tenant=steps.tenant, item=award, now=NOW)
            assert statements_of(call) == statements_of(partial(steps.award, "known"))
            deduct = Deduct("known", 1, wallet=wallet, activity_id="a", transaction_type="redemption")
            seen = statements_of(partial(points.deduct, tenant=steps.tenant, item=deduct, now=NOW))
            assert seen == statements_of(partial(steps.deduct, "known"))

    def test_batch_of_all_of_them(self, steps: Steps, wallets: list[Wallet]) -> None:
        steps.award(*people(30))
        items = [Award(name, 5, wallet=wallet) for name in people(30) for wallet in wallets]
        seen = statements_of(partial(points.award_batch, tenant=steps.tenant, items=items, now=NOW))
        assert seen == statements_of(partial(steps.award, *people(30)))


def test_two_thousand_lots_that_expire_at_once_cost_a_few_more(steps: Steps) -> None:
    for _ in range(21):
        steps.award(*["known"] * 100, expires_at=TOMORROW)
    seen = statements_of(lambda: steps.deduct("known", amount=1, now=TOMORROW))
    twice = ["INSERT entry", "DELETE lot", "INSERT consumption", "INSERT fact"]
    # The deduct's entry, then those of the expiries.
    expected = ["UPDATE participant", "INSERT account", "INSERT entry"] + [name for name in twice for _ in range(2)]
    assert seen == [*LOAD, *expected, "COMMIT"]


def test_whoever_watches_djangos_queries_sees_as_many(steps: Steps) -> None:
    with CaptureQueriesContext(connection) as captured:
        steps.award("known")
    assert len(captured) == len(statements_of(lambda: steps.award("known"))) == 9


@pytest.mark.skipif(sys.platform != "linux", reason="libpq's trace is there on Linux only")
class TestTraffic:
    """What libpq itself notes of the wire: how often the client had to wait for answers, and how many rows came."""

    def test_a_known_key_is_confirmed_along_with_the_load(self, client: Client) -> None:
        for number in range(WARM_UPS):
            client.award("known", 5, key=f"warm-up-{number}")
        traffic = traffic_of(lambda: client.award("known", 5, key="counted"))
        assert traffic.statements_before_waits == [1 + len(LOAD_WITH_KEYS), 6]

    def test_a_batch_of_a_hundred_waits_no_more_often(self, steps: Steps) -> None:
        for _ in range(WARM_UPS):
            steps.award(*people(100))
        assert traffic_of(lambda: steps.award(*people(100))).statements_before_waits == [len(LOAD), 5]

    def test_no_wait_is_for_nothing(self, steps: Steps) -> None:
        assert traffic_of(lambda: steps.award("known", key=True)).empty_waits == 0

    @pytest.mark.parametrize("path", ["/points", "/points/transactions"])
    def test_a_read_by_a_known_key_is_one_statement(self, client: Client, path: str) -> None:
        def read() -> None:
            assert client.get(f"/participants/known{path}").status_code == 200

        client.award("known", 5)
        for _ in range(WARM_UPS):
            read()
        traffic = traffic_of(read)
        assert traffic.statements_before_waits == [1]
        assert traffic.empty_waits == 0

    def test_an_award_reads_two_rows_however_long_the_history_is(self, steps: Steps) -> None:
        short = traffic_of(lambda: steps.award("known")).rows
        for _ in range(3):
            steps.award(*["known"] * 100, expires_at=TOMORROW)
        assert traffic_of(lambda: steps.award("known")).rows == short == 2

    def test_a_deduct_reads_the_lots_that_cover_it_and_no_others(self, steps: Steps) -> None:
        for day in range(1, 51):
            steps.award("known", expires_at=NOW + timedelta(days=day))
        # Participant, tenant and account; then lots of 5 points each.
        assert traffic_of(lambda: steps.deduct("known", 5)).rows == 2 + 1
        assert traffic_of(lambda: steps.deduct("known", 11)).rows == 2 + 3

    def test_a_deduct_reads_no_more_where_all_lots_expire_together(self, steps: Steps) -> None:
        steps.award(*["known"] * 50, expires_at=TOMORROW)
        assert traffic_of(lambda: steps.deduct("known", 5)).rows == 2 + 1


@dataclass
class Traffic:
    # For each wait that something was asked in: how many statements.
    statements_before_waits: list[int] = field(default_factory=list)
    empty_waits: int = 0
    rows: int = 0

    @classmethod
    def of(cls, messages: Sequence[tuple[str, str]]) -> "Traffic":
        """Answers come when asked for: by a Sync, a Flush or a simple Query, or by several of them in a row."""
        traffic, statements, is_waiting = cls(), 0, False
        for sender, message in messages:
            traffic.rows += message == "DataRow"
            if sender == "B":
                is_waiting = False
                continue
            statements += message in ("Execute", "Query")
            if message in _ASKS_FOR_ANSWERS and not is_waiting:
                is_waiting = True
                if statements:
                    traffic.statements_before_waits.append(statements)
                else:
                    traffic.empty_waits += 1
                statements = 0
        return traffic


def traffic_of(operation: Callable[[], Any]) -> Traffic:
    raw = connection.connection.pgconn
    with tempfile.TemporaryFile() as trace:
        raw.trace(trace.fileno())
        raw.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        try:
            operation()
        finally:
            raw.untrace()
        trace.seek(0)
        # The lines of a statement's text have no such start.
        lines = [line.decode().split("\t") for line in trace if line[:2] in (b"F\t", b"B\t")]
    return Traffic.of([(line[0], line[2].strip()) for line in lines])


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is sent meanwhile: the first word of each, and the table that it is about."""
    seen: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        word = _WORD.match(sql)
        assert word, sql
        seen.append(" ".join([word[1], *_TABLE.findall(sql)[-1:]]))
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        yield seen


def statements_of(operation: Callable[[], Any]) -> list[str]:
    with statements() as seen:
        operation()
    return seen
