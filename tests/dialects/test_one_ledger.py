"""One ledger: what is awarded through one dialect is there in every other, with the same balance, tier and badges."""

from collections.abc import Callable
from typing import Any

import pytest

from gamify.models import Entry
from gamify.services import programme_file
from tenants.models import Tenant
from tests.factories import Client

pytestmark = pytest.mark.django_db

USER = "user 42/é"
PATH = "user%2042%2F%C3%A9"
PROGRAMME: dict[str, Any] = {
    "badges": [
        {"code": "first", "name": "First", "criteria_type": "award_count", "criteria_config": {"min_awards": 1}},
        {"code": "rich", "name": "Rich", "criteria_type": "points", "criteria_config": {"min_points": 100}},
    ],
    "tiers": [
        {"code": "silver", "name": "Silver", "level": 1, "criteria_config": {"min_points": 50}},
        {"code": "gold", "name": "Gold", "level": 2, "criteria_config": {"min_points": 120}, "point_multiplier": 1.5},
    ],
    "reward_rules": [{"event_type": "purchase", "points": 60}],
    "metrics": [{"key": "purchases", "name": "Purchases"}],
    "triggers": [
        {"points_system": "points", "type": "metric", "metric": "purchases", "threshold": 1, "points": 60},
    ],
}


class Shop:
    """Calls of all three dialects, with one key."""

    def __init__(self, tenant: Tenant) -> None:
        self.bricqs = Client(tenant)
        self.http, self.key = self.bricqs.http, self.bricqs.key

    def award_as_bricqs(self) -> int:
        return int(self.bricqs.award(USER, 60).json()["new_balance"])

    def award_as_gamifyhost(self) -> int:
        body = {"userId": USER, "eventType": "purchase"}
        answer = self.http.post("/v1/points/award", body, format="json", headers={"X-API-Secret": self.key})
        return int(answer.json()["data"]["userBalance"])

    def award_as_trophy(self) -> int:
        body = {"user": {"id": USER}, "value": 1}
        answer = self.http.post("/v1/metrics/purchases/event", body, format="json", headers={"X-API-KEY": self.key})
        return int(answer.json()["points"]["points"]["total"])

    def read_as_bricqs(self) -> int:
        return int(self.bricqs.get(f"/participants/{PATH}/points").json()["balance"])

    def read_as_gamifyhost(self) -> int:
        answer = self.http.get(f"/v1/users/{PATH}/balance", headers={"X-API-Secret": self.key})
        return int(answer.json()["data"]["totalPoints"])

    def read_as_trophy(self) -> int:
        answer = self.http.get(f"/v1/users/{PATH}/points/points", headers={"X-API-KEY": self.key})
        return int(answer.json()["total"])

    def standing(self) -> tuple[str | None, list[str]]:
        tier = self.bricqs.get(f"/participants/{PATH}/tier").json()["current_tier"]
        badges = self.bricqs.get(f"/participants/{PATH}/badges").json()["badges"]
        return tier and tier["code"], [badge["code"] for badge in badges]

    def listed(self) -> list[list[int]]:
        """The amounts of the ledger, newest first, as each dialect lists them."""
        bricqs = self.bricqs.transactions(PATH)["transactions"]
        gamifyhost = self.http.get(f"/v1/users/{PATH}/history", headers={"X-API-Secret": self.key}).json()["data"]
        trophy = self.http.get(f"/v1/users/{PATH}/points/points", headers={"X-API-KEY": self.key}).json()["awards"]
        return [
            [entry["amount"] for entry in bricqs],
            [entry["points"] for entry in gamifyhost],
            [entry["awarded"] for entry in trophy],
        ]


AWARD: dict[str, Callable[[Shop], int]] = {
    "bricqs": Shop.award_as_bricqs,
    "gamifyhost": Shop.award_as_gamifyhost,
    "trophy": Shop.award_as_trophy,
}
READ: dict[str, Callable[[Shop], int]] = {
    "bricqs": Shop.read_as_bricqs,
    "gamifyhost": Shop.read_as_gamifyhost,
    "trophy": Shop.read_as_trophy,
}


@pytest.fixture
def all_three(shop: Tenant) -> Shop:
    programme_file.apply(shop, PROGRAMME)
    return Shop(shop)


@pytest.mark.parametrize("reader", READ)
@pytest.mark.parametrize("awarder", AWARD)
def test_an_award_through_one_dialect_shows_in_the_other(all_three: Shop, awarder: str, reader: str) -> None:
    # The third award is multiplied by what gold, reached with the second, grants.
    for balance, tier, badges in (
        (60, "silver", ["first"]),
        (120, "gold", ["first", "rich"]),
        (210, "gold", ["first", "rich"]),
    ):
        assert AWARD[awarder](all_three) == balance
        assert READ[reader](all_three) == balance
        assert all_three.standing() == (tier, badges)


@pytest.mark.parametrize("order", [tuple(AWARD), tuple(reversed(AWARD))])
def test_awards_through_all_three_add_up_in_all_three(all_three: Shop, order: tuple[str, ...]) -> None:
    assert [AWARD[dialect](all_three) for dialect in order] == [60, 120, 210]
    assert {read(all_three) for read in READ.values()} == {210}
    assert all_three.listed() == [[90, 60, 60]] * 3
    assert Entry.objects.count() == 3
