"""Filters of lists, as the query strings of the documents name them."""

from typing import Any

import django_filters
from django.db.models import QuerySet

from gamify.models import AwardType, Tier


class TierFilter(django_filters.FilterSet):
    is_active = django_filters.ChoiceFilter(choices=[("true", "true"), ("false", "false")], method="by_activity")
    award_type = django_filters.ChoiceFilter(choices=AwardType.choices)

    class Meta:
        model = Tier
        fields = ("is_active", "award_type")

    def by_activity(self, queryset: QuerySet[Tier], name: str, value: str) -> QuerySet[Tier]:
        return queryset.filter(is_active=value == "true")

    def complaints(self) -> tuple[tuple[str, str], ...]:
        """What is wrong with the query, as (parameter, sentence) pairs."""
        errors: dict[str, Any] = self.errors
        return tuple((name, str(messages[0])) for name, messages in errors.items())
