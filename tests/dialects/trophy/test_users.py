"""`/users`: identified by POST, PUT and PATCH, read by GET."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gamify.models import Participant, Profile
from gamify.services import participants
from gamify.services.participants import Identify
from tenants.models import Tenant
from tests.dialects.trophy.helpers import Client, apply, refused, xp
from tests.factories import Client as BricqsClient
from tests.factories import now, ref
from tests.programmes import make_badge, rows

FULL: dict[str, Any] = {
    "email": "zoe@example.com",
    "name": "Zoë 🎈",
    "tz": "Europe/Vienna",
    "deviceTokens": ["t1", "t2"],
    "subscribeToEmails": False,
    "attributes": {"plan": "pro"},
}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 12, tzinfo=UTC)


def post(client: Client, **body: Any) -> Any:
    return client.call("POST", "/users", body)


def put(client: Client, id: str, **body: Any) -> Any:
    return client.call("PUT", f"/users/{id}", body)


def patch(client: Client, id: str, **body: Any) -> Any:
    return client.call("PATCH", f"/users/{id}", body)


def get(client: Client, id: str) -> Any:
    return client.call("GET", f"/users/{id}")


def test_user_is_what_was_said_of_it(client: Client, freeze: Any) -> None:
    freeze(NOON)
    response = post(client, id="u", **FULL)
    times = {"created": "2026-03-01T12:00:00Z", "updated": "2026-03-01T12:00:00Z"}
    assert (response.status_code, response.json()) == (201, {"id": "u", **FULL, "control": False, **times})
    assert get(client, "u").json() == response.json()


def test_of_whom_nothing_was_said(client: Client) -> None:
    body = post(client, id="u").json()
    nothing: dict[str, Any] = {"email": None, "name": None, "tz": None, "deviceTokens": [], "attributes": {}}
    assert body | nothing | {"subscribeToEmails": True, "control": False} == body


def test_post_put_and_patch_change_what_they_name(client: Client, freeze: Any) -> None:
    freeze(NOON)
    post(client, id="u", **FULL)
    freeze(LATER)
    assert post(client, id="u", name="A").status_code == 201
    assert put(client, "u", email=None, attributes={"region": "eu"}).status_code == 200
    changed = patch(client, "u", deviceTokens=None, attributes={"plan": "free"}, subscribeToEmails=None).json()
    expected = FULL | {"name": "A", "email": None, "deviceTokens": [], "attributes": {"plan": "free", "region": "eu"}}
    assert {name: changed[name] for name in expected} == expected
    assert (changed["created"], changed["updated"]) == ("2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z")
    assert get(client, "u").json() == changed


def test_saying_the_same_again_is_no_change(client: Client, freeze: Any) -> None:
    freeze(NOON)
    post(client, id="u", **FULL)
    before = rows()
    freeze(LATER)
    assert put(client, "u", **FULL).json()["updated"] == "2026-03-01T12:00:00Z"
    assert rows() == before


def test_put_makes_and_patch_does_not(client: Client) -> None:
    refused(lambda: patch(client, "u", name="A"), 404, "u")
    assert put(client, "u", name="A").status_code == 200
    assert patch(client, "u", name="B").json()["name"] == "B"


def test_who_is_known_from_another_dialect(client: Client, shop: Tenant, freeze: Any) -> None:
    freeze(NOON)
    BricqsClient(shop).award("u", 1)
    body = get(client, "u").json()
    assert (body["email"], body["subscribeToEmails"], body["created"]) == (None, True, "2026-03-01T12:00:00Z")
    assert not Profile.objects.exists()
    assert patch(client, "u", name="A").status_code == 200


def test_who_was_never_seen_is_not_found(client: Client, shop: Tenant) -> None:
    post(Client(shop.sandbox), id="u")
    refused(lambda: get(client, "u"), 404, "u")


@pytest.mark.parametrize(
    ("path", "id"),
    [
        ("ann%20lee", "ann lee"),
        ("team%2Fann", "team/ann"),
        ("team/ann", "team/ann"),
        ("a/points", "a/points"),
        ("points/xp", "points/xp"),
        ("a%3Fb%23c", "a?b#c"),
        ("%F0%9F%8E%88%0A", "🎈\n"),
        ("a%2520b", "a%20b"),
        ("u/", "u/"),
        ("x" * 255, "x" * 255),
    ],
)
def test_ids_in_paths(client: Client, path: str, id: str) -> None:
    assert put(client, path).json()["id"] == id
    assert get(client, path).json()["id"] == id
    assert Participant.objects.get().external_id == id


@pytest.mark.parametrize("path", ["x" * 256, "a%00b"])
def test_ids_that_are_none(client: Client, path: str) -> None:
    for method in ("GET", "PUT", "PATCH"):
        refused(lambda method=method: client.call(method, f"/users/{path}", {}), 422, "id: ")  # type: ignore[misc]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", 5),
        ("email", "x" * 321),
        ("name", ["A"]),
        ("name", "x" * 256),
        ("tz", "CET-1"),
        ("tz", ""),
        ("deviceTokens", "t"),
        ("deviceTokens", ["x" * 501]),
        ("deviceTokens", ["t"] * 101),
        ("subscribeToEmails", 1),
        ("attributes", []),
        ("attributes", {"a": 5}),
        ("attributes", {"a": "\ud800"}),
    ],
)
def test_refusals(client: Client, field: str, value: Any) -> None:
    put(client, "u")
    refused(lambda: post(client, id="u", **{field: value}), 422, field)
    refused(lambda: put(client, "u", **{field: value}), 422, field)
    refused(lambda: patch(client, "u", **{field: value}), 422, field)


def test_what_is_not_known_is_ignored(client: Client) -> None:
    assert "signUpDate" not in post(client, id="u", signUpDate="2026-01-01").json()


def test_first_identification_pays_and_leads_on(client: Client, shop: Tenant) -> None:
    make_badge(shop, "first", "award_count", min_awards=1)
    welcome = {"type": "user_creation", "points": 100}
    apply(shop, triggers=[xp(**welcome), {**welcome, "points_system": "points"}])
    for _ in range(2):
        put(client, "u")
        post(client, id="u", name="A")
        patch(client, "u", name="B")
    assert client.total("u") == 100
    assert BricqsClient(shop).get("/participants/u/badges").json()["badges"][0]["code"] == "first"


def test_attributes_of_another_dialect_are_shown_as_text(client: Client, shop: Tenant) -> None:
    attributes = {"n": 5, "yes": True, "none": None, "list": [1, "ö"], "text": "a"}
    participants.identify(tenant=ref(shop), item=Identify("u", {"attributes": attributes}), now=now())
    shown = {"n": "5", "yes": "true", "none": "null", "list": '[1, "ö"]', "text": "a"}
    assert client.call("GET", "/users/u").json()["attributes"] == shown
    # Kept as they are, by what is added.
    assert patch(client, "u", attributes={"text": "b"}).json()["attributes"] == shown | {"text": "b"}
    assert Profile.objects.get().attributes == attributes | {"text": "b"}


def test_a_hundred_attributes_and_no_more(client: Client) -> None:
    assert put(client, "u", attributes={str(number): "x" for number in range(100)}).status_code == 200
    assert patch(client, "u", attributes={"5": "y"}).json()["attributes"]["5"] == "y"
    refused(lambda: patch(client, "u", attributes={"100": "x"}), 422, "attributes")
    assert patch(client, "u", name="N").status_code == 200
