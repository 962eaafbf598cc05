"""A form that knows what each criteria type asks for, as the types themselves declare it (`Criterion.settings`)."""

from typing import Any, ClassVar

from django import forms
from unfold.widgets import (
    UnfoldAdminBigIntegerFieldWidget,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminSelectWidget,
)

from gamify import criteria
from gamify.admin._service import ServiceForm
from gamify.criteria import Setting
from gamify.models import Badge

# The field of a type that declares no settings: its whole `criteria_config`, as JSON.
RAW = "config"
CONFIG_PATH = "criteria_config."
DEFAULT_TYPE = "points"


class CriteriaForm(ServiceForm):
    """`criteria_type`, and a field for each setting of each type: the page shows those of the type chosen."""

    use: ClassVar[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field.widget, UnfoldAdminCheckboxSelectMultipleWidget) and isinstance(
                field, forms.MultipleChoiceField
            ):
                field.choices = self._badges()
            type_name, _, key = name.partition("__")
            if key and type_name == self.instance.criteria_type:
                config = self.instance.criteria_config
                self.initial[name] = config if key == RAW else config.get(key)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        type_name = cleaned.get("criteria_type")
        if type_name:
            for setting in criteria.of_type(type_name).settings:
                name = field_name(type_name, setting.key)
                if setting.is_required and name not in self.errors and cleaned.get(name) in (None, "", []):
                    self.add_error(name, "This is needed.")
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()
        if type_name := self.cleaned_data.get("criteria_type"):
            self.instance.criteria_config = self._config(type_name)

    def field_of(self, path: str | None) -> str | None:
        if path and path.startswith(CONFIG_PATH):
            type_name = self.cleaned_data.get("criteria_type") or self.instance.criteria_type
            own = field_name(type_name, path.removeprefix(CONFIG_PATH))
            return next((name for name in (own, field_name(type_name, RAW)) if name in self.fields), None)
        return super().field_of(path)

    def _config(self, type_name: str) -> Any:
        settings = criteria.of_type(type_name).settings
        if not settings:
            return self.cleaned_data.get(field_name(type_name, RAW)) or {}
        values = {setting.key: self.cleaned_data.get(field_name(type_name, setting.key)) for setting in settings}
        return {key: value for key, value in values.items() if value not in (None, "", [])}

    def _badges(self) -> list[tuple[str, str]]:
        badges = Badge.objects.filter(tenant=self.tenant).order_by("name")
        return [(badge.code, f"{badge.name} ({badge.code})") for badge in badges]


def field_name(type_name: str, key: str) -> str:
    return f"{type_name}__{key}"


def criteria_form(use: str) -> type[CriteriaForm]:
    """The form's class for what a "tier" or a "badge" is to be reached by."""
    types = criteria.types_for(use)
    choices = [(name, criteria.of_type(name).label or name) for name in types]
    fields: dict[str, Any] = {
        "use": use,
        "criteria_type": forms.ChoiceField(
            choices=choices, initial=DEFAULT_TYPE, widget=UnfoldAdminSelectWidget, label="Reached by"
        ),
    }
    for name in types:
        settings = criteria.of_type(name).settings
        fields |= {field_name(name, setting.key): _field(setting) for setting in settings}
        if not settings:
            fields[field_name(name, RAW)] = forms.JSONField(
                required=False,
                widget=UnfoldAdminExpandableTextareaWidget,
                label="Settings",
                help_text="As JSON; this kind of criteria has no form of its own.",
            )
    metaclass: Any = type(CriteriaForm)
    made: type[CriteriaForm] = metaclass(f"{use.title()}CriteriaForm", (CriteriaForm,), fields)
    return made


def setting_fields(use: str) -> list[str]:
    """The names of all the settings' fields, for fieldsets."""
    return [
        field_name(name, key)
        for name in criteria.types_for(use)
        for key in [setting.key for setting in criteria.of_type(name).settings] or [RAW]
    ]


def conditions(use: str) -> dict[str, str]:
    """For unfold's `conditional_fields`: each setting is shown for its own type."""
    return {name: f"criteria_type == '{name.partition('__')[0]}'" for name in setting_fields(use)}


class CriteriaMixin:
    """For a page with such a form. Its `display_criteria` says the same in a sentence."""

    use: ClassVar[str]

    def get_fieldsets(self, request: Any, obj: Any = None) -> list[tuple[Any, Any]]:
        page: Any = super()
        found = list(page.get_fieldsets(request, obj))
        if obj is None or page.has_change_permission(request, obj):
            return found
        # Who may only look gets no form, and so none of its fields.
        hidden = {"criteria_type", *setting_fields(self.use)}
        shown = []
        for title, options in found:
            names = [name for name in options["fields"] if name not in hidden]
            more = ["display_criteria"] if len(names) < len(options["fields"]) else []
            shown.append((title, {**options, "fields": (*names, *more)}))
        return shown


def _field(setting: Setting) -> forms.Field:
    if setting.kind == "badges":
        return forms.MultipleChoiceField(
            required=False,
            label=setting.label,
            help_text=setting.help,
            widget=UnfoldAdminCheckboxSelectMultipleWidget,
        )
    return forms.IntegerField(
        required=False,
        label=setting.label,
        help_text=setting.help,
        min_value=setting.at_least,
        widget=UnfoldAdminBigIntegerFieldWidget,
    )
