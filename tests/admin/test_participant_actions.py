"""Award, deduct, assign, release: through the services, once, with a reason, in the audit log."""

import json
from typing import Any
from uuid import UUID

import pytest
from django.contrib.admin.models import LogEntry

from gamify.models import Entry, Operation, Participant, PointsSystem, Tier
from gamify.services import definitions, points
from gamify.services.idempotency import IdempotencyKey
from tenants.models import Tenant
from tenants.refs import TenantRef
from tests import programmes
from tests.admin.console import Console, participant_path, text_of
from tests.factories import now


@pytest.fixture(autouse=True)
def _anna(shop: Tenant) -> None:
    programmes.make_ladder(shop)
    programmes.award(shop, "anna", 50)


def send(console: Console, shop: Tenant, action: str, **values: Any) -> Any:
    path = participant_path(shop, "anna", action)
    return console.post(path, {**console.form(path), **values})


def entries(shop: Tenant) -> list[Entry]:
    return list(Entry.objects.filter(participant__tenant=shop).order_by("sequence"))


def test_award_is_an_entry_and_says_what_it_led_to(operator: Console, shop: Tenant) -> None:
    response = send(operator, shop, "award", amount="60", reason="Lost parcel")
    assert response.status_code == 302
    entry = entries(shop)[-1]
    assert (entry.kind, entry.amount, entry.reason) == ("award", 60, "Lost parcel")
    told = json.loads(entry.metadata or "")
    assert (told["source"], told["operator"], UUID(told["form"]).version) == ("console", "olive", 4)
    assert programmes.tier_of(shop, "anna") == "bronze"
    page = operator.text(participant_path(shop, "anna"))
    assert "Awarded 60 points; the balance is 110. Moved up to Bronze." in page
    assert "In the console, by olive" in page


@pytest.mark.parametrize("action", ["award", "deduct"])
def test_who_did_it_is_known_when_its_key_is_forgotten(operator: Console, shop: Tenant, action: str) -> None:
    send(operator, shop, action, amount="5", reason="Lost parcel")
    Operation.objects.all().delete()
    page = operator.text(participant_path(shop, "anna"))
    assert "In the console, by olive" in page
    assert "form:" not in page


def test_nobody_else_passes_for_an_operator(operator: Console, shop: Tenant) -> None:
    send(operator, shop, "award", amount="60", reason="Lost parcel")
    ours = json.loads(entries(shop)[-1].metadata or "")
    forged = {**ours, "operator": "eve"}
    for metadata in ({"source": "console", "operator": "eve"}, forged, {**forged, "form": [1]}):
        programmes.award(shop, "anna", 1, metadata=metadata)
    # Nor with the form's own key, sent as a caller's.
    key = IdempotencyKey(ours["form"])
    item = points.Award("anna", 1, metadata=forged, key=key)
    assert points.award(tenant=TenantRef.of(shop), item=item, now=now()).error is None
    page = operator.text(participant_path(shop, "anna"))
    assert page.count("In the console, by olive") == 1
    assert "In the console, by eve" not in page
    assert page.count("operator: eve") == 4


def test_double_click_awards_once(operator: Console, shop: Tenant) -> None:
    path = participant_path(shop, "anna", "award")
    form = {**operator.form(path), "amount": "60", "reason": "Lost parcel"}
    assert [operator.post(path, form).status_code for _ in range(2)] == [302, 302]
    assert [entry.amount for entry in entries(shop)] == [50, 60]
    assert LogEntry.objects.count() == 1
    assert "Already done: Awarded 60 points" in operator.text(participant_path(shop, "anna"))


def test_form_sent_again_with_another_amount_is_refused(operator: Console, shop: Tenant) -> None:
    path = participant_path(shop, "anna", "award")
    form = {**operator.form(path), "amount": "60", "reason": "Lost parcel"}
    operator.post(path, form)
    response = operator.post(path, {**form, "amount": "600"})
    assert response.status_code == 200
    assert "This form was sent before, with other values." in text_of(response)
    assert [entry.amount for entry in entries(shop)] == [50, 60]


def test_points_that_expire(operator: Console, shop: Tenant) -> None:
    send(operator, shop, "award", amount="60", reason="Lost parcel", expires_on="2099-01-01")
    assert "1 Jan 2099, 00:00 60" in operator.text(participant_path(shop, "anna"))


def test_day_that_is_past_is_refused_at_its_field(operator: Console, shop: Tenant) -> None:
    response = send(operator, shop, "award", amount="60", reason="Lost parcel", expires_on="2020-01-01")
    assert "Must be in the future." in text_of(response)
    assert len(entries(shop)) == 1


def test_deduct(operator: Console, shop: Tenant) -> None:
    assert send(operator, shop, "deduct", amount="20", reason="Fraud").status_code == 302
    assert (entries(shop)[-1].amount, entries(shop)[-1].balance_after) == (-20, 30)


