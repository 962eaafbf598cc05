"""Import and export of tiers and badges."""

import csv
import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile

from gamify.models import Badge, RewardRule, Tier
from tenants.models import Tenant
from tests import programmes
from tests.admin.console import Console, fields_of, text_of

IMPORT, CONFIRM = "gamify/tier/import/", "gamify/tier/process_import/"
CSV, JSON = "0", "1"
HEADER = "code,name,level,criteria_type,criteria_config"


def upload(console: Console, content: str, kind: str = CSV, path: str = IMPORT) -> Any:
    form = console.form(path)
    file = SimpleUploadedFile("tiers.csv", content.encode())
    return console.post(path, {**form, "format": kind, "import_file": file})


def confirm(console: Console, response: Any, path: str = CONFIRM) -> Any:
    return console.post(path, fields_of(response))


def levels(shop: Tenant) -> dict[str, int]:
    return dict(Tier.objects.filter(tenant=shop).values_list("code", "level"))


def test_csv_is_shown_and_then_applied(operator: Console, shop: Tenant) -> None:
    programmes.make_ladder(shop)
    lines = [HEADER, 'gold,Golden,30,points,"{""min_points"": 900}"', "vip,VIP,40,points,{}"]
    response = upload(operator, "\n".join(lines))
    assert "Confirm import" in text_of(response)
    assert levels(shop) == {"bronze": 1, "silver": 2, "gold": 3}
    assert confirm(operator, response).status_code == 302
    assert levels(shop) == {"bronze": 1, "silver": 2, "gold": 30, "vip": 40}
    gold = Tier.objects.get(code="gold")
    assert (gold.name, gold.criteria_config) == ("Golden", {"min_points": 900})
    assert LogEntry.objects.count() == 2
    assert all(entry.user == operator.user for entry in LogEntry.objects.all())


def test_json_keeps_objects(operator: Console, shop: Tenant) -> None:
    row = {"code": "gold", "name": "Gold", "level": 3, "criteria_config": {"min_points": 5}, "benefits": {"a": [1]}}
    response = upload(operator, json.dumps([row]), JSON)
    confirm(operator, response)
    gold = Tier.objects.get(tenant=shop)
    assert (gold.criteria_config, gold.benefits) == ({"min_points": 5}, {"a": [1]})


def rewards(console: Console, content: str, kind: str = JSON) -> Any:
    return upload(console, content, kind, path="gamify/rewardrule/import/")


def test_json_goes_by_name_and_not_by_place(operator: Console, shop: Tenant) -> None:
    rows = [{"event_type": "a", "points": 5, "cap_count": 1}, {"event_type": "b", "cap_count": 1, "points": 500}]
    confirm(operator, rewards(operator, json.dumps(rows)), "gamify/rewardrule/process_import/")
    rules = RewardRule.objects.filter(tenant=shop).values_list("event_type", "points", "cap_count")
    assert sorted(rules) == [("a", 5, 1), ("b", 500, 1)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"event_type": "a", "points": 5}, {"event_type": "b"}], "Row 2 must have the same keys as the first"),
        ([{"event_type": "a"}, {"event_type": "b", "points": 5}], "these differ: points."),
        ([{"event_type": "a", "points": 5}, {"event_type": "b", "cap_count": 5}], "these differ: cap_count, points."),
        ([["event_type", "points"], ["a", 5]], "Must be a list of objects."),
        ([{"event_type": "a"}, "b"], "Must be a list of objects."),
        ({"event_type": "a"}, "Must be a list of objects."),
        ([], "No valid data to import."),
    ],
)
def test_json_that_is_no_table_changes_nothing(operator: Console, rows: Any, message: str) -> None:
    response = rewards(operator, json.dumps(rows))
    assert message in text_of(response)
    assert "Confirm import" not in text_of(response)
    assert not RewardRule.objects.exists()


