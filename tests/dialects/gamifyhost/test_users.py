"""Balance and history of a user, whichever dialect the points came through."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from gamify.models import Participant
from tenants.models import Tenant
from tests.dialects.bricqs.helpers import award_at
from tests.dialects.bricqs.test_participant_ids import IDS
from tests.dialects.gamifyhost.helpers import Api, done, invalid, make_rule, make_system, refused
from tests.factories import Client, TenantFactory, now
from tests.programmes import rows

NOT_FOUND = "User not found"
READS = ["balance", "history"]


class TestBalance:
    def test_form_of_the_notes(self, api: Api) -> None:
        api.award(displayName="Alice", email="alice@example.com", metadata={"not": "the user's"})
        body = done(api.get("user_12345/balance"))
        assert body == {
            "message": "User balance retrieved",
            "code": 200,
            "status": "success",
            "data": {
                "userId": "user_12345",
                "totalPoints": 500,
                "displayName": "Alice",
                "email": "alice@example.com",
                "metadata": {},
                "createdAt": body["data"]["createdAt"],
            },
        }
        created_at = datetime.fromisoformat(body["data"]["createdAt"])
        assert body["data"]["createdAt"].endswith("Z")
        assert Participant.objects.get().created_at == created_at

    def test_user_of_whom_nothing_is_known_but_points(self, api: Api, shop: Tenant) -> None:
        Client(shop).award("u", 30)
        Client(shop).deduct("u", 10)
        data = api.balance("u")
        assert (data["totalPoints"], data["displayName"], data["email"], data["metadata"]) == (20, None, None, {})

    def test_what_has_expired_is_not_counted(self, api: Api, shop: Tenant) -> None:
        award_at(now() - timedelta(days=2), shop, "u", 30, expires_at=now() - timedelta(days=1))
        award_at(now() - timedelta(days=2), shop, "u", 5)
        assert api.balance("u")["totalPoints"] == 5

    def test_statements_do_not_grow(self, api: Api, django_assert_num_queries: Any) -> None:
        for _ in range(3):
            for _ in range(20):
                api.award()
            with django_assert_num_queries(3):
                api.balance()


class TestHistory:
    def test_form_of_the_notes(self, api: Api) -> None:
        ledger_id = api.award(metadata={"source": "ios_app"}, reference="r").json()["data"]["ledgerId"]
        body = done(api.get("user_12345/history", {"page": 1, "limit": 20}))
        assert body == {
            "message": "User history retrieved",
            "code": 200,
            "status": "success",
            "data": [
                {
                    "id": ledger_id,
                    "eventType": "signup",
                    "points": 500,
                    "reference": "r",
                    "metadata": {"source": "ios_app"},
                    "createdAt": body["data"][0]["createdAt"],
                }
            ],
            "meta": {"page": 1, "limit": 20, "total": 1, "totalPages": 1},
        }
        assert body["data"][0]["createdAt"].endswith("Z")

    def test_event_without_reference_and_metadata(self, api: Api) -> None:
        api.award()
        [line] = api.history()
        assert (line["reference"], line["metadata"]) == (None, None)

    def test_what_other_dialects_wrote(self, api: Api, shop: Tenant) -> None:
        bricqs = Client(shop)
        award_at(now() - timedelta(days=2), shop, "u", 30, expires_at=now() - timedelta(days=1))
        bricqs.award("u", 10, reason="Purchase completed", key="order-1")
        bricqs.award("u", 5, transaction_type="bonus", activity_id="quiz_1")
        bricqs.award("u", 5, transaction_type="bonus")
        bricqs.deduct("u", 7, metadata={"sku": 1})
        bricqs.deduct("u", 1, transaction_type="redemption")
        bricqs.post("/points/award-batch", {"awards": [{"participant_id": "u", "amount": 3}]}, key="weekly")
        api.award("u")
        assert [(line["eventType"], line["points"], line["reference"]) for line in api.history("u")] == [
            ("signup", 500, None),
            ("award", 3, "weekly#0"),
            ("redemption", -1, None),
            ("deduct", -7, None),
            ("bonus", 5, None),
            ("quiz_1", 5, None),
            ("award", 10, "order-1"),
            ("expire", -30, None),
            ("award", 30, None),
        ]
        assert api.history("u")[3]["metadata"] == {"sku": 1}

    def test_pages_are_newest_first_without_gap_or_overlap(self, api: Api, shop: Tenant) -> None:
        for points in range(1, 8):
            make_rule(shop, f"e{points}", points)
            api.award(event_type=f"e{points}")
        pages = [done(api.get("user_12345/history", {"page": page, "limit": 3})) for page in (1, 2, 3, 4)]
        listed = [[line["points"] for line in page["data"]] for page in pages]
        assert listed == [[7, 6, 5], [4, 3, 2], [1], []]
        assert [page["meta"] for page in pages] == [
            {"page": page, "limit": 3, "total": 7, "totalPages": 3} for page in (1, 2, 3, 4)
        ]

    def test_defaults_are_first_page_of_twenty(self, api: Api) -> None:
        api.award()
        assert done(api.get("user_12345/history"))["meta"] == {"page": 1, "limit": 20, "total": 1, "totalPages": 1}

    def test_user_without_entries_has_an_empty_page(self, api: Api, shop: Tenant) -> None:
        make_system(shop, "xp")
        api.award()
        body = done(api.get("user_12345/history", {"pointsSystem": "xp"}))
        assert (body["data"], body["meta"]["total"], body["meta"]["totalPages"]) == ([], 0, 0)

    @pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "", "1e1", "١", "9" * 19])
    @pytest.mark.parametrize("field", ["page", "limit"])
    def test_bad_page_or_limit_is_refused(self, api: Api, field: str, value: str) -> None:
        api.award()
        invalid(lambda: api.get("user_12345/history", {field: value}), field)

    def test_limits(self, api: Api) -> None:
        api.award()
        assert done(api.get("user_12345/history", {"limit": 100, "page": "9" * 18}))["data"] == []
        invalid(lambda: api.get("user_12345/history", {"limit": 101}), "limit")

    def test_statements_do_not_grow(self, api: Api, django_assert_num_queries: Any) -> None:
        for n in range(3):
            for m in range(20):
                api.award(reference=f"{n}-{m}")
            for page in (1, n + 1):
                with django_assert_num_queries(4):
                    api.history(page=page)


@pytest.mark.parametrize("read", READS)
class TestWho:
    def test_user_that_was_never_seen(self, api: Api, read: str) -> None:
        refused(lambda: api.get(f"nobody/{read}"), 404, NOT_FOUND)

    def test_user_of_another_tenant_or_the_sandbox(self, api: Api, shop: Tenant, read: str) -> None:
        for tenant in (TenantFactory.create(), shop.sandbox):
            Client(tenant).award("u", 5)
        refused(lambda: api.get(f"u/{read}"), 404, NOT_FOUND)

    @pytest.mark.parametrize("encoded", ["a%00b", "x" * 256])
    def test_bad_id(self, api: Api, read: str, encoded: str) -> None:
        invalid(lambda: api.get(f"{encoded}/{read}"), "userId")

    def test_unknown_points_system(self, api: Api, read: str) -> None:
        api.award()
        invalid(lambda: api.get(f"user_12345/{read}", {"pointsSystem": "gems"}), "pointsSystem")

    def test_another_points_system(self, api: Api, shop: Tenant, read: str) -> None:
        make_rule(shop, "level", 30, points_system=make_system(shop, "xp"))
        api.award(event_type="level")
        data = done(api.get(f"user_12345/{read}", {"pointsSystem": "xp"}))["data"]
        assert (data["totalPoints"] if read == "balance" else data[0]["points"]) == 30

    def test_reads_change_nothing(self, api: Api, read: str) -> None:
        api.award()
        before = rows()
        done(api.get(f"user_12345/{read}"))
        assert rows() == before


@pytest.mark.parametrize("user", IDS, ids=lambda id: repr(id)[:24])
def test_id_is_found_in_a_path(api: Api, user: str) -> None:
    assert done(api.award(user))["data"]["userId"] == user
    encoded = quote(user, safe="")
    assert api.balance(encoded)["userId"] == user
    assert len(api.history(encoded)) == 1


@pytest.mark.parametrize("user", ["a b", "a/b", "/", "a//b", "u/balance", "u/history/balance", "balance", "a@b", "é"])
def test_id_may_be_raw_in_a_path(api: Api, user: str) -> None:
    api.award(user)
    assert api.balance(user)["userId"] == user
    assert len(api.history(user)) == 1


def test_a_balance_at_a_moment_to_come(api: Api, shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    Client(shop).award("u", 5, expires_at="2999-01-01T00:00:00Z")
    assert api.balance("u")["totalPoints"] == 5
    monkeypatch.setattr("gamify.http.views.timezone.now", lambda: datetime(2999, 1, 1, tzinfo=UTC))
    assert api.balance("u")["totalPoints"] == 0
