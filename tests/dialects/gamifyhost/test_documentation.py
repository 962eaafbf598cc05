"""The API reference of this dialect, as it is drawn from the code."""

import json
from typing import Any

import pytest
from django.test import Client as Browser

OPERATIONS = [
    ("/v1/points/award", "post", {"400", "401", "403", "404", "409", "413", "415", "422", "429", "503"}),
    ("/v1/users/{user_id}/balance", "get", {"400", "401", "403", "404", "429", "503"}),
    ("/v1/users/{user_id}/history", "get", {"400", "401", "403", "404", "429", "503"}),
]


@pytest.fixture
def schema(db: None) -> Any:
    return json.loads(Browser().get("/api/schema/", headers={"Accept": "application/json"}).content)


@pytest.mark.parametrize(("path", "method", "refusals"), OPERATIONS)
def test_every_endpoint_is_described(schema: Any, path: str, method: str, refusals: set[str]) -> None:
    assert list(schema["paths"][path]) == [method]
    described = schema["paths"][path][method]
    assert described["security"] == [{"ApiSecret": []}]
    assert set(described["responses"]) == {"200"} | refusals
    assert all(response["description"] for name, response in described["responses"].items() if name != "200")
    assert "example" in json.dumps(described["responses"]["200"])


def test_key_is_described(schema: Any) -> None:
    scheme = schema["components"]["securitySchemes"]["ApiSecret"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "X-API-Secret")


def test_retry_after_is_described_where_it_comes(schema: Any) -> None:
    responses = schema["paths"]["/v1/points/award"]["post"]["responses"]
    assert {status for status, response in responses.items() if "Retry-After" in response.get("headers", {})} == {
        "429",
        "503",
    }


def test_limits_are_in_the_schema(schema: Any) -> None:
    event = schema["components"]["schemas"]["RewardEventInputRequest"]
    assert set(event["required"]) == {"userId", "eventType"}
    assert event["properties"]["userId"]["maxLength"] == 255
    parameters = {p["name"]: p for p in schema["paths"]["/v1/users/{user_id}/history"]["get"]["parameters"]}
    assert (parameters["limit"]["schema"]["minimum"], parameters["limit"]["schema"]["maximum"]) == (1, 100)
