"""`POST /api/v1/engagements/{id}/sessions`, and DELETE of what it gave."""

import hashlib
import re
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from engagements.models import Engagement, Session
from gamify.models import Participant
from tenants.models import Tenant
from tests.dialects.bricqs.session_helpers import (
    EngagementClient,
    Page,
    change_engagement,
    make_engagement,
    open_page,
)
from tests.factories import TenantFactory, now
from tests.programmes import invalid, refused

UNKNOWN = "550e8400-e29b-41d4-a716-446655440000"
NO_ENGAGEMENTS = ["x", UNKNOWN, "0" * 32, "a" * 300, "%00", "550e8400-e29b-41d4-a716-44665544000g"]


@pytest.fixture
def client(shop: Tenant) -> EngagementClient:
    return EngagementClient(shop)


@pytest.fixture
def quiz(shop: Tenant) -> Engagement:
    return make_engagement(shop)


class TestStart:
    def test_session_is_shown_once_and_opens_the_points(self, client: EngagementClient, quiz: Engagement) -> None:
        response = client.start(quiz.id, "user_123", ttl_seconds=60)
        answer = response.json()
        assert response.status_code == 201
        assert response["Cache-Control"] == "no-store"
        assert response["X-RateLimit-Limit"] == "120"
        assert answer == {
            "session_id": answer["session_id"],
            "engagement_id": str(quiz.id),
            "participant_id": "user_123",
            "expires_at": answer["expires_at"],
        }
        assert re.fullmatch(r"sess_[0-9a-f]{32}", answer["session_id"])
        assert answer["expires_at"].endswith("Z")
        assert Page(answer["session_id"], quiz.id).is_open()

    def test_only_a_hash_of_the_secret_is_kept(self, client: EngagementClient, quiz: Engagement) -> None:
        secret = client.start(quiz.id).json()["session_id"]
        row = Session.objects.filter().values().get()
        assert row["id"] == UUID(bytes=hashlib.sha256(secret.encode()).digest()[:16])
        assert secret.removeprefix("sess_") not in str(row)

    def test_what_is_kept_opens_nothing(self, client: EngagementClient, quiz: Engagement) -> None:
        secret = client.start(quiz.id).json()["session_id"]
        id = Session.objects.get().id
        for guess in (str(id), id.hex, f"sess_{id.hex}", hashlib.sha256(secret.encode()).hexdigest(), secret[:-1]):
            assert not Page(guess, quiz.id).is_open()

    def test_each_call_opens_another_one(self, client: EngagementClient, quiz: Engagement) -> None:
        secrets = {client.start(quiz.id).json()["session_id"] for _ in range(3)}
        assert len(secrets) == 3
        assert all(Page(secret, quiz.id).is_open() for secret in secrets)

    @pytest.mark.parametrize(
        ("fields", "seconds"),
        [
            ({}, 3600),
            ({"ttl_seconds": None}, 3600),
            ({"ttl_seconds": 1}, 1),
            ({"ttl_seconds": 30 * 24 * 3600}, 30 * 24 * 3600),
        ],
    )
    def test_lifetime(self, client: EngagementClient, quiz: Engagement, fields: Any, seconds: int) -> None:
        before = now()
        expires_at = datetime.fromisoformat(client.start(quiz.id, **fields).json()["expires_at"])
        assert before <= expires_at - timedelta(seconds=seconds) <= now()

    @pytest.mark.parametrize("ttl", [0, -1, 30 * 24 * 3600 + 1, 2**63, "60", 60.0, True, [60], {}], ids=repr)
    def test_bad_lifetime(self, client: EngagementClient, quiz: Engagement, ttl: Any) -> None:
        invalid(lambda: client.start(quiz.id, ttl_seconds=ttl), "ttl_seconds")

    @pytest.mark.parametrize("participant", ["", "x" * 256, "a\0b", 5, None, True, []], ids=repr)
    def test_bad_participant(self, client: EngagementClient, quiz: Engagement, participant: Any) -> None:
        invalid(lambda: client.start(quiz.id, participant), "participant_id")
        invalid(lambda: client.post(f"/engagements/{quiz.id}/sessions", {}), "participant_id")

    @pytest.mark.parametrize("participant", ["x" * 255, "Zoë 🎈", "a/b c", " ", "a\nb"])
    def test_any_id_that_points_can_be_awarded_to(
        self, client: EngagementClient, quiz: Engagement, participant: str
    ) -> None:
        answer = client.start(quiz.id, participant).json()
        assert answer["participant_id"] == participant
        assert Page(answer["session_id"], quiz.id).is_open()
        assert Participant.objects.count() == 0

    @pytest.mark.parametrize("engagement", NO_ENGAGEMENTS)
    def test_unknown_engagement(self, client: EngagementClient, engagement: str) -> None:
        refused(lambda: client.start(engagement), 404, "engagement_not_found")

    def test_anothers_engagement_is_unknown(self, client: EngagementClient, shop: Tenant) -> None:
        for other in (TenantFactory.create(), shop.sandbox):
            theirs = make_engagement(other)
            refused(partial(client.start, theirs.id), 404, "engagement_not_found")
            assert EngagementClient(other).start(theirs.id).status_code == 201

    def test_one_that_has_ended(self, client: EngagementClient, shop: Tenant) -> None:
        ended = make_engagement(shop, "Ended", status="ended")
        over = make_engagement(shop, "Over", ends_at=now())
        for engagement in (ended, over):
            refused(partial(client.start, engagement.id), 409, "engagement_ended")
        change_engagement(ended, status="active")
        assert client.start(ended.id).status_code == 201

    def test_one_that_has_not_begun_shows_what_there_is(self, client: EngagementClient, shop: Tenant) -> None:
        coming = make_engagement(shop, starts_at=now() + timedelta(days=1), ends_at=now() + timedelta(days=2))
        assert client.start(coming.id).status_code == 201

    def test_needs_a_key_that_is_valid(self, client: EngagementClient, quiz: Engagement, shop: Tenant) -> None:
        session = client.start(quiz.id).json()["session_id"]
        client.key = session
        refused(lambda: client.start(quiz.id), 401, "unauthorized")
        client.key = EngagementClient(shop).key
        Tenant.objects.filter(pk=shop.pk).update(is_active=False)
        refused(lambda: client.start(quiz.id), 403, "forbidden")

    def test_which_refusal_wins(self, client: EngagementClient, quiz: Engagement) -> None:
        change_engagement(quiz, status="ended")
        invalid(lambda: client.start("x", ttl_seconds=0), "ttl_seconds")
        refused(lambda: client.start(quiz.id), 409, "engagement_ended")
        client.key = "bq_live_" + "0" * 32
        refused(lambda: client.start("x", ttl_seconds=0), 401, "unauthorized")


