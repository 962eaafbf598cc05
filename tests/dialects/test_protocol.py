"""HTTP itself, alike in every dialect: whatever comes in, JSON with `detail` and `code` goes out, and never a 500."""

import json
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from django.core.signals import request_started
from django.db import close_old_connections
from django.test import Client as Browser
from django.test import RequestFactory

from tests.dialects.bricqs.helpers import post_text, refused, rows
from tests.factories import Client

AWARD = "/api/v1/gamify/points/award"
BALANCE = "/api/v1/gamify/participants/u/points"
WRITES = ("/points/award", "/points/deduct", "/points/award-batch")
Served = Callable[..., tuple[int, Any]]
GOOD = '{"participant_id": "u", "amount": 1}'


@pytest.fixture
def browser(client: Client) -> Any:
    """Calls with everything that a real client's requests go through, CSRF checks too."""
    return Browser(enforce_csrf_checks=True, raise_request_exception=False, headers={"X-API-Key": client.key})


MALFORMED = [
    "{",
    "}",
    "nope",
    "{'participant_id': 'u'}",
    '{"participant_id": "u", "amount": 1,}',
    GOOD + "x",
    GOOD * 2,
    "\ufeff" + GOOD,
    '{"participant_id": "u", "participant_id": "u", "amount": 1}',
    '{"participant_id": "u", "amount": 1, "metadata": {"a": 1, "a": 2}}',
    '{"participant_id": "u", "amount": 1, "metadata": [{"a": 1, "\\u0061": 2}]}',
    '{"participant_id": "u", "amount": NaN}',
    '{"participant_id": "u", "amount": Infinity}',
    '{"participant_id": "u", "amount": 1e999}',
    '{"participant_id": "u", "amount": ' + "9" * 5000 + "}",
    '{"participant_id": "u\n", "amount": 1}',
    "[" * 100_000,
    "[" * 100_000 + "]" * 100_000,
    '{"a":' * 100_000,
    '{"participant_id": "u", "amount": 1, "metadata": ' + '{"a":' * 100 + "1" + "}" * 101,
    " ",
    b'{"participant_id": "\xff", "amount": 1}',
    b'{"participant_id": "\xed\xa0\x80", "amount": 1}',
    b'{"participant_id": "\xc0\x80", "amount": 1}',
    GOOD.encode("utf-16"),
    GOOD.encode("utf-32"),
    b"\x1f\x8b\x08\x00",
]


@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: repr(text)[:40])
def test_body_that_is_no_json_is_refused(client: Client, text: str | bytes) -> None:
    refused(lambda: post_text(client, "/points/award", text), 400, "malformed_json")


@pytest.mark.parametrize("text", ["", "[]", f"[{GOOD}]", "null", "true", "5", '"text"', "1.5", "{}"])
def test_body_that_is_no_object_with_the_fields_is_refused(client: Client, text: str) -> None:
    for path in WRITES:
        response = refused(lambda path=path: post_text(client, path, text), 422, "validation_error")  # type: ignore[misc]
        assert response.json()["errors"]


def test_nesting_up_to_the_limit_is_taken(client: Client) -> None:
    metadata = '{"a":' * 98 + "1" + "}" * 98
    text = f'{{"participant_id": "u", "amount": 1, "metadata": {metadata}}}'
    assert post_text(client, "/points/award", text).status_code == 200
    assert metadata in client.get("/participants/u/points/transactions").content.decode()


CONTENT_TYPES = [
    "",
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json, application/json",
    "application/merge-patch+json",
    "*/*",
    ";",
    "é",
]


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_other_content_type_is_refused(client: Client, content_type: str) -> None:
    def call() -> Any:
        return client.http.generic("POST", AWARD, GOOD, content_type, headers={"X-API-Key": client.key})

    refused(call, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "APPLICATION/JSON ; x=y",
        "application/json; charset=latin-1",
        "application/json; charset=no-such",
    ],
)
def test_json_is_utf_8_whatever_its_charset_says(client: Client, content_type: str) -> None:
    body: Any = '{"participant_id": "é", "amount": 1}'.encode()
    response: Any = client.http.generic("POST", AWARD, body, content_type, headers={"X-API-Key": client.key})
    assert response.json()["participant_id"] == "é"


