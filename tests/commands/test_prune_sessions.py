"""`manage.py prune_sessions`."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from engagements import sessions
from engagements.models import Engagement, Session
from tenants.models import Tenant
from tests.dialects.bricqs.session_helpers import make_engagement, open_page
from tests.factories import TenantFactory, now
from tests.ledger._threads import at_once


@pytest.fixture
def quiz(shop: Tenant) -> Engagement:
    return make_engagement(shop)


def make_expired(engagement: Engagement, count: int) -> None:
    for _ in range(count):
        open_page(engagement, at=now() - timedelta(hours=1), ttl_seconds=3600)


def run() -> str:
    out = StringIO()
    call_command("prune_sessions", stdout=out)
    return out.getvalue()


def test_deletes_what_has_expired_and_nothing_else(quiz: Engagement) -> None:
    make_expired(quiz, 2)
    make_expired(make_engagement(TenantFactory.create()), 1)
    page, ended = open_page(quiz), open_page(quiz)
    Session.objects.filter(pk=sessions._session_id(ended.body["session_id"])).update(revoked_at=now())
    assert run() == "Deleted 3 expired sessions.\n"
    assert Session.objects.count() == 2
    assert page.is_open()
    assert not ended.is_open()
    assert run() == "Deleted 0 expired sessions.\n"


def test_goes_by_batches(quiz: Engagement, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "PRUNED_PER_BATCH", 2)
    make_expired(quiz, 5)
    assert list(sessions.prune(now=now())) == [2, 2, 1]


def test_batch_is_found_by_the_index(quiz: Engagement) -> None:
    make_expired(quiz, 1)
    with CaptureQueriesContext(connection) as captured:
        list(sessions.prune(now=now()))
    [select, *_] = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {select}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "session_by_expiry" in plan
    assert "Sort" not in plan


@pytest.mark.django_db(transaction=True)
def test_twice_at_once_deletes_each_once(quiz: Engagement, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "PRUNED_PER_BATCH", 3)
    make_expired(quiz, 30)
    counts = at_once([lambda: sum(sessions.prune(now=now()))] * 4)
    assert sum(counts) + sum(sessions.prune(now=now())) == 30
    assert Session.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_waits_for_nobody(quiz: Engagement) -> None:
    make_expired(quiz, 2)
    held = Session.objects.first()
    assert held
    with transaction.atomic():
        Session.objects.select_for_update().get(pk=held.pk)
        [count] = at_once([lambda: sum(sessions.prune(now=now()))])
    assert count == 1
    assert list(Session.objects.values_list("pk", flat=True)) == [held.pk]
