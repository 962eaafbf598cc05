"""The base of the pages of rules: a form validates, a service acts, and its refusals come back as the form's errors.

@admin.register(Badge)
class BadgeAdmin(ServiceAdmin[Badge]):
    save_through = staticmethod(definitions.save_badge)
"""

import hashlib
from typing import Any, ClassVar, TypeVar, cast

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Model, TextField
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminExpandableTextareaWidget
from uuid_utils.compat import uuid7

from gamify.admin._refusals import complaints
from gamify.errors import DomainError, InvalidInput
from gamify.services import definitions
from tenants.console.current import SHOWN, id_of_form, tenant_of_form
from tenants.console.scoped import TenantScopedAdmin
from tenants.models import Tenant

M = TypeVar("M", bound=Model)


class ServiceForm(forms.ModelForm[Any]):
    """A form whose save may be refused. What is refused is shown like any other mistake."""

    # Set by the page: whose rows the form may name, and what the service said to it a moment ago.
    tenant: ClassVar[Tenant | None] = None
    refusal: ClassVar[DomainError | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # The user may see other tenants' rows; a rule can name its own tenant's only.
            if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
                field.queryset = field.queryset.filter(tenant=self.tenant)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.refusal:
            for path, message in complaints(self.refusal):
                self.add_error(self.field_of(path), message)
        return cleaned

    def _post_clean(self) -> None:
        # What the database would refuse, the service refuses first, and names the field; Django's own check of the
        # constraints would only name the constraint.
        self.instance.validate_constraints = lambda exclude=None: None
        super()._post_clean()  # type: ignore[misc] # Django's hook for this, which its stubs leave out
        del self.instance.validate_constraints
        for field in self.instance._meta.concrete_fields:
            # An empty text box says nothing, which is null where the column knows it.
            if field.null and field.name in self.cleaned_data and self.cleaned_data[field.name] == "":
                setattr(self.instance, field.attname, None)

    def field_of(self, path: str | None) -> str | None:
        """The form's field that a path of a refusal is about; None: the form as a whole."""
        return path if path in self.fields else None

    def validate_unique(self) -> None:
        """The service's business: it names the field, and holds when two people save at once."""


class ServiceAdmin(TenantScopedAdmin[M]):
    form = ServiceForm
    # Fields that are fixed once it is made.
    fixed: ClassVar[tuple[str, ...]] = ()
    change_form_before_template = "console/tenant_field.html"
    formfield_overrides: ClassVar[dict[Any, Any]] = {TextField: {"widget": UnfoldAdminExpandableTextareaWidget}}

    @staticmethod
    def save_through(definition: Any, /) -> Any:
        """The service that creates or changes one. Raises DomainError."""
        raise NotImplementedError("a page names the service that saves what it shows")

    def get_readonly_fields(self, request: HttpRequest, obj: M | None = None) -> Any:
        readonly = tuple(super().get_readonly_fields(request, obj))
        return (*readonly, *self.fixed) if obj else readonly

    def get_form(self, request: HttpRequest, obj: M | None = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.tenant = cast(Any, obj).tenant if obj else tenant_of_form(request)
        form.refusal = getattr(request, "_refusal", None)
        return form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Once more where the service refuses: the first run is rolled back, the second shows why."""
        extra_context = {**(extra_context or {}), "shown": self._shown(request, object_id)}
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as error:
            return self.show_refusal(request, error, object_id, form_url, extra_context)

    def show_refusal(
        self,
        request: HttpRequest,
        error: DomainError,
        object_id: str | None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        request._refusal = error  # type: ignore[attr-defined] # ours: handed on with the request
        response: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        return response

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Raises DomainError, which `changeform_view` turns into the form's errors."""
        if change:
            before = type(obj)._default_manager.get(pk=obj.pk)
            if request.POST.get(SHOWN, _digest(before)) != _digest(before):
                # The form holds what was there when it was shown: saving it would undo what somebody else did since.
                raise InvalidInput((("__all__", "Somebody has changed this meanwhile. Open it again, and look."),))
            fields = {name: new for name, new in _values(obj).items() if new != _values(before)[name]}
            saved = definitions.change(obj, fields, save=self.save_through)
        else:
            tenant = tenant_of_form(request)
            if tenant is None:
                raise PermissionDenied
            obj.tenant_id = tenant.pk
            obj.pk = id_of_form(request) or obj.pk
            # There already where the button was clicked twice; where that was at once, the second click waits here.
            definitions.move_on(tenant.pk)
            saved = type(obj)._default_manager.filter(pk=obj.pk, tenant=tenant).first() or self.save_through(obj)
        obj.__dict__.update(saved.__dict__)

    def _shown(self, request: HttpRequest, object_id: str | None) -> str:
        """What a form carries in `SHOWN`: of a row, what it is now; of a new one, its id. A form that is shown again
        with its mistakes is as old as before."""
        if SHOWN in request.POST:
            return str(request.POST[SHOWN])
        row = self.get_object(request, object_id) if object_id else None
        return _digest(row) if row else str(uuid7())


def _digest(row: Model) -> str:
    return hashlib.sha256(repr(_values(row)).encode()).hexdigest()


def _values(obj: Model) -> dict[str, Any]:
    return {field.attname: getattr(obj, field.attname) for field in obj._meta.concrete_fields if field.editable}
