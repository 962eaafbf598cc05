"""What the tests of this dialect share: refusals that leave nothing behind, raw bodies, awards of another time."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from gamify.models import Account, Consumption, Entry, Lot, Operation, Participant
from gamify.services import points
from gamify.services.points import Award, Outcome
from tenants.models import Tenant
from tests.factories import Client, ref

TABLES = (Entry, Account, Participant, Operation, Lot, Consumption)


def rows() -> dict[str, list[Any]]:
    """Everything that a call of this dialect can write, to the last value."""
    return {table.__name__: list(table.objects.order_by("pk").values_list()) for table in TABLES}


def counts() -> dict[str, int]:
    return {table.__name__: table.objects.count() for table in TABLES}


def refused(call: Callable[[], Any], status: int, code: str) -> Any:
    """The response of `call`, which was refused with `status` and `code`, as JSON, and wrote nothing."""
    before = rows()
    response = call()
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code), body
    assert isinstance(body["detail"], str)
    assert body["detail"]
    assert rows() == before
    return response


def invalid(call: Callable[[], Any], *fields: str) -> None:
    """`call` was refused because of exactly these fields."""
    errors = refused(call, 422, "validation_error").json()["errors"]
    assert [error["field"] for error in errors] == list(fields)
    assert all(error["message"] for error in errors)


def post_text(client: Client, path: str, text: str | bytes, **headers: str) -> Any:
    """Send a body that no JSON encoder would make."""
    return client.http.post(
        client.base + path,
        data=text.encode() if isinstance(text, str) else text,
        content_type="application/json",
        headers={"X-API-Key": client.key, **headers},
    )


def award_at(now: datetime, shop: Tenant, participant: str, amount: int, **fields: Any) -> Outcome:
    """An award of that time."""
    outcome: Outcome | None = points.award(tenant=ref(shop), item=Award(participant, amount, **fields), now=now).outcome
    assert outcome
    return outcome
