"""Filters of lists, as the query strings of the documents name them."""

from typing import Any

import django_filters

from gamify.models import AwardType, Tier

# As JSON writes them, as Python's clients do, and as numbers.
BOOLEANS = {"true": True, "True": True, "1": True, "false": False, "False": False, "0": False}


class TierFilter(django_filters.FilterSet):
    is_active = django_filters.TypedChoiceFilter(choices=[(text, text) for text in BOOLEANS], coerce=BOOLEANS.get)
    award_type = django_filters.ChoiceFilter(choices=AwardType.choices)

    class Meta:
        model = Tier
        fields = ("is_active", "award_type")

    def complaints(self) -> tuple[tuple[str, str], ...]:
        """What is wrong with the query, as (parameter, sentence) pairs."""
        errors: dict[str, Any] = self.errors
        return tuple((name, str(messages[0])) for name, messages in errors.items())