METHODS = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"]


@pytest.mark.parametrize(
    ("path", "method"), [*(("award", method) for method in METHODS), ("deduct", "GET"), ("award-batch", "PUT")]
)
def test_other_method_on_a_write_is_refused(client: Client, path: str, method: str) -> None:
    def call() -> Any:
        headers = {"X-API-Key": client.key}
        return client.http.generic(method, f"{client.base}/points/{path}", GOOD, "application/json", headers=headers)

    before = rows()
    assert (call().status_code, call()["Allow"]) == (405, "POST")
    assert rows() == before
    if method != "HEAD":
        refused(call, 405, "method_not_allowed")


@pytest.mark.parametrize(
    ("path", "method"), [*(("points", method) for method in ["POST", *METHODS[2:]]), ("points/transactions", "POST")]
)
def test_other_method_on_a_read_is_refused(client: Client, path: str, method: str) -> None:
    def call() -> Any:
        headers = {"X-API-Key": client.key}
        return client.http.generic(method, f"{client.base}/participants/u/{path}", headers=headers)

    assert refused(call, 405, "method_not_allowed")["Allow"] == "GET, HEAD"


UNKNOWN = [
    "/api/",
    "/api/v1",
    "/api/v1/",
    "/api/v1/gamify",
    "/api/v1/gamify/",
    "/api/v1/gamify/points",
    "/api/v1/gamify/points/award/",
    "/api/v1/gamify/points/award%0A",
    "/api/v1/gamify/points/AWARD",
    "/api/v1/gamify//points/award",
    "/api/v1/gamify/points/award/..",
    "/api/v1/gamify/participants/",
    "/api/v1/gamify/participants%0A",
    "/api/v2/gamify/points/award",
    "/api/%00",
    "/api/%FF",
    "/api/" + "x" * 50_000,
]


@pytest.mark.parametrize("path", UNKNOWN, ids=lambda path: path[:40])
def test_unknown_route_is_not_found(browser: Any, settings: Any, path: str) -> None:
    for settings.DEBUG in (False, True):
        refused(lambda: browser.get(path), 404, "not_found")
        refused(lambda: browser.post(path, GOOD, "application/json"), 404, "not_found")


@pytest.mark.parametrize("id", ["points", "/points", "u/points/", "u/points%0A"])
def test_route_that_reads_like_an_id_finds_nobody(client: Client, id: str) -> None:
    client.award("u", 1)
    refused(lambda: client.get(f"/participants/{id}"), 404, "participant_not_found")


def test_no_call_of_the_api_needs_a_csrf_token(browser: Any) -> None:
    assert browser.post(AWARD, GOOD, "application/json").status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "garbage", "*/*;q=0", "", "é"])
def test_answers_are_json_whatever_is_accepted(browser: Any, accept: str) -> None:
    for response in (
        browser.get(BALANCE, headers={"Accept": accept}),
        browser.post(AWARD, "{", "application/json", headers={"Accept": accept}),
        browser.get("/api/nope", headers={"Accept": accept}),
    ):
        assert response["Content-Type"] == "application/json"
        assert json.loads(response.content)


def test_format_parameter_changes_nothing(browser: Any) -> None:
    assert browser.get(BALANCE, {"format": "xml"})["Content-Type"] == "application/json"


