"""Import and export of rules with django-import-export: a file is checked and shown, then applied through the services.

Rows are recognised by their code. Columns that a file leaves out are left alone; nothing is deleted.
"""

import json
from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from import_export import fields, resources, widgets
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import CSV, JSON
from import_export.forms import ConfirmImportForm
from import_export.results import Error, Result
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from gamify.admin import _versions
from gamify.admin._refusals import complaints
from gamify.errors import DomainError, InvalidInput
from tenants.access import access_of
from tenants.console.current import FORM_FIELD, OPERATORS, SHOWN, current_tenant, tenant_of_form

FILE_BYTES_MAX = 2 * 1024 * 1024


class JsonWidget(widgets.Widget):
    """JSON as text in a CSV file, and as it is in a JSON file."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            return value or {}
        try:
            return json.loads(value) if value.strip() else {}
        except ValueError as error:
            raise ValidationError("Must be JSON.") from error

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return json.dumps(value)


class NumberWidget(widgets.Widget):
    """A number as the model's own field reads it: the library's would make 1 of 1.5, and an error page of words."""

    def __init__(self, kind: Callable[[str], Any]) -> None:
        super().__init__()
        self.kind = kind

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        if value is None or value == "":
            return None
        try:
            return self.kind(str(value))
        except (ValueError, ArithmeticError) as error:
            raise ValidationError(f"“{value}” is not a number that fits here.") from error


class KeyWidget(widgets.Widget):
    """One of some other definitions, by its key."""

    def __init__(self, choices: QuerySet[Any]) -> None:
        super().__init__()
        self.choices = choices

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        if value is None or value == "":
            return None
        found = self.choices.filter(key=str(value).replace("\0", "")).first()
        if found is None:
            raise ValidationError(f"There is no “{value}” here.")
        return found

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return value.key if value else ""


class BooleanWidget(widgets.BooleanWidget):
    """The library's takes whatever it does not know for false."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        text = value.strip().lower() if isinstance(value, str) else value
        if text not in (*self.TRUE_VALUES, *self.FALSE_VALUES):
            raise ValidationError(f"“{value}” is neither 1 nor 0.")
        return text in self.TRUE_VALUES


class Unreadable(Exception):
    """A file that is no table. The message says why, in a sentence."""


class JsonRows(JSON):
    """The library's own puts the values of every object under the first one's keys, in whatever order they come."""

    def create_dataset(self, in_stream: Any, **kwargs: Any) -> Any:
        rows = json.loads(in_stream)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Unreadable("Must be a list of objects.")
        for number, row in enumerate(rows, start=1):
            if odd := sorted(row.keys() ^ rows[0].keys()):
                told = f"Row {number} must have the same keys as the first; these differ: {', '.join(odd)}."
                raise Unreadable(told)
        return super().create_dataset(json.dumps([{name: row[name] for name in rows[0]} for row in rows]), **kwargs)


class DefinitionResource(resources.ModelResource):
    """Rows of one tenant, saved by the page's own service. Subclasses have a `Meta` with model and fields."""

    save_through: ClassVar[Any]
    is_active = fields.Field(attribute="is_active", column_name="is_active", widget=BooleanWidget())

    class Meta:
        import_id_fields = ("code",)
        use_transactions = True
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True

    def __init__(self, tenant: Any = None, **kwargs: Any) -> None:
        super().__init__()
        self.tenant = tenant

    def get_queryset(self) -> QuerySet[Any]:
        queryset: QuerySet[Any] = super().get_queryset()
        return queryset.filter(tenant=self.tenant)

    def init_instance(self, row: Any = None) -> Any:
        return self._meta.model(tenant=self.tenant)

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        unknown = sorted(set(dataset.headers or ()) - set(self.fields))
        if unknown:
            # A mistyped column would otherwise be passed over without a word.
            raise ValidationError(f"Unknown columns: {', '.join(unknown)}. Known: {', '.join(self.fields)}.")

    def import_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        super().import_instance(instance, row, **kwargs)
        for field in instance._meta.concrete_fields:
            # A cell with nothing in it says nothing, as an empty text box of the form.
            if field.null and getattr(instance, field.attname) == "":
                setattr(instance, field.attname, None)

    def do_instance_save(self, instance: Any, is_create: bool) -> None:
        try:
            type(self).save_through(instance)
        except DomainError as error:
            names = {field.name for field in instance._meta.fields}
            told: dict[str, list[str]] = {}
            for path, message in complaints(error):
                name = (path or "").partition(".")[0]
                told.setdefault(name if name in names else "__all__", []).append(message)
            raise ValidationError(told) from error


