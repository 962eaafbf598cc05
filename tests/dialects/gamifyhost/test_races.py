"""Real threads on real connections: a reference is used once, a cap is kept, and no call is lost."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from gamify.models import Entry, Participant, RewardCount
from gamify.services import audit
from tenants.models import Tenant
from tests.dialects.gamifyhost.helpers import Api, make_rule
from tests.factories import TenantFactory
from tests.ledger._threads import at_once

THREADS = 16


@pytest.fixture(autouse=True)
def whole_ledger(transactional_db: None) -> Iterator[None]:
    yield
    assert [checked.breach for checked in audit.verify() if checked.breach] == []


@pytest.fixture
def shop() -> Tenant:
    return TenantFactory.create()


@pytest.fixture(params=["new", "known"])
def api(request: pytest.FixtureRequest, shop: Tenant) -> Api:
    """A client; its user was never seen, or has had an award."""
    make_rule(shop, "first", 1)
    make_rule(shop)
    api = Api(shop)
    if request.param == "known":
        api.award(event_type="first")
    return api


def award(api: Api, user: str = "user_12345", **fields: str) -> Callable[[], int]:
    """A call, and its status."""
    return lambda: int(api.award(user, **fields).status_code)


def test_one_reference_sent_at_once_is_awarded_once(api: Api) -> None:
    statuses = at_once([award(api, reference="r")] * THREADS)
    assert Counter(statuses) == {200: 1, 409: THREADS - 1}
    assert Entry.objects.filter(activity_id="signup").count() == 1


def test_one_reference_is_awarded_once_across_users(api: Api) -> None:
    statuses = at_once([award(api, f"user-{n}", reference="r") for n in range(THREADS)])
    assert Counter(statuses) == {200: 1, 409: THREADS - 1}
    # A refusal leaves nothing behind, the user included.
    assert Participant.objects.filter(external_id__startswith="user-").count() == 1


@pytest.mark.parametrize("period", ["day", "ever"])
def test_cap_is_exact(shop: Tenant, api: Api, period: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # No day ends meanwhile.
    monkeypatch.setattr("gamify.http.views.timezone.now", lambda: datetime(2026, 1, 1, 12, tzinfo=UTC))
    make_rule(shop, "capped", 5, cap_count=3, cap_period=period)
    calls = [award(api, event_type="capped", reference=f"r-{n}") for n in range(THREADS)]
    assert Counter(at_once(calls)) == {200: 3, 429: THREADS - 3}
    assert Entry.objects.filter(activity_id="capped").count() == 3
    assert RewardCount.objects.get(rule__event_type="capped").count_ever == 3


def test_awards_without_a_reference_are_all_made(api: Api) -> None:
    before = Entry.objects.count()
    assert at_once([award(api, displayName=f"Alice {n}") for n in range(THREADS)]) == [200] * THREADS
    assert Entry.objects.count() == before + THREADS
    assert RewardCount.objects.get(rule__event_type="signup").count_ever == THREADS
