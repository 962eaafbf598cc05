"""Reward rules: what events are worth."""

from typing import Any

from django.contrib import admin
from import_export import fields
from unfold.decorators import display

from gamify.admin._look import FORCE_COLOURS, in_force
from gamify.admin._service import ServiceAdmin, ServiceForm
from gamify.admin._transfer import DefinitionResource, KeyWidget, TransferMixin, number_field
from gamify.models import PointsSystem, RewardRule
from gamify.services import definitions


class RewardRuleForm(ServiceForm):
    class Meta:
        model = RewardRule
        fields = "__all__"
        labels = {
            "is_active": "Active",
            "starts_at": "In force from",
            "ends_at": "until",
            "cap_count": "At most so many times",
            "cap_period": "per participant and",
        }


class RewardRuleResource(DefinitionResource):
    save_through = staticmethod(definitions.save_reward_rule)
    points = number_field("points", int)
    cap_count = number_field("cap_count", int)
    points_system = fields.Field(attribute="points_system", column_name="points_system")

    def __init__(self, tenant: Any = None, **kwargs: Any) -> None:
        super().__init__(tenant, **kwargs)
        # By its key; nothing for the default one.
        systems = PointsSystem.objects.filter(tenant=tenant)
        self.fields["points_system"].widget = KeyWidget(systems)

    class Meta(DefinitionResource.Meta):
        model = RewardRule
        import_id_fields = ("event_type",)
        fields = (
            *("event_type", "name", "description", "points", "points_system", "starts_at", "ends_at"),
            *("cap_count", "cap_period", "is_active"),
        )


@admin.register(RewardRule)
class RewardRuleAdmin(TransferMixin, ServiceAdmin[RewardRule]):
    resource_classes = [RewardRuleResource]
    form = RewardRuleForm
    save_through = staticmethod(definitions.save_reward_rule)
    fixed = ("event_type",)
    list_display = ("event_type", "name", "points", "display_system", "display_cap", "state")
    list_select_related = ("points_system",)
    search_fields = ("event_type", "name")
    fieldsets = (
        (None, {"fields": ("event_type", "points", "points_system", "is_active", "name", "description")}),
        ("When", {"fields": ("starts_at", "ends_at")}),
        ("How often", {"fields": ("cap_count", "cap_period")}),
    )

    @display(description="Points system")
    def display_system(self, rule: RewardRule) -> str:
        return rule.points_system.name if rule.points_system else "Default"

    @display(description="How often")
    def display_cap(self, rule: RewardRule) -> str:
        if rule.cap_count is None:
            return "Always"
        times = "once" if rule.cap_count == 1 else f"{rule.cap_count:,} times"
        return times.capitalize() if rule.cap_period == "ever" else f"{times.capitalize()} a {rule.cap_period}"

    @display(description="State", label=FORCE_COLOURS)
    def state(self, rule: RewardRule) -> str:
        return in_force(rule.is_active, rule.starts_at, rule.ends_at)
