"""Participants and the ledger as files."""

import csv
import json
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from gamify.models import Entry
from gamify.queries import exports
from tenants.models import Tenant
from tests import programmes
from tests.admin.console import Console
from tests.admin.test_participants import make_profile
from tests.factories import TenantFactory

PATH = "gamify/participant/export/"


@pytest.fixture(autouse=True)
def _history(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    # So that there are several batches of each.
    monkeypatch.setattr(exports, "PARTICIPANTS_PER_BATCH", 2)
    monkeypatch.setattr(exports, "ENTRIES_PER_BATCH", 2)
    programmes.make_ladder(shop)
    for name in ("cleo", "anna", "Ben", "dana", "eli"):
        for day in (1, 2, 3):
            programmes.award(shop, name, 100 * day, now=datetime(2026, 1, day, tzinfo=UTC), reason=f"Day {day}")
    programmes.award(TenantFactory.create(), "foreign", 5)


def export(console: Console, **query: str) -> str:
    response = console.get(PATH, query)
    assert response.streaming
    assert response.headers["Content-Disposition"].startswith("attachment;")
    text: str = b"".join(response.streaming_content).decode()
    return text


def rows(console: Console, **query: str) -> list[dict[str, Any]]:
    return list(csv.DictReader(StringIO(export(console, format="csv", **query))))


def test_participants_as_csv(operator: Console) -> None:
    found = rows(operator, what="participants")
    assert [row["external_id"] for row in found] == ["Ben", "anna", "cleo", "dana", "eli"]
    assert (found[0]["tier"], found[0]["balance"]) == ("silver", "600")


def test_ledger_as_json(operator: Console, shop: Tenant) -> None:
    found = json.loads(export(operator, what="ledger", format="json"))
    mine = Entry.objects.filter(participant__tenant=shop)
    assert {row["transaction_id"] for row in found} == {str(entry.id) for entry in mine}
    assert len(found) == 15
    assert [row["sequence"] for row in found if row["external_id"] == "anna"] == [1, 2, 3]
    assert all(isinstance(row["amount"], int) for row in found)


def test_ledger_of_a_period(operator: Console) -> None:
    found = rows(operator, what="ledger", first="2026-01-02", last="2026-01-02")
    assert {row["reason"] for row in found} == {"Day 2"}
    assert len(found) == 5


def test_text_that_a_spreadsheet_would_run_is_defused(operator: Console, shop: Tenant) -> None:
    make_profile(shop, "anna", name="=HYPERLINK(1)", email="@x", avatar_url="+1")
    programmes.deduct(shop, "eli", 5, now=datetime(2026, 2, 1, tzinfo=UTC), reason="-5 pts")
    [anna] = [row for row in rows(operator, what="participants") if row["external_id"] == "anna"]
    assert (anna["name"], anna["email"], anna["avatar_url"]) == ("'=HYPERLINK(1)", "'@x", "'+1")
    [entry] = [row for row in rows(operator, what="ledger") if row["kind"] == "deduct"]
    assert (entry["reason"], entry["amount"]) == ("'-5 pts", "-5")


def test_auditor_may_and_it_is_in_the_audit_log(auditor: Console) -> None:
    assert len(rows(auditor, what="participants")) == 5
    assert LogEntry.objects.get().get_change_message() == "Exported participants as CSV."


@pytest.mark.parametrize(
    "query", [{"what": "everything", "format": "csv"}, {"what": "ledger", "format": "xml"}, {"what": "ledger"}]
)
def test_what_is_not_offered_shows_the_form_again(operator: Console, query: dict[str, str]) -> None:
    response = operator.get(PATH, query)
    assert (response.status_code, response.streaming) == (200, False)


@pytest.mark.parametrize("what", ["participants", "ledger"])
def test_nothing_is_read_before_it_is_written(operator: Console, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    read: list[int] = []
    batches = exports._batches

    def counted(tenant_id: Any) -> Any:
        for batch in batches(tenant_id):
            read.append(len(batch))
            yield batch

    monkeypatch.setattr(exports, "_batches", counted)
    content = iter(operator.get(PATH, {"what": what, "format": "csv"}).streaming_content)
    # The names of the columns, for which nobody is read; and the first row.
    next(content)
    assert read == []
    next(content)
    assert read == [2]
    # The rest, of five.
    list(content)
    assert read == [2, 2, 1]
