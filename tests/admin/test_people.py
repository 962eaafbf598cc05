"""People and their roles."""

from django.contrib.auth.models import User

from tenants.models import Membership, Tenant
from tests.admin.console import Console

LIST, ADD = "auth/user/", "auth/user/add/"
NO_MORE = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}


def test_who_is_made_here_can_sign_in_and_has_no_role_yet(root: Console) -> None:
    password = "a-long-enough-secret"
    values = {"username": "olive", "usable_password": "true", "password1": password, "password2": password}
    assert root.post(ADD, {**values, **NO_MORE}).status_code == 302
    user = User.objects.get(username="olive")
    assert (user.is_staff, user.is_superuser, user.check_password(password)) == (True, False, True)
    assert Console(user).get("gamify/tier/").status_code == 403


def test_role_is_given_in_a_tenant(root: Console, shop: Tenant) -> None:
    user = User.objects.create_user("olive", is_staff=True)
    values = {
        "username": "olive",
        "is_active": "on",
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "0",
        "memberships-0-tenant": str(shop.pk),
        "memberships-0-role": "operator",
        "memberships-0-user": str(user.pk),
    }
    assert root.post(f"{LIST}{user.pk}/change/", values).status_code == 302
    assert Membership.objects.get().tenant == shop
    assert Console(user).get("gamify/tier/").status_code == 200


def test_nobody_else_comes_here(operator: Console, auditor: Console, root: Console) -> None:
    for console in (operator, auditor):
        for path in (LIST, ADD, f"{LIST}{root.user.pk}/change/", f"{LIST}{root.user.pk}/password/"):
            assert console.get(path).status_code == 403
            assert console.post(path, {"is_superuser": "on"}).status_code == 403


def test_people_are_never_deleted_because_the_audit_log_names_them(root: Console) -> None:
    assert root.post(f"{LIST}{root.user.pk}/delete/", {"post": "yes"}).status_code == 403