class TestEnd:
    def test_ended_session_is_refused_from_the_next_call_on(self, client: EngagementClient, quiz: Engagement) -> None:
        page, other = open_page(quiz), open_page(quiz)
        response = client.end(quiz.id, page.body["session_id"])
        assert (response.status_code, response.content) == (204, b"")
        assert not page.is_open()
        assert other.is_open()

    def test_repeating_it_changes_nothing(self, client: EngagementClient, quiz: Engagement) -> None:
        page = open_page(quiz)
        assert client.end(quiz.id, page.body["session_id"]).status_code == 204
        ended_at = Session.objects.get().revoked_at
        assert ended_at
        assert client.end(quiz.id, page.body["session_id"]).status_code == 204
        assert Session.objects.get().revoked_at == ended_at

    @pytest.mark.parametrize("session", ["x", "sess_" + "0" * 32, "%F0%9F%8E%88", "a" * 1000, "%00", "%ff"])
    def test_unknown_session(self, client: EngagementClient, quiz: Engagement, session: str) -> None:
        refused(lambda: client.end(quiz.id, session), 404, "session_not_found")

    def test_session_of_another_engagement_is_unknown(
        self, client: EngagementClient, quiz: Engagement, shop: Tenant
    ) -> None:
        page, other = open_page(quiz), make_engagement(shop, "Other")
        refused(lambda: client.end(other.id, page.body["session_id"]), 404, "session_not_found")
        assert page.is_open()

    def test_another_tenant_cannot_end_it(self, quiz: Engagement) -> None:
        page, stranger = open_page(quiz), EngagementClient(TenantFactory.create())
        refused(lambda: stranger.end(quiz.id, page.body["session_id"]), 404, "engagement_not_found")
        stranger.key = page.body["session_id"]
        refused(lambda: stranger.end(quiz.id, page.body["session_id"]), 401, "unauthorized")
        assert page.is_open()

    def test_expired_one_and_one_of_an_ended_engagement(self, client: EngagementClient, quiz: Engagement) -> None:
        pages = [open_page(quiz, at=now() - timedelta(days=1)), open_page(quiz)]
        change_engagement(quiz, status="ended")
        assert [client.end(quiz.id, page.body["session_id"]).status_code for page in pages] == [204, 204]

    def test_routes_take_no_other_method(self, client: EngagementClient, quiz: Engagement) -> None:
        for path, allowed in ((f"/engagements/{quiz.id}/sessions", "POST"), ("/engagements/x/sessions/y", "DELETE")):
            response = client.get(path)
            assert (response.status_code, response["Allow"]) == (405, allowed)
