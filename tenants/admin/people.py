"""People who may sign in to the console, and what each may do. For superusers only."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from tenants.console.scoped import ReadableChangeList
from tenants.models import Membership

# Roles are given by memberships; Django's groups and permissions decide nothing here.
admin.site.unregister(Group)
admin.site.unregister(User)


class SuperusersOnly:
    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MembershipInline(SuperusersOnly, TabularInline):
    model = Membership
    extra = 1
    verbose_name = "role in a tenant"
    verbose_name_plural = "roles in tenants (their sandboxes included)"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)


@admin.register(User)
class PersonAdmin(SuperusersOnly, DjangoUserAdmin[User], ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = (MembershipInline,)
    list_display = ("username", "full_name", "email", "display_roles", "is_active", "last_login")
    list_filter = ("is_superuser", "is_active")
    ordering = ("username",)
    actions = None
    compressed_fields = True
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Who", {"fields": ("first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "is_superuser")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "usable_password", "password1", "password2")}),)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Whoever is made here is made to sign in here."""
        obj.is_staff = True
        super().save_model(request, obj, form, change)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ReadableChangeList]:
        return ReadableChangeList

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("memberships__tenant__sandbox_of")

    @display(description="Name")
    def full_name(self, person: User) -> str:
        return person.get_full_name()

    @display(description="Roles")
    def display_roles(self, person: Any) -> str:
        if person.is_superuser:
            return "Superuser"
        return ", ".join(str(membership) for membership in person.memberships.all()) or "none yet"