def test_deduct_of_more_than_there_is_says_how_much_there_is(operator: Console, shop: Tenant) -> None:
    response = send(operator, shop, "deduct", amount="51", reason="Fraud")
    assert "Only 50 points can be spent; 51 were asked for." in text_of(response)
    assert len(entries(shop)) == 1
    assert LogEntry.objects.count() == 0


def test_assign_pins_and_release_ends_it(operator: Console, shop: Tenant) -> None:
    gold = Tier.objects.get(tenant=shop, code="gold")
    assert send(operator, shop, "assign", tier=str(gold.pk), reason="A friend").status_code == 302
    assert programmes.participant(shop, "anna").tier_pinned
    assert programmes.tier_of(shop, "anna") == "gold"
    assert send(operator, shop, "release", reason="No friend any more").status_code == 302
    assert programmes.tier_of(shop, "anna") is None


def test_inactive_tier_cannot_be_assigned(operator: Console, shop: Tenant) -> None:
    gold = Tier.objects.get(tenant=shop, code="gold")
    programmes.change_tier(gold, is_active=False)
    assert send(operator, shop, "assign", tier=str(gold.pk), reason="A friend").status_code == 200
    assert programmes.tier_of(shop, "anna") is None


@pytest.mark.parametrize("action", ["award", "deduct", "release"])
def test_reason_is_needed(operator: Console, shop: Tenant, action: str) -> None:
    response = send(operator, shop, action, amount="5", reason=" ")
    assert response.status_code == 200
    assert len(entries(shop)) == 1
    assert LogEntry.objects.count() == 0


@pytest.mark.parametrize("amount", ["0", "-5", "1.5", "1000001", "ten", ""])
def test_amount_is_a_whole_number_of_points(operator: Console, shop: Tenant, amount: str) -> None:
    assert send(operator, shop, "award", amount=amount, reason="Lost parcel").status_code == 200
    assert len(entries(shop)) == 1


def test_audit_log_says_who_did_what_and_why(operator: Console, shop: Tenant) -> None:
    send(operator, shop, "deduct", amount="20", reason="Fraud")
    entry = LogEntry.objects.get()
    assert entry.user == operator.user
    assert entry.object_id == str(programmes.participant(shop, "anna").pk)
    assert entry.get_change_message() == "Deducted 20 points; the balance is 30. Reason: Fraud"
    assert "Deducted 20 points; the balance is 30. Reason: Fraud olive" in operator.text(participant_path(shop, "anna"))


def test_award_and_its_line_in_the_audit_log_are_written_together(
    operator: Console, shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise RuntimeError("no log")

    path = participant_path(shop, "anna", "award")
    form = {**operator.form(path), "amount": "60", "reason": "Lost parcel"}
    monkeypatch.setattr("gamify.admin._participant_actions.log", fail)
    with pytest.raises(RuntimeError, match="no log"):
        operator.post(path, form)
    assert len(entries(shop)) == 1


def test_auditor_is_offered_nothing_and_refused(auditor: Console, shop: Tenant) -> None:
    page = auditor.get(participant_path(shop, "anna")).content.decode()
    for action in ("award", "deduct", "assign", "release"):
        path = participant_path(shop, "anna", action)
        assert path not in page
        assert auditor.get(path).status_code == 403
        assert auditor.post(path, {"amount": "5", "reason": "x"}).status_code == 403
    assert len(entries(shop)) == 1


def test_write_cap_is_told(operator: Console, shop: Tenant) -> None:
    shop.participant_write_rate = "1/9999d"
    shop.save()
    Participant.objects.update(window_writes=0, window_started_at=now())
    assert send(operator, shop, "award", amount="5", reason="One").status_code == 302
    response = send(operator, shop, "award", amount="5", reason="Two")
    assert "This participant has had its 1 changes for now." in text_of(response)


def test_where_there_are_several_points_systems_one_is_chosen(operator: Console, shop: Tenant) -> None:
    assert operator.form(participant_path(shop, "anna", "award"))["points_system"] == "points"
    definitions.save_points_system(PointsSystem(tenant=shop, key="stars", name="Stars", max_points=10))
    send(operator, shop, "award", amount="7", reason="Shooting", points_system="stars")
    page = operator.text(participant_path(shop, "anna"), {"system": "stars"})
    assert "Stars: balance 7" in page
    assert "Shooting" in page
    response = send(operator, shop, "deduct", amount="8", reason="Fallen", points_system="stars")
    assert "Only 7 points can be spent" in text_of(response)
    send(operator, shop, "award", amount="7", reason="More", points_system="stars")
    assert "Cut to the most that anybody can have: 10" in operator.text(
        participant_path(shop, "anna"), {"system": "stars"}
    )
    response = send(operator, shop, "award", amount="7", reason="Again", points_system="stars")
    assert "There is no room: nobody can have more in this points system." in text_of(response)
