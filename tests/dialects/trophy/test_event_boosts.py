"""`POST /metrics/{key}/event`: what boosts make of its awards."""

import pytest

from tenants.models import Tenant
from tests.dialects.trophy.helpers import Client, apply, boost, per, xp


@pytest.fixture(autouse=True)
def programme(shop: Tenant) -> None:
    apply(shop, triggers=[per(3, 10)])


def test_stack_and_are_rounded_once(client: Client) -> None:
    client.boost(boost("u", 2), boost("u", 1.5), boost("u", 3))
    [award] = client.event("u", 3).json()["points"]["xp"]["awards"]
    assert award["awarded"] == 90
    assert [each["multiplier"] for each in award["boosts"]] == [2, 1.5, 3]
    assert award["boosts"][0] == {
        "id": award["boosts"][0]["id"],
        "name": "times 2",
        "status": "active",
        "start": "2020-01-01",
        "end": None,
        "multiplier": 2,
        "rounding": "down",
    }


@pytest.mark.parametrize(("rounding", "expected"), [("down", 12), ("up", 13), ("nearest", 13)])
def test_three_roundings(client: Client, rounding: str, expected: int) -> None:
    client.boost(boost("u", 1.25, rounding=rounding))
    assert client.event("u", 3).json()["points"]["xp"]["added"] == expected


def test_the_most_cautious_of_several_roundings_holds(client: Client) -> None:
    client.boost(boost("u", 1.3, rounding="up"), boost("u", 1.3, rounding="nearest"))
    assert client.event("u", 3).json()["points"]["xp"]["added"] == 17  # 16.9
    client.boost(boost("u", 0.9, rounding="down"))
    assert client.event("u", 3).json()["points"]["xp"]["added"] == 15  # 15.21


def test_one_that_leaves_nothing_awards_nothing(client: Client) -> None:
    client.boost(boost("u", 0.01))
    assert client.event("u", 3).json()["points"] == {}


def test_everybody_s_and_one_s_own(client: Client, shop: Tenant) -> None:
    apply(shop, boosts=[xp(name="All", start="2020-01-01", multiplier=2)])
    client.boost(boost("u", 3))
    assert [client.event(user, 3).json()["points"]["xp"]["added"] for user in ("u", "v")] == [60, 20]


def test_of_another_system_does_nothing(client: Client) -> None:
    client.boost(boost("u", 2), system="coins")
    assert client.event("u", 3).json()["points"]["xp"]["added"] == 10
