"""Pages beside Django's own: a question before something is done, and any other in the console's frame."""

from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model
from django.http import HttpRequest
from django.template.response import TemplateResponse


def page(admin: ModelAdmin[Any], request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
    """`template` in the console's frame, with the navigation and the page's title."""
    request.current_app = admin.admin_site.name
    frame = {**admin.admin_site.each_context(request), "opts": admin.opts, "media": admin.media}
    return TemplateResponse(request, template, {**frame, **context})


def confirmation(
    admin: ModelAdmin[Any], request: HttpRequest, *, title: str, question: str, verb: str, back: str, **context: Any
) -> TemplateResponse:
    """Asks before doing: a POST to the same address does it. `is_danger` (default) colours the button."""
    texts = {"title": title, "question": question, "verb": verb, "back": back, "is_danger": True}
    return page(admin, request, "console/confirm.html", **{**texts, **context})


def log(request: HttpRequest, obj: Model, message: str) -> None:
    """Write to the audit log who did what to `obj`. In the transaction of what was done, where there is one."""
    assert request.user.pk is not None
    LogEntry.objects.log_actions(
        user_id=request.user.pk, queryset=[obj], action_flag=CHANGE, change_message=message, single_object=True
    )
