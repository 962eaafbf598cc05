"""Around every request: its id, and what the log and the metrics are told of it."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import structlog
from django.contrib.admindocs.utils import replace_metacharacters, replace_named_groups, replace_unnamed_groups
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch

from bricqs import metrics
from tenants import telemetry
from tenants.telemetry import Notes

REQUEST_ID_HEADER = "X-Request-ID"
# Asked every few seconds, for as long as the service runs: only failures are worth a line.
PROBES = ("/healthz", "/readyz", "/metrics")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:\-]{1,128}", re.ASCII)

logger = logging.getLogger("bricqs.request")


class RequestLogMiddleware:
    """One line for each request. Its fields are those of bricqs/logs.py: no path, no key, no body."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        notes = telemetry.begin()
        request_id = _request_id(request)
        # Nothing else is bound, so this replaces all that the thread's last request left.
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response = self.get_response(request)
        response[REQUEST_ID_HEADER] = request_id
        seconds = time.perf_counter() - started
        method, route, status = request.method or "", route_of(request.resolver_match), response.status_code
        metrics.observe(method=method, route=route, status=status, notes=notes, seconds=seconds)
        _log(method, route, status, notes, seconds)
        return response


def route_of(match: ResolverMatch | None) -> str:
    """The pattern of a path, such as /api/v1/gamify/participants/{participant_id}/points: there are few of them."""
    return _readable(match.route) if match else "(none)"


def _request_id(request: HttpRequest) -> str:
    """The caller's, so that its log and this one can be read together; or one made here."""
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _log(method: str, route: str, status: int, notes: Notes, seconds: float) -> None:
    level = logging.INFO if status < 500 else logging.WARNING
    if level == logging.INFO and route in PROBES:
        level = logging.DEBUG
    if not logger.isEnabledFor(level):
        return
    fields: dict[str, Any] = {
        "method": method,
        "route": route,
        "status": status,
        "duration_ms": round(seconds * 1000, 1),
        "statements": notes.statements,
    }
    if notes.tenant:
        fields |= {"tenant": notes.tenant, "tenant_id": str(notes.tenant_id)}
    if notes.refusal:
        fields["refusal"] = notes.refusal
    if notes.entries:
        fields["entries"] = notes.entries
    logger.log(level, "request", extra=fields)


@lru_cache(maxsize=1024)
def _readable(route: str) -> str:
    # The pieces of included patterns are joined as they are: api/v1/^points/award\Z
    plain = replace_metacharacters(replace_unnamed_groups(replace_named_groups(route)))
    return "/" + plain.replace("<", "{").replace(">", "}").replace("\\", "").lstrip("/")
