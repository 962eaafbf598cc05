from typing import Any
from urllib.parse import quote

import pytest

from gamify.models import Participant
from tests.dialects.bricqs.helpers import invalid
from tests.factories import Client

IDS = [
    "u",
    "x" * 255,
    "🎈" * 255,
    "👩‍👩‍👧‍👦",
    "مستخدم",
    "\u202eright to left\u202c",
    " ",
    " spaces  kept ",
    "a b",
    "a/b",
    "/",
    "//",
    "a//b/",
    "..",
    ".",
    "a/../b",
    "../../admin",
    "points",
    "points/transactions",
    "x/points",
    "x/points/transactions",
    "x/points/points",
    "a?b=c",
    "a#b",
    "a%b",
    "a%2Fb",
    "%",
    "%00",
    "a+b",
    "a&b",
    "a;b",
    "a\\b",
    "a'b\"c",
    "a\nb",
    "a\r\nb",
    "\t",
    "\x7f",
    "<script>",
    "alice@example.com",
    "null",
    "0",
    "\ufeff",
    "\ufffe",
    "é",
    "e\u0301",
    "\u2028",
]


@pytest.mark.parametrize("participant", IDS, ids=lambda id: repr(id)[:24])
def test_id_is_kept_to_the_character_and_found_in_a_path(client: Client, participant: str) -> None:
    assert client.award(participant, 10).json()["participant_id"] == participant
    path = f"/participants/{quote(participant, safe='')}/points"
    balance, ledger = client.get(path).json(), client.get(f"{path}/transactions").json()
    assert (balance["participant_id"], balance["balance"]) == (participant, 10)
    assert (ledger["participant_id"], ledger["total"]) == (participant, 1)
    assert Participant.objects.get().external_id == participant


def test_ids_that_differ_at_all_are_different_participants(client: Client) -> None:
    ids = [*IDS, "U", "u ", " u", "u\n", "É", "ｕ", "u\u200b"]
    body = [{"participant_id": id, "amount": 1} for id in ids]
    answer = client.post("/points/award-batch", {"awards": body}).json()
    assert [line["new_balance"] for line in answer["results"]] == [1] * len(ids)


@pytest.mark.parametrize("participant", ["", "x" * 256, "a\0b", None, 5, True, ["u"], {}], ids=lambda id: repr(id)[:12])
def test_bad_id_is_refused(client: Client, participant: Any) -> None:
    invalid(lambda: client.award(participant, 1), "participant_id")
    invalid(lambda: client.deduct(participant, 1), "participant_id")


@pytest.mark.parametrize("encoded", ["a%00b", "%00", "x" * 256, "%F0%9F%8E%88" * 256])
def test_bad_id_in_a_path_is_refused(client: Client, encoded: str) -> None:
    invalid(lambda: client.get(f"/participants/{encoded}/points"), "participant_id")
    invalid(lambda: client.get(f"/participants/{encoded}/points/transactions"), "participant_id")


@pytest.mark.parametrize("encoded", ["%FF", "a%ED%A0%80b", "%C0%AF", "%E2%80"])
def test_path_that_is_not_utf_8_finds_nobody(client: Client, encoded: str) -> None:
    response = client.get(f"/participants/{encoded}/points")
    assert (response.status_code, response.json()["balance"]) == (200, 0)
    assert response.json()["participant_id"] == encoded
