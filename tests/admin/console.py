"""The console in this process, as one person sees it."""

import html
import re
from typing import Any

from django.contrib.auth.models import User
from django.test import Client as DjangoClient

from gamify.models import participant_id
from tenants.models import Membership, Role, Tenant


class Console:
    def __init__(self, user: User) -> None:
        self.user = user
        self.http = DjangoClient()
        self.http.force_login(user)

    def get(self, path: str = "", query: dict[str, Any] | None = None, **options: Any) -> Any:
        return self.http.get(f"/admin/{path}", query or {}, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
        return self.http.post(f"/admin/{path}", data or {}, **options)

    def open(self, tenant: Tenant) -> "Console":
        """Work in this tenant from now on."""
        assert self.get(f"tenants/tenant/{tenant.pk}/open/").status_code == 302
        return self

    def text(self, path: str, query: dict[str, Any] | None = None) -> str:
        response = self.get(path, query)
        assert response.status_code == 200, response
        return text_of(response)

    def form(self, path: str) -> dict[str, str]:
        """The values with which the form at `path` is shown."""
        return fields_of(self.get(path))


def text_of(response: Any) -> str:
    """What a page says, without its tags, in one line."""
    body = re.sub(r"(?s)<(script|style|head)\b.*?</\1>", " ", response.content.decode())
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def fields_of(response: Any) -> dict[str, str]:
    page = response.content.decode()
    found = {}
    for tag in re.findall(r"<input\b[^>]*>", page):
        name = re.search(r'\bname="([^"]*)"', tag)
        value = re.search(r'\bvalue="([^"]*)"', tag)
        if name and name[1] != "csrfmiddlewaretoken":
            found[name[1]] = html.unescape(value[1]) if value else ""
    return found


def superuser(name: str = "root") -> Console:
    return Console(User.objects.create_superuser(name))


def member(tenant: Tenant, role: Role = Role.OPERATOR, *, name: str = "olive") -> Console:
    user = User.objects.create_user(name, is_staff=True)
    Membership.objects.create(user=user, tenant=tenant, role=role)
    return Console(user)


def participant_path(tenant: Tenant, external_id: str, action: str = "change") -> str:
    return f"gamify/participant/{participant_id(tenant.pk, external_id)}/{action}/"
