"""Reward rules: what events are worth."""

from django.contrib import admin
from unfold.decorators import display

from gamify.admin._look import FORCE_COLOURS, in_force
from gamify.admin._service import ServiceAdmin, ServiceForm
from gamify.admin._transfer import DefinitionResource, TransferMixin
from gamify.models import RewardRule
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

    class Meta(DefinitionResource.Meta):
        model = RewardRule
        import_id_fields = ("event_type",)
        fields = (
            *("event_type", "name", "description", "points", "starts_at", "ends_at"),
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
