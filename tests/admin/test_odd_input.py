"""What nobody means to ask of the console, and somebody will."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import RequestFactory
from pytest_django import Settings

from gamify.models import Badge, Boost, Metric, PointsSystem, RewardRule, Tier, Trigger
from gamify.services import definitions
from tenants.console.scoped import ReadableChangeList
from tenants.models import Tenant
from tests import programmes
from tests.admin.console import Console, fields_of, text_of
from tests.admin.test_transfer import upload

REWARDS = "gamify/rewardrule/"
UPLOADS = "gamify.admin._uploads"


@pytest.fixture
def system(shop: Tenant) -> PointsSystem:
    return PointsSystem.objects.get(tenant=shop, is_default=True)


def test_boost_until_the_last_day_that_there_is(operator: Console, system: PointsSystem) -> None:
    fields = {"name": "B", "points_system": str(system.pk), "multiplier": "2", "rounding": "down", "is_active": "on"}
    operator.post("gamify/boost/add/", {**fields, "start": "2026-01-01", "end": "9999-12-31"})
    assert Boost.objects.count() == 1
    assert "× 2" in operator.text("gamify/boost/")


def test_export_until_the_last_day_that_there_is(operator: Console, shop: Tenant, system: PointsSystem) -> None:
    programmes.award(shop, "anna", 5, reason="To the end")
    query = {"what": "ledger", "format": "csv", "system": str(system.pk), "last": "9999-12-31"}
    response = operator.get("gamify/participant/export/", query)
    assert response.streaming
    assert "To the end" in b"".join(response.streaming_content).decode()


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("gamify/tier/", "code__regex", "("),
        ("gamify/tier/", "code", "\0"),
        ("gamify/tier/", "created_at__year", "0"),
        ("gamify/tier/", "created_at__year", "99999999999999999999"),
        ("gamify/participant/", "created_at__year", "0"),
        ("gamify/participant/", "external_id__regex", "("),
        ("admin/logentry/", "object_repr__regex", "("),
        ("admin/logentry/", "action_time__year", "0"),
        ("admin/logentry/", "object_repr", "\0"),
        ("auth/user/", "username__regex", "("),
        ("auth/user/", "date_joined__year", "0"),
        ("auth/user/", "username", "\0"),
        ("tenants/tenant/", "slug__regex", "("),
        ("tenants/apikey/", "name__regex", "("),
    ],
)
def test_filter_that_nobody_can_read(root: Console, path: str, name: str, value: str) -> None:
    assert root.get(path, {name: value}).status_code == 302


def test_every_list_complains_of_such_filters() -> None:
    lists = [page.get_changelist(RequestFactory().get("/")) for page in admin.site._registry.values()]
    assert len(lists) > 10
    assert all(issubclass(each, ReadableChangeList) for each in lists)


@pytest.fixture
def gold(shop: Tenant) -> Tier:
    return programmes.make_tier(shop, "gold", 3, 1000, benefits={"Hotline": "0800 12"})


@pytest.mark.parametrize("line", ["x: 1e999", 'x: "\\u0000"', 'x: "\\ud800"', "x\0: y"])
def test_benefits_that_cannot_be_kept(operator: Console, gold: Tier, line: str) -> None:
    path = f"gamify/tier/{gold.pk}/change/"
    response = operator.post(path, {**operator.form(path), "name": "Golden", "benefits": line})
    assert response.status_code == 200
    errors = response.context["adminform"].form.errors
    message = "There is a number or a character in it that cannot be kept."
    assert {name: list(told) for name, told in errors.items()} == {"benefits": [message]}
    gold.refresh_from_db()
    assert (gold.name, gold.benefits) == ("Gold", {"Hotline": "0800 12"})


def test_benefit_that_no_reader_of_json_gets_to_the_end_of_is_a_text(operator: Console, gold: Tier) -> None:
    path, text = f"gamify/tier/{gold.pk}/change/", "[" * 100_000
    assert operator.post(path, {**operator.form(path), "benefits": f"x: {text}"}).status_code == 302
    gold.refresh_from_db()
    assert gold.benefits == {"x": text}
    assert operator.get(path).status_code == 200


def test_badge_is_shown_and_not_its_source(operator: Console, shop: Tenant) -> None:
    definitions.save_badge(Badge(tenant=shop, code="early", name="Early <b>", criteria_config={"min_points": 1}))
    page = operator.get("gamify/badge/").content.decode()
    assert "&lt;span" not in page
    assert "Early &lt;b&gt;" in page


def test_trigger_of_another_type_leaves_out_what_is_hidden(
    operator: Console, shop: Tenant, system: PointsSystem
) -> None:
    metric = Metric.objects.create(tenant=shop, key="words", name="Words")
    fields = {"points_system": str(system.pk), "points": "10", "status": "active", "type": "metric"}
    operator.post("gamify/trigger/add/", {**fields, "metric": str(metric.pk), "threshold": "3"})
    trigger = Trigger.objects.get()
    changed = {**fields, "type": "streak", "metric": str(metric.pk), "threshold": "3", "streak_length": "7"}
    assert operator.post(f"gamify/trigger/{trigger.pk}/change/", changed).status_code == 302
    trigger.refresh_from_db()
    assert (trigger.type, trigger.streak_length, trigger.metric, trigger.threshold) == ("streak", 7, None, None)


def test_auditor_reads_what_a_tier_and_a_badge_take(auditor: Console, shop: Tenant) -> None:
    programmes.make_ladder(shop)
    badge = definitions.save_badge(Badge(tenant=shop, code="early", name="Early", criteria_config={"min_points": 7}))
    for path, words in (
        (f"gamify/tier/{Tier.objects.get(code='gold').pk}/change/", "1,000 points"),
        (f"gamify/badge/{badge.pk}/change/", "7 points"),
    ):
        page = auditor.text(path)
        assert words in page
        assert "Points needed" not in page


class TestRewardRuleFiles:
    def file(self, operator: Console, *lines: str) -> Any:
        return upload(operator, "\n".join(lines), path=f"{REWARDS}import/")

    @pytest.mark.parametrize(
        ("header", "line", "complaint"),
        [
            ("event_type,points", "signup,1.9", "“1.9” is not a number"),
            ("event_type,points,is_active", "signup,1,maybe", "“maybe” is neither 1 nor 0."),
            ("event_type,points,points_system", "signup,1,moons", "There is no “moons” here."),
        ],
    )
    def test_what_is_none_is_refused(self, operator: Console, header: str, line: str, complaint: str) -> None:
        assert complaint in text_of(self.file(operator, header, line))
        assert not RewardRule.objects.exists()

    @pytest.mark.parametrize("kept", ["FolderUpload", "CachedUpload"])
    def test_points_system_comes_along(self, operator: Console, shop: Tenant, settings: Settings, kept: str) -> None:
        settings.IMPORT_EXPORT_TMP_STORAGE_CLASS = f"{UPLOADS}.{kept}"
        gems = definitions.save_points_system(PointsSystem(tenant=shop, key="gems", name="Gems"))
        header = "event_type,points,points_system,is_active"
        shown = self.file(operator, header, "signup,5,gems,1", "visit,2,,TRUE ")
        for _ in range(2):
            # The second time it is there already, which is no fault.
            assert operator.post(f"{REWARDS}process_import/", fields_of(shown)).status_code == 302
        rules = {
            rule.event_type: (rule.points, rule.points_system, rule.is_active) for rule in RewardRule.objects.all()
        }
        assert rules == {"signup": (5, gems, True), "visit": (2, None, True)}
