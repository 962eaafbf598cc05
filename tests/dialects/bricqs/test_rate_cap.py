from datetime import timedelta
from typing import Any

import pytest

from gamify.errors import Unavailable
from gamify.queries import points as reads
from gamify.services import points
from gamify.services.points import Award
from tenants.models import Tenant
from tests.dialects.bricqs.helpers import post_text, refused
from tests.dialects.bricqs.session_helpers import Page, make_engagement, open_page
from tests.factories import Client, TenantFactory, now, ref

# A window that ends in 2052: no test runs across its end.
WINDOW_SECONDS = 9999 * 86400
EXCEEDED = "RATE_LIMIT_PARTICIPANT_EXCEEDED"


@pytest.fixture
def tight(db: None) -> Tenant:
    return TenantFactory.create(participant_write_rate="3/9999d")


@pytest.fixture
def client(tight: Tenant) -> Client:
    return Client(tight)


def headers(response: Any) -> tuple[int, int, int]:
    limit, remaining, reset = (int(response[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining", "Reset"))
    return limit, remaining, reset


def test_every_write_takes_one_and_the_next_over_the_cap_is_refused(client: Client) -> None:
    reset = (int(now().timestamp()) // WINDOW_SECONDS + 1) * WINDOW_SECONDS
    calls = [client.award("u", 10), client.deduct("u", 1), client.award("u", 10)]
    assert [headers(response) for response in calls] == [(3, 2, reset), (3, 1, reset), (3, 0, reset)]
    response = refused(lambda: client.award("u", 1), 429, EXCEEDED)
    assert headers(response) == (3, 0, reset)
    # Rounded up, as of some moments ago.
    assert abs(reset - now().timestamp() - int(response["Retry-After"])) < 60
    refused(lambda: client.deduct("u", 1), 429, EXCEEDED)


def test_cap_is_that_of_one_participant(client: Client) -> None:
    for _ in range(3):
        client.award("u", 1)
    assert headers(client.award("other", 1))[1] == 2


def test_replays_take_nothing_and_are_answered_at_the_cap(client: Client) -> None:
    for n in range(3):
        client.award("u", 1, key=f"k{n}")
    for _ in range(3):
        replay = client.award("u", 1, key="k0")
        assert (replay.status_code, replay["Idempotent-Replayed"], headers(replay)[1]) == (200, "true", 0)


@pytest.mark.parametrize("what", ["points", "tier", "badges", "points/transactions", "points/expiring?within_days=9"])
def test_reads_show_what_is_left_to_the_participant(client: Client, what: str) -> None:
    client.award("u", 1)
    assert [headers(client.get(f"/participants/{each}/{what}"))[1] for each in ("u", "nobody")] == [2, 3]


def test_refusals_and_reads_take_nothing(client: Client) -> None:
    client.award("u", 1)
    client.deduct("u", 100)
    client.award("u", 0)
    client.award("u", 1, key="a b")
    for path in ("/participants/u/points", "/participants/u/points/transactions"):
        assert headers(client.get(path))[:2] == (3, 2)


def test_batch_counts_each_of_its_items_and_shows_the_tightest_window(client: Client) -> None:
    awards = [{"participant_id": name, "amount": 1} for name in ("one", "two", "two")]
    assert headers(client.post("/points/award-batch", {"awards": awards}))[:2] == (3, 1)
    assert headers(client.get("/participants/one/points"))[1] == 2


def test_cap_lifts_when_the_window_ends(tight: Tenant) -> None:
    tight.participant_write_rate = "2/m"
    minute = now().replace(second=0, microsecond=0)

    def award(seconds: float) -> Any:
        at = minute + timedelta(seconds=seconds)
        return points.award(tenant=ref(tight), item=Award("u", 1), now=at).error

    assert [award(0), award(59.9)] == [None, None]
    refusal = award(59.95)
    assert (refusal.retry_after_seconds, refusal.resets_at) == (1, minute + timedelta(minutes=1))
    assert award(0.5).retry_after_seconds == 60
    assert award(60) is None


def test_a_clock_that_steps_back_gives_no_second_allowance(tight: Tenant) -> None:
    at = now()
    errors = [
        points.award(tenant=ref(tight), item=Award("u", 1), now=at - timedelta(days=20_000 * n)).error
        for n in (0, 0, 0, 1)
    ]
    assert [error is None for error in errors] == [True, True, True, False]


def test_default_cap_is_that_of_the_installation(db: None, settings: Any) -> None:
    settings.PARTICIPANT_WRITE_RATE = "7/9999d"
    assert headers(Client(TenantFactory.create()).award("u", 1))[:2] == (7, 6)


@pytest.mark.parametrize("participant", ["u", "nobody"])
def test_headers_are_on_every_authenticated_response(client: Client, participant: str) -> None:
    client.award("u", 1)
    responses = [
        client.get(f"/participants/{participant}/points"),
        client.get(f"/participants/{participant}/points/transactions"),
        client.get(f"/participants/{participant}/points/transactions", {"page": 0}),
        client.get("/points/award"),
        client.award(participant, 0),
        client.award(participant, 1, key="a b"),
        client.award(participant, 1, key="a", idempotency_key="b"),
        client.deduct(participant, 1000),
        client.award(participant, 1, key="k"),
        client.award(participant, 2, key="k"),
        client.post("/points/award-batch", {"awards": []}),
        client.post("/points/award-batch", {"awards": [{"participant_id": participant, "amount": 1}]}),
        post_text(client, "/points/award", "{"),
    ]
    assert sorted({response.status_code for response in responses}) == [200, 400, 405, 409, 422]
    for response in responses:
        limit, remaining, reset = headers(response)
        assert limit == 3
        assert 0 <= remaining <= 3
        assert reset > now().timestamp()


def test_who_is_not_let_in_sees_the_installations_rate_and_nothing_taken(
    client: Client, tight: Tenant, settings: Any
) -> None:
    settings.PARTICIPANT_WRITE_RATE = "7/9999d"
    settings.FAILED_KEY_RATE = "3/9999d"
    client.award("u", 1)
    path = f"{client.base}/participants/u/points"
    responses = [client.http.get(path), client.http.get(path, headers={"X-API-Key": "x"})]
    Tenant.objects.filter(pk=tight.pk).update(is_active=False)
    responses += [client.award("u", 1), client.get("/participants/u/points")]
    assert [response.status_code for response in responses] == [401, 401, 403, 429]
    assert {headers(response)[:2] for response in responses} == {(7, 7)}


def test_sessions_show_their_tenants_rate_once_they_are_known(
    client: Client, tight: Tenant, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PARTICIPANT_WRITE_RATE = "7/9999d"
    client.award("user_123", 1)
    page = open_page(make_engagement(tight))
    unread = [
        Page("sess_" + "0" * 32, page.body["engagement_id"]).call("balance"),
        page.call("transactions", limit=0),
        page.http.get("/api/v1/points/balance"),
        page.http.generic("POST", "/api/v1/points/balance", "{", "application/json"),
    ]
    assert [response.status_code for response in unread] == [401, 422, 405, 400]
    assert {headers(response)[:2] for response in unread} == {(7, 7)}
    assert headers(page.call("balance"))[:2] == (3, 2)

    def fail(**_: Any) -> None:
        raise Unavailable

    monkeypatch.setattr(reads, "balance", fail)
    response = page.call("balance")
    assert (response.status_code, headers(response)[:2]) == (503, (3, 3))
