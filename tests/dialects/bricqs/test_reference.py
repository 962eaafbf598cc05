import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client as Browser
from openapi_spec_validator import OpenAPIV31SpecValidator

from gamify.queries.facts import TYPES

GUIDE = Path(__file__).parents[3] / "docs" / "moving-from-bricqs.md"
BASE = "/api/v1/gamify"
PATHS = {
    f"{BASE}/points/award": "post",
    f"{BASE}/points/deduct": "post",
    f"{BASE}/points/award-batch": "post",
    f"{BASE}/participants/{{participant_id}}/points": "get",
    f"{BASE}/participants/{{participant_id}}/points/transactions": "get",
}
WRITE_CODES = {
    "IDEMPOTENCY_KEY_INVALID": "400",
    "IDEMPOTENCY_KEY_MISMATCH": "400",
    "IDEMPOTENCY_KEY_REUSED": "409",
    "unauthorized": "401",
    "forbidden": "403",
    "RATE_LIMIT_PARTICIPANT_EXCEEDED": "429",
    "validation_error": "422",
}
READ_CODES = {"unauthorized": "401", "forbidden": "403", "validation_error": "422"}
CODES = [
    (f"{BASE}/points/award", WRITE_CODES),
    (f"{BASE}/points/deduct", {**WRITE_CODES, "insufficient_points": "400"}),
    (f"{BASE}/points/award-batch", {**READ_CODES, "IDEMPOTENCY_KEY_INVALID": "400"}),
    (f"{BASE}/participants/{{participant_id}}/points", READ_CODES),
    (f"{BASE}/participants/{{participant_id}}/points/transactions", READ_CODES),
]
# What Bricqs's own points and tiers documents list.
DOCUMENTED = {
    *(*WRITE_CODES, "insufficient_points"),
    *("tier_not_found", "tier_code_conflict", "tier_level_conflict", "TIER_ASSIGN_CONFLICT"),
} - {"IDEMPOTENCY_KEY_REUSED"}


@pytest.fixture
def browser(db: None) -> Browser:
    return Browser()


@pytest.fixture
def schema(browser: Browser) -> Any:
    response = browser.get("/api/schema/", headers={"Accept": "application/json"})
    assert response.status_code == 200
    return json.loads(response.content)


def operation(schema: Any, path: str) -> Any:
    return schema["paths"][path][PATHS[path]]


def responses(schema: Any) -> list[Any]:
    """Those of all endpoints of this dialect."""
    return [
        response
        for path, methods in schema["paths"].items()
        if path.startswith("/api/v1/")
        for each in methods.values()
        for response in each["responses"].values()
    ]


def test_schema_is_valid_openapi_3_1(schema: Any) -> None:
    assert schema["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(schema).validate()


def test_schema_is_drawn_without_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "schema.yml"
    errors = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(file), stderr=errors)
    assert "/points/award" in file.read_text()
    assert errors.getvalue() == ""


@pytest.mark.parametrize("path", PATHS)
def test_every_endpoint_is_described(schema: Any, path: str) -> None:
    assert list(schema["paths"][path]) == [PATHS[path]]
    described = operation(schema, path)
    assert described["summary"]
    assert described["security"] == [{"ApiKey": []}]
    assert "example" in json.dumps(described["responses"]["200"])


@pytest.mark.parametrize(("path", "codes"), CODES)
def test_every_code_of_the_document_is_under_its_status(schema: Any, path: str, codes: dict[str, str]) -> None:
    responses = operation(schema, path)["responses"]
    for code, status in codes.items():
        assert f"`{code}`" in responses[status]["description"]


def test_rate_headers_are_described_on_every_response(schema: Any) -> None:
    described = responses(schema)
    assert len(described) > 100
    for response in described:
        assert {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} <= set(response["headers"])


def test_guide_names_every_code_that_the_documents_lack(schema: Any) -> None:
    found = {
        code
        for response in responses(schema)
        for code in re.findall(r"^- `(\w+)`", response["description"], re.MULTILINE)
    }
    assert {"busy", "unavailable", "RATE_LIMIT_ADDRESS_EXCEEDED"} <= found
    guide = GUIDE.read_text()
    assert [code for code in sorted(found - DOCUMENTED) if f"`{code}`" not in guide] == []


def test_limits_are_in_the_schema(schema: Any) -> None:
    award = schema["components"]["schemas"]["AwardInputRequest"]
    assert set(award["required"]) == {"participant_id", "amount"}
    fields = award["properties"]
    assert (fields["amount"]["minimum"], fields["amount"]["maximum"]) == (1, 1_000_000)
    assert (fields["participant_id"]["minLength"], fields["participant_id"]["maxLength"]) == (1, 255)
    assert fields["reason"]["maxLength"] == 500
    assert fields["idempotency_key"]["maxLength"] == 255
    parameters = {p["name"]: p for p in operation(schema, list(PATHS)[4])["parameters"]}
    assert parameters["page"]["schema"]["minimum"] == 1
    assert (parameters["page_size"]["schema"]["minimum"], parameters["page_size"]["schema"]["maximum"]) == (1, 100)


def test_every_type_of_fact_is_named(schema: Any) -> None:
    description = schema["paths"][f"{BASE}/facts"]["get"]["description"]
    assert [type for type in TYPES if type not in description] == []


def test_docs_page_and_its_assets_come_from_here(browser: Browser) -> None:
    response = browser.get("/api/docs/")
    assert response.status_code == 200
    html = response.content.decode()
    assert not re.search(r"""(?:src|href|url)\s*[=(:]\s*["']?(?:https?:)?//""", html)
    assets = re.findall(r"""(?:src|href)=["']([^"']+)""", html)
    assert len(assets) >= 3
    for asset in assets:
        assert asset.startswith("/static/")
        served = browser.get(asset)
        assert served.status_code == 200
        assert len(b"".join(served)) > 500
        served.close()
    assert "/api/schema/" in html


def test_docs_page_has_no_other_methods(browser: Browser) -> None:
    for path in ("/api/docs/", "/api/schema/"):
        assert browser.options(path).status_code == browser.post(path).status_code == 405


def test_codes_of_a_status_are_listed_in_the_order_of_their_checks(schema: Any) -> None:
    description = operation(schema, f"{BASE}/points/deduct")["responses"]["400"]["description"]
    assert re.findall(r"^- `(\w+)`", description, re.MULTILINE) == [
        "IDEMPOTENCY_KEY_INVALID",
        "malformed_json",
        "IDEMPOTENCY_KEY_MISMATCH",
        "insufficient_points",
    ]
