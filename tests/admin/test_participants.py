"""The list of participants, its search, and the page about one."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gamify.admin.participants import ParticipantAdmin
from gamify.models import Profile, participant_id
from gamify.queries import people
from tenants.models import Tenant
from tests import expiring, programmes
from tests.admin.console import Console, participant_path, text_of
from tests.factories import TenantFactory, now

LIST = "gamify/participant/"


def listed(console: Console, **query: Any) -> list[str]:
    response = console.get(LIST, query)
    assert response.status_code == 200
    return [row.external_id for row in response.context["cl"].result_list]


def link(console: Console, name: str, query: str = "") -> str:
    return str(getattr(console.get(LIST + query).context["cl"], f"{name}_url") or "")


@pytest.fixture
def many(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> Tenant:
    monkeypatch.setattr(ParticipantAdmin, "list_per_page", 2)
    for name in ("a", "b", "c", "d", "e"):
        programmes.award(shop, name, 10)
    return shop


def test_pages_go_on_behind_the_last_row_and_back(operator: Console, many: Tenant) -> None:
    assert listed(operator) == ["a", "b"]
    second = link(operator, "next")
    assert [row.external_id for row in operator.get(LIST + second).context["cl"].result_list] == ["c", "d"]
    third = link(operator, "next", second)
    assert [row.external_id for row in operator.get(LIST + third).context["cl"].result_list] == ["e"]
    assert link(operator, "next", third) == ""
    back = link(operator, "previous", third)
    assert [row.external_id for row in operator.get(LIST + back).context["cl"].result_list] == ["c", "d"]
    assert [
        row.external_id for row in operator.get(LIST + link(operator, "previous", back)).context["cl"].result_list
    ] == [
        "a",
        "b",
    ]


def test_nothing_is_counted_and_nothing_is_read_twice(operator: Console, many: Tenant) -> None:
    operator.get(LIST)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        operator.get(LIST)
    about = [query["sql"] for query in queries if "gamify_participant" in query["sql"]]
    assert not [sql for sql in about if "COUNT(" in sql.upper()]
    assert len(about) == 1


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("user_1", ["user_1", "user_12"]),
        ("user_12", ["user_12"]),
        ("USER_1", []),
        ("anna@", ["user_1"]),
        ("ANNA@EX", ["user_1"]),
        ("bloom", ["user_1", "user_2"]),
        ("anna bl", ["user_1"]),
        ("bloom anna", ["user_1"]),
        ("loom", []),
        ("o'neil", ["user_12"]),
        ("'", []),
        ("%", []),
        ("\\", []),
        ("!!! & | :*", []),
    ],
)
def test_search_by_id_address_and_name(operator: Console, shop: Tenant, asked: str, found: list[str]) -> None:
    people_of(shop)
    assert listed(operator, q=asked) == found


def make_profile(shop: Tenant, external_id: str, **fields: Any) -> None:
    times = {"created_at": now(), "updated_at": now()}
    Profile.objects.create(participant_id=participant_id(shop.pk, external_id), tenant=shop, **fields, **times)


def people_of(shop: Tenant) -> None:
    for external_id, name, email in (
        ("user_1", "Anna Bloom", "Anna@Example.com"),
        ("user_12", "Maeve O'Neil", None),
        ("user_2", "Ben Bloom", "ben@example.com"),
        ("other", None, None),
    ):
        programmes.award(shop, external_id, 10)
        if name:
            make_profile(shop, external_id, name=name, email=email)


def test_search_finds_nobody_of_another_tenant(shop: Tenant) -> None:
    other = TenantFactory.create()
    people_of(other)
    assert [people.search(shop.pk, asked) for asked in ("user_1", "anna@", "bloom")] == [[], [], []]


def test_list_shows_tier_and_what_can_be_spent(operator: Console, shop: Tenant) -> None:
    programmes.make_ladder(shop)
    past = now() - timedelta(days=2)
    programmes.award(shop, "anna", 1000, now=past)
    programmes.award(shop, "anna", 234, now=past, expires_at=past + timedelta(days=1))
    assert "anna – – G Gold 1,000" in operator.text(LIST)


def test_filter_by_tier(operator: Console, shop: Tenant) -> None:
    tiers = programmes.make_ladder(shop)
    programmes.award(shop, "anna", 1000)
    programmes.award(shop, "ben", 10)
    assert listed(operator, tier=str(tiers["gold"].pk)) == ["anna"]
    assert listed(operator, tier="none") == ["ben"]
    assert listed(operator, tier=str(uuid4())) == []


def test_page_shows_balance_what_expires_and_the_ladder(operator: Console, shop: Tenant) -> None:
    programmes.make_ladder(shop)
    programmes.make_badge(shop, "early", "award_count", min_awards=1)
    at = now()
    programmes.award(shop, "anna", 600, now=at, reason="Welcome")
    programmes.award(shop, "anna", 40, now=at, expires_at=at + timedelta(days=9))
    programmes.deduct(shop, "anna", 10, now=at, reason="A drink")
    page = operator.text(participant_path(shop, "anna"))
    assert "Points: balance 630 Earned ever 640 Spent 10 Expired 0" in page
    assert "640 of 1,000 points" in page
    assert "Early" in page
    assert f"Expires {at + timedelta(days=9):%-d %b %Y, %H:%M} 30" in page
    assert "No tier → Silver" in page
    assert f"Out of points earned: 10 of {at:%Y-%m-%d}" in page


def test_points_that_are_due_are_counted_as_expired(operator: Console, shop: Tenant) -> None:
    past = now() - timedelta(days=2)
    expiring.award(shop, "anna", 40, now=past, expires_at=past + timedelta(days=1))
    assert "balance 0 Earned ever 40 Spent 0 Expired 40" in operator.text(participant_path(shop, "anna"))


def test_entry_explains_its_multiplier_and_shows_its_metadata(operator: Console, shop: Tenant) -> None:
    programmes.make_tier(shop, "gold", 1, 100, point_multiplier="1.5")
    programmes.award(shop, "anna", 100)
    programmes.award(shop, "anna", 15, metadata={"order": "ord_1", "lines": [1, 2]})
    page = operator.text(participant_path(shop, "anna"))
    assert "15 × 1.5 for tier gold" in page
    assert "order: ord_1" in page
    assert "lines: 1, 2" in page


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"html": "<script>alert(1)</script>"}, " html: <script>alert(1)</script>"),
        ({"a": [], "b": {"c": [1, {"d": "e"}], "f": True}}, " a: b: c 1, d e, f True"),
        ({}, ""),
    ],
)
def test_metadata_of_any_kind_is_shown_as_text(
    operator: Console, shop: Tenant, metadata: dict[str, Any], told: str
) -> None:
    programmes.award(shop, "<b>anna</b>", 100, reason="<i>x</i>", metadata=metadata)
    response = operator.get(participant_path(shop, "<b>anna</b>"))
    for raw in ("<b>anna", "<i>x", "<script>alert"):
        assert raw not in response.content.decode()
    # Between the kind of the entry and its amount.
    assert f"<i>x</i> 1 Jan 2026, 00:00 · Award{told} +100 100" in text_of(response)


def test_ledger_is_paged_from_the_newest_on(operator: Console, shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "ENTRIES_PER_PAGE", 2)
    for number in range(1, 4):
        programmes.award(shop, "anna", number * 11)
    path = participant_path(shop, "anna")
    first = operator.text(path)
    assert ("+33" in first, "+22" in first, "+11" in first, "Older →" in first) == (True, True, False, True)
    second = operator.text(path, {"before": "2"})
    assert ("+22" in second, "+11" in second, "Older →" in second, "Newest" in second) == (False, True, False, True)
    assert operator.get(path, {"before": "x' OR 1"}).status_code == 200


def test_unknown_participant_leads_back(operator: Console, shop: Tenant) -> None:
    assert operator.get(participant_path(shop, "nobody")).status_code == 302
    assert operator.get(participant_path(shop, "nobody", "award")).status_code == 404


@pytest.mark.parametrize("url", ["https://cdn.example.com/a.png", "javascript:alert(1)", '"><script>', ""])
def test_avatar_is_shown_where_it_is_an_address_of_the_web(operator: Console, shop: Tenant, url: str) -> None:
    programmes.award(shop, "anna", 1)
    make_profile(shop, "anna", name="Anna", avatar_url=url)
    page = operator.get(participant_path(shop, "anna"))
    body = page.content.decode()
    assert (f'<img src="{url}"' in body) is url.startswith("https:")
    # The picture's host is not told whose page it is for.
    assert page["Referrer-Policy"] == "same-origin"
    assert '"><script>' not in body
