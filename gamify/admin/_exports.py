"""Participants and the ledger as CSV or JSON, of any size: written while they are read."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from import_export import fields, resources
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from gamify.models import PointsSystem
from gamify.queries import exports
from tenants.access import BOTH, access_of
from tenants.console.current import current_tenant
from tenants.console.pages import log, page
from tenants.models import Tenant

if TYPE_CHECKING:
    from gamify.admin.participants import ParticipantAdmin

# A spreadsheet takes a cell that begins like this for a formula, and would run what a participant wrote.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


class ParticipantResource(resources.Resource):
    external_id = fields.Field("participant__external_id", "external_id")
    name = fields.Field("profile__name", "name")
    email = fields.Field("profile__email", "email")
    avatar_url = fields.Field("profile__avatar_url", "avatar_url")
    tier = fields.Field("tier_code", "tier")
    tier_pinned = fields.Field("participant__tier_pinned", "tier_pinned")
    balance = fields.Field("balance", "balance")
    badges = fields.Field("participant__badge_codes", "badges")
    created_at = fields.Field("participant__created_at", "created_at")


class EntryResource(resources.Resource):
    transaction_id = fields.Field("entry__id", "transaction_id")
    external_id = fields.Field("external_id", "external_id")
    points_system = fields.Field("points_system", "points_system")
    sequence = fields.Field("entry__sequence", "sequence")
    kind = fields.Field("entry__kind", "kind")
    amount = fields.Field("entry__amount", "amount")
    balance_after = fields.Field("entry__balance_after", "balance_after")
    reason = fields.Field("entry__reason", "reason")
    metadata = fields.Field("entry__metadata", "metadata")
    explanation = fields.Field("entry__explanation", "explanation")
    created_at = fields.Field("entry__created_at", "created_at")


class ExportForm(forms.Form):
    what = forms.ChoiceField(
        choices=[("participants", "Participants"), ("ledger", "Ledger")], widget=UnfoldAdminSelectWidget
    )
    format = forms.ChoiceField(choices=[("csv", "CSV"), ("json", "JSON")], widget=UnfoldAdminSelectWidget)
    system = forms.ModelChoiceField(
        PointsSystem.objects.none(),
        required=False,
        empty_label=None,
        label="Points system",
        widget=UnfoldAdminSelectWidget,
        help_text="Of the ledger.",
    )
    first = forms.DateField(
        required=False,
        label="From",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text="Of the ledger: the first day, in UTC. Empty: from the beginning.",
    )
    last = forms.DateField(
        required=False,
        label="To",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text="Of the ledger: the last day, in UTC. Empty: to the end.",
    )

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["system"]
        field.queryset = PointsSystem.objects.filter(tenant=tenant).order_by("-is_default", "name")


def export(admin: "ParticipantAdmin", request: HttpRequest) -> HttpResponseBase:
    """The form; and, asked with its values, the file."""
    tenant = current_tenant(request)
    if tenant is None or not access_of(request).has(BOTH, tenant.pk):
        raise PermissionDenied
    form = ExportForm(request.GET if "what" in request.GET else None, tenant=tenant)
    if not form.is_bound or not form.is_valid():
        return page(admin, request, "console/export.html", title="Export", form=form)
    data = form.cleaned_data
    rows = _rows(tenant, data)
    log(request, tenant, f"Exported {data['what']} as {data['format'].upper()}.")
    response = StreamingHttpResponse(
        as_csv(rows) if data["format"] == "csv" else as_json(rows), content_type=_TYPES[data["format"]]
    )
    name = f"{tenant.slug}{'-sandbox' if tenant.is_sandbox else ''}-{data['what']}-{timezone.now():%Y-%m-%d}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{data["format"]}"'
    return response


_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@dataclass(frozen=True, slots=True)
class Rows:
    names: list[str]
    # The values of each row, as they are.
    values: Iterable[list[Any]]


def _rows(tenant: Tenant, data: dict[str, Any]) -> Rows:
    if data["what"] == "participants":
        return _of(ParticipantResource(), exports.participants(tenant.pk))
    system = data["system"] or PointsSystem.objects.get(tenant=tenant, is_default=True)
    first, last = data["first"], data["last"]
    # The last day that there is has no next one.
    until = _midnight(last + timedelta(days=1)) if last and last < date.max else None
    return _of(EntryResource(), exports.entries(system, since=_midnight(first) if first else None, until=until))


def _of(resource: Any, objects: Iterator[Any]) -> Rows:
    names: list[str] = resource.get_export_headers()
    columns = resource.get_export_fields()
    return Rows(names, ([field.get_value(each) for field in columns] for each in objects))


def as_csv(rows: Rows) -> Iterator[str]:
    writer: Any = csv.writer(_Echo())
    yield writer.writerow(rows.names)
    for values in rows.values:
        yield writer.writerow([_cell(value) for value in values])


def as_json(rows: Rows) -> Iterator[str]:
    """A list of objects, one to a line."""
    yield "["
    separator = "\n"
    for values in rows.values:
        yield separator + json.dumps(dict(zip(rows.names, values, strict=True)), default=_text, ensure_ascii=False)
        separator = ",\n"
    yield "\n]\n"


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        value = " ".join(value)
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_SIGNS) else value
    return _text(value) if isinstance(value, datetime) else value


def _text(value: Any) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
