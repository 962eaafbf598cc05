"""GET participants/{id}/points/expiring: what will be lost, and when."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tenants.models import Tenant
from tests import expiring
from tests.expiring import DAY, HOUR
from tests.factories import Client, TenantFactory, now


def test_what_is_lost_at_one_moment_is_one_line_soonest_first(shop: Tenant, client: Client) -> None:
    soon, later = now() + 2 * DAY, now() + 9 * DAY
    for amount, expires_at in ((40, later), (100, soon), (20, later), (7, None), (1, now() + 31 * DAY)):
        expiring.award(shop, "anna", amount, now=now(), expires_at=expires_at)
    expiring.deduct(shop, "anna", 30, now=now())
    assert read(client) == {
        "participant_id": "anna",
        "within_days": 30,
        "total": 130,
        "expiring": [
            {"amount": 70, "expires_at": wire(soon)},
            {"amount": 60, "expires_at": wire(later)},
        ],
    }


@pytest.mark.parametrize(("within_days", "total"), [(None, 11), (1, 1), (30, 11), (31, 111), (3650, 1111)])
def test_within_days_says_how_far_to_look(shop: Tenant, client: Client, within_days: int | None, total: int) -> None:
    for amount, days in ((1, 1), (10, 30), (100, 31), (1000, 3650)):
        expiring.award(shop, "anna", amount, now=now(), expires_at=now() + days * DAY - HOUR)
    body = read(client, **({} if within_days is None else {"within_days": within_days}))
    assert (body["total"], body["within_days"]) == (total, within_days or 30)


@pytest.mark.parametrize("within_days", ["0", "3651", "-1", "1.5", "abc", "", "٣", "1e3"])
def test_bad_within_days_is_refused(client: Client, within_days: str) -> None:
    response = client.get("/participants/anna/points/expiring", {"within_days": within_days})
    assert response.status_code == 422
    body = response.json()
    assert (body["code"], [error["field"] for error in body["errors"]]) == ("validation_error", ["within_days"])


def test_what_has_expired_already_is_not_shown(shop: Tenant, client: Client) -> None:
    past = now() - 2 * DAY
    for amount, expires_at in ((100, past + DAY), (10, now() + DAY)):
        expiring.award(shop, "anna", amount, now=past, expires_at=expires_at)
    assert read(client)["total"] == client.balance("anna") == 10


def test_what_inactivity_will_take_is_shown_beside_the_lots(shop: Tenant, client: Client) -> None:
    expiring.set_policy(shop, "inactivity", 10)
    start = now()
    expiring.award(shop, "anna", 100, now=start)
    expiring.award(shop, "anna", 5, now=start, expires_at=start + 10 * DAY)
    expiring.award(shop, "anna", 7, now=start, expires_at=start + 20 * DAY)
    assert read(client)["expiring"] == [
        {"amount": 105, "expires_at": wire(start + 10 * DAY)},
        {"amount": 7, "expires_at": wire(start + 20 * DAY)},
    ]


def test_of_an_unknown_participant_nothing_expires(client: Client) -> None:
    assert read(client) == {"participant_id": "anna", "within_days": 30, "total": 0, "expiring": []}


def test_another_tenants_points_are_not_shown(shop: Tenant, client: Client) -> None:
    other = TenantFactory.create()
    expiring.award(other, "anna", 100, now=now(), expires_at=now() + DAY)
    assert read(client)["total"] == 0
    assert read(Client(other))["total"] == 100


def test_a_reader_without_a_key_is_turned_away(client: Client) -> None:
    response = client.http.get(client.base + "/participants/anna/points/expiring")
    assert response.status_code == 401


def test_the_participants_write_cap_is_shown_and_not_used(shop: Tenant, client: Client) -> None:
    Tenant.objects.filter(pk=shop.pk).update(participant_write_rate="120/9999d")
    client.award("anna", 1)
    remaining = [client.get("/participants/anna/points/expiring")["X-RateLimit-Remaining"] for _ in range(2)]
    assert remaining == ["119", "119"]


def read(client: Client, **query: Any) -> Any:
    response = client.get("/participants/anna/points/expiring", query)
    assert response.status_code == 200, response.content
    return response.json()


def wire(moment: datetime) -> str:
    assert moment.utcoffset() == timedelta(0)
    return moment.isoformat().replace("+00:00", "Z")
