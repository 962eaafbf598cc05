"""Ending boosts, by every route that a generation of clients knows."""

import pytest

from gamify.models import Boost
from tenants.models import Tenant
from tests.dialects.trophy.helpers import NOBODY, Client, admin, apply, boost, listed, per, refused


@pytest.fixture(autouse=True)
def programme(shop: Tenant) -> None:
    apply(shop, triggers=[per(1, 10)])


class TestEnd:
    @pytest.fixture
    def ids(self, client: Client, system_id: str) -> list[str]:
        items = [boost("u", 2), boost("v", 2), boost(None, 2)]
        made = admin(client, "POST", f"/points/{system_id}/boosts", items).json()["created"]
        return [each["id"] for each in made]

    def test_one(self, client: Client, ids: list[str]) -> None:
        for id in ids:
            response = admin(client, "DELETE", f"/points/boosts/{id}")
            assert (response.status_code, response.content) == (204, b"")
        assert client.event("u").json()["points"]["xp"]["added"] == 10
        assert not Boost.objects.filter(is_active=True).exists()

    def test_again_is_no_error(self, client: Client, ids: list[str]) -> None:
        for _ in range(2):
            assert admin(client, "DELETE", f"/points/boosts/{ids[0]}").status_code == 204

    def test_many_by_both_routes(self, client: Client, ids: list[str], system_id: str) -> None:
        for path in ("/points/boosts", f"/points/{system_id}/boosts"):
            response = admin(client, "DELETE", f"{path}?ids={ids[0]}&ids={ids[2]}&ids={ids[0]}")
            assert response.status_code == 200
            assert response.json() == {
                "deleted": [{"id": ids[0]}, {"id": ids[2]}],
                "archivedCount": 2,
                "issues": [],
            }
        assert [each["id"] for each in listed(client, system_id)] == [ids[1]]

    def test_unknown_ones_are_issues(self, client: Client, ids: list[str]) -> None:
        body = admin(client, "DELETE", f"/points/boosts?ids={NOBODY}&ids=x&ids={ids[0]}").json()
        assert body["deleted"] == [{"id": ids[0]}]
        assert [(issue["id"], issue["boostId"], issue["index"]) for issue in body["issues"]] == [
            (NOBODY, NOBODY, 0),
            ("x", "x", 1),
        ]
        assert {(issue["level"], issue["severity"]) for issue in body["issues"]} == {("error", "error")}

    def test_of_another_system_or_tenant_are_unknown(self, client: Client, shop: Tenant, ids: list[str]) -> None:
        body = admin(client, "DELETE", f"/points/coins/boosts?ids={ids[0]}&ids={ids[2]}").json()
        assert (body["deleted"], len(body["issues"])) == ([], 2)
        stranger = Client(shop.sandbox)
        assert admin(stranger, "DELETE", f"/points/boosts?ids={ids[0]}").json()["deleted"] == []
        refused(lambda: admin(stranger, "DELETE", f"/points/boosts/{ids[2]}"), 404)

    @pytest.mark.parametrize("query", ["", "?ids=" + "&ids=".join(["x"] * 101)])
    def test_bad_lists_are_refused_as_each_client_knows_it(self, client: Client, query: str) -> None:
        refused(lambda: admin(client, "DELETE", f"/points/boosts{query}"), 400, "ids")
        refused(lambda: admin(client, "DELETE", f"/points/xp/boosts{query}"), 422, "ids")

    @pytest.mark.parametrize("id", [NOBODY, "x", "%00"])
    def test_unknown_one_is_not_found(self, client: Client, id: str) -> None:
        refused(lambda: admin(client, "DELETE", f"/points/boosts/{id}"), 404)