class WithTenant(forms.Form):
    """The file goes to the tenant that the page was shown for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[FORM_FIELD] = forms.UUIDField(widget=forms.HiddenInput)


class RulesImportForm(WithTenant, ImportForm):
    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        if file.size > FILE_BYTES_MAX:
            raise forms.ValidationError(f"Must not be larger than {FILE_BYTES_MAX // 1024 // 1024} MB.")
        return file


class RulesConfirmForm(WithTenant, ConfirmImportForm):
    """With the version of the rules that the file was checked against."""

    shown = forms.CharField(widget=forms.HiddenInput)


class TransferMixin(ImportExportMixin):
    """For a page of rules: `resource_classes` says which."""

    formats = [CSV, JsonRows]
    import_form_class = RulesImportForm
    confirm_form_class = RulesConfirmForm
    export_form_class = ExportForm

    def has_import_permission(self, request: HttpRequest) -> bool:
        tenant = current_tenant(request)
        return tenant is not None and access_of(request).has(OPERATORS, tenant.pk)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))

    def get_import_form_initial(self, request: HttpRequest) -> dict[str, Any]:
        tenant = current_tenant(request)
        return {FORM_FIELD: tenant.pk if tenant else None}

    def get_confirm_form_initial(self, request: HttpRequest, import_form: Any) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_confirm_form_initial(request, import_form)
        tenant = tenant_of_form(request)
        if not import_form or tenant is None:
            return initial
        # The tenant as it was before the file was checked.
        return initial | {FORM_FIELD: tenant.pk, SHOWN: tenant.programme_version}

    def get_import_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        tenant = tenant_of_form(request)
        if tenant is None:
            raise PermissionDenied
        return {"tenant": tenant}

    def get_export_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        return {"tenant": current_tenant(request)}

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """All of the tenant worked in, whatever the list shows of them."""
        queryset: QuerySet[Any] = self.get_queryset(request)
        return queryset.filter(tenant=current_tenant(request))

    def add_data_read_fail_error_to_form(self, form: Any, error: Exception) -> None:
        if isinstance(error, Unreadable):
            form.add_error("import_file", str(error))
        else:
            super().add_data_read_fail_error_to_form(form, error)

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            with transaction.atomic():
                response: HttpResponse = super().process_import(request, **kwargs)
        except FileNotFoundError:
            messages.warning(
                request,
                "This file was imported already, or has waited too long. Look, and send it again if need be.",
            )
            return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))
        return response

    def process_dataset(self, dataset: Any, form: Any, request: HttpRequest, **kwargs: Any) -> Result:
        tenant = tenant_of_form(request)
        if tenant is None:
            raise PermissionDenied
        try:
            _versions.check(_versions.locked(tenant.pk), form.cleaned_data[SHOWN])
        except InvalidInput as error:
            refused = Result()
            refused.append_base_error(Error(error))
            return refused
        result: Result = super().process_dataset(dataset, form, request, **kwargs)
        return result

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        """All or nothing: what was shown, and nothing else."""
        if not (result.has_errors() or result.has_validation_errors()):
            response: HttpResponse = super().process_result(result, request)
            return response
        transaction.set_rollback(True)
        messages.error(request, "The rules have changed meanwhile. Please look again. Nothing was changed.")
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_import"
        return HttpResponseRedirect(reverse(name))


def number_field(name: str, kind: Callable[[str], Any]) -> fields.Field:
    return fields.Field(attribute=name, column_name=name, widget=NumberWidget(kind))


def json_field(name: str) -> fields.Field:
    return fields.Field(attribute=name, column_name=name, widget=JsonWidget())