def test_body_over_the_limit_is_refused(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 200
    assert post_text(client, "/points/award", GOOD.ljust(200)).status_code == 200
    refused(lambda: post_text(client, "/points/award", GOOD.ljust(201)), 413, "body_too_large")


def test_body_limit_is_one_mebibyte(client: Client) -> None:
    assert post_text(client, "/points/award", GOOD.ljust(2**20)).status_code == 200
    refused(lambda: post_text(client, "/points/award", GOOD.ljust(2**20 + 1)), 413, "body_too_large")


@pytest.mark.parametrize("host", ["evil.example", "", "[::1", "a b", "127.0.0.1, evil.example", "é"])
def test_host_that_is_not_listed_is_refused(browser: Any, settings: Any, host: str) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    headers = {"Host": host}
    refused(lambda: browser.get(BALANCE, headers=headers), 400, "bad_request")
    refused(lambda: browser.post(AWARD, GOOD, "application/json", headers=headers), 400, "bad_request")


def test_more_parameters_than_django_takes_are_refused(browser: Any) -> None:
    refused(lambda: browser.get(f"{BALANCE}/transactions?" + "a=1&" * 1001), 400, "bad_request")


def test_fault_is_answered_in_json(browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gamify.dialects.bricqs.points.reads.balance", None)
    response = browser.get(BALANCE)
    assert (response.status_code, response["Content-Type"]) == (500, "application/json")
    assert response.json()["code"] == "internal_error"


@pytest.fixture
def served(client: Client) -> Iterator[Served]:
    """Calls of the application as a WSGI server makes them: (status, body)."""
    from bricqs.wsgi import application

    def call(method: str, path: str, body: bytes = b"", **environ: Any) -> tuple[int, Any]:
        request = RequestFactory().generic(method, path, body, "application/json", headers={"X-API-Key": client.key})
        seen: list[str] = []
        start_response: Any = lambda status, headers: seen.append(status)  # noqa: E731
        parts = application({**request.environ, **environ}, start_response)
        return int(seen[0][:3]), json.loads(b"".join(parts))

    # It would close the connection, and with it the test's transaction.
    request_started.disconnect(close_old_connections)
    yield call
    request_started.connect(close_old_connections)


CHARSETS = ["undefined", "hex", "base64", "idna", "punycode", "utf-16", "unicode_escape", "no-such", "é", "\0"]
PARAMETERS = [f"charset={charset}" for charset in CHARSETS] + [
    "charset*=utf-8''hex",
    " Charset = hex",
    "x*=no-such''%41",
    'x=";charset=hex',
    "boundary=x;charset=hex",
    "charset",
    "=",
    ";;",
]


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_parameters_of_the_content_type_do_no_harm(served: Served, parameter: str) -> None:
    content_type = f"application/json;{parameter}"
    path = f"{BALANCE}/transactions?page=%31&page_size=1"
    assert served("GET", path, CONTENT_TYPE=content_type)[0] == 200
    assert served("POST", AWARD, GOOD.encode(), CONTENT_TYPE=content_type)[0] == 200
    assert served("POST", AWARD, CONTENT_TYPE=content_type)[0] == 422
    assert served("POST", AWARD, CONTENT_TYPE=f"multipart/form-data;{parameter}")[0] == 422


def chunked(body: bytes) -> dict[str, Any]:
    """What a WSGI server makes of a body sent in chunks: its end is known, its length is not."""
    return {
        "CONTENT_TYPE": "application/json",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
    }


def test_body_in_chunks_is_read(served: Served) -> None:
    status, body = served("POST", AWARD, **chunked(GOOD.encode()))
    assert (status, body.get("new_balance")) == (200, 1)


def test_body_in_chunks_over_the_limit_is_refused(served: Served, client: Client) -> None:
    status, body = served("POST", AWARD, **chunked(GOOD.encode().ljust(2**20 + 1)))
    assert (status, body["code"]) == (413, "body_too_large")
    assert client.balance("u") == 0


def test_empty_body_in_chunks_is_empty(served: Served) -> None:
    assert served("POST", AWARD, **chunked(b""))[0] == 422