def test_columns_left_out_are_left_alone(operator: Console, shop: Tenant) -> None:
    programmes.make_tier(shop, "gold", 3, 100, color="#123456")
    confirm(operator, upload(operator, "code,name\ngold,Golden\n"))
    gold = Tier.objects.get(tenant=shop)
    assert (gold.name, gold.color, gold.level) == ("Golden", "#123456", 3)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([HEADER, 'new,New,9,points,"{""min_points"": -1}"'], "Must be an integer from 0"),
        ([HEADER, "new,New,1,points,{}"], "already"),
        ([HEADER, "new,New,nine,points,{}"], "“nine” is not a number that fits here."),
        ([HEADER, "new,New,1.5,points,{}"], "“1.5” is not a number that fits here."),
        ([HEADER, "new,New,9,magic,{}"], "Must be one of"),
        ([HEADER, "new,New,9,points,{"], "Must be JSON."),
        (["code,name,point_multiplyer", "bronze,Bronze,2"], "Unknown columns: point_multiplyer."),
    ],
)
def test_file_with_a_mistake_changes_nothing(operator: Console, shop: Tenant, lines: list[str], message: str) -> None:
    programmes.make_ladder(shop)
    before = programmes.rows()
    response = upload(operator, "\n".join(lines))
    assert message in text_of(response)
    assert "Confirm import" not in text_of(response)
    assert programmes.rows() == before


def test_rules_that_changed_meanwhile_keep_all_of_the_file_out(operator: Console, shop: Tenant) -> None:
    response = upload(operator, "\n".join([HEADER, "a,A,1,points,{}", "b,B,2,points,{}"]))
    programmes.make_tier(shop, "taken", 2)
    confirm(operator, response)
    assert levels(shop) == {"taken": 2}
    assert "Nothing was changed." in operator.text("gamify/tier/")


def test_file_goes_to_the_tenant_that_the_page_was_shown_for(operator: Console, shop: Tenant) -> None:
    response = upload(operator, "\n".join([HEADER, "a,A,1,points,{}"]))
    operator.open(shop.sandbox)
    confirm(operator, response)
    assert (levels(shop), levels(shop.sandbox)) == ({"a": 1}, {})


def test_large_file_is_refused(operator: Console, shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gamify.admin._transfer.FILE_BYTES_MAX", 10)
    assert "Must not be larger" in text_of(upload(operator, "\n".join([HEADER, "a,A,1,points,{}"])))


def test_auditor_imports_nothing(auditor: Console, shop: Tenant) -> None:
    assert auditor.get(IMPORT).status_code == 403
    assert auditor.post(CONFIRM, {"import_file_name": "x", "original_file_name": "x", "format": "0"}).status_code == 403


@pytest.mark.parametrize("kind", [CSV, JSON])
def test_export_can_be_imported_elsewhere(operator: Console, shop: Tenant, kind: str) -> None:
    programmes.make_tier(shop, "gold", 3, 100, benefits={"Hotline": "0800"}, point_multiplier="1.5")
    exported = operator.post("gamify/tier/export/", {"format": kind, "resource": "0"})
    text = exported.content.decode()
    rows = list(csv.DictReader(StringIO(text))) if kind == CSV else json.loads(text)
    assert [row["code"] for row in rows] == ["gold"]
    operator.open(shop.sandbox)
    confirm(operator, upload(operator, text, kind))
    copy, gold = Tier.objects.get(tenant=shop.sandbox), Tier.objects.get(tenant=shop)
    for name in ("code", "name", "level", "criteria_config", "benefits", "point_multiplier"):
        assert getattr(copy, name) == getattr(gold, name), name


@pytest.mark.parametrize("kind", [CSV, JSON])
def test_own_export_changes_nothing(operator: Console, shop: Tenant, kind: str) -> None:
    RewardRule.objects.create(tenant=shop, event_type="signup", points=5)
    exported = operator.post("gamify/rewardrule/export/", {"format": kind, "resource": "0"}).content.decode()
    before = programmes.rows()
    confirm(operator, rewards(operator, exported, kind), "gamify/rewardrule/process_import/")
    assert "0 new, 0 updated, 0 deleted and 1 skipped" in operator.text("gamify/rewardrule/")
    rule = RewardRule.objects.get()
    assert (rule.name, rule.description, rule.starts_at, rule.cap_count) == (None, None, None, None)
    assert programmes.rows() == before
    assert not LogEntry.objects.exclude(change_message__startswith="Exported").exists()


def test_empty_cell_of_a_new_row_is_nothing(operator: Console, shop: Tenant) -> None:
    confirm(operator, upload(operator, "code,name,level,color,icon_url\nvip,VIP,4,,\n"))
    made = Tier.objects.get(tenant=shop)
    assert (made.color, made.icon_url) == (None, None)


def test_badges_too(operator: Console, shop: Tenant) -> None:
    path = "gamify/badge/import/"
    lines = ["code,name,criteria_type,criteria_config", 'early,Early,award_count,"{""min_awards"": 2}"']
    confirm(operator, upload(operator, "\n".join(lines), path=path), "gamify/badge/process_import/")
    assert Badge.objects.get(tenant=shop).criteria_config == {"min_awards": 2}
