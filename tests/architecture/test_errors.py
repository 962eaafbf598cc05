import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from gamify import errors
from gamify.dialects.bricqs import _docs as bricqs_docs
from gamify.dialects.bricqs.errors import TABLE as BRICQS
from gamify.dialects.gamifyhost.errors import TABLE as GAMIFYHOST
from gamify.dialects.trophy.errors import TABLE as TROPHY
from gamify.errors import DomainError
from gamify.http.errors import ErrorTable, refusal_of

TABLES: dict[str, ErrorTable] = {"bricqs": BRICQS, "gamifyhost": GAMIFYHOST, "trophy": TROPHY}
# A fact for every field that a refusal carries.
FACTS: dict[str, Any] = {
    "reason": "unknown",
    "accepted": ("admin",),
    "errors": (("amount", "Must be an integer."),),
    "key": "order-1",
    "limit": 120,
    "window_seconds": 60,
    "resets_at": datetime(2026, 1, 1, tzinfo=UTC),
    "retry_after_seconds": 7,
    "available": 5,
    "requested": 6,
    "tier": "gold",
    "code": "gold",
    "level": 3,
    "max_points": 1000,
    "engagement": "550e8400-e29b-41d4-a716-446655440000",
    "name": "Summer quiz",
    "event_type": "signup",
    "cap_count": 3,
    "participant": "user_42",
    "system": "xp",
    "metric": "words-written",
    "boost": "0199a0c1-0000-7000-8000-000000000000",
}


def subclasses(parent: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in parent.__subclasses__():
        yield child
        yield from subclasses(child)


ALL = sorted(set(subclasses(DomainError)), key=lambda error: error.__name__)


def example(error: type[DomainError]) -> DomainError:
    return error(**{field.name: FACTS[field.name] for field in fields(error)})


def test_every_refusal_is_defined_in_one_module() -> None:
    assert {error.__module__ for error in ALL} == {errors.__name__}


@pytest.mark.parametrize("dialect", TABLES)
def test_dialect_maps_exactly_the_refusals_that_exist(dialect: str) -> None:
    assert set(TABLES[dialect]) == set(ALL)


@pytest.mark.parametrize("error", ALL)
@pytest.mark.parametrize("dialect", TABLES)
def test_refusal_has_a_status_a_code_and_a_sentence(dialect: str, error: type[DomainError]) -> None:
    refusal = refusal_of(example(error), TABLES[dialect])
    assert 400 <= refusal.status < 600
    assert re.fullmatch(r"[A-Za-z_]+", refusal.code)
    assert refusal.detail
    if "retry_after_seconds" in {field.name for field in fields(error)}:
        assert refusal.headers == {"Retry-After": "7"}


@pytest.mark.parametrize("reason", ["unknown", "revoked", "expired"])
def test_every_reason_to_refuse_a_key_has_its_own_sentence(reason: str) -> None:
    details = [refusal_of(errors.CredentialsInvalid(each), BRICQS).detail for each in ("unknown", "revoked", "expired")]
    detail = refusal_of(errors.CredentialsInvalid(reason), BRICQS).detail
    assert details.count(detail) == 1


@pytest.mark.parametrize("error", ALL)
def test_bricqs_reference_explains_the_code_under_its_status(error: type[DomainError]) -> None:
    refusal = refusal_of(example(error), BRICQS)
    assert refusal.code in bricqs_docs.WHEN
    assert bricqs_docs.STATUS.get(refusal.code, 400) == refusal.status
