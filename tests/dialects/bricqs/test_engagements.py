"""`/api/v1/engagements`: what a tenant's administrators list, make and change."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from engagements.models import Engagement
from tenants.models import Tenant
from tests.dialects.bricqs.session_helpers import EngagementClient, make_engagement, make_system
from tests.factories import TenantFactory, now, ref
from tests.ledger._threads import at_once
from tests.programmes import invalid, patch, refused, rows

PATH = "/engagements"
UNKNOWN = "550e8400-e29b-41d4-a716-446655440000"
EXAMPLE = {
    "name": "Summer quiz",
    "status": "active",
    "starts_at": "2026-06-01T00:00:00Z",
    "ends_at": "2026-09-01T00:00:00Z",
    "points_system": "stars",
    "currency_name": "Stars",
    "allowed_origins": ["https://play.example.com"],
}
# Of a value for a field: whether it is taken. They are the same for create and for update.
FIELDS: dict[str, tuple[list[Any], list[Any]]] = {
    "name": (["x" * 100, "Zoë 🎈", " "], ["", "x" * 101, 5, True, None, [], "a\0b"]),
    "status": (["active", "ended"], ["", "Active", "paused", 5, None]),
    "starts_at": ([None, "2026-06-01T00:00:00Z"], ["", "2026-06-01", 5, True, "2026-02-30T00:00:00Z", []]),
    "ends_at": (
        [None, "2999-06-01T00:00:00Z"],
        ["soon", "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+14:00", "2026-06-01T25:00:00Z"],
    ),
    "points_system": ([None, "points", "stars"], ["", "unknown", "Points", 5, True, []]),
    "currency_name": (["", "x" * 100, "Sterne ★"], ["x" * 101, 5, None, "a\0b"]),
    "allowed_origins": ([[], ["https://a.example"] * 50], ["https://a.example", None, {}, ["*"], ["null"]]),
}


@pytest.fixture
def client(shop: Tenant) -> EngagementClient:
    make_system(shop, "stars")
    return EngagementClient(shop, scopes=["gamify:admin"])


def create(client: EngagementClient, **fields: Any) -> Any:
    return client.post(PATH, {"name": "Quiz", **fields})


class TestCreate:
    def test_whole(self, client: EngagementClient, shop: Tenant) -> None:
        response = client.post(PATH, EXAMPLE)
        answer = response.json()
        assert response.status_code == 201
        assert answer == {"id": answer["id"], **EXAMPLE, "created_at": answer["created_at"]}
        engagement = Engagement.objects.get()
        assert (str(engagement.id), engagement.tenant_id) == (answer["id"], shop.id)
        assert datetime.fromisoformat(answer["created_at"]) == engagement.created_at

    def test_defaults(self, client: EngagementClient) -> None:
        answer = create(client).json()
        assert {name: answer[name] for name in EXAMPLE} == {
            "name": "Quiz",
            "status": "active",
            "starts_at": None,
            "ends_at": None,
            "points_system": None,
            "currency_name": "",
            "allowed_origins": [],
        }

    def test_what_is_not_for_callers_is_ignored(self, client: EngagementClient, shop: Tenant) -> None:
        answer = create(client, id=str(uuid4()), tenant_id=str(uuid4()), tenant=str(shop.sandbox.id), more=1).json()
        assert Engagement.objects.get(pk=answer["id"]).tenant_id == shop.id

    @pytest.mark.parametrize(("field", "values"), [(field, taken) for field, (taken, _) in FIELDS.items()])
    def test_taken(self, client: EngagementClient, field: str, values: list[Any]) -> None:
        for n, value in enumerate(values):
            response = create(client, **{"name": f"Quiz {n}", field: value})
            assert response.status_code == 201, response.content
            stored = sorted(set(value)) if field == "allowed_origins" else value
            assert response.json()[field] == stored
            assert client.get(f"{PATH}/{response.json()['id']}").json() == response.json()

    @pytest.mark.parametrize(("field", "values"), [(field, refused) for field, (_, refused) in FIELDS.items()])
    def test_refused(self, client: EngagementClient, field: str, values: list[Any]) -> None:
        for value in values:
            invalid(partial(create, client, **{field: value}), field)

    def test_name_is_needed(self, client: EngagementClient) -> None:
        invalid(lambda: client.post(PATH, {}), "name")

    def test_bad_origin_is_told_what_one_is(self, client: EngagementClient) -> None:
        origins = ["https://a.example", "https://b.example/"]
        body = refused(lambda: create(client, allowed_origins=origins), 422, "validation_error")
        assert "'https://b.example/' is not an origin. Write scheme and host" in body["detail"]
        invalid(lambda: create(client, allowed_origins=["", *origins, 5]), "allowed_origins[0]", "allowed_origins[3]")
        invalid(lambda: create(client, allowed_origins=["https://a.example"] * 51), "allowed_origins")

    def test_origins_are_kept_as_browsers_write_them_once_each(self, client: EngagementClient) -> None:
        origins = ["https://b.example:443", "HTTP://LOCALHOST:3000", "https://B.example"]
        assert create(client, allowed_origins=origins).json()["allowed_origins"] == [
            "http://localhost:3000",
            "https://b.example",
        ]

    def test_ends_after_it_starts(self, client: EngagementClient) -> None:
        for end in ("2026-06-01T00:00:00Z", "2026-05-31T00:00:00Z", "2026-06-01T02:00:00+02:00"):
            invalid(partial(create, client, starts_at="2026-06-01T00:00:00Z", ends_at=end), "ends_at")

    def test_name_is_taken_once_per_tenant(self, client: EngagementClient, shop: Tenant) -> None:
        make_engagement(shop.sandbox, "Quiz")
        make_engagement(TenantFactory.create(), "Quiz")
        assert create(client).status_code == 201
        body = refused(lambda: create(client), 400, "engagement_name_conflict")
        assert "'Quiz'" in body["detail"]

    def test_system_of_another_tenant_is_unknown(self, client: EngagementClient) -> None:
        make_system(TenantFactory.create(), "theirs")
        invalid(lambda: create(client, points_system="theirs"), "points_system")


class TestRead:
    def test_list_is_by_name_and_in_pages(self, client: EngagementClient, shop: Tenant) -> None:
        for name in ("Charlie", "Alpha", "Bravo"):
            make_engagement(shop, name)
        whole = client.get(PATH).json()
        assert [item["name"] for item in whole["items"]] == ["Alpha", "Bravo", "Charlie"]
        assert (whole["total"], whole["page"], whole["page_size"]) == (3, 1, 50)
        pages = [client.get(PATH, {"page": page, "page_size": 2}).json() for page in (1, 2, 3)]
        assert [[item["name"] for item in page["items"]] for page in pages] == [["Alpha", "Bravo"], ["Charlie"], []]
        assert {page["total"] for page in pages} == {3}

    def test_empty_list(self, client: EngagementClient) -> None:
        assert client.get(PATH).json() == {"items": [], "total": 0, "page": 1, "page_size": 50}

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"page": 0}, "page"),
            ({"page": "x"}, "page"),
            ({"page_size": 0}, "page_size"),
            ({"page_size": 101}, "page_size"),
        ],
    )
    def test_bad_page(self, client: EngagementClient, query: Any, field: str) -> None:
        invalid(lambda: client.get(PATH, query), field)

    def test_one_is_as_in_the_list(self, client: EngagementClient, shop: Tenant) -> None:
        one = make_engagement(shop, points_system="stars")
        assert [client.get(f"{PATH}/{one.id}").json()] == client.get(PATH).json()["items"]

    def test_another_tenants_are_not_there(self, client: EngagementClient, shop: Tenant) -> None:
        for other in (shop.sandbox, TenantFactory.create()):
            theirs = make_engagement(other)
            refused(partial(client.get, f"{PATH}/{theirs.id}"), 404, "engagement_not_found")
            refused(partial(patch, client, f"{PATH}/{theirs.id}", {"name": "Mine"}), 404, "engagement_not_found")
        assert client.get(PATH).json()["total"] == 0

    @pytest.mark.parametrize("id", ["x", "0", UNKNOWN, "%00", "a" * 500, "%F0%9F%8E%88"])
    def test_unknown(self, client: EngagementClient, id: str) -> None:
        refused(lambda: client.get(f"{PATH}/{id}"), 404, "engagement_not_found")
        refused(lambda: patch(client, f"{PATH}/{id}", {}), 404, "engagement_not_found")


class TestUpdate:
    @pytest.mark.parametrize(("field", "values"), [(field, taken) for field, (taken, _) in FIELDS.items()])
    def test_one_field_and_no_other(
        self, client: EngagementClient, shop: Tenant, field: str, values: list[Any]
    ) -> None:
        id = client.post(PATH, {"name": "Quiz", "currency_name": "C"}).json()["id"]
        for value in values:
            before = client.get(f"{PATH}/{id}").json()
            response = patch(client, f"{PATH}/{id}", {field: value})
            assert response.status_code == 200, response.content
            stored = sorted(set(value)) if field == "allowed_origins" else value
            assert response.json() == before | {field: stored} == client.get(f"{PATH}/{id}").json()

    @pytest.mark.parametrize(("field", "values"), [(field, refused) for field, (_, refused) in FIELDS.items()])
    def test_refused(self, client: EngagementClient, shop: Tenant, field: str, values: list[Any]) -> None:
        quiz = make_engagement(shop)
        for value in values:
            invalid(partial(patch, client, f"{PATH}/{quiz.id}", {field: value}), field)

    def test_nothing(self, client: EngagementClient, shop: Tenant) -> None:
        quiz = make_engagement(shop)
        assert patch(client, f"{PATH}/{quiz.id}", {}).json() == client.get(f"{PATH}/{quiz.id}").json()

    def test_end_is_compared_with_the_start_it_has(self, client: EngagementClient, shop: Tenant) -> None:
        quiz = make_engagement(shop, starts_at=now())
        before = (now() - timedelta(days=1)).isoformat()
        invalid(lambda: patch(client, f"{PATH}/{quiz.id}", {"ends_at": before}), "ends_at")
        assert patch(client, f"{PATH}/{quiz.id}", {"ends_at": before, "starts_at": None}).status_code == 200

    def test_name_of_another_one(self, client: EngagementClient, shop: Tenant) -> None:
        quiz, _ = make_engagement(shop), make_engagement(shop, "Other")
        refused(lambda: patch(client, f"{PATH}/{quiz.id}", {"name": "Other"}), 400, "engagement_name_conflict")

    def test_every_change_moves_the_version_of_the_rules_on(self, client: EngagementClient, shop: Tenant) -> None:
        def version() -> int:
            return ref(Tenant.objects.get(pk=shop.pk)).programme_version

        first = version()
        id = create(client).json()["id"]
        second = version()
        patch(client, f"{PATH}/{id}", {"status": "ended"})
        assert first < second < version()

    @pytest.mark.django_db(transaction=True)
    def test_changes_at_once_of_different_fields_are_all_kept(self, client: EngagementClient, shop: Tenant) -> None:
        id = create(client).json()["id"]
        changes: list[dict[str, Any]] = [
            {"currency_name": "Stars"},
            {"points_system": "stars"},
            {"status": "ended"},
            {"allowed_origins": ["https://a.example"]},
        ]
        answers = at_once([partial(patch, client, f"{PATH}/{id}", change) for change in changes])
        assert [answer.status_code for answer in answers] == [200] * 4
        found = client.get(f"{PATH}/{id}").json()
        assert all(found[name] == value for change in changes for name, value in change.items())

    @pytest.mark.django_db(transaction=True)
    def test_of_several_with_one_name_at_once_one_is_made(self, client: EngagementClient) -> None:
        answers = at_once([partial(create, client) for _ in range(4)])
        assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400]
        assert {answer.json().get("code") for answer in answers} == {None, "engagement_name_conflict"}


class TestAccess:
    CALLS = [
        ("GET", PATH),
        ("POST", PATH),
        ("GET", f"{PATH}/x"),
        ("PATCH", f"{PATH}/x"),
    ]

    @pytest.mark.parametrize(("method", "path"), CALLS)
    def test_only_administrators(self, client: EngagementClient, shop: Tenant, method: str, path: str) -> None:
        def call(key: str) -> Any:
            return client.http.generic(method, client.base + path, "{}", "application/json", headers={"X-API-Key": key})

        before = rows()
        assert call("bq_live_" + "0" * 32).status_code == 401
        refused(lambda: call(EngagementClient(shop).key), 403, "forbidden")
        for scope in ("admin", "gamify:admin"):
            assert call(EngagementClient(shop, scopes=[scope]).key).status_code in (200, 404, 422)
        assert rows() == before

    def test_other_methods(self, client: EngagementClient) -> None:
        for path, allowed in ((PATH, "GET, POST, HEAD"), (f"{PATH}/x", "GET, PATCH, HEAD")):
            response = client.http.delete(client.base + path, headers={"X-API-Key": client.key})
            assert response.status_code == 405
            assert set(response["Allow"].split(", ")) == set(allowed.split(", "))
