"""Whatever the reference allows, and some of what it does not, is answered as the reference says."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.urls import Resolver404, resolve
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from bricqs import wsgi
from bricqs.middleware import route_of
from gamify.services import tenants
from tenants.models import Tenant
from tests.factories import key_for

EXAMPLES = 25
# Every answer: no fault, and a status, a media type and a body that the reference lists.
WANTED = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")

SCHEMA = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))  # type: ignore[no-untyped-call]
SCHEMA.app = wsgi.application
OPERATIONS: list[Any] = [result.ok() for result in SCHEMA.get_all_operations() if isinstance(result, Ok)]
# Each dialect has its own; one that is not asked for is not read.
KEY_HEADERS = [scheme["name"] for scheme in SCHEMA.raw_schema["components"]["securitySchemes"].values()]
CHECKED = CHECKS.get_by_names(list(WANTED))


def test_every_operation_of_the_reference_is_tried() -> None:
    assert len(OPERATIONS) == sum(len(methods) for methods in SCHEMA.raw_schema["paths"].values())


@pytest.fixture
def key(db: None, settings: Any) -> Iterator[str]:
    settings.ALLOWED_HOSTS = ["*"]  # It asks for localhost.
    # The transaction that a test runs in must outlive a request; Django's own test client does the same.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    tenant, _ = tenants.create(slug="fuzz", name="Fuzz")
    Tenant.objects.filter(pk=tenant.pk).update(participant_write_rate="999999999/d")
    yield key_for(tenant, scopes=["admin"])
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.label for operation in OPERATIONS])
def test_answers_are_as_the_reference_says(operation: Any, mode: GenerationMode, key: str) -> None:
    @hypothesis.settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def answer(case: Any) -> None:
        hypothesis.assume(not _belongs_elsewhere(case))
        case.call_and_validate(headers=dict.fromkeys(KEY_HEADERS, key), checks=CHECKED)

    answer()


def _belongs_elsewhere(case: Any) -> bool:
    """Whether the words at the end of an id make the path one of another operation, as the documents say they do."""
    try:
        return bool(route_of(resolve(unquote(case.formatted_path))) != case.operation.path)
    except Resolver404:
        return False
