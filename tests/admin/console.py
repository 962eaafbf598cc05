"""The console in this process, as one person sees it."""

import html
import re
from html.parser import HTMLParser
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

    def form(self, path: str) -> dict[str, Any]:
        """The values with which the form at `path` is shown."""
        return fields_of(self.get(path))


def text_of(response: Any) -> str:
    """What a page says, without its tags, in one line."""
    body = re.sub(r"(?s)<(script|style|head)\b.*?</\1>", " ", response.content.decode())
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def fields_of(response: Any) -> dict[str, Any]:
    """All that a browser would send of the page's fields as they are shown: a text, or a list of texts, by name."""
    fields = _Fields()
    fields.feed(response.content.decode())
    fields.found.pop("csrfmiddlewaretoken", None)
    return {name: values[0] if len(values) == 1 else values for name, values in fields.found.items()}


def superuser(name: str = "root") -> Console:
    return Console(User.objects.create_superuser(name))


def member(tenant: Tenant, role: Role = Role.OPERATOR, *, name: str = "olive") -> Console:
    user = User.objects.create_user(name, is_staff=True)
    Membership.objects.create(user=user, tenant=tenant, role=role)
    return Console(user)


def participant_path(tenant: Tenant, external_id: str, action: str = "change") -> str:
    return f"gamify/participant/{participant_id(tenant.pk, external_id)}/{action}/"


# Sent only where they are clicked, and what a file is sent with.
_NOT_BY_THEMSELVES = ("submit", "button", "image", "reset", "file")


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        # Of the select that is open: each option, and whether it is chosen.
        self._options: list[tuple[str, bool]] = []
        # Of the select or the textarea that is open.
        self._known: dict[str, str | None] = {}
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "input":
            self._input(known)
        elif tag == "option":
            self._options.append((known.get("value") or "", "selected" in known))
        elif tag in ("select", "textarea"):
            self._known, self._options, self._text = known, [], ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            # The line break behind the tag is none of the text's.
            self._add(self._known, self._text.removeprefix("\n"))
        elif tag == "select":
            chosen = [value for value, is_chosen in self._options if is_chosen]
            if not chosen and "multiple" not in self._known:
                chosen = [value for value, _ in self._options[:1]]
            for value in chosen:
                self._add(self._known, value)

    def _input(self, known: dict[str, str | None]) -> None:
        type = known.get("type")
        if type in _NOT_BY_THEMSELVES:
            return
        if type not in ("checkbox", "radio"):
            self._add(known, known.get("value") or "")
        elif "checked" in known:
            self._add(known, known.get("value") or "on")

    def _add(self, known: dict[str, str | None], value: str) -> None:
        name = known.get("name")
        if name and "disabled" not in known:
            self.found.setdefault(name, []).append(value)
