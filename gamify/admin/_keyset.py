"""Lists of any length: a page goes on behind the last row of the one before, and nothing is ever counted."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from tenants.console.scoped import TenantChangeList

AFTER, BEFORE = "after", "before"


class KeysetChangeList(TenantChangeList):
    """In the order of `keyset`, a field of the page's model that is unique within a tenant and has an index.

    The page's `prepare` may add to the rows what it shows beside them, a page at a time.
    """

    previous_url: str | None = None
    next_url: str | None = None

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        found: dict[str, Any] = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in (AFTER, BEFORE)}

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str]:
        return [self.model_admin.keyset]

    def get_results(self, request: HttpRequest) -> None:
        key: str = self.model_admin.keyset
        # PostgreSQL has no text with a NUL in it.
        after, before = (request.GET.get(name, "").replace("\0", "") for name in (AFTER, BEFORE))
        queryset = self.queryset
        if before:
            queryset = queryset.filter(**{f"{key}__lt": before}).order_by(f"-{key}")
        elif after:
            queryset = queryset.filter(**{f"{key}__gt": after})
        rows = list(queryset[: self.list_per_page + 1])
        has_more = len(rows) > self.list_per_page
        rows = rows[: self.list_per_page]
        if before:
            rows.reverse()
        if rows and (after or (before and has_more)):
            self.previous_url = self.get_query_string({BEFORE: getattr(rows[0], key)}, [AFTER])
        if rows and (before or has_more):
            self.next_url = self.get_query_string({AFTER: getattr(rows[-1], key)}, [BEFORE])
        self.model_admin.prepare(rows, request)
        self.result_list = rows
        self.result_count = len(rows)
        self.full_result_count = self.result_count
        self.show_full_result_count = False
        self.show_admin_actions = False
        self.can_show_all = self.multi_page = False
        self.paginator = Paginator(rows, self.list_per_page)
