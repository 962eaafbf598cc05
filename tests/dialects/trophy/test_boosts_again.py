"""The calls that make boosts, repeated: under a key, none is made twice."""

from collections.abc import Callable
from typing import Any

import pytest

from gamify.models import Boost, ParticipantBoost
from gamify.services import _batch
from tenants.models import Tenant
from tests.dialects.trophy.helpers import Client, apply, boost, per, refused
from tests.ledger._threads import at_once
from tests.programmes import rows

Make = Callable[..., Any]


@pytest.fixture
def programme(shop: Tenant) -> None:
    apply(shop, triggers=[per(1, 10)])


@pytest.fixture
def make(client: Client, programme: None) -> Make:
    """Boosts in one points system, for users and for everybody."""

    def make(*items: Any, key: str | None = "k") -> Any:
        headers = {"Idempotency-Key": key} if key is not None else {}
        return client.call("POST", "/points/xp/boosts", list(items), base="/admin-api/v1", **headers)

    return make


BOTH = (boost("u", 2), boost(None, 3))


def test_repetition_is_answered_alike_and_makes_none(make: Make) -> None:
    first = make(*BOTH)
    before = rows()
    again = make(*BOTH)
    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (201, first.json())
    assert len(first.json()["created"]) == 2
    assert rows() == before


def test_of_the_form_for_users(client: Client, programme: None) -> None:
    first, again = (client.boost(boost("u", 2), key="k").json() for _ in range(2))
    assert again == first
    assert ParticipantBoost.objects.count() == 1


def test_one_that_has_ended_meanwhile_is_not_begun_again(make: Make, client: Client) -> None:
    made = [each["id"] for each in make(*BOTH).json()["created"]]
    path = f"/points/boosts?ids={made[0]}&ids={made[1]}"
    assert client.call("DELETE", path, base="/admin-api/v1").status_code == 200
    assert [each["id"] for each in make(*BOTH).json()["created"]] == made
    assert not Boost.objects.filter(is_active=True).exists()
    assert not ParticipantBoost.objects.filter(is_active=True).exists()


def test_what_was_refused_is_tried_again(make: Make) -> None:
    assert len(make(boost("u", 2), boost("v", 1)).json()["created"]) == 1
    again = make(boost("u", 2), boost("v", 4)).json()
    assert (len(again["created"]), again["issues"]) == (2, [])
    assert ParticipantBoost.objects.count() == 2


@pytest.mark.parametrize("user", ["u", None])
def test_other_terms_under_the_same_key_are_an_issue(make: Make, user: str | None) -> None:
    make(boost(user, 2))
    before = rows()
    response = make(boost(user, 4))
    assert (response.status_code, response.json()["created"]) == (200, [])
    assert "used for something else" in response.json()["issues"][0]["message"]
    assert rows() == before


def test_without_a_key_or_under_another_each_call_makes_its_own(make: Make) -> None:
    for key in (None, None, "a", "b"):
        assert make(*BOTH, key=key).status_code == 201
    assert (Boost.objects.count(), ParticipantBoost.objects.count()) == (4, 4)


def test_bad_key(make: Make) -> None:
    refused(lambda: make(*BOTH, key="x" * 256), 400, "Idempotency-Key")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("items", [(boost("u", 2),), (boost(None, 3),), BOTH])
def test_at_once(transactional_db: None, make: Make, items: Any) -> None:
    for response in at_once([lambda: make(*items)] * 4):
        assert response.status_code == 201
    expected = (sum("userId" not in item for item in items), sum("userId" in item for item in items))
    assert (Boost.objects.count(), ParticipantBoost.objects.count()) == expected


def test_boosts_of_a_call_that_failed_are_not_followed(
    make: Make, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even in the process that had made them."""
    client.event("warm", 1)
    run = _batch.run

    def fails(*args: Any, **options: Any) -> Any:
        run(*args, **options)
        raise RuntimeError

    monkeypatch.setattr(_batch, "run", fails)
    assert make(*BOTH).status_code == 500
    monkeypatch.undo()
    make(boost(None, 5))
    assert client.event("u", 1).json()["points"]["xp"]["added"] == 50
